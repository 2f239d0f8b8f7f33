"""What past load was, read from the journal on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.events import AgentStateChanged
from core.db import Database
from core.events import Event
from core.journal import append
from cti.events import AgentAnswered, CallDequeued, CallEnded
from routing.events import AgentRequested
from routing.staffing import store

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = NOON - timedelta(hours=12), NOON + timedelta(hours=12)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def asked(second: float, queue: str = "general", call_id: str = "c") -> Event:
    return AgentRequested(at=at(second), call_id=call_id, queue=queue)


def moved(second: float, agent_id: str, from_: str, to: str) -> Event:
    return AgentStateChanged(at=at(second), agent_id=agent_id, from_=from_, to=to, cause="x")


async def journal(db: Database, *events: Event) -> None:
    await db.write(lambda connection: append(connection, events))


async def test_calls_are_counted_by_queue_and_half_hour_to_the_microsecond(db: Database) -> None:
    await journal(
        db,
        asked(-0.000001),
        asked(0),
        asked(1799.999999),
        asked(1800),
        asked(0, "complaints"),
        CallEnded(at=at(5), call_id="c", by="caller", why="", where=""),
    )
    found = await db.read(lambda connection: store.arrivals(connection, *DAY))
    assert found == {"general": {at(-1800): 1, at(0): 2, at(1800): 1}, "complaints": {at(0): 1}}
    assert await db.read(lambda c: store.arrivals(c, at(0), at(1800))) == {
        "general": {at(0): 2},
        "complaints": {at(0): 1},
    }
    assert await db.read(store.first_arrival) == at(-0.000001)


async def test_of_nothing_nothing_is_known(db: Database) -> None:
    assert await db.read(lambda connection: store.arrivals(connection, *DAY)) == {}
    assert await db.read(store.first_arrival) is None
    assert await db.read(lambda connection: store.handling(connection, *DAY)) is None
    assert await db.read(lambda connection: store.patience(connection, *DAY)) is None


async def test_handling_is_talk_and_wrap_up_of_each_agent(db: Database) -> None:
    await journal(
        db,
        moved(0, "a", "ringing", "talking"),
        moved(10, "b", "ringing", "talking"),
        moved(100, "a", "talking", "wrap_up"),
        moved(110, "b", "talking", "ready"),
        moved(130, "a", "wrap_up", "ready"),
        moved(140, "a", "ready", "reserved"),
        moved(500, "b", "not_ready", "ready"),
        moved(600, "b", "ringing", "talking"),
    )
    assert await db.read(lambda connection: store.handling(connection, *DAY)) == store.Mean((130 + 100) / 2, 2)


async def test_patience_counts_the_waits_of_those_who_did_not_hang_up_too(db: Database) -> None:
    await journal(
        db,
        asked(0, call_id="answered"),
        AgentAnswered(at=at(30), call_id="answered", agent_id="a", seat_id="s", channel_id="x"),
        CallEnded(at=at(99), call_id="answered", by="caller", why="", where=""),
        asked(0, call_id="gone"),
        CallEnded(at=at(20), call_id="gone", by="caller", why="", where=""),
        asked(0, call_id="sent away"),
        CallDequeued(at=at(600), call_id="sent away", queue="general", why="too_long"),
        CallEnded(at=at(700), call_id="sent away", by="caller", why="", where=""),
        asked(0, "complaints", call_id="elsewhere"),
        CallEnded(at=at(7), call_id="elsewhere", by="caller", why="", where=""),
        CallEnded(at=at(8), call_id="never asked", by="caller", why="", where=""),
    )
    general = await db.read(lambda connection: store.patience(connection, *DAY, "general"))
    assert general == store.Mean(650, 1)
    assert await db.read(lambda connection: store.patience(connection, *DAY)) == store.Mean(657 / 2, 2)
