"""What happened in the queues."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequested(Event):
    """The caller wants a person of `queue`; said once for each time of waiting.

    The call goes ahead of those who have waited up to `ahead_s` longer, because of `causes`.
    """

    call_id: str
    queue: str
    ahead_s: float = 0.0
    causes: tuple[str, ...] = ()


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

    By `rule` the agent, idle for `idle_s`, came before `next_agents`, and the call, after `waited_s`,
    before `next_calls` (each at most five, best first).
    """

    call_id: str
    agent_id: str
    queue: str
    rule: str
    waited_s: float
    idle_s: float
    next_agents: tuple[str, ...]
    next_calls: tuple[str, ...]
