"""The machine of a recording and the judgement of its length."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.events import Recorded
from cti.events import AgentAnswered, CallEnded, CallHeld, CallReleased, CallTransferred
from recordings.events import RecordingMissing, RecordingStarted, RecordingStored
from recordings.model import (
    IllegalStep,
    Recording,
    RecordingState,
    Talk,
    Verdict,
    advance,
    judge,
    of_talk,
    talk_end,
)

pytestmark = pytest.mark.unit

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TALK = Talk("pbx-17.3", "pbx-17.3", "a1", 7, T0)
IDS = {"call_id": "pbx-17.3", "recording_id": "pbx-17.3-7", "agent_id": "a1"}
STARTED = RecordingStarted(at=T0, **IDS)
STORED = RecordingStored(at=T0, length_s=12.0, sha256="ab", verdict="ok", **IDS)
MISSING = RecordingMissing(at=T0, reason="disk_full", **IDS)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def talked(seconds: float, captured: float = 0.0) -> Recording:
    return replace(of_talk(TALK), captured_at=at(captured), talk_ended_at=at(seconds))


def test_a_recording_is_found_again_from_the_journal_alone() -> None:
    assert of_talk(TALK).id == "pbx-17.3-7"


def test_started_then_stored() -> None:
    recording = advance(advance(of_talk(TALK), STARTED), STORED)
    assert recording.state is RecordingState.STORED
    assert (recording.length_s, recording.sha256, recording.verdict) == (12.0, "ab", Verdict.OK)


def test_missing_may_turn_into_started_and_stored() -> None:
    missing = advance(of_talk(TALK), MISSING)
    assert (missing.state, missing.reason) == (RecordingState.MISSING, "disk_full")
    assert advance(missing, STARTED).reason is None
    assert advance(missing, STORED).state is RecordingState.STORED


@pytest.mark.parametrize("event", [STARTED, STORED, MISSING])
def test_what_is_stored_stays_stored(event: RecordingStored) -> None:
    stored = advance(of_talk(TALK), STORED)
    with pytest.raises(IllegalStep):
        advance(stored, event)


@pytest.mark.parametrize(
    ("talk_s", "captured_s", "length_s", "closed_s", "verdict"),
    [
        (12.0, 0.0, 12.0, 12.0, Verdict.OK),
        (12.0, 0.0, 12.29, 12.3, Verdict.OK),
        (12.0, 0.0, 11.71, 12.0, Verdict.OK),
        (12.0, 0.0, 7.0, 12.0, Verdict.TIME_LOST),
        (12.0, 0.0, 9.0, 9.05, Verdict.ENDED_EARLY),
        (12.0, 4.0, 8.0, 12.0, Verdict.LATE_START),
        (12.0, 4.0, 5.0, 12.0, Verdict.TIME_LOST),
        (12.0, 0.0, 15.0, 15.1, Verdict.RAN_ON),
        (12.0, 0.0, 15.0, 12.0, Verdict.TOO_LONG),
        (0.1, 0.0, 0.0, 0.1, Verdict.OK),
    ],
)
def test_length_against_talk(
    talk_s: float, captured_s: float, length_s: float, closed_s: float, verdict: Verdict
) -> None:
    found, reason = judge(talked(talk_s, captured_s), length_s, at(closed_s))
    assert found is verdict
    assert (reason is None) == (verdict is Verdict.OK)


def test_the_reason_says_by_how_much() -> None:
    _, reason = judge(talked(12), 7.0, at(12))
    assert reason == "5.0 s shorter than the talk of 12.0 s: the PBX wrote less than the time that passed"


def test_a_talk_ends_with_its_own_agents_release() -> None:
    ids = {"call_id": "pbx-17.3"}
    release = {"by": "agent", "why": "hung_up"}
    story = [
        Recorded(5, CallReleased(at=at(-9), agent_id="a1", **ids, **release)),
        Recorded(7, AgentAnswered(at=T0, agent_id="a1", seat_id="1001", channel_id="c", **ids)),
        Recorded(8, CallHeld(at=at(3), agent_id="a1", **ids)),
        Recorded(9, CallReleased(at=at(4), agent_id="a2", **ids, **release)),
    ]
    assert talk_end(story, TALK) is None
    handed_on = Recorded(10, CallTransferred(at=at(6), agent_id="a1", to="q", **ids))
    ended = Recorded(11, CallEnded(at=at(8), by="caller", why="hung_up", where="queued", **ids))
    assert talk_end([*story, handed_on, ended], TALK) == at(6)
    assert talk_end([*story, ended], TALK) == at(8)
