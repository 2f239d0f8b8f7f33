"""What storm mode sees: the queues, today's service level, calls beside their forecast, and weather notices."""

from collections.abc import Mapping

from agents.shifts.service import ShiftService
from app.duty import QueueOutlook
from core.clock import Clock
from core.policy import Policy
from figures.live import LiveFigures
from figures.outlook import DayOutlook
from figures.slots import Slots
from routing.service import RoutingService
from routing.staffing.load import HALF_HOUR
from routing.storm.model import Trigger


class StormOutlook:
    """Implements `routing.storm.port.Outlook`; `slots` are the half hours of the site."""

    def __init__(
        self,
        queues: QueueOutlook,
        routing: RoutingService,
        shifts: ShiftService,
        figures: LiveFigures,
        *,
        day: DayOutlook,
        slots: Slots,
        clock: Clock,
        policy: Policy,
    ) -> None:
        self._queues = queues
        self._routing = routing
        self._shifts = shifts
        self._figures = figures
        self._day = day
        self._slots = slots
        self._clock = clock
        self._least = policy.number("storm_least_calls")

    async def signals(self) -> Mapping[Trigger, float]:
        """Return what is known now of each trigger."""
        found = {Trigger.QUEUE_LENGTH: float(self._queues.waiting())}
        weather = await self._shifts.weather()
        found[Trigger.WEATHER] = float(max((notice.level for notice in weather), default=0))
        came, span_s = self._queues.came()
        if came < self._least:
            return found
        if (level := self._service_level()) is not None:
            found[Trigger.SERVICE_LEVEL] = level
        if expected := self._expected(span_s):
            found[Trigger.ARRIVALS] = came / expected
        return found

    def _service_level(self) -> float | None:
        """Return the worst of the queues' service levels today, per cent; None until one is known."""
        levels = [self._figures.service_level(queue) for queue in self._routing.queues]
        return min((float(one.percent) for one in levels if one and one.percent is not None), default=None)

    def _expected(self, span_s: float) -> float:
        """Return how many calls `span_s` seconds of this half hour should bring; 0 while no forecast is there."""
        curves, begins = self._day.today() or {}, self._slots.of(self._clock.now())
        return sum(curve.get(begins, 0.0) for curve in curves.values()) * span_s / HALF_HOUR.total_seconds()
