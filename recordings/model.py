"""A recording, the states it goes through, and the judgement whether its length is that of the talk."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.errors import Conflict, NotFound
from core.events import Event, Recorded
from cti.events import CallEnded, CallReleased, CallTransferred, ConsultEnded
from recordings.events import RecordingMissing, RecordingStarted, RecordingStored

TOLERANCE_S = 0.3
"""How much the length of a recording may differ from that of its talk."""


class NoSuchRecording(NotFound):
    """There is no such recording."""

    code = "no_such_recording"


class NoAudio(NotFound):
    """This recording has no sound that could be played."""

    code = "no_audio"


class IllegalStep(Conflict):
    """The recording is not in a state in which this can happen."""

    code = "illegal_state"


class RecordingState(StrEnum):
    """Where a recording stands. `missing` may still turn: the PBX may have obeyed without our hearing of it."""

    CAPTURING = "capturing"
    STORED = "stored"
    MISSING = "missing"


S = RecordingState
MOVES: dict[tuple[RecordingState | None, type[Event]], RecordingState] = {
    (None, RecordingStarted): S.CAPTURING,
    (None, RecordingMissing): S.MISSING,
    (None, RecordingStored): S.STORED,
    (S.CAPTURING, RecordingStored): S.STORED,
    (S.CAPTURING, RecordingMissing): S.MISSING,
    (S.MISSING, RecordingStarted): S.CAPTURING,
    (S.MISSING, RecordingStored): S.STORED,
}
"""The whole machine; None is a talk of which our books know nothing yet: its sound may be found all the same."""


class Kind(StrEnum):
    """What was recorded: a talk with an agent, or what a caller said to the machine after a tone."""

    TALK = "talk"
    CONSULT = "consult"
    """An agent and the third party of a talk."""
    MESSAGE = "message"
    ADDRESS = "address"


class Verdict(StrEnum):
    """What the length says: the whole talk, or in which way it differs from it."""

    OK = "ok"
    LATE_START = "late_start"
    ENDED_EARLY = "ended_early"
    RAN_ON = "ran_on"
    TIME_LOST = "time_lost"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Talk:
    """The talk of one agent in a call: `answered_seq` is the journal's number of its AgentAnswered.

    `consult`: that with a third party, from ConsultAnswered on.
    """

    call_id: str
    channel_id: str
    agent_id: str
    answered_seq: int
    started_at: datetime
    ended_at: datetime | None = None
    consult: bool = False

    @property
    def recording_id(self) -> str:
        """The id of its recording: found again from the journal alone."""
        return f"{self.call_id}-{self.answered_seq}"


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known of the sound of one talk, or of what a caller said to the machine (`kind`): then nobody answered.

    `path` is relative to the vault; `length_s` in seconds.
    """

    id: str
    call_id: str
    channel_id: str
    agent_id: str
    answered_seq: int | None
    talk_started_at: datetime
    state: RecordingState | None = None
    talk_ended_at: datetime | None = None
    captured_at: datetime | None = None
    reason: str | None = None
    verdict: Verdict | None = None
    length_s: float | None = None
    path: str | None = None
    size: int | None = None
    sha256: str | None = None
    kind: Kind = Kind.TALK


def of_talk(talk: Talk) -> Recording:
    """Return the recording of a talk of which nothing is written yet."""
    return Recording(
        id=talk.recording_id,
        call_id=talk.call_id,
        channel_id=talk.channel_id,
        agent_id=talk.agent_id,
        answered_seq=talk.answered_seq,
        talk_started_at=talk.started_at,
        talk_ended_at=talk.ended_at,
        kind=Kind.CONSULT if talk.consult else Kind.TALK,
    )


def advance(recording: Recording, event: Event) -> Recording:
    """Return the recording as it is after `event`. Raises IllegalStep when its state does not allow it."""
    try:
        state = MOVES[recording.state, type(event)]
    except KeyError:
        raise IllegalStep(f"recording is {recording.state}: {type(event).__name__} is not possible") from None
    moved = replace(recording, state=state)
    match event:
        case RecordingStarted():
            return replace(moved, captured_at=event.at, reason=None)
        case RecordingStored():
            verdict = Verdict(event.verdict)
            return replace(moved, length_s=event.length_s, sha256=event.sha256, verdict=verdict, reason=event.reason)
        case RecordingMissing():
            return replace(moved, reason=event.reason)
        case _:
            return moved


def talk_end(story: Iterable[Recorded], talk: Talk) -> datetime | None:
    """Return when `talk` ended according to the call's story, or None while it lasts."""
    for recorded in story:
        if recorded.seq > talk.answered_seq and ends(recorded.event, talk.agent_id, consult=talk.consult):
            return recorded.event.at
    return None


def ends(event: Event, agent_id: str, *, consult: bool = False) -> bool:
    """Tell whether `event` ends the talk of the agent in its call, or not the caller's but that with a third party."""
    match event:
        case ConsultEnded():
            return consult and event.agent_id == agent_id
        case CallReleased() | CallTransferred():
            return event.agent_id == agent_id
        case CallEnded():
            return True
        case _:
            return False


def judge(recording: Recording, length_s: float, closed_at: datetime) -> tuple[Verdict, str | None]:
    """Compare the length of the sound with the talk; `closed_at` is when the PBX wrote the last of it.

    Sound as long as the time from the start of capture to `closed_at` lost nothing in between: then only its ends
    differ from the talk's. Otherwise time is missing somewhere inside. Returns the verdict and, unless ok, the reason.
    """
    assert recording.talk_ended_at is not None
    talk_s = (recording.talk_ended_at - recording.talk_started_at).total_seconds()
    difference = length_s - talk_s
    if abs(difference) <= TOLERANCE_S:
        return Verdict.OK, None
    verdict = _which(recording, length_s, closed_at, difference)
    how = "longer" if difference > 0 else "shorter"
    return verdict, f"{abs(difference):.1f} s {how} than the talk of {talk_s:.1f} s: {_WORDS[verdict]}"


def _which(recording: Recording, length_s: float, closed_at: datetime, difference: float) -> Verdict:
    captured_at = recording.captured_at or recording.talk_started_at
    lateness = (captured_at - recording.talk_started_at).total_seconds()
    whole = abs(length_s - (closed_at - captured_at).total_seconds()) <= TOLERANCE_S
    if difference > 0:
        return Verdict.RAN_ON if whole else Verdict.TOO_LONG
    if not whole:
        return Verdict.TIME_LOST
    return Verdict.LATE_START if lateness > TOLERANCE_S else Verdict.ENDED_EARLY


_WORDS = {
    Verdict.LATE_START: "it was started late and is whole from then on",
    Verdict.ENDED_EARLY: "the channel was gone before the talk was released; whole up to then",
    Verdict.RAN_ON: "it was stopped late and is whole",
    Verdict.TIME_LOST: "the PBX wrote less than the time that passed",
    Verdict.TOO_LONG: "the PBX wrote more than the time that passed",
}
