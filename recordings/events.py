"""What happened to recordings; a recording belongs to one talk: from an agent's answer to that agent's release."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Event):
    """The PBX writes down both sides of the talk from `at` on; `kind`: talk, or consult (with a third party)."""

    call_id: str
    recording_id: str
    agent_id: str
    kind: str = "talk"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(Event):
    """Both sides are silence in the recording from `at` on, for `why`; the file's time goes on."""

    call_id: str
    recording_id: str
    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStored(Event):
    """The sound of the talk is kept: `length_s` seconds, its file's `sha256`.

    `verdict` is `ok` when the length equals the talk's within 0.3 s; else `reason` says what differs.
    """

    call_id: str
    recording_id: str
    agent_id: str
    length_s: float
    sha256: str
    verdict: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMissing(Event):
    """The talk has no sound kept: `reason` is disk_full, pbx_down, refused, channel_gone, no_file or empty."""

    call_id: str
    recording_id: str
    agent_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHeard(Event):
    """The person `by` opened the sound of a recording; it belongs to nobody's call story, but to the audit."""

    recording_id: str
    by: str
