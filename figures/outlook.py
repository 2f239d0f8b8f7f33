"""Today as it was foretold: calls by half hour and queue, from the days before, read once a day beside the calls."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError
from core.policy import Policy
from core.tasks import TaskOwner
from figures.slots import Slots
from routing.staffing import store
from routing.staffing.load import days, forecast, half_hours, slot

_log = log.get(__name__)
AGAIN = timedelta(minutes=1)
"""So long after a failure it is read again."""

Curve = Mapping[datetime, float]
"""Calls expected by when the half hour begins (UTC)."""
NOTHING: Mapping[str, Curve] = MappingProxyType({})


class DayOutlook:
    """Knows what today was expected to bring; the days before it do not change any more, so once is enough."""

    def __init__(self, db: Database, clock: Clock, policy: Policy, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._weeks = policy.number("staffing_weeks")
        self._zone = zone
        self._day: date | None = None
        self._curves: Mapping[str, Curve] | None = None
        self._tried: datetime | None = None
        self._tasks = TaskOwner("outlook")

    def today(self) -> Mapping[str, Curve] | None:
        """Return what is expected by queue; None while it is being read, nothing where no whole day came before."""
        now = self._clock.now()
        day = now.astimezone(self._zone).date()
        if day != self._day:
            self._day, self._curves, self._tried = day, None, None
        if self._curves is None and (self._tried is None or now - self._tried >= AGAIN):
            self._tried = now
            self._tasks.start(self._read(day), "read")
        return self._curves

    async def _read(self, day: date) -> None:
        try:
            curves = await self._db.read(partial(expected, day=day, weeks=self._weeks, zone=self._zone))
        except (SQLAlchemyError, HotlineError) as error:
            _log.error("day not foretold", extra={"action": "day_not_foretold", "why": type(error).__name__})
            return
        if day == self._day:
            self._curves = curves

    async def close(self) -> None:
        """End what goes on beside."""
        await self._tasks.close()


def expected(connection: Connection, day: date, weeks: float, zone: ZoneInfo) -> dict[str, Curve]:
    """Return the calls of each half hour of `day` by queue, from the whole days of the `weeks` before it."""
    begun = store.first_arrival(connection)
    if begun is None:
        return {}
    slots, last = Slots(zone), day - timedelta(days=1)
    first = max(begun.astimezone(zone).date() + timedelta(days=1), day - timedelta(weeks=weeks))
    if first > last:
        return {}
    arrived = store.arrivals(connection, slots.midnight(first), slots.midnight(day))
    found: dict[str, Curve] = {}
    for queue, counts in arrived.items():
        if past := days({at.astimezone(UTC): number for at, number in counts.items()}, zone, first, last):
            told = forecast(past, day)
            found[queue] = {slots.of(begin): float(told[slot(begin, zone)]) for begin in half_hours(day, zone)}
    return found
