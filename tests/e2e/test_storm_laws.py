"""The laws of the storm can fail: each made-up journal breaks one of them, and the whole one breaks none."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agents.events import AgentStateChanged
from core.events import Event, Recorded
from cti.events import (
    AgentAnswered,
    AgentRang,
    CallAnswered,
    CallArrived,
    CallDequeued,
    CallEnded,
    CallQueued,
    CallReleased,
)
from routing.events import AgentRequested
from tests.e2e import storm_laws

pytestmark = pytest.mark.unit

EPOCH = datetime(2026, 11, 23, tzinfo=UTC)


def at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


def arrives(call_id: str, second: float) -> list[Event]:
    came = CallArrived(
        at=at(second), call_id=call_id, channel_id="x", caller=call_id, caller_known=True, caller_raw="", number="9"
    )
    return [
        came,
        CallAnswered(at=at(second), call_id=call_id),
        CallQueued(at=at(second + 1), call_id=call_id, queue="general"),
        AgentRequested(at=at(second + 1), call_id=call_id, queue="general"),
    ]


def moved(second: float, from_: str, to: str, call_id: str = "c1", agent_id: str = "a1") -> Event:
    return AgentStateChanged(at=at(second), agent_id=agent_id, from_=from_, to=to, cause="x", call_id=call_id)


def rang(second: float, call_id: str = "c1", agent_id: str = "a1") -> Event:
    return AgentRang(at=at(second), call_id=call_id, agent_id=agent_id, seat_id="s", channel_id="y")


def answered(second: float, call_id: str = "c1", agent_id: str = "a1") -> Event:
    return AgentAnswered(at=at(second), call_id=call_id, agent_id=agent_id, seat_id="s", channel_id="y")


def released(second: float, call_id: str = "c1", agent_id: str = "a1") -> Event:
    return CallReleased(at=at(second), call_id=call_id, agent_id=agent_id, by="agent", why="hung_up")


def ended(second: float, call_id: str = "c1") -> Event:
    return CallEnded(at=at(second), call_id=call_id, by="caller", why="hung_up", where="x")


TALK: list[Event] = [
    moved(0, "not_ready", "ready", ""),
    *arrives("c1", 0),
    moved(2, "ready", "reserved"),
    rang(2),
    moved(2, "reserved", "ringing"),
    answered(5),
    moved(5, "ringing", "talking"),
    *arrives("c2", 6),
    ended(9, "c2"),
    released(30),
    moved(30, "talking", "wrap_up"),
    ended(31),
    moved(40, "wrap_up", "ready"),
]


def log(events: Sequence[Event]) -> list[Recorded]:
    # By their times; of one moment in the order given.
    return [Recorded(n, event) for n, event in enumerate(sorted(events, key=lambda one: one.at), 1)]


def without(kind: type[Event], call_id: str = "c1") -> list[Event]:
    return [one for one in TALK if not (isinstance(one, kind) and getattr(one, "call_id", "") == call_id)]


def shifted(kind: type[Event], seconds: float) -> list[Event]:
    """Return the talk in which the last event of `kind` comes later."""
    last = max(n for n, one in enumerate(TALK) if isinstance(one, kind))
    events = list(TALK)
    event = events.pop(last)
    assert isinstance(event, AgentStateChanged)
    return [*events, moved((event.at - EPOCH).total_seconds() + seconds, event.from_, event.to, event.call_id or "")]


def lost(events: Sequence[Event]) -> None:
    storm_laws.nobody_lost(log(events), ["c1"], [])


def stuck(events: Sequence[Event]) -> None:
    storm_laws.none_stuck(log(events), 2.0)


def one_each(events: Sequence[Event]) -> None:
    storm_laws.held_by_one(log(events))


def balance(events: Sequence[Event]) -> None:
    assert storm_laws.balanced(log(events)) == 40


def test_a_storm_in_which_all_is_well_breaks_no_law() -> None:
    for law in (lost, stuck, one_each, balance):
        law(TALK)


def test_who_met_the_lifeboat_is_not_lost() -> None:
    storm_laws.nobody_lost(log([*arrives("c2", 0), ended(3, "c2")]), ["c1"], ["c1"])


@pytest.mark.parametrize(
    ("law", "events", "why"),
    [
        (lost, without(AgentAnswered), "talked to nobody"),
        (lost, without(CallEnded), "without its one end"),
        (lost, [*TALK, ended(50)], "without its one end"),
        (lost, [*arrives("c2", 0), ended(3, "c2")], "talked to nobody"),
        (one_each, [*TALK, rang(3, "c1", "a2")], "offered while held"),
        (one_each, [*TALK, rang(7, "c2", "a1")], "has a call"),
        (one_each, [*TALK, moved(10, "talking", "ready")], "ready in a call"),
        (one_each, [*TALK, answered(7, "c2", "a3")], "by who was not rung"),
        (stuck, [one for one in TALK if one.at < at(30)], "held by a call that is gone"),
        (stuck, shifted(AgentStateChanged, 60), "wrap_up for"),
        (stuck, [*TALK[:-3], moved(50, "talking", "wrap_up")], "after the talk"),
        (stuck, [*TALK, moved(41, "ready", "reserved"), moved(90, "reserved", "ready")], "reserved for"),
        (stuck, [*TALK, moved(41, "talking", "wrap_up"), moved(45, "wrap_up", "ready")], "then out of talking"),
        (balance, without(AgentRequested), "answered, but None"),
        (balance, without(CallQueued), "are in no figure"),
        (balance, [*TALK, answered(35)], "answered, but A"),
        (balance, without(CallEnded, "c2"), "waits at the end"),
        (
            balance,
            [
                *TALK,
                CallDequeued(at=at(8), call_id="c2", queue="general", why="too_long"),
                AgentRequested(at=at(8.5), call_id="c2", queue="general"),
            ],
            "asks again after F",
        ),
    ],
)
def test_each_law_is_seen_to_fail(law: Callable[[Sequence[Event]], None], events: list[Event], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        law(events)
