"""In a storm reports of one area are folded into a main order: never danger, never a single room; and not after it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal
from desk.notifications.service import NotificationService
from desk.workorders.model import Kind, Priority, Report, Scope, State, WorkOrder
from desk.workorders.service import WorkOrderService
from tests.desk.test_orders import MemoryGateway

pytestmark = pytest.mark.integration

AREA = "城西片区"


class Desk:
    """The orders of an installation, and whether there is a storm."""

    def __init__(self, db: Database) -> None:
        self.storm = True
        self.journal, clock = Journal(db, Bus()), FakeClock(datetime(2026, 11, 22, 2, tzinfo=UTC))
        rules = policy.load("seed")
        outbox = NotificationService(self.journal, db, clock, gateway=MemoryGateway(), policy=rules)
        self.orders = WorkOrderService(
            self.journal, db, clock, notifications=outbox, policy=rules, site=Site(), storm=lambda: self.storm
        )
        self._calls = 0

    async def home(self, account: int, **changes: object) -> WorkOrder:
        self._calls += 1
        report = Report(
            key=f"call-{self._calls}",
            kind=Kind.FAULT,
            scope=Scope.HOME,
            call_id=f"call-{self._calls}",
            caller="13800000001",
            caller_known=False,
            account=f"32{account:08}",
            customer_id=f"C{account}",
            area=AREA,
            address="某路1号",
        )
        return await self.orders.take(replace(report, **changes))  # type: ignore[arg-type]


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    one = Desk(db)
    yield one
    await one.journal.close()


async def test_homes_of_one_area_have_one_main_order_while_the_storm_lasts(desk: Desk) -> None:
    desk.storm = False
    before = await desk.home(1)
    desk.storm = True
    folded = [await desk.home(n) for n in (2, 3)]
    assert [order.main_id for order in folded] == [before.id, before.id]
    elsewhere = await desk.home(4, area="城东片区")
    assert elsewhere.state is State.CREATED
    desk.storm = False
    assert (await desk.home(5)).state is State.CREATED
    assert (await desk.orders.get(folded[0].id)).state is State.MERGED, "what was folded stays so"


async def test_many_at_once_have_one_main_order(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.home(n) for n in range(1, 9)))
    main = [order for order in made if order.state is State.CREATED]
    assert len(main) == 1
    assert {order.main_id for order in made if order is not main[0]} == {main[0].id}


async def test_danger_is_an_order_of_its_own_and_takes_no_others(desk: Desk) -> None:
    main = await desk.home(1)
    danger = await desk.home(2, priority=Priority.URGENT)
    assert danger.state is State.CREATED
    assert (await desk.home(3)).main_id == main.id
    await desk.orders.close(main.id)
    assert (await desk.home(4)).state is State.CREATED, "nobody waits for the crew that goes to the danger"


async def test_a_single_room_is_out_by_itself_and_takes_no_others(desk: Desk) -> None:
    room = await desk.home(1, scope=Scope.ROOM)
    main = await desk.home(2)
    assert [room.state, main.state] == [State.CREATED, State.CREATED]
    assert (await desk.home(3, scope=Scope.ROOM)).state is State.CREATED


async def test_callers_are_not_told_that_a_neighbours_home_is_their_fault(desk: Desk) -> None:
    await desk.home(1)
    assert await desk.orders.open_fault("3200000002", AREA, Scope.HOME) is None
