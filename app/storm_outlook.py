"""What storm mode sees: the queues, today's service level, calls beside their forecast, and weather notices."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agents.shifts.service import ShiftService
from app.duty import QueueOutlook
from core import log
from core.clock import Clock
from core.db import Database
from core.errors import BadInput, HotlineError
from core.policy import Policy
from core.tasks import TaskOwner
from figures.live import LiveFigures
from routing.service import RoutingService
from routing.staffing import load, store
from routing.storm.model import Trigger

_log = log.get(__name__)

HALF_HOUR_S = load.HALF_HOUR.total_seconds()


class StormOutlook:
    """Implements `routing.storm.port.Outlook`."""

    def __init__(
        self,
        queues: QueueOutlook,
        routing: RoutingService,
        figures: LiveFigures,
        shifts: ShiftService,
        expected: "ExpectedCalls",
        policy: Policy,
    ) -> None:
        self.queues = queues
        self._routing = routing
        self._figures = figures
        self._shifts = shifts
        self._expected = expected
        self._least = policy.number("storm_least_calls")

    async def signals(self) -> Mapping[Trigger, float]:
        """Return what is known now of each trigger."""
        found = {Trigger.QUEUE_LENGTH: float(self.queues.waiting())}
        weather = await self._shifts.weather()
        found[Trigger.WEATHER] = float(max((notice.level for notice in weather), default=0))
        came, span_s = self.queues.came()
        if came < self._least:
            return found
        if (level := self._service_level()) is not None:
            found[Trigger.SERVICE_LEVEL] = level
        if expected := self._expected.within(span_s):
            found[Trigger.ARRIVALS] = came / expected
        return found

    def _service_level(self) -> float | None:
        """Return the worst of the queues' service levels today, per cent; None until one is known."""
        levels = [self._figures.service_level(queue) for queue in self._routing.queues]
        return min((float(one.percent) for one in levels if one and one.percent is not None), default=None)


class ExpectedCalls:
    """The forecast of today's calls from the weeks before, read once a day beside everything else."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, policy: Policy, tasks: TaskOwner) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._weeks = timedelta(weeks=policy.number("storm_forecast_weeks"))
        self._tasks = tasks
        self._asked: date | None = None
        self._calls: list[float] = []

    def within(self, span_s: float) -> float | None:
        """Return how many calls the last `span_s` seconds should have had; None while no forecast is there."""
        now = self._clock.now().astimezone(self._zone)
        if self._asked != now.date():
            self._asked, self._calls = now.date(), []
            self._tasks.start(self._read(now.date()), "forecast of calls")
        if not self._calls:
            return None
        return self._calls[load.slot(now, self._zone)] * span_s / HALF_HOUR_S

    async def _read(self, today: date) -> None:
        begin = datetime.combine(today - self._weeks, time(), self._zone)
        end = datetime.combine(today, time(), self._zone)
        try:
            calls = await self._db.read(partial(_forecast, begin=begin, end=end, zone=self._zone))
        except BadInput:
            return  # no day before today is known
        except (HotlineError, SQLAlchemyError) as error:
            _log.error("calls not foretold", extra={"action": "storm_forecast", "why": type(error).__name__})
            return
        if self._asked == today:
            self._calls = calls


def _forecast(connection: Connection, begin: datetime, end: datetime, zone: ZoneInfo) -> list[float]:
    """Return the calls of all queues by half hour of the day `end`. Raises BadInput without a day before it."""
    counts: dict[datetime, int] = {}
    for of_queue in store.arrivals(connection, begin, end).values():
        for moment, number in of_queue.items():
            counts[moment] = counts.get(moment, 0) + number
    past = load.days(counts, zone, begin.date(), (end - timedelta(days=1)).date())
    return [float(calls) for calls in load.forecast(past, end.date())]
