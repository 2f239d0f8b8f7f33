"""What the pure core of routing takes and tells: calls, decisions with their reasons, explanations."""

from dataclasses import dataclass

from routing.skills import Levels, Need


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a queue; `since` less `ahead_s` is its place, whatever happened to it since.

    `skills` are needed beside those of the queue. Until `preferred_until` the call is held for the agent `preferred`,
    as long as that one is present and meets the need. `also` are queues in which it is in overflow, each with the
    moment since which it counts as waiting there.
    """

    call_id: str
    queue: str
    since: float
    ahead_s: float = 0.0
    skills: Levels = ()
    preferred: str | None = None
    preferred_until: float = 0.0
    also: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """Who else there was, and the score: an agent's by the strategy, a call's priority."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Who belongs together and why.

    By `rule` (a strategy, or `preferred`) of the queue `by_queue` the agent with `score` came before `next_agents`, and
    the call with `priority`, after `step` relaxation steps, before `next_calls`.
    """

    call_id: str
    agent_id: str
    by_queue: str
    rule: str
    step: int
    priority: float
    score: float
    waited_s: float
    idle_s: float
    next_agents: tuple[Scored, ...]
    next_calls: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Overflowed:
    """The call may be answered in queue `to` as well from now on, counting as waiting since `since` there."""

    call_id: str
    queue: str
    to: str
    cause: str
    since: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a call waits: its place and what it needs now; what changes that by itself at `next_change`.

    `held_for` is the preferred agent that it is held for; `queues` are all in which it may be answered.
    """

    position: int
    priority: float
    step: int
    need: Need
    next_change: float | None
    held_for: str | None
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent beside a call: whether there, whether free, what it `lacks`, and the strategy's score."""

    agent_id: str
    present: bool
    free: bool
    fits: bool
    lacks: tuple[str, ...]
    score: float
