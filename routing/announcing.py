"""What waiting callers are told: their place, and the wait to be expected where it can be told at all.

Listens to what happens in the queues and teaches each queue's forecast with it; begins anew at a restart, with the
policy's handling and patience.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from agents.events import AgentStateChanged
from agents.model import ON_CALL, Agent, State
from agents.roster import Roster
from core.bus import Bus
from core.clock import Clock
from core.events import Recorded
from core.journal import Journal
from core.policy import Policy
from cti.events import CallDequeued, CallEnded
from routing.events import AgentChosen, AgentRequested, QueueAnnounced
from routing.forecast import MINUTE_S, Expected, Told, WaitForecast, told

COUNTED_FOR_S = 1.0
"""So long a count of the agents at work is good for others who ask."""
AT_WORK = ON_CALL | {State.WRAP_UP}


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a caller is told: the `position` (1 = next), and the wait in words, None where it is too unsure."""

    position: int
    wait: Told | None


@dataclass(slots=True)
class _Line:
    """What is known of one queue."""

    forecast: WaitForecast
    agents: int = 0
    counted_at: float = float("-inf")


@dataclass(slots=True)
class _Talk:
    """An agent who is kept for, or serves, a call of a queue since a moment (monotonic seconds)."""

    queue: str
    since: float
    talked: bool = False


@dataclass(slots=True)
class Announcing:
    """Tells callers; `able` says whether an agent may serve a queue, `place` where a call stands in it."""

    roster: Roster
    journal: Journal
    clock: Clock
    policy: Policy
    able: Callable[[str, str], bool]
    place: Callable[[str], int | None]
    _lines: dict[str, _Line] = field(default_factory=dict)
    _waiting: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By call: its queue, and since when it waits."""
    _talks: dict[str, _Talk] = field(default_factory=dict)
    """By agent."""

    def listen(self, bus: Bus) -> None:
        """Follow calls and agents."""
        bus.listen(AgentRequested, self._asked)
        bus.listen(AgentChosen, self._chosen)
        bus.listen(AgentStateChanged, self._moved)
        for event in (CallDequeued, CallEnded):
            bus.listen(event, self._left)

    def expected(self, queue: str, position: int) -> Expected | None:
        """Return the wait to be expected at a place of a queue; None while nobody is at work for it."""
        return self._line(queue).forecast.expected(position, self._agents(queue))

    def announce(self, call_id: str, queue: str) -> Announcement | None:
        """Return what to tell a waiting call, and note that it is told; None when it does not wait."""
        position = self.place(call_id)
        if position is None:
            return None
        wait = self.expected(queue, position)
        words = told(wait, self.policy.number("queue_wait_told_most") * MINUTE_S) if wait else None
        self.journal.note(
            QueueAnnounced(
                at=self.clock.now(),
                call_id=call_id,
                queue=queue,
                position=position,
                wait_p50_s=round(wait.p50_s, 1) if wait else None,
                wait_p90_s=round(wait.p90_s, 1) if wait else None,
                told=f"{words.words} {words.minutes} min" if words else "",
            )
        )
        return Announcement(position, words)

    def _line(self, queue: str) -> _Line:
        if (line := self._lines.get(queue)) is None:
            numbers = (self.policy.number(rule) for rule in ("staffing_handling", "staffing_patience"))
            line = self._lines[queue] = _Line(WaitForecast(*numbers))
        return line

    def _agents(self, queue: str) -> int:
        line, now = self._line(queue), self.clock.monotonic()
        if now - line.counted_at > COUNTED_FOR_S:
            line.counted_at = now
            line.agents = sum(self._works(one) and self.able(one.agent_id, queue) for one in self.roster.signed_in())
        return line.agents

    def _works(self, agent: Agent) -> bool:
        return agent.state in AT_WORK or self.roster.routable(agent.agent_id)

    # --- what is heard ---

    def _asked(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentRequested)
        self._waiting[event.call_id] = event.queue, self.clock.monotonic()

    def _chosen(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentChosen)
        now = self.clock.monotonic()
        self._waiting.pop(event.call_id, None)
        self._line(event.queue).forecast.answered(event.waited_s, self._agents(event.queue), now)
        self._talks[event.agent_id] = _Talk(event.queue, now)

    def _moved(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentStateChanged)
        talk = self._talks.get(event.agent_id)
        if talk is None:
            return
        if event.to == State.TALKING:
            talk.talked = True
        elif event.to not in AT_WORK:
            del self._talks[event.agent_id]
            if talk.talked:
                self._line(talk.queue).forecast.handled(self.clock.monotonic() - talk.since)

    def _left(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallDequeued | CallEnded)
        if (waiting := self._waiting.pop(event.call_id, None)) is not None:
            queue, since = waiting
            self._line(queue).forecast.gone(self.clock.monotonic() - since)
