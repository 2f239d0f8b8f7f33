"""What shifts need of the rooms above them: messages by the outbox, and what is seen of the queues."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from agents.model import State
from agents.service import AgentService
from agents.shifts.model import Duty
from agents.shifts.triggers import Signals
from core.bus import Bus
from core.clock import Clock
from core.events import Recorded
from core.policy import Policy
from cti.events import AgentAnswered, CallQueued, CallReleased
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from routing.erlang import Load, erlang_a
from routing.service import RoutingService

KEPT = 5_000
LEAST_TALKS = 5
"""So many talks must be over before their length says anything."""
LEAST_CALLS = 5


class DutyMessenger:
    """Implements `agents.shifts.port.Messenger` with the outbox of notes."""

    def __init__(self, notifications: NotificationService, clock: Clock) -> None:
        self._notifications = notifications
        self._clock = clock

    def put(self, connection: Connection, about: str, duties: Sequence[Duty], text: str) -> None:
        """Write one note for each; the same `about` and person is the same note."""
        for duty in duties:
            note = Note(f"{about}-{duty.agent_id}", duty.phone, text, about, self._clock.now())
            self._notifications.put(connection, note)

    def wake(self) -> None:
        self._notifications.wake()


class QueueOutlook:
    """Implements `agents.shifts.port.Outlook`: callers waiting, and Erlang A over the last minutes as the forecast."""

    def __init__(self, routing: RoutingService, agents: AgentService, clock: Clock, policy: Policy) -> None:
        self._routing = routing
        self._agents = agents
        self._clock = clock
        self._window_s = policy.number("backup_forecast_window")
        self._within_s = policy.number("answer_average_limit")
        self._patience_s = policy.number("backup_forecast_patience")
        self._wrap_up_s = policy.number("wrap_up_limit")
        self._queued: deque[float] = deque(maxlen=KEPT)
        self._talks: deque[float] = deque(maxlen=50)
        self._answered: dict[str, datetime] = {}

    def listen(self, bus: Bus) -> None:
        """Follow arrivals in the queue and the length of talks."""
        bus.listen(CallQueued, self._came)
        bus.listen(AgentAnswered, self._began)
        bus.listen(CallReleased, self._ended)

    def signals(self) -> Signals:
        """Return callers waiting in all queues and the share that will be answered within `answer_average_limit`."""
        return Signals(waiting=self.waiting(), service_level=self._forecast())

    def waiting(self) -> int:
        """Return how many wait in all queues."""
        return sum(self._routing.figures(queue).waiting for queue in self._routing.queues)

    def came(self) -> tuple[int, float]:
        """Return how many calls came into queues in the last seconds (`backup_forecast_window`), and these seconds."""
        begin = self._clock.monotonic() - self._window_s
        while self._queued and self._queued[0] < begin:
            self._queued.popleft()
        return len(self._queued), self._window_s

    def _forecast(self) -> float | None:
        self.came()
        there = (State.READY, State.RESERVED, State.RINGING, State.TALKING, State.WRAP_UP)
        people = sum(agent.state in there for agent in self._agents.roster.signed_in())
        if len(self._talks) < LEAST_TALKS or len(self._queued) < LEAST_CALLS or not people:
            return None
        handling = sum(self._talks) / len(self._talks) + self._wrap_up_s
        load = Load(len(self._queued) / self._window_s, handling, self._patience_s)
        return erlang_a(load, people, self._within_s).within

    def _came(self, recorded: Recorded) -> None:
        self._queued.append(self._clock.monotonic())

    def _began(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentAnswered)
        if len(self._answered) < KEPT:
            self._answered[event.call_id] = event.at

    def _ended(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallReleased)
        if (began := self._answered.pop(event.call_id, None)) is not None:
            self._talks.append((event.at - began).total_seconds())
