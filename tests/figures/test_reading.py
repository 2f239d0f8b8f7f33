"""What is read of a range is what a fold of everything says of it, wherever the range and the pieces begin and end."""

import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.db import metadata
from cti.events import AgentAnswered, CallArrived, CallEnded, CallQueued, CallReleased
from figures import reading, store
from figures.model import Fold
from figures.terms import Terms
from ivr.events import CallerIdentified, NeedStated
from tests.figures.books import books, write
from tests.figures.centre import DAY, SHANGHAI, TERMS, Day
from tests.figures.test_fold import CHOICES, day_of

pytestmark = pytest.mark.integration


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE", 7)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHOICES, st.integers(-3600, 90_000), st.integers(60, 40_000))
def test_p30_a_range_is_the_same_read_alone_or_folded_from_the_very_beginning(
    short_pieces: None, choices: list[int], first: int, length: int
) -> None:
    """Calls and states that began before the range, and talks that end behind it, are what they are."""
    events = day_of(choices).events
    if not events:
        return
    begin = DAY + timedelta(seconds=first)
    terms = Terms(
        begin, begin + timedelta(seconds=length), TERMS.threshold, TERMS.short, TERMS.repeat, TERMS.voice_pass
    )
    whole = Fold(terms, SHANGHAI)
    for event in events:
        whole.take(event)
    with tempfile.TemporaryDirectory() as folder:
        engine = books(Path(folder), events)
        with engine.connect() as connection:
            read = reading.read(connection, terms, SHANGHAI)
        engine.dispose()
    now = events[-1].at
    assert read.fold.snapshot(now).to_json() == whole.snapshot(now).to_json()
    assert read.fold.snapshot(now).broken == ()


def call(call_id: str, at: datetime, caller: str = "13800000001", *, need: str = "", agent: str = "a0") -> list[object]:
    """A call that talks to an agent."""
    second = timedelta(seconds=1)
    seat = {"call_id": call_id, "agent_id": agent, "seat_id": "s", "channel_id": "x"}
    arrived = CallArrived(
        at=at, call_id=call_id, channel_id=call_id, caller=caller, caller_known=bool(caller), caller_raw="", number="9"
    )
    return [
        arrived,
        *([NeedStated(at=at, call_id=call_id, need=need)] if need else []),
        CallQueued(at=at + second, call_id=call_id, queue="general"),
        AgentAnswered(at=at + 3 * second, **seat),
        CallReleased(at=at + 60 * second, call_id=call_id, agent_id=agent, by="agent", why="hung_up"),
        CallEnded(at=at + 61 * second, call_id=call_id, by="system", why="finished", where="bye"),
    ]


def test_who_calls_again_within_w_days_was_not_helped_the_first_time(tmp_path: Path) -> None:
    day = timedelta(days=1)
    identified = CallerIdentified(at=DAY, call_id="e1", customer_id="k1", how="pin")
    story = [
        *call("a1", DAY),
        *call("b1", DAY, "13800000002", need="complaint"),
        *call("c1", DAY, ""),  # a withheld number: nobody knows
        *call("d1", DAY, "13800000004"),
        *(each for each in (call("e1", DAY, "13800000005")[0], identified, *call("e1", DAY)[1:])),
        *call("f1", DAY, "13800000006"),
        *(CallerIdentified(at=DAY, call_id="f1", customer_id=who, how="agent", by="a1") for who in ("k1", "")),
        *call("a2", DAY + 6 * day),  # again: a1 was not resolved
        *call("b2", DAY + 2 * day, "13800000002", need="business"),  # about something else
        *call("d2", DAY + 8 * day, "13800000004"),  # too late to be a repeat
    ]
    engine = books(tmp_path, sorted(story, key=lambda event: event.at))  # type: ignore[arg-type, attr-defined]
    with engine.connect() as connection:
        read = reading.read(connection, TERMS, SHANGHAI)
    engine.dispose()
    assert read.repeats is not None
    assert read.repeats.resolved(DAY + 6 * day) == [], "the W days are not over"
    told = [resolved for _, resolved in read.repeats.resolved(DAY + 9 * day)]
    assert sorted(told) == [False, True, True, True, True], "a1 was not; b1, d1, e1, f1 were; c1 is not counted"


def test_a_piece_of_the_journal_is_found_without_sorting_it(tmp_path: Path) -> None:
    """SQLite must go along the order of the journal; to sort it for each piece would take minutes."""
    engine = books(tmp_path, list(call("a1", DAY)))  # type: ignore[misc]
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        statements: list[str] = []
        raw.set_trace_callback(statements.append)  # type: ignore[attr-defined]
        store.piece(connection, 0, 10, {"CallQueued"})
        store.stands(connection, 10)
        raw.set_trace_callback(None)  # type: ignore[attr-defined]
        plans = [
            row[3]
            for statement in statements
            if statement.startswith("SELECT")
            for row in raw.cursor().execute("EXPLAIN QUERY PLAN " + statement).fetchall()  # type: ignore[attr-defined]
        ]
    engine.dispose()
    assert plans
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or plan.startswith("SCAN")], plans


def test_both_engines_give_the_same(engine: Engine) -> None:
    """A random day, read in small pieces, from SQLite and from PostgreSQL."""
    chance = random.Random(7)
    day = Day(lambda below: chance.randrange(below))
    while len(day.events) < 400:
        day.step()
    metadata.create_all(engine)
    write(engine, day.events)
    terms = Terms(DAY, DAY + timedelta(hours=2), TERMS.threshold, TERMS.short, TERMS.repeat, TERMS.voice_pass)
    whole = Fold(terms, SHANGHAI)
    for event in day.events:
        whole.take(event)
    with engine.connect() as connection:
        read = reading.read(connection, terms, SHANGHAI)
        assert store.anything(connection, DAY, day.now)
        assert store.span(connection) == (day.events[0].at, day.events[-1].at)
    assert read.fold.snapshot(day.now).to_json() == whole.snapshot(day.now).to_json()
    assert "A" in read.fold.snapshot(day.now).to_json()
