"""Who watches an outage or a fault is told once when it is over, in the transaction that ends it, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal, since
from core.tasks import TaskOwner
from desk.notifications import store as note_store
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from desk.outages.events import OutageOverdue
from desk.outages.model import Kind, Outage, OutageClosed
from desk.outages.service import LOOK_EVERY_S, OutageService
from desk.watches.events import PowerWatched
from desk.watches.service import WatchService
from desk.workorders.service import WorkOrderService
from tests.desk.killed import AT, REPORT
from tests.desk.test_orders import MemoryGateway
from tests.until import until

pytestmark = pytest.mark.integration

SEED, SITE = policy.load("seed"), Site()
PHONE, OTHER = "13800000003", "13900000001"


@dataclass
class Desk:
    """Outages and orders that know who watches them."""

    db: Database
    gateway: MemoryGateway
    outbox: NotificationService
    outages: OutageService
    orders: WorkOrderService
    clock: FakeClock

    async def outage(self) -> Outage:
        draft = await self.outages.create(Kind.FAULT, "电缆故障", AT, AT + timedelta(hours=4), areas=("城东片区",))
        return await self.outages.publish(draft.id)

    async def notes(self, thing: str) -> list[Note]:
        return await self.db.read(lambda c: note_store.about(c, thing))


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    journal, clock, gateway = Journal(db, Bus()), FakeClock(AT), MemoryGateway()
    outbox = NotificationService(journal, db, clock, gateway=gateway, policy=SEED)
    watches = WatchService(journal, db, clock, outbox)
    outages = OutageService(db, journal, clock, SITE.zone, watches=watches, site=SITE)
    orders = WorkOrderService(journal, db, clock, notifications=outbox, policy=SEED, site=SITE, watches=watches)
    yield Desk(db, gateway, outbox, outages, orders, clock)
    await journal.close()


async def test_everybody_who_watches_is_told_once_when_the_power_is_back(desk: Desk) -> None:
    outage = await desk.outage()
    for call, phone in (("c1", PHONE), ("c2", PHONE), ("c3", OTHER)):
        assert await desk.outages.watch(outage.id, phone, call)
    story = [r.event for r in await desk.db.read(lambda c: since(c, 0))]
    assert [e.call_id for e in story if isinstance(e, PowerWatched)] == ["c1", "c3"], "once for each telephone"

    await desk.outages.end(outage.id)
    assert await desk.outbox.send_due() == 2
    assert {note.to for note in desk.gateway.taken} == {PHONE, OTHER}
    assert all("已经恢复供电" in note.text for note in desk.gateway.taken)
    with pytest.raises(OutageClosed):
        await desk.outages.end(outage.id)
    assert await desk.outbox.send_due() == 0
    assert not await desk.outages.watch(outage.id, "13700000001", "c4"), "who comes later hears that it is over"


async def test_another_end_is_told_each_time_and_the_watch_goes_on(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    await desk.outages.change(outage.id, cause="变压器故障")
    assert await desk.notes(outage.id) == [], "the cause is no news to who waits for power"
    for hours in (6, 8):
        await desk.outages.change(outage.id, ends=AT + timedelta(hours=hours))
    await desk.outages.cancel(outage.id)
    texts = [note.text for note in await desk.notes(outage.id)]
    assert len(texts) == 3
    assert ["16:00" in texts[0], "18:00" in texts[1], "取消" in texts[2]] == [True] * 3


async def test_an_announced_end_that_passes_is_told_once_and_each_new_one_again(desk: Desk) -> None:
    outage = await desk.outage()
    for call, phone in (("c1", PHONE), ("c2", OTHER)):
        await desk.outages.watch(outage.id, phone, call)
    await desk.clock.advance(4 * 3600 - 1)
    assert await desk.outages.tell_overdue() == 0
    await desk.clock.advance(1)
    assert await desk.outages.tell_overdue() == 1
    assert await desk.outages.tell_overdue() == 0
    first = await desk.notes(outage.id)
    assert {note.to for note in first} == {PHONE, OTHER}
    assert all("14:00" in note.text and "仍在处理" in note.text for note in first)

    await desk.outages.change(outage.id, ends=AT + timedelta(hours=6))
    assert await desk.outages.tell_overdue() == 0
    await desk.clock.advance(2 * 3600)
    assert await desk.outages.tell_overdue() == 1
    texts = [note.text for note in await desk.notes(outage.id) if note.to == PHONE]
    assert ["14:00" in texts[0], "变更为" in texts[1], "16:00" in texts[2]] == [True] * 3
    await desk.outages.end(outage.id)
    assert "已经恢复供电" in (await desk.notes(outage.id))[-1].text, "the watch goes on after it"
    assert await desk.outages.tell_overdue() == 0
    told = [r.event for r in await desk.db.read(lambda c: since(c, 0)) if isinstance(r.event, OutageOverdue)]
    assert [event.ends - AT for event in told] == [timedelta(hours=4), timedelta(hours=6)]


async def test_two_processes_tell_of_a_passed_end_once(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    await desk.clock.advance(4 * 3600)
    journal = Journal(desk.db, Bus())
    watches = WatchService(journal, desk.db, desk.clock, desk.outbox)
    other = OutageService(desk.db, journal, desk.clock, SITE.zone, watches=watches, site=SITE)
    try:
        assert sorted(await asyncio.gather(desk.outages.tell_overdue(), other.tell_overdue())) == [0, 1]
    finally:
        await journal.close()
    assert len(await desk.notes(outage.id)) == 1


async def test_an_end_that_changed_while_it_was_looked_at_is_not_told_as_passed(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    await desk.outages.end(outage.id)
    assert not await desk.outages._tell_overdue(outage)
    assert len(await desk.notes(outage.id)) == 1


async def test_a_service_that_was_down_for_long_tells_no_old_end(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    await desk.clock.advance((4 + SEED.number("overdue_told_within")) * 3600)
    assert await desk.outages.tell_overdue() == 0


async def test_the_running_service_tells_by_itself(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    running = TaskOwner("outages")
    running.start(desk.outages.run(), "run")

    async def told() -> bool:
        await desk.clock.advance(LOOK_EVERY_S)
        return bool(await desk.notes(outage.id))

    try:
        await desk.clock.advance(4 * 3600)
        await until(told, what="the note")
    finally:
        await running.close()


async def test_a_change_that_is_refused_tells_nobody(desk: Desk) -> None:
    outage = await desk.outage()
    await desk.outages.watch(outage.id, PHONE, "c1")
    stale = replace(outage, version=outage.version + 5)
    with pytest.raises(OutageClosed):
        await desk.outages._save(stale, replace(stale, version=stale.version + 1, ends=AT + timedelta(hours=9)))
    assert await desk.notes(outage.id) == []


async def test_who_watches_a_fault_is_told_when_its_order_is_closed(desk: Desk) -> None:
    order = await desk.orders.take(replace(REPORT, caller_known=False))
    assert await desk.orders.watch(order.id, OTHER, "c2")
    await desk.orders.close(order.id)
    assert [(n.to, order.number in n.text) for n in await desk.notes(order.id)] == [(OTHER, True)]
    assert not await desk.orders.watch(order.id, PHONE, "c3")
