"""Adherence and conformance over presence: intervals that partition the shift, minutes that add up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.events import AgentStateChanged
from agents.model import State
from agents.shifts import store
from agents.shifts.adherence import Adherence, Stay, adherence, at_work, stays, within
from agents.shifts.model import Activation, Duty, Kind, Trigger
from core.db import Database
from tests.agents.test_shifts import DAY, House

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
WORK = {"training"}


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def moved(minutes: float, to: str, reason: str | None = None) -> AgentStateChanged:
    return AgentStateChanged(at=at(minutes), agent_id="a1", from_="x", to=to, cause="asked", reason=reason)


Moves = st.lists(
    st.tuples(st.floats(-60, 600).map(lambda m: round(m, 2)), st.sampled_from(State), st.sampled_from([None, "meal"])),
    max_size=20,
).map(lambda rows: [moved(m, to.value, reason) for m, to, reason in sorted(rows, key=lambda row: row[0])])


@given(Moves, st.floats(0, 540).map(lambda m: round(m, 2)))
def test_p25_presence_partitions_the_shift_with_its_reasons(moves: list[AgentStateChanged], end: float) -> None:
    found = stays(moves, NOW, at(end))
    edges = [NOW, *(stay.ends for stay in found)]
    assert [stay.begins for stay in found] == edges[:-1], "each begins where the one before it ends"
    assert edges[-1] == (at(end) if end else NOW)
    for stay in found:
        last = next((m for m in reversed(moves) if m.at <= stay.begins), None)
        assert (stay.state, stay.reason) == ((last.to, last.reason) if last else ("logged_out", None))


def _apart(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    reached, out = 0, []
    for pause, length in rows:
        out.append((reached + pause, reached + pause + length))
        reached = out[-1][1]
    return out


Spans = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), max_size=8).map(lambda rows: _apart(rows))


@given(Spans, Spans)
@settings(deadline=None)
def test_minutes_add_up(scheduled: list[tuple[int, int]], working: list[tuple[int, int]]) -> None:
    times = [[(at(a), at(b)) for a, b in spans] for spans in (scheduled, working)]
    figures = adherence(*times)
    planned, worked = ({m for a, b in spans for m in range(a, b)} for spans in (scheduled, working))
    assert figures == Adherence(len(planned), len(planned & worked), len(worked))
    assert figures.adherence is None or 0 <= figures.adherence <= 1
    assert (figures.conformance is None) == (not planned)


def test_which_states_are_work() -> None:
    def work(state: State, reason: str | None = None) -> bool:
        return at_work(Stay(state.value, reason, NOW, at(1)), WORK)

    assert [state for state in State if work(state)] == [
        *(State.READY, State.RESERVED, State.RINGING, State.TALKING, State.WRAP_UP)
    ]
    assert [work(State.NOT_READY, reason) for reason in ("training", "meal", "no_answer", None)] == [True] + [False] * 3


def test_parts_within() -> None:
    assert within([(at(0), at(10)), (at(20), at(30))], at(5), at(20)) == [(at(5), at(10))]


async def test_how_a_roster_was_kept_is_read_from_the_journal(db: Database) -> None:
    house = House(db)
    times = {"begins": at(60), "ends": at(180)}
    main = Duty(agent_id="a1", day=DAY, shift="early", kind=Kind.MAIN, **times)
    times = {"begins": at(180), "ends": at(300)}
    backup = Duty(agent_id="a1", day=DAY, shift="middle", kind=Kind.BACKUP, **times)
    called = Activation(
        id="x", at=at(200), trigger=Trigger.PERSON, why="y", by="lead", agent_ids=("a1",), released_at=at(260)
    )
    await db.write(lambda c: (store.save_duties(c, [main, backup]), store.activate(c, called)))
    await house.journal.record(
        *(moved(-30, "ready"), moved(90, "not_ready", "meal"), moved(110, "ready")),
        *(moved(150, "not_ready", "training"), moved(210, "logged_out")),
    )
    await house.clock.advance(400 * 60)
    kept = await house.shifts.kept("a1", at(0), at(400), WORK)
    assert [duty.shift for duty in kept.duties] == ["early", "middle"]
    # Main duty 60 to 180 without the meal from 90 to 110; backup duty while called in, 200 to 260, until 210.
    assert kept.figures == Adherence(scheduled=120 + 60, adherent=100 + 10, worked=210 - 20)
    assert (await house.shifts.kept("a1", at(900), at(960), WORK)).figures == Adherence(0, 0, 0)
    await house.journal.close()
