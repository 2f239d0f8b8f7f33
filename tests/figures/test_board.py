"""The wallboard's sums are those of the reports, equal before and after a restart, and cheap; alarms; the forecast."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from agents.model import Agent, Cause, State
from core import policy
from core.clock import FakeClock
from core.db import Database
from core.journal import append
from figures import alarms, board, formulas, report
from figures.alarms import Limits
from figures.asking import Asked, Group
from figures.board import WHOLE, Half, Stock, Sums, Waiting
from figures.cells import Line
from figures.model import Fold
from figures.outlook import DayOutlook
from figures.slots import Slots
from routing.events import AgentRequested
from routing.model import Figures
from tests.figures.centre import DAY, SHANGHAI, TERMS
from tests.figures.test_fold import CHOICES, day_of
from tests.figures.test_live import NINE, QUICK, centre, go_on
from tests.until import until

pytestmark = pytest.mark.integration

RULES = policy.load("seed")
SLOTS = Slots(SHANGHAI)
LIMITS = Limits.of(RULES)


@settings(max_examples=100, deadline=None)
@given(CHOICES)
def test_p14_rows_of_the_wallboard_are_the_sums_of_the_report_and_keep_the_law(choices: list[int]) -> None:
    day = day_of(choices)
    fold = Fold(TERMS, SHANGHAI)
    for event in day.events:
        fold.take(event)
    stock = fold.stock(day.now)
    assert stock.broken == 0
    rows = board.sums(stock, SLOTS)
    for group in (Group.QUEUE, Group.SKILL):
        made = report.make(
            Asked(TERMS.begin, TERMS.end, (group,), formulas.chosen(["all"])),
            fold.snapshot(day.now),
            (),
            TERMS,
            SHANGHAI,
        )
        told = {row.label[0]: row for row in made.rows if row.label[0] != "-"}
        mine = {name: row for (kind, name), row in rows.items() if kind is group and row.counts}
        assert mine.keys() == {name for name, row in told.items() if board.shown(row.counts)}
        for name, row in mine.items():
            assert row.counts == board.shown(told[name].counts)
            assert row.figures == {one.id: told[name].figures[one.id] for one in board.SHOWN}
    for row in rows.values():
        assert row.counts.get("O", 0) == sum(row.counts.get(one, 0) for one in "ABFCW")
        for symbol, number in row.counts.items():
            assert number == sum(half.counts.get(symbol, 0) for half in row.halves), symbol
    assert rows.get(WHOLE, Sums({}, {}, (), 0, 0.0)).waiting == len(fold.contacts._waiting)


@settings(max_examples=15, deadline=None, phases=QUICK)
@given(CHOICES)
def test_p15_the_wallboard_of_a_service_that_has_just_begun_is_that_of_the_one_before(choices: list[int]) -> None:
    events = day_of(choices).events

    async def story() -> None:
        async with centre(FakeClock(DAY - timedelta(hours=1))) as one:
            await one.figures.load()
            for event in events:
                await go_on(one.clock, event)
                await one.journal.record(event)
            other = type(one.figures)(one.db, one.clock, RULES, SHANGHAI)
            await other.load()
            before, after = one.figures.stock(), other.stock()
            await other.close()
            assert before is not None
            assert after is not None
            assert board.sums(before, SLOTS) == board.sums(after, SLOTS)
            assert sorted(before.waiting, key=str) == sorted(after.waiting, key=str)

    asyncio.run(story())


def test_a_line_in_which_somebody_is_missing_is_a_broken_law() -> None:
    lines = {Line(DAY, "general", ()): {"O": 2, "A": 1}, Line(DAY, "bill", ("english",)): {"O": 1, "W": 1}}
    assert Stock(DAY, TERMS, lines, ()).broken == 1
    assert Stock(DAY, TERMS, {}, (), strange=2).broken == 2


def test_a_row_tells_the_longest_wait_of_those_it_is_about_and_when_its_halves_end() -> None:
    lines = {Line(DAY, "general", ()): {"O": 3, "W": 3}}
    waits = [("general", (), 40), ("general", ("english",), 90), ("general", (), 10), ("bill", (), 70)]
    waiting = tuple(Waiting(queue, skills, DAY - timedelta(seconds=seconds)) for queue, skills, seconds in waits)
    rows = board.sums(Stock(DAY, TERMS, lines, waiting), SLOTS)
    assert {name: (row.waiting, row.longest_wait_s) for (_, name), row in rows.items()} == {
        "": (4, 90.0),
        "general": (3, 90.0),
        "english": (1, 90.0),
        "bill": (1, 70.0),
    }
    (half,) = rows[Group.QUEUE, "general"].halves
    assert (half.begins, half.ends) == (DAY, DAY + timedelta(minutes=30))


def test_the_sums_of_a_full_day_of_sixty_agents_take_a_small_part_of_a_second() -> None:
    needs = [(), ("english",), ("fault",), ("english", "fault")]
    counts = dict.fromkeys("OABFCKPW", 7) | {"WAIT": 10**9, "TALK": 10**9, "A_T": 5}
    slots = [DAY + timedelta(minutes=30 * n) for n in range(48)]
    lines = {Line(slot, queue, need): dict(counts) for slot in slots for queue in "abcdef" for need in needs}
    stock = Stock(DAY + timedelta(hours=24), TERMS, lines, ())
    began = time.process_time()
    for _ in range(5):
        board.sums(stock, SLOTS)
    assert (time.process_time() - began) / 5 < 0.1, "it is made once a second"


# --- alarms -------------------------------------------------------------------------------------------------------


def queue(waiting: int = 0, longest_s: float = 0.0, ready: int = 1, busy: int = 0) -> Figures:
    return Figures("general", waiting, longest_s, ready, busy, 0)


def test_queues_with_nobody_or_with_a_long_wait_are_alarms() -> None:
    def told(one: Figures) -> list[str]:
        return [alarm.code for alarm in alarms.of_queues([one], LIMITS)]

    assert told(queue()) == told(queue(waiting=3, ready=0, busy=1)) == []
    assert told(queue(waiting=1, ready=0)) == ["nobody_at_work"]
    assert told(queue(waiting=1, longest_s=59.9)) == []
    assert told(queue(waiting=1, longest_s=60.0)) == ["wait_long"]
    assert told(queue(waiting=1, longest_s=60.0, ready=0)) == ["nobody_at_work", "wait_long"]


@pytest.mark.parametrize(
    ("state", "seconds", "code"),
    [
        (State.TALKING, 1201, "talking_long"),
        (State.TALKING, 1199, None),
        (State.WRAP_UP, 91, "wrap_up_long"),
        (State.NOT_READY, 1801, "not_ready_long"),
        (State.RESERVED, 21, "reserved_long"),
        (State.READY, 36_000, None),
    ],
)
def test_who_has_been_somewhere_for_too_long_is_an_alarm(state: State, seconds: float, code: str | None) -> None:
    agent = Agent(agent_id="a1", state=state, since=DAY, cause=Cause.ASKED)
    told = alarms.of_agents([agent], DAY + timedelta(seconds=seconds), LIMITS)
    assert [one.code for one in told] == ([code] if code else [])
    assert all(one.about == "a1" and one.since == DAY for one in told)


def test_a_low_service_level_is_an_alarm_once_enough_callers_have_had_their_chance() -> None:
    def told(offered: int, in_time: int, waiting: int = 0) -> list[tuple[str, float | None]]:
        counts = {"O": offered, "A_T": in_time, "W_T": waiting, "W": waiting}
        half = Half(DAY, DAY + timedelta(minutes=30), counts, {"SL-8": formulas.BY_ID["SL-8"].value(counts)})
        rows = {(Group.QUEUE, "general"): Sums(counts, {}, (half,), 0, 0.0), WHOLE: Sums(counts, {}, (half,), 0, 0.0)}
        return [(one.about, one.value) for one in alarms.of_service(rows, LIMITS)]

    assert told(10, 8) == []
    assert told(10, 7) == [("general", 70.0)]
    assert told(4, 0) == [], "too few to say anything"
    assert told(10, 3, waiting=6) == [], "who waits for less than T has not had the chance"


# --- the forecast -------------------------------------------------------------------------------------------------


async def test_today_is_foretold_from_the_days_before_once_a_day(db: Database) -> None:
    first = datetime(2026, 11, 16, 16, tzinfo=UTC)  # midnight of the 17th in Shanghai
    events = [
        AgentRequested(at=first + timedelta(days=day, hours=9, seconds=n), call_id=f"c{day}-{n}", queue="general")
        for day in range(4)
        for n in range(10)
    ]

    def write(connection: object) -> None:
        append(connection, events)  # type: ignore[arg-type]

    await db.write(write)
    clock = FakeClock(first + timedelta(days=4, hours=12))
    outlook = DayOutlook(db, clock, RULES, SHANGHAI)
    assert outlook.today() is None, "it is being read"
    found = await until(outlook.today, what="the forecast is there")
    curve = found["general"]
    assert len(curve) == 48
    assert curve[first + timedelta(days=4, hours=9)] > 3
    assert abs(sum(curve.values()) - 10) < 1, "as many as on each day before"
    assert outlook.today() is found, "once a day"
    await clock.advance(12 * 3600)
    assert outlook.today() is None, "another day"
    await until(outlook.today, what="that of the next day")
    await outlook.close()


async def test_without_a_whole_day_before_nothing_is_foretold(db: Database) -> None:
    outlook = DayOutlook(db, FakeClock(NINE), RULES, SHANGHAI)
    assert await until(lambda: outlook.today() is not None, what="it is read")
    assert outlook.today() == {}
    await outlook.close()
