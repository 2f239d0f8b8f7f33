"""Queues: their definitions, their lines of waiting calls, their figures."""

import bisect
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.events import AgentChosen
from routing.precedence import Precedence
from routing.turns import STRATEGIES, Waiting, place


class BadQueue(ValueError):
    """A definition of a queue cannot be used."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its `id`, its `names` by language, and the `strategy` that picks the agent.

    `wrap_up_s`: seconds of wrap-up after its calls; None: the policy's `wrap_up_limit`.
    """

    id: str
    names: dict[str, str]
    strategy: str
    wrap_up_s: float | None = None

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise BadQueue(f"queue {self.id!r}: strategy {self.strategy!r}: known are {', '.join(sorted(STRATEGIES))}")
        if missing := {"zh", "en"} - set(self.names):
            raise BadQueue(f"queue {self.id!r}: names lacks {', '.join(sorted(missing))}")


class Stand(StrEnum):
    """How a call stands in its queue."""

    WAITING = "waiting"
    OFFERED = "offered"
    PARKED = "parked"
    """Known from before a restart, and its call has not asked again yet."""


@dataclass(slots=True, eq=False)
class Entry:
    """One call's place; `agent_id` is who is kept for it while it is offered.

    `entered_at`: from when on the wait limit counts, later than the place where the caller came back to it.
    """

    call: Waiting
    stand: Stand
    entered_at: datetime
    agent_id: str | None = None


@dataclass(slots=True)
class Line:
    """The waiting calls of one queue in their order."""

    calls: list[Waiting] = field(default_factory=list)

    def add(self, call: Waiting) -> None:
        """Put a call in its place."""
        bisect.insort(self.calls, call, key=place)

    def remove(self, call: Waiting) -> None:
        """Take a call out. Raises ValueError when it is not in the line."""
        index = self._index(call)
        if index is None:
            raise ValueError(f"call {call.call_id} does not wait here")
        del self.calls[index]

    def position(self, call: Waiting) -> int | None:
        """Return the place of a call, 1 = next, None when it is not in the line."""
        index = self._index(call)
        return None if index is None else index + 1

    def _index(self, call: Waiting) -> int | None:
        index = bisect.bisect_left(self.calls, place(call), key=place)
        return index if index < len(self.calls) and self.calls[index] == call else None


@dataclass(frozen=True, slots=True)
class Figures:
    """A queue at this moment: busy agents are reserved, ringing, talking or in wrap-up; ready ones have a phone."""

    queue: str
    waiting: int
    longest_wait_s: float
    agents_ready: int
    agents_busy: int
    agents_not_ready: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a call waits (`stand`, `position`, `precedence`, `figures` of its queue) and why its agents were chosen."""

    call_id: str
    queue: str
    rule: str
    stand: Stand | None
    position: int | None
    waited_s: float | None
    precedence: Precedence | None
    figures: Figures
    decisions: tuple[AgentChosen, ...]
