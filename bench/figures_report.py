"""How long a report of a month takes, how much memory, and what the figures of today cost for each event.

A centre of 20 seats with 1,000 calls a day, two thirds of which ask for a person; SQLite in a temporary folder.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from agents.events import AgentReserved, AgentStateChanged
from core import policy
from core.db import metadata, open_engine
from core.events import Event
from core.journal import append
from cti.events import AgentAnswered, AgentRang, CallAnswered, CallArrived, CallEnded, CallQueued, CallReleased
from figures import reading, service
from figures.asking import Words
from figures.model import Fold
from figures.slots import Slots
from figures.terms import Terms
from ivr.events import DigitsCollected, IvrNodeEntered
from routing.events import AgentRequested

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2025, 2, 28, 16, tzinfo=UTC)
"""Midnight of 1 March 2025 in Shanghai."""
CALLS_A_DAY, SEATS = 1_000, 20


def _journal(days: int) -> Iterator[Event]:
    """Yield the events of so many days in their order, the same at each run."""
    chance, free = Random(1), [BEGIN] * SEATS
    for seat in range(SEATS):
        for from_, to in (("logged_out", "not_ready"), ("not_ready", "ready")):
            yield AgentStateChanged(at=BEGIN, agent_id=f"a{seat}", from_=from_, to=to, cause="asked", reason="x")
    events: list[Event] = []
    for number in range(days * CALLS_A_DAY):
        at = BEGIN + timedelta(seconds=86_400 / CALLS_A_DAY * number + chance.random() * 60)
        events += _call(f"c{number}", at, chance, free)
    yield from sorted(events, key=lambda event: event.at)


def _call(call_id: str, at: datetime, chance: Random, free: list[datetime]) -> Iterator[Event]:
    caller = f"138{chance.randrange(10**8):08}"
    number = "95598"
    yield CallArrived(
        at=at, call_id=call_id, channel_id="x", caller=caller, caller_known=True, caller_raw="", number=number
    )
    yield CallAnswered(at=at, call_id=call_id)
    for node in ("welcome", "announcements", "outage_first", "main", "person"):
        yield IvrNodeEntered(at=at, call_id=call_id, flow="hotline", node=node, version=1)
    at += timedelta(seconds=15)
    yield DigitsCollected(at=at, call_id=call_id, node="main", digits="0", length=1)
    if chance.random() < 0.33:
        yield CallEnded(at=at, call_id=call_id, by="system", why="finished", where="bye")
        return
    yield CallQueued(at=at, call_id=call_id, queue="general")
    yield AgentRequested(at=at, call_id=call_id, queue="general")
    seat = min(range(SEATS), key=lambda one: free[one])
    if free[seat] > at + timedelta(seconds=60):
        yield CallEnded(at=at + timedelta(seconds=60), call_id=call_id, by="caller", why="hung_up", where="queued")
        return
    yield from _talk(call_id, f"a{seat}", max(at, free[seat]), chance.expovariate(1 / 150))
    free[seat] = max(at, free[seat]) + timedelta(seconds=chance.random() * 8 + 400)


def _talk(call_id: str, agent_id: str, at: datetime, talked_s: float) -> Iterator[Event]:
    seat = {"call_id": call_id, "agent_id": agent_id, "seat_id": agent_id}

    def moved(from_: str, to: str) -> Event:
        told = {"agent_id": agent_id, "from_": from_, "to": to, "cause": "x", "call_id": call_id}
        return AgentStateChanged(at=at, **told)

    yield AgentReserved(at=at, lease_until=at + timedelta(seconds=20), **seat)
    yield moved("ready", "reserved")
    yield AgentRang(at=at, channel_id="x", **seat)
    yield moved("reserved", "ringing")
    at += timedelta(seconds=4)
    yield AgentAnswered(at=at, channel_id="x", **seat)
    yield moved("ringing", "talking")
    at += timedelta(seconds=min(talked_s, 350))
    yield CallReleased(at=at, call_id=call_id, agent_id=agent_id, by="agent", why="hung_up")
    yield moved("talking", "wrap_up")
    yield CallEnded(at=at, call_id=call_id, by="system", why="finished", where="bye")
    at += timedelta(seconds=30)
    yield moved("wrap_up", "ready")


def _report(connection: Connection, first: str, last: str, group: str) -> float:
    started = time.process_time()
    words = Words(first, last, group, ["all"])
    made = service.make(connection, words, Slots(ZONE), policy.load("seed"), datetime.now(UTC))
    assert not made.broken, made.broken[:3]
    assert made.total.counts["O"] > 0
    return round(time.process_time() - started, 2)


def _live() -> float:
    """Microseconds of the fold for each event of a day, of those that it counts."""
    terms = Terms.by(policy.load("seed"), BEGIN, BEGIN + timedelta(days=1))
    events = list(_journal(1))
    fold = Fold(terms, ZONE)
    started = time.process_time()
    for event in events:
        fold.take(event)
    return round((time.process_time() - started) / len(events) * 1e6, 2)


def run(quick: bool = False) -> dict[str, float | int]:
    """Return seconds of processor for reports, and microseconds that an event costs the figures of today."""
    days = 2 if quick else 31
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        metadata.create_all(engine)
        with engine.begin() as connection:
            events = sum(len(append(connection, [event])) for event in _journal(days))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with engine.connect() as connection:
            last = f"2025-03-{days:02}"
            month = [_report(connection, "2025-03-01", last, group) for group in ("queue", "agent", "half_hour")]
            day = _report(connection, last, last, "half_hour")
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            started = time.process_time()
            terms = Terms.by(policy.load("seed"), *Slots(ZONE).day(BEGIN.astimezone(ZONE).date()))
            reading.read(connection, terms, ZONE, again=False)
            loaded = round(time.process_time() - started, 2)
            live = _live()
        engine.dispose()
    return {
        "days": days,
        "calls": days * CALLS_A_DAY,
        "events": events,
        "by_queue_s": month[0],
        "by_agent_s": month[1],
        "by_half_hour_s": month[2],
        "last_day_s": day,
        "today_counted_again_s": loaded,
        "live_us_an_event": live,
        "more_memory_mb": round(memory / 1024, 1),
    }


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
