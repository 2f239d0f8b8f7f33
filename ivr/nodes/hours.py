"""hours: one way while the office is open, another while it is closed."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from core import calendar
from ivr.call import IvrCall
from ivr.node import Node, Target

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
MINUTES_A_DAY = 24 * 60


def _bounds(span: str) -> tuple[int, int]:
    """Return a span in minutes of the day. Raises ValueError when it is none."""
    if not (found := _SPAN.fullmatch(span)):
        raise ValueError(f"{span!r} is no span of time; write for instance 08:00-12:00 or 00:00-24:00")
    start, end = int(found[1]) * 60 + int(found[2]), MINUTES_A_DAY
    if found[3]:
        end = int(found[3]) * 60 + int(found[4])
    if end <= start:
        raise ValueError(f"{span!r} ends before it begins; over midnight write two: 22:00-24:00 and 00:00-06:00")
    return start, end


def _checked(span: str) -> str:
    _bounds(span)
    return span


SPAN = r"^\d\d:\d\d-\d\d:\d\d$"
Span = Annotated[str, Field(pattern=SPAN), AfterValidator(_checked)]


class Hours(Node):
    """Goes `open` within the spans of the day, else `closed`: `working` on working days, `resting` on others.

    Working days are those of the official calendar: public holidays rest, swapped weekends work.
    The beginning of a span belongs to it, its end does not. Times are those of the site.
    """

    do: Literal["hours"]
    working: tuple[Span, ...]
    resting: tuple[Span, ...] = ()
    open: Target
    closed: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        now = call.services.clock.now().astimezone(call.services.zone)
        return self.open if self.is_open(now) else self.closed

    def is_open(self, now: dt.datetime) -> bool:
        """Tell whether `now`, in the time of the site, is within the hours."""
        spans: Sequence[str] = self.working if calendar.is_working_day(now.date()) else self.resting
        minute = now.hour * 60 + now.minute
        return any(start <= minute < end for start, end in map(_bounds, spans))
