"""Calls folded in memory are those of the journal, however start-up and the bus interleave."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Event, Recorded
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallAnswered,
    CallArrived,
    CallEnded,
    CallHeld,
    CallQueued,
    CallReleased,
)
from cti.model import CallState
from ivr.events import CallerIdentified, DigitsCollected, IvrNodeEntered, SpeechHeard
from recordings.events import RecordingMissing, RecordingStarted
from web.live_calls import LiveCall, LiveCalls

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def story() -> list[Recorded]:
    """One call from its arrival to its end."""
    seat = {"call_id": "1.1", "agent_id": "a1", "seat_id": "1001"}
    talk = {"call_id": "1.1", "agent_id": "a1"}

    def at(n: int) -> datetime:
        return START + timedelta(seconds=n)

    known = {"caller": "13800000001", "caller_known": True, "caller_raw": "+8613800000001", "number": "95598"}
    events: list[Event] = [
        CallArrived(at=at(1), call_id="1.1", channel_id="1.1", **known),
        CallAnswered(at=at(2), call_id="1.1"),
        IvrNodeEntered(at=at(3), call_id="1.1", flow="hotline", node="main"),
        DigitsCollected(at=at(4), call_id="1.1", node="main", digits="2", length=1),
        IvrNodeEntered(at=at(5), call_id="1.1", flow="hotline", node="pin"),
        DigitsCollected(at=at(6), call_id="1.1", node="pin", digits=None, length=6),
        CallerIdentified(at=at(7), call_id="1.1", customer_id="k1", how="pin"),
        CallQueued(at=at(8), call_id="1.1", queue="general"),
        AgentRang(at=at(9), channel_id="s1", **seat),
        AgentMissed(at=at(10), cause="no_answer", **seat),
        AgentRang(at=at(11), channel_id="s2", **seat),
        AgentAnswered(at=at(12), channel_id="s2", **seat),
        RecordingStarted(at=at(13), recording_id="r1", **talk),
        CallHeld(at=at(14), **talk),
        CallReleased(at=at(15), by="agent", why="hung_up", **talk),
        CallEnded(at=at(16), call_id="1.1", by="caller", why="hung_up", where="after"),
    ]
    return [Recorded(seq, event) for seq, event in enumerate(events, 100)]


def folded(recorded: list[Recorded]) -> LiveCall:
    calls = LiveCalls()
    calls.load([])
    for one in recorded:
        calls.take(one)
    call = calls.get("1.1")
    assert call is not None
    return call


def test_a_call_keeps_who_called_the_path_and_the_recording() -> None:
    call = folded(story())
    assert call.call.state is CallState.ENDED
    assert (call.customer_id, call.recording_id) == ("k1", "r1")
    assert [(step.node, step.digits) for step in call.path] == [("main", "2"), ("pin", "******")]


@pytest.mark.parametrize(("outcome", "shown"), [("sure", "bill"), ("confirmed", "bill"), ("denied", None)])
def test_what_the_caller_said_is_kept_as_what_it_was_taken_for(outcome: str, shown: str | None) -> None:
    said = {"intent": "bill", "confidence": 0.9, "distance": 0.0, "text": "我的卡号是六二二二"}
    heard = SpeechHeard(at=START, call_id="1.1", node="main", outcome=outcome, **said)
    path = folded([*story()[:3], Recorded(200, heard)]).path
    assert [(step.node, step.digits, step.said) for step in path] == [("main", None, shown)]


def test_a_recording_that_is_missing_is_no_recording() -> None:
    missing = RecordingMissing(at=START, call_id="1.1", recording_id="r1", agent_id="a1", reason="no_file")
    assert folded([*story()[:13], Recorded(200, missing)]).recording_id is None


@given(st.data())
def test_start_up_at_any_moment_loses_and_doubles_nothing(data: st.DataObject) -> None:
    """The bus is heard from event `first` on; the journal is read when `read` events are committed; `load` comes
    after event `told` was told. An event is told after it is committed, so what was read is at least what was told
    when the reading began."""
    whole = story()
    first = data.draw(st.integers(0, 12), "first heard")
    read = data.draw(st.integers(first, 15), "committed when read")
    told = data.draw(st.integers(first, 15), "told before load")
    calls = LiveCalls()
    for one in whole[first:told]:
        calls.take(one)
    calls.load([whole[:read]] if read else [])
    for one in whole[told:]:
        calls.take(one)
    assert calls.get("1.1") is not None
    call, right = calls.get("1.1"), folded(whole)
    assert call is not None
    assert (call.call, call.customer_id, call.recording_id, call.path) == (
        right.call,
        right.customer_id,
        right.recording_id,
        right.path,
    )
    assert calls.all() == []


def test_many_ended_calls_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.live_calls.ENDED_KEPT", 2)
    calls = LiveCalls()
    for n in range(4):
        known = {"caller": "unknown", "caller_known": False, "caller_raw": "", "number": "95598"}
        calls.take(Recorded(2 * n, CallArrived(at=START, call_id=f"{n}", channel_id=f"{n}", **known)))
        calls.take(Recorded(2 * n + 1, CallEnded(at=START, call_id=f"{n}", by="caller", why="x", where="arrived")))
    assert [calls.get(str(n)) is not None for n in range(4)] == [False, False, True, True]
