"""Half hours of a site's clock, right across midnight and changes of the clock in any zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HALF_HOUR = timedelta(minutes=30)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(span: timedelta) -> int:
    """Return a span as whole microseconds: sums of them are exact and the same in whatever order."""
    return span // _MICROSECOND


class Slots:
    """The half hours of `zone`: each is a moment in UTC, so one that the clock shows twice is two of them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._begin = lru_cache(maxsize=4096)(self._begin_of_minute)
        self._end = lru_cache(maxsize=4096)(self._end_of)

    def of(self, at: datetime) -> datetime:
        """Return when the half hour began in which `at` lies, in UTC."""
        return self._begin(at.replace(second=0, microsecond=0))

    def end(self, slot: datetime) -> datetime:
        """Return when a half hour that began at `slot` ends: earlier than usual where the clock is changed within."""
        return self._end(slot)

    def split(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, datetime]]:
        """Yield the half hours that [begin, end) lies in, each with the part of the span that is in it."""
        while begin < end:
            slot = self.of(begin)
            until = min(self.end(slot), end)
            yield slot, begin, until
            begin = until

    def _begin_of_minute(self, minute: datetime) -> datetime:
        offset = self._offset(minute)
        shown = minute + offset
        begin = shown.replace(minute=shown.minute // 30 * 30, second=0) - offset
        return begin if self._offset(begin) == offset else self._change(begin, minute)

    def _end_of(self, slot: datetime) -> datetime:
        offset = self._offset(slot)
        shown = slot + offset
        end = shown.replace(minute=shown.minute // 30 * 30, second=0) + HALF_HOUR - offset
        return end if self._offset(end - _MICROSECOND) == offset else self._change(slot, end)

    def _change(self, before: datetime, after: datetime) -> datetime:
        """Return the first moment after `before` that has the offset of `after`'s side of a change between them."""
        old = self._offset(before)
        while after - before > _MICROSECOND:
            middle = before + (after - before) / 2
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after

    def _offset(self, at: datetime) -> timedelta:
        offset = at.astimezone(self.zone).utcoffset()
        assert offset is not None
        return offset

    def day(self, day: date) -> tuple[datetime, datetime]:
        """Return when a day of the site begins and ends, in UTC; where midnight is left out it begins later."""
        return self.midnight(day), self.midnight(day + timedelta(days=1))

    def midnight(self, day: date) -> datetime:
        """Return the first moment of a day of the site, in UTC."""
        at = datetime.combine(day, time(), self.zone).astimezone(UTC)
        if self._date(at) == day and self._date(at - _MICROSECOND) < day:
            return at
        before, after = at - timedelta(days=2), at + timedelta(days=2)
        while after - before > _MICROSECOND:
            middle = before + (after - before) / 2
            before, after = (middle, after) if self._date(middle) < day else (before, middle)
        return after

    def _date(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()
