"""Shifts, turns of duty, hand-over and the backup shift (主班 备班 交接班): what is allowed when [domain 2, 5]."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from core.errors import BadInput, Conflict, NotFound

LONGEST_NOTE = 4000


class Kind(StrEnum):
    """Of a turn of duty: `main` answers; `backup` is called in when it is needed."""

    MAIN = "main"
    BACKUP = "backup"


class Trigger(StrEnum):
    """What called the backup shift in."""

    PERSON = "person"
    QUEUE_LENGTH = "queue_length"
    SERVICE_LEVEL = "service_level"
    WEATHER = "weather"
    STORM = "storm"
    """Storm mode was switched on; it lets go again whom it called."""


class Level(IntEnum):
    """Of a weather notice (蓝 黄 橙 红)."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


class NoSuchShift(NotFound):
    """There is no such shift: it is named by day and code, like 2026-11-23-early."""

    code = "no_such_shift"


class ShiftNotOpen(Conflict):
    """The shift is not open."""

    code = "shift_not_open"


class ShiftNotClosed(Conflict):
    """The shift is not handed over yet: who has it closes it with a note first."""

    code = "shift_not_closed"


class ShiftWasOpened(Conflict):
    """The shift was opened before."""

    code = "shift_was_opened"


class NoteNeeded(BadInput):
    """A shift is closed with a hand-over note."""

    code = "note_needed"


class BackupActive(Conflict):
    """The backup shift is called in already."""

    code = "backup_active"


class BackupNotActive(Conflict):
    """The backup shift is not called in."""

    code = "backup_not_active"


class NobodyOnBackup(Conflict):
    """The roster has nobody on backup duty now or soon: import a roster, or ask people yourself."""

    code = "nobody_on_backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A kind of shift: `begins` and `ends` are times of day at the site; `source` says who decided them."""

    code: str
    names: Mapping[str, str]
    begins: time
    ends: time
    source: str

    def span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the shift of `day` begins and ends; an end not after the beginning is on the next day."""
        last = day if self.ends > self.begins else day + timedelta(days=1)
        return datetime.combine(day, self.begins, zone), datetime.combine(last, self.ends, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A person's turn: `begins` to `ends` as part of a shift of `day`; `phone` is where they are called in."""

    agent_id: str
    day: date
    shift: str
    kind: Kind
    begins: datetime
    ends: datetime
    phone: str = ""

    @property
    def id(self) -> str:
        return f"{self.agent_id}:{self.day}:{self.shift}"

    def overlaps(self, other: "Duty") -> bool:
        """Tell whether one person would have to be at both at once."""
        return self.agent_id == other.agent_id and self.begins < other.ends and other.begins < self.ends


def overlaps(duties: Iterable[Duty]) -> list[tuple[Duty, Duty]]:
    """Return neighbouring turns of one person that overlap, in the order of their beginning."""
    inside: list[tuple[Duty, Duty]] = []
    last: dict[str, Duty] = {}
    for duty in sorted(duties, key=lambda one: (one.begins, one.ends, one.id)):
        before = last.get(duty.agent_id)
        if before is not None and before.overlaps(duty):
            inside.append((before, duty))
        if before is None or duty.ends > before.ends:
            last[duty.agent_id] = duty
    return inside


def shift_id(day: date, code: str) -> str:
    """Return the name of one day's shift."""
    return f"{day}-{code}"


def read_shift_id(text: str, shifts: Mapping[str, Shift]) -> tuple[date, Shift]:
    """Return day and shift of a name. Raises NoSuchShift."""
    day, code = text[:10], text[11:]
    try:
        return date.fromisoformat(day), shifts[code]
    except (ValueError, KeyError):
        raise NoSuchShift(shift_id=text[:40], known=sorted(shifts)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """The book of one day's shift: who opened it, who closed it with which `note`, who has taken it over."""

    shift_id: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""
    note: str = ""
    taken_at: datetime | None = None
    taken_by: str = ""

    @property
    def state(self) -> str:
        """`open`, `closed` (the note waits to be read) or `taken_over`."""
        if self.closed_at is None:
            return "open"
        return "closed" if self.taken_at is None else "taken_over"

    def close(self, at: datetime, by: str, note: str, least: int) -> "HandOver":
        """Return it closed. Raises ShiftNotOpen, or NoteNeeded when the note has fewer than `least` characters."""
        if self.closed_at is not None:
            raise ShiftNotOpen(shift_id=self.shift_id, state=self.state)
        said = note.strip()
        if not least <= len(said) <= LONGEST_NOTE:
            raise NoteNeeded(f"the hand-over note has {least} to {LONGEST_NOTE} characters", field="note")
        return replace(self, closed_at=at, closed_by=by, note=said)

    def take_over(self, at: datetime, by: str) -> "HandOver":
        """Return it taken over; a second time changes nothing. Raises ShiftNotClosed."""
        if self.closed_at is None:
            raise ShiftNotClosed(shift_id=self.shift_id)
        return self if self.taken_at is not None else replace(self, taken_at=at, taken_by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One calling-in of the backup shift; `released_at` None: it goes on."""

    id: str
    at: datetime
    trigger: Trigger
    why: str
    by: str
    agent_ids: tuple[str, ...]
    released_at: datetime | None = None
    released_by: str = ""
    release_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherNotice:
    """A meteorological warning, as a person entered it."""

    id: str
    level: Level
    text: str
    begins: datetime
    ends: datetime
    by: str


def gaps(
    duties: Iterable[Duty], begin: datetime, end: datetime, kind: Kind = Kind.MAIN
) -> list[tuple[datetime, datetime]]:
    """Return when nobody is on duty of `kind` between `begin` and `end`."""
    covered = sorted((d.begins, d.ends) for d in duties if d.kind is Kind.MAIN and d.ends > begin and d.begins < end)
    edges = [(begin, begin), *covered, (end, end)]
    reached, found = begin, []
    for (_, before), (starts, _) in pairwise(edges):
        reached = max(reached, before)
        if starts > reached:
            found.append((reached, starts))
    return found
