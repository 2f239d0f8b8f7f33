"""What happened to shifts."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterImported(Event):
    """`duties` turns of duty were imported, between the days `first` and `last`."""

    duties: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftOpened(Event):
    """The shift `shift_id` (day and code) was begun by user `by`."""

    shift_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClosed(Event):
    """User `by` closed the shift with a hand-over note of `note_length` characters, which is kept beside it."""

    shift_id: str
    by: str
    note_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTakenOver(Event):
    """User `by` has read the hand-over note of the shift."""

    shift_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupActivated(Event):
    """The backup shift was called in by `trigger` (person, queue_length, service_level, weather, storm) for `why`."""

    activation_id: str
    trigger: str
    why: str
    by: str
    agent_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReleased(Event):
    """The backup shift was let go: `why`, by user `by` (empty: by the rule)."""

    activation_id: str
    why: str
    by: str
    agent_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherNoticed(Event):
    """A weather notice of `level` (1 blue, 2 yellow, 3 orange, 4 red) holds from `begins` to `ends`."""

    notice_id: str
    level: int
    begins: datetime
    ends: datetime
    by: str
