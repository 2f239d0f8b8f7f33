"""What happened in the queues."""

from dataclasses import dataclass, field
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequested(Event):
    """The caller wants a person of `queue`; said once for each time of waiting.

    The call goes ahead of those who have waited up to `ahead_s` longer, because of `causes`. It needs `skills` beside
    those of the queue, `needs` in all, and is held for the agent `preferred` at first.
    """

    call_id: str
    queue: str
    ahead_s: float = 0.0
    causes: tuple[str, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    needs: dict[str, int] = field(default_factory=dict)
    preferred: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOverflowed(Event):
    """The call keeps its place in `queue`, and the agents of `to` may answer it too, by `cause`.

    Causes: wait, length, expected, closed. There it counts as waiting since `since`.
    """

    call_id: str
    queue: str
    to: str
    cause: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAnnounced(Event):
    """The waiting caller was told the `position` (1 = next) and of the wait `told` (empty: nothing).

    Half of such callers wait less than `wait_p50_s`, nine of ten less than `wait_p90_s`, as was expected then.
    """

    call_id: str
    queue: str
    position: int
    wait_p50_s: float | None = None
    wait_p90_s: float | None = None
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChosen(Event):
    """Why this agent got this call.

    By `rule` of the queue `by_queue` the agent, idle for `idle_s`, came before `next_agents`, and the call, after
    `waited_s` and `step` relaxation steps, before `next_calls` (each at most five, best first). `score` is what the
    rule saw in the agent (idle seconds, share of time busy, sum of levels, calls since the last), `priority` the
    call's; `next_agent_scores` and `next_call_scores` are those of the others.
    """

    call_id: str
    agent_id: str
    queue: str
    rule: str
    waited_s: float
    idle_s: float
    next_agents: tuple[str, ...]
    next_calls: tuple[str, ...]
    by_queue: str = ""
    step: int = 0
    score: float = 0.0
    priority: float = 0.0
    next_agent_scores: tuple[float, ...] = ()
    next_call_scores: tuple[float, ...] = ()
