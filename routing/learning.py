"""What queues have taught: each one's forecast, from what happens to callers and agents, live or read again; pure."""

from collections.abc import Callable, Collection, Iterable, Set
from dataclasses import dataclass, field

from agents.events import AgentStateChanged
from agents.model import ON_CALL, State
from core.events import Event
from cti.events import CallDequeued, CallEnded
from routing.events import AgentChosen, AgentRequested
from routing.forecast import WaitForecast

AT_WORK = ON_CALL | {State.WRAP_UP}
KINDS: tuple[type[Event], ...] = (AgentRequested, AgentChosen, AgentStateChanged, CallDequeued, CallEnded)
"""The events that teach."""


@dataclass(slots=True)
class _Talk:
    """An agent who is kept for, or serves, a call of a queue since a moment (seconds)."""

    queue: str
    since: float
    talked: bool = False


@dataclass(slots=True)
class Learning:
    """Begins with what is `believed` of handling and patience (seconds); `working`: how many serve a queue now."""

    believed: tuple[float, float]
    working: Callable[[str], int]
    _lines: dict[str, WaitForecast] = field(default_factory=dict)
    _waiting: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By call: its queue, and since when it waits."""
    _talks: dict[str, _Talk] = field(default_factory=dict)
    """By agent."""

    def of(self, queue: str) -> WaitForecast:
        """Return the forecast of a queue."""
        return self._lines.get(queue) or self._lines.setdefault(queue, WaitForecast(*self.believed))

    def take(self, event: Event) -> None:
        """Learn from an event of `KINDS`."""
        now = event.at.timestamp()
        match event:
            case AgentRequested():
                self._waiting[event.call_id] = event.queue, now
            case AgentChosen():
                self._waiting.pop(event.call_id, None)
                self.of(event.queue).answered(event.waited_s, self.working(event.queue), now)
                self._talks[event.agent_id] = _Talk(event.queue, now)
            case AgentStateChanged():
                self._moved(event, now)
            case CallDequeued() | CallEnded():
                if (waiting := self._waiting.pop(event.call_id, None)) is not None:
                    queue, since = waiting
                    self.of(queue).gone(max(now - since, 0.0))

    def _moved(self, event: AgentStateChanged, now: float) -> None:
        talk = self._talks.get(event.agent_id)
        if talk is None:
            return
        if event.to == State.TALKING:
            talk.talked = True
        elif event.to not in AT_WORK:
            del self._talks[event.agent_id]
            if talk.talked:
                self.of(talk.queue).handled(max(now - talk.since, 0.0))


def learned(
    events: Collection[Event],
    believed: tuple[float, float],
    able: Callable[[str, str], bool],
    at_work: Iterable[str],
) -> Learning:
    """Return what `events`, in their order, have taught; `at_work`: who is now, which tells of those without events."""
    moved = [event for event in events if isinstance(event, AgentStateChanged)]
    before: dict[str, str] = {}
    for move in moved:
        before.setdefault(move.agent_id, move.from_)
    there: Set[str] = {one for one in at_work if one not in before}
    there |= {agent_id for agent_id, state in before.items() if _works(state)}
    found = Learning(believed, lambda queue: sum(able(one, queue) for one in there))
    for event in events:
        if isinstance(event, AgentStateChanged):
            there = (there | {event.agent_id}) if _works(event.to) else (there - {event.agent_id})
        found.take(event)
    return found


def _works(state: str) -> bool:
    return state in AT_WORK or state == State.READY
