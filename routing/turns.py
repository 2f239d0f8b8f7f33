"""Which call and which agent belong together next: a pure function that also says why."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.precedence import NONE, Precedence

NEXT = 5
"""How many who came after the chosen are named with a decision."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in a queue; `enqueued_at` and the head start are its place, whatever happened since."""

    call_id: str
    queue: str
    enqueued_at: datetime
    precedence: Precedence = NONE


@dataclass(frozen=True, slots=True)
class Idle:
    """An agent who may get a call, free since `idle_since`."""

    agent_id: str
    idle_since: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """The decision and what it was made of: the rule, both winners, and who came next."""

    rule: str
    call_id: str
    agent_id: str
    waited_s: float
    idle_s: float
    next_agents: tuple[str, ...]
    next_calls: tuple[str, ...]


Order = tuple[datetime, str]


def place(call: Waiting) -> Order:
    """Return what orders calls: the longest wait first, with its head start.

    It does not change with time, so two calls never change places; the id decides between equals.
    """
    return call.enqueued_at - timedelta(seconds=call.precedence.ahead_s), call.call_id


def _longest_idle(agent: Idle) -> Order:
    return agent.idle_since, agent.agent_id


STRATEGIES: dict[str, Callable[[Idle], Order]] = {"longest_idle": _longest_idle}
"""How agents are ordered for a call, by the name that a queue gives; the least comes first."""


def choose(strategy: str, calls: Sequence[Waiting], agents: Iterable[Idle], now: datetime) -> Choice | None:
    """Return who belongs together next, None when there is no call or no agent.

    `calls` come ordered by `place`; of `agents` only the best few are looked for, in O(n).
    """
    if not calls:
        return None
    best = heapq.nsmallest(NEXT + 1, agents, key=STRATEGIES[strategy])
    if not best:
        return None
    call, agent = calls[0], best[0]
    return Choice(
        rule=strategy,
        call_id=call.call_id,
        agent_id=agent.agent_id,
        waited_s=(now - call.enqueued_at).total_seconds(),
        idle_s=(now - agent.idle_since).total_seconds(),
        next_agents=tuple(one.agent_id for one in best[1:]),
        next_calls=tuple(one.call_id for one in calls[1 : NEXT + 1]),
    )
