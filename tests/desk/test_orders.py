"""Each report makes one order with one note, whatever comes in between, on both engines."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.events import Event, Recorded
from core.journal import Journal, Save, since
from desk.notifications import store as note_store
from desk.notifications.events import NotificationFailed, NotificationSent
from desk.notifications.files import FileGateway
from desk.notifications.model import Note
from desk.notifications.model import State as NoteState
from desk.notifications.port import GatewayDown
from desk.notifications.service import BATCH, NotificationService
from desk.surveys.model import AlreadyAnswered, Reason
from desk.surveys.model import Caller as SurveyCaller
from desk.surveys.service import SurveyService
from desk.workorders.events import WorkOrderClosed, WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from desk.workorders.model import Kind, OrderClosed, Priority, Report, Scope, State, Urging, WorkOrder
from desk.workorders.service import NoSuchOrder, WorkOrderService
from tests.desk.killed import AT, REPORT
from tests.until import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

ROOT = Path(__file__).parent.parent.parent

SEED = policy.load("seed")


def report(call: int, account: int = 1, **changes: object) -> Report:
    """A report of an account in a call."""
    number = f"32{account:08}"
    told = replace(REPORT, key=f"call-{call}:fault:{number}", call_id=f"call-{call}", account=number)
    return replace(told, **changes)  # type: ignore[arg-type]


@dataclass
class MemoryGateway:
    """Takes notes while it is up."""

    down: bool = False
    taken: list[Note] = field(default_factory=list)

    async def send(self, note: Note) -> None:
        if self.down:
            raise GatewayDown
        self.taken.append(note)


@dataclass
class Desk:
    """The services on one database, and how to start them anew as after a kill."""

    db: Database
    clock: FakeClock
    gateway: MemoryGateway
    start: Callable[[], WorkOrderService]
    outbox: NotificationService
    orders: WorkOrderService

    async def story(self) -> list[Event]:
        return [recorded.event for recorded in await self.db.read(lambda c: since(c, 0))]

    async def notes(self, order: WorkOrder) -> list[Note]:
        return await self.db.read(lambda c: note_store.about(c, order.id))


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    clock, gateway = FakeClock(AT), MemoryGateway()
    journals: list[Journal] = []

    def start() -> WorkOrderService:
        journals.append(Journal(db, Bus()))
        outbox = NotificationService(journals[-1], db, clock, gateway=gateway, policy=SEED)
        started.outbox = outbox
        return WorkOrderService(journals[-1], db, clock, notifications=outbox, policy=SEED, site=Site())

    started = Desk.__new__(Desk)
    started.db, started.clock, started.gateway, started.start = db, clock, gateway, start
    started.orders = start()
    yield started
    for journal in journals:
        await journal.close()


# --- one order for each report ----------------------------------------------------------------------------


async def test_a_report_becomes_an_order_with_number_event_and_note(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    assert (order.number, order.state, order.main_id) == ("261122000001", State.CREATED, None)
    assert await desk.orders.get(order.id) == order
    assert await desk.story() == [
        WorkOrderCreated(
            at=AT, order_id=order.id, kind="fault", scope="home", call_id="call-1", customer_id="C0001", outage_id=None
        )
    ]
    assert [(n.to, order.number in n.text, n.state) for n in await desk.notes(order)] == [
        ("13800000001", True, NoteState.WAITING)
    ]


async def test_danger_makes_the_order_urgent_and_the_main_order_of_the_same_fault_too(desk: Desk) -> None:
    main = await desk.orders.take(REPORT)
    assert main.report.priority is Priority.NORMAL
    danger = await desk.orders.take(replace(REPORT, key="call-2", call_id="call-2", priority=Priority.URGENT))
    assert (danger.main_id, danger.report.priority) == (main.id, Priority.URGENT)
    assert (await desk.orders.get(main.id)).report.priority is Priority.URGENT
    assert (await desk.orders.take(replace(REPORT, key="call-3"))).report.priority is Priority.NORMAL
    assert (await desk.orders.get(main.id)).report.priority is Priority.URGENT


@pytest.mark.parametrize("kill", [False, True])
async def test_a_low_score_is_one_return_visit_and_a_good_one_none(desk: Desk, kill: bool) -> None:
    def surveys() -> SurveyService:
        return SurveyService(desk.db, Journal(desk.db, Bus()), desk.clock, visits=desk.start(), low=2)

    service = surveys()
    await service.answer("call-1", "anna", "general", 2, caller=SurveyCaller("13800000001", True, "C0001"))
    await service.reason("call-1", Reason.SPEED)
    service = surveys() if kill else service
    with pytest.raises(AlreadyAnswered):
        await service.answer("call-1", "anna", "general", 1)
    await service.answer("call-2", "anna", "general", 3)
    [visit] = await desk.orders.orders()
    told = visit.report
    assert (told.kind, told.call_id, told.caller, told.customer_id) == (
        Kind.RETURN_VISIT,
        "call-1",
        "13800000001",
        "C0001",
    )
    assert await desk.notes(visit) == [], "the caller gets no note about it"
    assert [e.kind for e in await desk.story() if isinstance(e, WorkOrderCreated)] == ["return_visit"]
    answer = (await service.of_calls(["call-1"]))["call-1"]
    assert (answer.agent_id, answer.score, answer.reason) == ("anna", 2, Reason.SPEED)


async def test_a_report_told_again_after_a_restart_is_the_same_order(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    again = desk.start()
    assert await again.take(REPORT) == order
    assert await again.take(replace(REPORT, scope=Scope.STREET)) == order, "the same call, whatever is pressed then"
    assert len(await desk.orders.orders()) == 1
    assert len(await desk.story()) == 1
    assert len(await desk.notes(order)) == 1


@pytest.mark.parametrize("line", ["next_serial", "add", "put", "_insert", "committed"])
async def test_killed_between_any_two_lines_the_next_try_makes_the_one_order(
    desk: Desk, database_url: str, line: str
) -> None:
    """`line` is the last one that the process does before it is killed: within the transaction, or after it."""
    where = [sys.executable, "-m", "tests.desk.killed", database_url, line]
    process = await asyncio.create_subprocess_exec(*where, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL
    left = await desk.orders.orders()
    assert len(left) == len(await desk.story()) == (line == "committed"), "all of it or nothing"
    order = await desk.start().take(REPORT)
    assert await desk.orders.orders() == [order]
    assert order.number.endswith("000001"), "the count went back with the rest"
    assert len(await desk.notes(order)) == 1
    assert len(await desk.story()) == 1


async def test_two_processes_with_one_report_make_one_order(desk: Desk) -> None:
    first, second = await asyncio.gather(desk.orders.take(REPORT), desk.start().take(REPORT))
    assert first == second
    assert len(await desk.orders.orders()) == 1
    assert len(await desk.story()) == 1


async def test_many_reports_at_once_have_numbers_of_their_own(desk: Desk) -> None:
    other = desk.start()
    reports = [report(n, n) for n in range(1, 41)]
    made = await asyncio.gather(*((other if n % 2 else desk.orders).take(r) for n, r in enumerate(reports)))
    assert sorted(order.number for order in made) == [f"261122{n:06}" for n in range(1, 41)]


async def test_many_of_one_street_at_once_have_one_main_order(desk: Desk) -> None:
    other = desk.start()
    reports = [report(n, n, scope=Scope.STREET) for n in range(1, 6)]
    made = await asyncio.gather(*((other if n % 2 else desk.orders).take(r) for n, r in enumerate(reports)))
    main = [order for order in made if order.state is State.CREATED]
    assert len(main) == 1
    assert {order.main_id for order in made if order.state is State.MERGED} == {main[0].id}


async def test_the_count_begins_anew_each_local_day(desk: Desk) -> None:
    await desk.orders.take(report(1, 1))
    await desk.clock.advance(14 * 3600)  # 16:00 UTC is midnight in Shanghai
    assert (await desk.orders.take(report(2, 2))).number == "261123000001"


# --- duplicates -------------------------------------------------------------------------------------------


async def test_the_next_call_of_the_account_finds_the_open_order_and_is_folded_into_it(desk: Desk) -> None:
    main = await desk.orders.take(report(1))
    assert await desk.orders.open_fault("3200000001", "城西片区", Scope.HOME) == main
    second = await desk.orders.take(report(2))
    assert (second.state, second.main_id) == (State.MERGED, main.id)
    assert "合并" in (await desk.notes(second))[0].text
    assert [type(e) for e in await desk.story()] == [WorkOrderCreated, WorkOrderCreated, WorkOrderMerged]


async def test_a_neighbours_home_is_no_duplicate_and_a_street_is(desk: Desk) -> None:
    await desk.orders.take(report(1, 1))
    assert await desk.orders.open_fault("3200000002", "城西片区", Scope.HOME) is None
    street = await desk.orders.take(report(2, 2, scope=Scope.STREET))
    assert street.state is State.CREATED
    assert await desk.orders.open_fault("3200000003", "城西片区", Scope.HOME) == street
    assert await desk.orders.open_fault("3200000003", "城东片区", Scope.HOME) is None


async def test_a_closed_fault_explains_nothing_any_more(desk: Desk) -> None:
    main, second = await desk.orders.take(report(1)), await desk.orders.take(report(2))
    await desk.orders.close(main.id)
    assert (await desk.orders.get(second.id)).state is State.CLOSED
    assert await desk.orders.open_fault("3200000001", "城西片区", Scope.HOME) is None
    assert (await desk.orders.take(report(3))).state is State.CREATED
    assert [e.order_id for e in await desk.story() if isinstance(e, WorkOrderClosed)] == [main.id, second.id]
    with pytest.raises(OrderClosed):
        await desk.orders.close(main.id)
    with pytest.raises(NoSuchOrder):
        await desk.orders.close("nothing")


class Interrupted(Journal):
    """Lets something happen just before the first transaction."""

    def __init__(self, db: Database, first: Callable[[], Awaitable[object]]) -> None:
        super().__init__(db, Bus())
        self._first: Callable[[], Awaitable[object]] | None = first

    async def record(self, *events: Event, save: Save | None = None) -> list[Recorded]:
        first, self._first = self._first, None
        if first is not None:
            await first()
        return await super().record(*events, save=save)


def interrupted(desk: Desk, first: Callable[[], Awaitable[object]]) -> WorkOrderService:
    journal = Interrupted(desk.db, first)
    return WorkOrderService(journal, desk.db, desk.clock, notifications=desk.outbox, policy=SEED, site=Site())


async def test_a_report_that_is_folded_in_during_the_closing_is_closed_with_its_main_order(desk: Desk) -> None:
    main = await desk.orders.take(REPORT)
    late = report(2, account=int(REPORT.account[2:]))
    closed = await interrupted(desk, lambda: desk.orders.take(late)).close(main.id)
    assert closed.state is State.CLOSED
    assert [order.state for order in await desk.orders.orders()] == [State.CLOSED] * 2
    assert [type(event) for event in await desk.story()].count(WorkOrderClosed) == 2


async def test_a_report_of_a_fault_that_is_closed_during_it_is_a_fault_of_its_own(desk: Desk) -> None:
    main = await desk.orders.take(REPORT)
    late = report(2, account=int(REPORT.account[2:]))
    order = await interrupted(desk, lambda: desk.orders.close(main.id)).take(late)
    assert (order.state, order.main_id) == (State.CREATED, None)


async def test_orders_are_listed_newest_first_by_state_and_account(desk: Desk) -> None:
    first = await desk.orders.take(report(1, 1))
    await desk.clock.advance(1)
    second = await desk.orders.take(report(2, 2))
    assert await desk.orders.orders() == [second, first]
    assert await desk.orders.orders(account="3200000001") == [first]
    assert await desk.orders.orders(State.CLOSED) == []
    assert await desk.orders.orders(limit=1) == [second]


# --- urging -----------------------------------------------------------------------------------------------


async def urged(desk: Desk) -> list[tuple[str, int]]:
    return [(e.call_id, e.count) for e in await desk.story() if isinstance(e, WorkOrderUrged)]


async def test_an_order_is_urged_once_a_call_not_too_soon_and_not_too_often(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    assert await desk.orders.urge(order.id, "a") is Urging.DONE
    assert await desk.start().urge(order.id, "a") is Urging.DONE, "the same call, also after a restart: counted once"
    assert await desk.orders.urge(order.id, "b") is Urging.TOO_SOON
    await desk.clock.advance(30 * 60 - 1)
    assert await desk.orders.urge(order.id, "b") is Urging.TOO_SOON
    await desk.clock.advance(1)
    assert await desk.orders.urge(order.id, "b") is Urging.DONE
    await desk.clock.advance(30 * 60)
    assert await desk.orders.urge(order.id, "c") is Urging.ENOUGH
    assert await urged(desk) == [("a", 1), ("b", 2)]
    assert (await desk.orders.get(order.id)).urges == 2


async def test_an_agent_urges_on_where_the_menu_stops_but_not_sooner(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    for call in ("a", "b"):
        await desk.orders.urge(order.id, call)
        await desk.clock.advance(30 * 60)
    assert await desk.orders.urge(order.id, "c") is Urging.ENOUGH
    assert await desk.orders.urge(order.id, "c", "anna") is Urging.DONE
    assert await desk.orders.urge(order.id, "d", "anna") is Urging.TOO_SOON
    told = [(e.agent_id, e.count) for e in await desk.story() if isinstance(e, WorkOrderUrged)]
    assert told == [(None, 1), (None, 2), ("anna", 3)]


async def test_what_an_agent_writes_down_is_kept(desk: Desk) -> None:
    told = replace(REPORT, text="表后开关没跳，' < 邻居有电", began_at=AT - timedelta(hours=1), taken_by="anna")
    order = await desk.orders.take(told)
    assert (await desk.start().get(order.id)).report == told
    [made] = [e for e in await desk.story() if isinstance(e, WorkOrderCreated)]
    assert made.agent_id == "anna"


async def test_urging_a_folded_order_urges_its_main_order_and_a_closed_one_nothing(desk: Desk) -> None:
    main, folded = await desk.orders.take(report(1)), await desk.orders.take(report(2))
    assert await desk.orders.urge(folded.id, "a") is Urging.DONE
    assert [(await desk.orders.get(one.id)).urges for one in (main, folded)] == [1, 0]
    await desk.orders.close(main.id)
    assert (await desk.orders.get(main.id)).urges == 1, "closing keeps the count"
    assert await desk.orders.urge(folded.id, "b") is Urging.CLOSED
    with pytest.raises(NoSuchOrder):
        await desk.orders.urge("nothing", "a")


async def test_two_calls_that_urge_at_once_in_two_processes_count_one_each_or_one_is_too_soon(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    done = await asyncio.gather(desk.orders.urge(order.id, "a"), desk.start().urge(order.id, "b"))
    assert sorted(done) == [Urging.DONE, Urging.TOO_SOON]
    assert [count for _, count in await urged(desk)] == [1]


async def test_orders_are_found_by_account_by_caller_and_by_number(desk: Desk) -> None:
    first = await desk.orders.take(report(1, 1))
    other = await desk.orders.take(report(2, 2, caller="13900000002"))
    hidden = await desk.orders.take(report(3, 3, caller="unknown", caller_known=False))
    assert await desk.orders.reported_by([first.report.account], "") == [first]
    assert await desk.orders.reported_by([first.report.account], "13900000002") == [other, first]
    assert await desk.orders.reported_by([], "unknown") == []
    assert await desk.orders.by_number(hidden.number) == hidden
    assert await desk.orders.by_number("999999999999") is None


# --- the note ---------------------------------------------------------------------------------------------


async def test_a_note_is_sent_once_and_journaled(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    assert await desk.outbox.send_due() == 1
    assert await desk.outbox.send_due() == 0
    assert [note.about for note in desk.gateway.taken] == [order.id]
    assert (await desk.story())[-1] == NotificationSent(at=AT, note_id=order.id, about=order.id, tries=1)


async def test_who_withholds_the_number_gets_no_note(desk: Desk) -> None:
    order = await desk.orders.take(replace(REPORT, caller="unknown", caller_known=False))
    assert await desk.notes(order) == []


async def test_who_rings_from_a_landline_gets_no_note(desk: Desk) -> None:
    order = await desk.orders.take(replace(REPORT, caller="01062345678"))
    assert await desk.notes(order) == []


async def test_a_note_waits_for_the_gateway_and_outlives_a_restart(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    desk.gateway.down = True
    assert await desk.outbox.send_due() == 1
    assert await desk.outbox.send_due() == 0, "its time has not come"
    desk.start()
    desk.gateway.down = False
    assert await desk.outbox.send_due() == 0
    await desk.clock.advance(10)
    assert await desk.outbox.send_due() == 1
    assert [(n.state, n.tries) for n in await desk.notes(order)] == [(NoteState.SENT, 2)]


async def test_a_note_that_no_gateway_takes_is_given_up(desk: Desk) -> None:
    order = await desk.orders.take(REPORT)
    desk.gateway.down = True
    tries = 0
    while tried := await desk.outbox.send_due():
        tries += tried
        await desk.clock.advance(1000)
    assert tries == SEED.number("notification_tries")
    assert [n.state for n in await desk.notes(order)] == [NoteState.FAILED]
    assert isinstance((await desk.story())[-1], NotificationFailed)


async def test_no_more_than_a_batch_is_in_memory(desk: Desk) -> None:
    late = AT - timedelta(minutes=1)
    waiting = [Note(f"n{n:03}", "13800000001", "x", about="a", created_at=late) for n in range(BATCH + 1)]
    await desk.db.write(lambda c: [note_store.put(c, note) for note in waiting])
    assert [await desk.outbox.send_due() for _ in range(3)] == [BATCH, 1, 0]


async def test_the_task_sends_what_is_put_while_it_runs(desk: Desk) -> None:
    running = asyncio.get_running_loop().create_task(desk.outbox.run())
    try:
        order = await desk.orders.take(REPORT)
        await until(lambda: bool(desk.gateway.taken), 5)
        assert desk.gateway.taken[0].id == order.id
    finally:
        running.cancel()


async def test_the_file_gateway_writes_a_line_for_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "outbox" / "sms.jsonl"
    gateway = FileGateway(file)
    for n in (1, 2):
        await gateway.send(Note(f"n{n}", "13800000001", "您的报修", about="01A", created_at=AT))
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["n1", "n2"]
    assert lines[0] == {"id": "n1", "to": "13800000001", "text": "您的报修", "about": "01A"}
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_is_a_gateway_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "sms.jsonl").mkdir()
    with pytest.raises(GatewayDown):
        await FileGateway(tmp_path / "sms.jsonl").send(Note("n", "1", "x", about="a", created_at=AT))
