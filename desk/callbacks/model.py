"""A callback, which numbers may be rung back, and from when on."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

_DIALABLE = re.compile(r"1[3-9][0-9]{9}|0[1-9][0-9]{8,10}")
"""Mobiles and landlines with area code of the national numbering plan, in the form of `core.phone`."""


class State(StrEnum):
    """How far a callback has come; the dialling of booked ones adds further states."""

    BOOKED = "booked"


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
    """A booked callback; `not_before`: nobody is rung earlier."""

    id: str
    wish: Wish
    booked_at: datetime
    not_before: datetime
    state: State = State.BOOKED


def dialable(phone: str) -> bool:
    """Tell whether a number may be rung back: at home only, so that nobody makes us ring a costly one abroad."""
    return _DIALABLE.fullmatch(phone) is not None


def not_before(now: datetime, first: int, last: int) -> datetime:
    """Return from when on may be rung who books at `now` (local): between the hours `first` and `last` at once."""
    if first <= now.hour < last:
        return now
    day = now.date() if now.hour < first else now.date() + timedelta(days=1)
    return datetime.combine(day, time(first), now.tzinfo)
