"""A callback, which numbers may be rung back, and when."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

_DIALABLE = re.compile(r"1[3-9][0-9]{9}|0[1-9][0-9]{8,10}")
"""Mobiles and landlines with area code of the national numbering plan, in the form of `core.phone`."""


class State(StrEnum):
    """How far a callback has come: it waits for its time or an agent, somebody is being rung, or it is finished."""

    BOOKED = "booked"
    DIALLING = "dialling"
    CLOSED = "closed"


OPEN = (State.BOOKED, State.DIALLING)


class Outcome(StrEnum):
    """How a callback was finished."""

    ANSWERED = "answered"
    """The customer was rung, and talked with the agent."""
    CALLED_IN = "called_in"
    """The customer called meanwhile, and talked with an agent."""
    UNREACHED = "unreached"
    """Rung as often as the rule says, in vain."""
    TOO_LATE = "too_late"
    """The part of the day that the caller chose was over."""
    DISMISSED = "dismissed"
    """Somebody closed it, with a reason."""


class Part(StrEnum):
    """When the caller wants to be rung: as soon as that can be, or in office hours before or after noon."""

    SOON = "soon"
    MORNING = "morning"
    AFTERNOON = "afternoon"


@dataclass(frozen=True, slots=True)
class Window:
    """From when on, and until when where the caller has chosen a part of a day, they are to be rung (local or UTC)."""

    begins: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the day at the site: nobody is rung before `first` or from `last` on; office hours and the least rest.

    `least_s`: seconds of a part of a day that must be left, else it is that of the next working day.
    """

    first: int
    last: int
    morning: tuple[int, int]
    afternoon: tuple[int, int]
    least_s: float


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to be rung back: `token` names the wish, so that one that is told twice is one."""

    token: str
    call_id: str
    phone: str
    queue: str
    waiting_since: datetime
    """Since when the caller has waited: the place in the queue that is kept."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A booked callback; `window`: nobody is rung earlier, and the caller expects it until its end.

    `calls` were begun for it so far, and in `misses` of them the customer was rung in vain; before `due_at` there is
    no other one (None: the begin of the window). `agent_id`: whose the latest call is.
    """

    id: str
    wish: Wish
    booked_at: datetime
    window: Window
    state: State = State.BOOKED
    calls: int = 0
    misses: int = 0
    due_at: datetime | None = None
    agent_id: str | None = None
    outcome: Outcome | None = None
    reason: str = ""
    closed_at: datetime | None = None


def dialable(phone: str) -> bool:
    """Tell whether a number may be rung back: at home only, so that nobody makes us ring a costly one abroad."""
    return _DIALABLE.fullmatch(phone) is not None


def window(now: datetime, part: Part, hours: Hours, is_working_day: Callable[[date], bool]) -> Window:
    """Return when is rung who books `part` at `now` (local): a part of today while enough of it is left."""
    if part is Part.SOON:
        return Window(not_before(now, hours.first, hours.last))
    first, last = hours.morning if part is Part.MORNING else hours.afternoon
    day = now.date()
    while not is_working_day(day) or _at(day, last, now) - now < timedelta(seconds=hours.least_s):
        day += timedelta(days=1)
    return Window(_at(day, first, now), _at(day, last, now))


def _at(day: date, hour: int, now: datetime) -> datetime:
    return datetime.combine(day, time(hour), now.tzinfo)


def not_before(now: datetime, first: int, last: int) -> datetime:
    """Return from when on may be rung who books at `now` (local): between the hours `first` and `last` at once."""
    if first <= now.hour < last:
        return now
    day = now.date() if now.hour < first else now.date() + timedelta(days=1)
    return datetime.combine(day, time(first), now.tzinfo)
