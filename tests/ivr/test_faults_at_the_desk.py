"""What is known of a fault before it is reported, out of the rooms behind the menu."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.demo_data import load_demo
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.outages.service import OutageService
from desk.watches.service import WatchService
from desk.workorders.model import Scope, State
from desk.workorders.service import WorkOrderService
from ivr.call import FaultReport, KnownFault
from ivr.faults import IvrFaults
from ivr.watches import IvrWatches
from tests.databases import create_tables

pytestmark = pytest.mark.integration

SEED, SITE = policy.load("seed"), Site()
HOME, PLANNED, CUT = "3200000001", "3200000003", "3200000007"
NEIGHBOUR = "3200000006"
"""In the same area as HOME."""


class Rooms:
    """The rooms with the demo's customers at nine in the morning."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.clock = FakeClock(datetime(2026, 11, 22, 1, tzinfo=UTC))
        self.journal = Journal(db, Bus())
        gateway = FileGateway(folder / "sms.jsonl")
        outbox = NotificationService(self.journal, db, self.clock, gateway=gateway, policy=SEED)
        self.orders = WorkOrderService(self.journal, db, self.clock, notifications=outbox, policy=SEED, site=SITE)
        watches = WatchService(self.journal, db, self.clock, outbox)
        outages = OutageService(db, self.journal, self.clock, SITE.zone, watches=watches)
        self.watches = IvrWatches(CustomerService(db), outages, self.orders)
        self.faults = IvrFaults(
            CustomerService(db), outages, self.orders, clock=self.clock, zone=SITE.zone, policy=SEED
        )

    async def report(self, call: str, account: str, scope: str) -> str:
        return await self.faults.report(FaultReport(call, account, scope, "13800000001", True))


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    db = Database(f"sqlite:///{tmp_path / 'faults.db'}")
    create_tables(db.engine)
    made = Rooms(db, tmp_path)
    await load_demo(db, made.clock, SITE.zone)
    yield made
    await made.journal.close()
    await db.close()


async def test_nothing_is_known_of_a_sound_account_and_there_is_none_that_does_not_exist(rooms: Rooms) -> None:
    assert await rooms.faults.known(HOME, own=True) == KnownFault()
    assert await rooms.faults.known("9999999999", own=False) is None


async def test_where_an_outage_is_published_cause_and_end_are_told(rooms: Rooms) -> None:
    known = await rooms.faults.known(PLANNED, own=False)
    assert known is not None
    assert known.told == ("您所在的城东片区今天零点至二十四点计划停电，原因是线路检修，敬请谅解。",)
    await rooms.report("c1", PLANNED, "home")
    assert [order.report.outage_id for order in await rooms.orders.orders()] == ["demo-today"]


async def test_an_announced_end_that_has_passed_is_told_so_and_may_be_watched_for_some_hours(rooms: Rooms) -> None:
    await rooms.clock.advance(15 * 3600)
    known = await rooms.faults.known(PLANNED, own=False)
    assert known is not None
    assert known.told == (
        "您所在的城东片区计划停电，原因是线路检修，原预计昨天二十四点恢复供电，目前尚未收到恢复消息，仍在处理中，敬请谅解。",
    )
    assert await rooms.watches.watchable([PLANNED])
    assert await rooms.watches.watch("c1", "13800000003", [PLANNED])
    await rooms.clock.advance(SEED.number("overdue_told_within") * 3600)
    assert await rooms.faults.known(PLANNED, own=False) == KnownFault()
    assert not await rooms.watches.watchable([PLANNED])


async def test_only_the_own_holder_hears_that_the_supply_is_cut(rooms: Rooms) -> None:
    assert await rooms.faults.known(CUT, own=True) == KnownFault(("您的用电因欠费已停，缴清后二十四小时内恢复供电。",))
    assert await rooms.faults.known(CUT, own=False) == KnownFault()


async def test_the_open_order_is_told_to_the_same_account_and_a_street_to_its_neighbours(rooms: Rooms) -> None:
    number = await rooms.report("c1", HOME, "home")
    known = await rooms.faults.known(HOME, own=False)
    assert known is not None
    assert known.order == number
    assert "您的户号已经报修" in known.told[0]
    assert await rooms.faults.known(NEIGHBOUR, own=False) == KnownFault()

    street = await rooms.report("c2", NEIGHBOUR, "street")
    await rooms.orders.close((await rooms.orders.orders(account=HOME))[0].id)
    known = await rooms.faults.known(HOME, own=False)
    assert known is not None
    assert known.order == street
    assert "您所在的街道已经报修" in known.told[0]


async def test_a_call_has_one_order_for_each_account(rooms: Rooms) -> None:
    number = await rooms.report("c1", HOME, "home")
    assert await rooms.report("c1", HOME, "street") == number
    assert await rooms.report("c1", NEIGHBOUR, "home") != number
    assert [(o.report.scope, o.state) for o in await rooms.orders.orders(account=HOME)] == [(Scope.HOME, State.CREATED)]


async def test_keys_are_told_for_few_accounts_only(rooms: Rooms) -> None:
    assert rooms.faults.which((HOME, CUT))[1].endswith("请按二。")
    assert rooms.faults.which(("1",) * 4) == ()
