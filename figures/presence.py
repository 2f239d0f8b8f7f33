"""Where agents were, when and why: intervals that follow each other without a gap and never overlap."""

from dataclasses import dataclass
from datetime import datetime

from agents.events import AgentStateChanged
from agents.model import State


@dataclass(frozen=True, slots=True)
class Interval:
    """An agent was in `state` from `begin` to `end`; `reason`: what the agent said of a break, else why it is one."""

    agent_id: str
    state: str
    begin: datetime
    end: datetime
    reason: str = ""
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """The state an agent is in, and since when."""

    state: str
    since: datetime
    reason: str = ""
    call_id: str | None = None


class Presence:
    """The present stand of every agent since `begin`, folded from the changes of their states.

    Who is first heard of by a change was in the state that it led out of since `begin`.
    """

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self._stands: dict[str, Stand] = {}
        self.gaps: list[str] = []
        """Changes that did not begin in the state that the agent was in: something is missing before them."""

    def take(self, event: AgentStateChanged) -> Interval:
        """Apply a change and return the interval that it ended."""
        old = self._stands.get(event.agent_id) or Stand(event.from_, min(self._begin, event.at))
        if old.state != event.from_:
            self.gaps.append(
                f"agent {event.agent_id}: {old.state}, then out of {event.from_} at {event.at.isoformat()}"
            )
        # A clock that was set back must not make time that was not there.
        at = max(event.at, old.since)
        reason = event.reason or (event.cause if event.to == State.NOT_READY.value else "")
        self._stands[event.agent_id] = Stand(event.to, at, reason, event.call_id)
        return Interval(event.agent_id, old.state, old.since, at, old.reason, old.call_id)

    def open(self, at: datetime) -> list[Interval]:
        """Return the interval that each agent is in, as far as `at`."""
        return [
            Interval(agent_id, now.state, now.since, max(at, now.since), now.reason, now.call_id)
            for agent_id, now in sorted(self._stands.items())
        ]

    def go_on(self, begin: datetime) -> None:
        """Count from `begin` on: gaps before it are forgotten, stands are kept."""
        self._begin = begin
        self.gaps = []
