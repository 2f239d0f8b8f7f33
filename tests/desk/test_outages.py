"""Outage notices are kept with their events and found by account, area and time, on both engines."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.events import Event, Recorded
from core.journal import Journal, since
from desk.customers import store as customer_store
from desk.customers.model import Account, Customer
from desk.outages.events import OutageChanged, OutageEnded, OutagePublished
from desk.outages.model import BadOutage, Kind, Outage, OutageClosed, Status
from desk.outages.service import NoSuchOutage, OutageService
from tests.until import until

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 22, tzinfo=ZONE)
DAY = timedelta(days=1)
EAST, WEST = "3200000003", "3200000001"


@dataclass
class Desk:
    """The service with what it told the bus."""

    service: OutageService
    db: Database
    clock: FakeClock
    told: list[Event]

    async def published(self, **changes: Any) -> Outage:
        notice: dict[str, Any] = {"kind": Kind.PLANNED, "cause": "线路检修", "begins": MIDNIGHT, "ends": MIDNIGHT + DAY}
        if "accounts" not in changes:
            notice["areas"] = ("城东片区",)
        draft = await self.service.create(**(notice | changes))
        return await self.service.publish(draft.id)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    await db.write(lambda c: customer_store.save_customers(c, [Customer("C1", "张伟"), Customer("C3", "李娜")]))
    homes = [Account(EAST, "C3", "人民路3号", "城东片区"), Account(WEST, "C1", "人民路1号", "城西片区")]
    await db.write(lambda c: customer_store.save_accounts(c, homes, {}))
    bus, clock, told = Bus(), FakeClock(MIDNIGHT + timedelta(hours=9)), list[Event]()

    async def hear(recorded: Recorded) -> None:
        told.append(recorded.event)

    bus.listen(Event, hear)
    journal = Journal(db, bus)
    yield Desk(OutageService(db, journal, clock, ZONE), db, clock, told)
    await journal.close()


async def test_an_account_hears_of_its_area_and_of_itself_only(desk: Desk) -> None:
    area = await desk.published()
    own = await desk.published(accounts=(WEST,), kind=Kind.FAULT, cause="台风")
    assert await desk.service.current(account=EAST) == [area]
    assert await desk.service.current(account=WEST) == [own]
    assert await desk.service.current(area="城东片区") == [area]
    assert await desk.service.current(account="3200000099") == []
    assert await desk.service.current() == []


async def test_a_notice_holds_from_its_beginning_until_it_is_ended_or_its_end_has_long_passed(desk: Desk) -> None:
    notice = await desk.published()

    async def at(moment: datetime) -> list[Outage]:
        return await desk.service.current(account=EAST, at=moment)

    assert await at(MIDNIGHT - timedelta(seconds=1)) == []
    assert await at(MIDNIGHT) == [notice]
    told = timedelta(hours=policy.load("seed").number("overdue_told_within"))
    assert await at(MIDNIGHT + DAY + told - timedelta(seconds=1)) == [notice], "nobody has said that the power is back"
    assert await at(MIDNIGHT + DAY + told) == []
    await desk.service.end(notice.id)
    assert await at(MIDNIGHT + DAY - timedelta(seconds=1)) == []


async def test_today_is_the_local_day_whole(desk: Desk) -> None:
    evening = await desk.published(begins=MIDNIGHT + timedelta(hours=20), ends=MIDNIGHT + timedelta(hours=23))
    early = await desk.published(begins=MIDNIGHT - DAY, ends=MIDNIGHT + timedelta(hours=10))
    await desk.published(begins=MIDNIGHT + DAY, ends=MIDNIGHT + 2 * DAY)
    assert await desk.service.today() == [early, evening]
    assert await desk.service.today(account=EAST) == [early, evening]
    assert await desk.service.today(account=WEST) == []


async def test_drafts_and_what_was_taken_back_are_not_told(desk: Desk) -> None:
    await desk.service.create(Kind.PLANNED, "检修", MIDNIGHT, MIDNIGHT + DAY, areas=("城东片区",))
    await desk.service.cancel((await desk.published()).id)
    await desk.service.end((await desk.published()).id)
    assert await desk.service.current(area="城东片区") == []
    assert await desk.service.today() == []
    assert [o.status for o in await desk.service.notices(Status.DRAFT)] == [Status.DRAFT]
    assert len(await desk.service.notices()) == 3
    assert len(await desk.service.notices(limit=2)) == 2


async def test_the_story_of_a_notice_is_journaled_and_published_in_order(desk: Desk) -> None:
    notice = await desk.published()
    await desk.service.change(notice.id, ends=MIDNIGHT + timedelta(hours=20), areas=("城东片区", "城西片区"))
    await desk.service.change(notice.id, cause="线路检修")
    await desk.service.end(notice.id)
    assert [type(event) for event in desk.told] == [OutagePublished, OutageChanged, OutageEnded]
    change = desk.told[1]
    assert isinstance(change, OutageChanged)
    assert change.changed == ("areas", "ends")
    journaled = await desk.db.read(lambda c: since(c, 0))
    assert [recorded.event for recorded in journaled] == desk.told


async def test_a_changed_notice_reaches_its_new_scope_only(desk: Desk) -> None:
    notice = await desk.published()
    await desk.service.change(notice.id, areas=("城西片区",), accounts=(EAST, EAST))
    assert [o.id for o in await desk.service.current(area="城东片区")] == []
    assert [o.id for o in await desk.service.current(area="城西片区")] == [notice.id]
    assert (await desk.service.get(notice.id)).accounts == (EAST,)


async def test_what_cannot_be_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    with pytest.raises(BadOutage):
        await desk.service.create(Kind.PLANNED, "检修", MIDNIGHT, MIDNIGHT, areas=("城东片区",))
    over = await desk.service.create(Kind.PLANNED, "检修", MIDNIGHT, MIDNIGHT + timedelta(hours=9), areas=("城东片区",))
    with pytest.raises(BadOutage, match="over already"):
        await desk.service.publish(over.id)
    notice = await desk.published()
    with pytest.raises(BadOutage):
        await desk.service.change(notice.id, ends=MIDNIGHT - DAY)
    with pytest.raises(NoSuchOutage):
        await desk.service.cancel("nothing")
    await desk.service.cancel(notice.id)
    with pytest.raises(OutageClosed):
        await desk.service.publish(notice.id)
    assert [type(event) for event in desk.told] == [OutagePublished, OutageEnded]


async def test_of_two_who_change_at_once_one_is_told(desk: Desk) -> None:
    notice = await desk.published()
    both_read = threading.Event()
    tries = [desk.service.change(notice.id, cause=cause) for cause in ("台风", "雷击")]
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.db.write(lambda _: both_read.wait(5)))
        changes = group.create_task(_all(tries))
        await until(lambda: len(desk.service._journal._under_way) == 2, what="both wait for their commit")
        both_read.set()
    results = changes.result()
    assert sorted(type(result).__name__ for result in results) == ["Outage", "OutageClosed"]
    assert [type(event) for event in desk.told] == [OutagePublished, OutageChanged]


async def test_moments_come_back_in_utc(desk: Desk) -> None:
    notice = await desk.service.get((await desk.published()).id)
    assert notice.begins == MIDNIGHT
    assert notice.begins.tzinfo is UTC


async def _all(work: list[Coroutine[Any, Any, Outage]]) -> list[Outage | BaseException]:
    return await asyncio.gather(*work, return_exceptions=True)
