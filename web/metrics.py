"""Figures of this process for Prometheus: read from memory when asked, counted from the journal as it grows."""

from collections import Counter as Counts

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from agents.model import State
from core.bus import Bus
from core.clock import Clock
from core.events import Event, Recorded
from core.tasks import TaskOwner
from cti.model import CallState
from web.desktops import Desktops
from web.services import WebServices

LAG_EVERY_S = 0.5
LAG_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """The figures of one application."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._calls = self._gauge("hotline_calls", "live calls by state", "state")
        self._agents = self._gauge("hotline_agents", "signed-in agents by state", "state")
        self._waiting = self._gauge("hotline_queue_waiting", "calls that wait", "queue")
        self._longest = self._gauge("hotline_queue_longest_wait_seconds", "longest wait", "queue")
        self._sockets = Gauge("hotline_desktop_sockets", "open desktop sockets", registry=self._registry)
        self._writes = Counter("hotline_journal_events", "events written", ["event"], registry=self._registry)
        self._written: Counts[type[Event]] = Counts()
        """Events since the figures were asked for last: counting in Prometheus' words costs each call too much."""
        self._lag = Histogram(
            "hotline_event_loop_lag_seconds",
            "how late the event loop wakes a sleeper",
            buckets=LAG_BUCKETS,
            registry=self._registry,
        )
        self._tasks = TaskOwner("metrics")
        self._forget = bus.listen(Event, self._count)

    def _gauge(self, name: str, text: str, label: str) -> Gauge:
        return Gauge(name, text, [label], registry=self._registry)

    def _count(self, recorded: Recorded) -> None:
        self._written[type(recorded.event)] += 1

    def start(self) -> None:
        """Begin to measure the event loop."""
        self._tasks.start(self._measure_lag(), "lag")

    async def close(self) -> None:
        """Stop measuring."""
        self._forget()
        await self._tasks.close()

    async def _measure_lag(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self._clock.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, self._clock.monotonic() - began - LAG_EVERY_S))

    def text(self, services: WebServices, desktops: Desktops) -> bytes:
        """Return all figures as of now in Prometheus' text format."""
        calls = [live.call.state for live in desktops.calls.all()]
        for state in CallState:
            self._calls.labels(state.value).set(calls.count(state))
        agents = [agent.state for agent in services.agents.roster.everyone()]
        for presence in State:
            self._agents.labels(presence.value).set(agents.count(presence))
        for queue in services.routing.queues:
            figures = services.routing.figures(queue)
            self._waiting.labels(queue).set(figures.waiting)
            self._longest.labels(queue).set(figures.longest_wait_s)
        self._sockets.set(len(desktops))
        written, self._written = self._written, Counts()
        for kind, number in written.items():
            self._writes.labels(kind.__name__).inc(number)
        return generate_latest(self._registry)
