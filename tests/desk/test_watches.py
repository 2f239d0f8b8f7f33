"""Who watches an outage or a fault is told once when it is over, in the transaction that ends it, on both engines."""

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
from desk.notifications import store as note_store
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from desk.outages.model import Kind, Outage, OutageClosed
from desk.outages.service import OutageService
from desk.watches.events import PowerWatched
from desk.watches.service import WatchService
from desk.workorders.service import WorkOrderService
from tests.desk.killed import AT, REPORT
from tests.desk.test_orders import MemoryGateway

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
    yield Desk(db, gateway, outbox, outages, orders)
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
