"""Queues, the places of calls in them, their figures, and what is told of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from routing.decisions import Candidate, Explained
from routing.events import AgentChosen
from routing.hours import Hours
from routing.precedence import NONE, Precedence
from routing.rules import Rules
from routing.skills import Levels


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its `id`, its `names` by language, the `rules` by which it serves and the `hours` in which it does.

    A caller's last agent, or whoever is asked for, is waited for `preferred_s` before anybody else. A call that comes
    when the queue is closed is for the agents of `closed_to`, when that is open. `wrap_up_s`: seconds of wrap-up after
    its calls; None: the policy's `wrap_up_limit`.
    """

    id: str
    names: dict[str, str]
    rules: Rules
    hours: Hours = field(default_factory=Hours)
    preferred_s: float = 0.0
    closed_to: str | None = None
    wrap_up_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in a queue; `enqueued_at` and the head start are its place, whatever happened since.

    It needs `skills` beside those of the queue, is held for `preferred` until `preferred_until`, and may be answered in
    the queues `also` too, each with the moment since which it counts as waiting there. `absent`: who has this place is
    not on the line: it has no limit, and needs nobody to be there (`routing.absent`).
    """

    call_id: str
    queue: str
    enqueued_at: datetime
    precedence: Precedence = NONE
    skills: Levels = ()
    preferred: str | None = None
    preferred_until: datetime | None = None
    also: tuple[tuple[str, datetime], ...] = ()
    absent: bool = False


def place(call: Waiting) -> tuple[datetime, str]:
    """Return what orders the calls of a queue: the longest wait first, with its head start.

    It does not change with time, so two calls never change places; the id decides between equals.
    """
    return call.enqueued_at - timedelta(seconds=call.precedence.ahead_s), call.call_id


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
    """Why a call waits, and why its agents were chosen.

    `stand`, `position`, `precedence` and `waiting` say how it stands (None once it does not wait), `agents` everybody
    beside it as of this moment, `figures` its queue.
    """

    call_id: str
    queue: str
    rule: str
    stand: Stand | None
    position: int | None
    waited_s: float | None
    precedence: Precedence | None
    waiting: Explained | None
    next_change_s: float | None
    agents: tuple[Candidate, ...]
    figures: Figures
    decisions: tuple[AgentChosen, ...]
