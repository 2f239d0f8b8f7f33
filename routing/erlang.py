"""Erlang B, C and A: what a number of agents makes of a load of calls, and how many agents a goal needs.

Pure, without a limit on size: recurrences and logarithms, never factorials. Sources: A. K. Erlang 1917 (B, C);
C. Palm 1957 for impatient callers, in the form of Mandelbaum and Zeltyn, "Service engineering in action: the
Palm/Erlang-A queue" (2007).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput

Floats = NDArray[np.float64]

MOST_AGENTS = 100_000
"""Nobody plans more in one queue; beyond it is a mistake in the units of the load."""
_NEGLIGIBLE = 50.0
"""What is e^50 times smaller than the largest adds nothing that a float could hold."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANELS = 64


@dataclass(frozen=True, slots=True)
class Load:
    """Calls that want a person: `calls_per_s` of them arrive, each keeps an agent for `handling_s` (with wrap-up).

    `patience_s`: the mean time after which a caller who waits hangs up; infinite: nobody ever does.
    """

    calls_per_s: float
    handling_s: float
    patience_s: float = math.inf

    def __post_init__(self) -> None:
        _must(math.isfinite(self.calls_per_s) and self.calls_per_s >= 0, "calls_per_s", self.calls_per_s, "0 or more")
        _must(math.isfinite(self.handling_s) and self.handling_s > 0, "handling_s", self.handling_s, "seconds above 0")
        _must(self.patience_s > 0, "patience_s", self.patience_s, "seconds above 0, or infinite")
        _must(self.erlangs < MOST_AGENTS, "load", self.erlangs, f"fewer than {MOST_AGENTS} erlangs; look at the units")

    @property
    def erlangs(self) -> float:
        """How many agents would be at work all the time."""
        return self.calls_per_s * self.handling_s


@dataclass(frozen=True, slots=True)
class Outcome:
    """What callers meet in the long run; shares from 0 to 1 of all who want a person.

    `waiting`: share who do not find a free agent. `within`: share answered within the time asked for (variant SL-3).
    `asa_s`: mean wait of the answered. `abandoned`: share who hang up. `occupancy`: share of the agents' time at work.
    Without an end to the waiting `asa_s` is infinite.
    """

    waiting: float
    within: float
    asa_s: float
    abandoned: float
    occupancy: float


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted: `share` of the callers answered within `within_s`, `answered` of them at all.

    The mean wait of the answered is at most `asa_s`.
    """

    share: float
    within_s: float
    asa_s: float = math.inf
    answered: float = 0.0

    def __post_init__(self) -> None:
        _must(0 < self.share < 1, "share", self.share, "between 0 and 1, 0.8 for 80 %")
        _must(math.isfinite(self.within_s) and self.within_s >= 0, "within_s", self.within_s, "0 or more")
        _must(self.asa_s > 0, "asa_s", self.asa_s, "seconds above 0")
        _must(0 <= self.answered < 1, "answered", self.answered, "from 0 to below 1, 0.95 for 95 %")

    def met(self, outcome: Outcome) -> bool:
        """Tell whether `outcome`, taken for this `within_s`, is good enough."""
        connected = 1 - outcome.abandoned >= self.answered
        return outcome.within >= self.share and outcome.asa_s <= self.asa_s and connected


def erlang_b(erlangs: float, agents: int) -> float:
    """Return the share of calls that find all `agents` busy when none may wait. Raises BadInput."""
    _must(math.isfinite(erlangs) and erlangs >= 0, "erlangs", erlangs, "0 or more")
    _agents(agents, least=0)
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


def erlang_c(load: Load, agents: int, within_s: float) -> Outcome:
    """Return what `agents` make of `load` when nobody hangs up; its patience does not count. Raises BadInput."""
    _agents(agents)
    return _erlang_c(load, agents, within_s, erlang_b(load.erlangs, agents))


def _erlang_c(load: Load, agents: int, within_s: float, blocked: float) -> Outcome:
    spare = agents - load.erlangs
    if spare <= 0:
        return Outcome(waiting=1.0, within=0.0, asa_s=math.inf, abandoned=0.0, occupancy=1.0)
    waiting = agents * blocked / (agents - load.erlangs * (1 - blocked))
    return Outcome(
        waiting=waiting,
        within=1 - waiting * math.exp(-spare * within_s / load.handling_s),
        asa_s=waiting * load.handling_s / spare,
        abandoned=0.0,
        occupancy=load.erlangs / agents,
    )


def erlang_a(load: Load, agents: int, within_s: float) -> Outcome:
    """Return what `agents` make of `load` when callers hang up after an exponential patience. Raises BadInput."""
    _agents(agents)
    if math.isinf(load.patience_s):
        return erlang_c(load, agents, within_s)
    blocked = erlang_b(load.erlangs, agents)
    if blocked == 0.0:
        return Outcome(waiting=0.0, within=1.0, asa_s=0.0, abandoned=0.0, occupancy=load.erlangs / agents)
    wait = _Wait(load, agents)
    # All states in which everybody is busy, in units of the one in which nobody waits: log of their sum.
    queue = wait.log_sum(lambda _: 1.0)
    total = np.logaddexp(math.log1p(-blocked) if blocked < 1 else -math.inf, math.log(blocked) + queue)
    share = math.log(blocked) - total

    def part(of: Callable[[Floats], Floats | float], until: float = math.inf) -> float:
        return math.exp(share + wait.log_sum(of, until))

    patient: Callable[[Floats], Floats] = lambda t: np.exp(-t / load.patience_s)  # noqa: E731
    waiting, abandoned = min(part(lambda _: 1.0), 1.0), part(lambda t: -np.expm1(-t / load.patience_s))
    answered = 1 - abandoned
    return Outcome(
        waiting=waiting,
        within=min(1 - waiting + part(patient, within_s), 1.0),
        asa_s=part(lambda t: t * np.exp(-t / load.patience_s)) / answered if answered > 0 else math.inf,
        abandoned=abandoned,
        occupancy=min(load.erlangs * answered / agents, 1.0),
    )


class _Wait:
    """How long a caller who would never hang up waits beside callers who do, when all agents are busy.

    In units of the state "all busy, nobody waits" its density at t is Nμ·e^g(t), g(t) = (λ/θ)(1 - e^(-θt)) - Nμt,
    which has one peak; it is integrated over the times at which it counts.
    """

    def __init__(self, load: Load, agents: int) -> None:
        self._arrival, self._theta = load.calls_per_s, 1 / load.patience_s
        self._service = agents / load.handling_s
        self._peak = max(0.0, math.log(self._arrival / self._service) / self._theta) if self._arrival else 0.0
        self._top = self._g(self._peak)
        self._from = self._edge(0.0) if self._peak else 0.0
        step = 1 / self._service
        while self._g(self._peak + step) > self._top - _NEGLIGIBLE:
            step *= 2
        self._until = self._edge(self._peak + step)

    def _g(self, t: float) -> float:
        return -self._arrival / self._theta * math.expm1(-self._theta * t) - self._service * t

    def _edge(self, outside: float) -> float:
        """Return the time between `outside` and the peak at which the density begins or ceases to count."""
        if self._g(outside) > self._top - _NEGLIGIBLE:
            return outside
        inside = self._peak
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self._g(middle) > self._top - _NEGLIGIBLE else (inside, middle)
        return outside

    def log_sum(self, of: Callable[[Floats], Floats | float], until: float = math.inf) -> float:
        """Return the logarithm of the integral of the density times `of`, up to `until` seconds."""
        end = min(self._until, until)
        if end <= self._from:
            return -math.inf
        # Narrow at first: patience may end within the first moments of a long wait.
        borders = self._from + (end - self._from) * np.linspace(0.0, 1.0, _PANELS + 1) ** 5
        half = (borders[1:] - borders[:-1])[:, None] / 2
        t: Floats = borders[:-1, None] + half * (1 + _NODES)
        g = -self._arrival / self._theta * np.expm1(-self._theta * t) - self._service * t
        total = float(np.sum(half * _WEIGHTS * np.exp(g - self._top) * of(t)))
        return self._top + math.log(self._service * total) if total > 0 else -math.inf


def least_agents(load: Load, goal: Goal) -> int:
    """Return the least number of agents that meets `goal`: by Erlang A, by Erlang C when nobody hangs up.

    Without calls it is 0. Raises BadInput when more than MOST_AGENTS would be needed.
    """
    if load.calls_per_s == 0:
        return 0
    if math.isinf(load.patience_s):
        return _least_patient(load, goal)
    low, enough = 0, math.ceil(load.erlangs)
    while not _met(load, enough, goal):
        low, enough = enough, enough * 2
    while enough - low > 1:
        middle = (low + enough) // 2
        low, enough = (low, middle) if _met(load, middle, goal) else (middle, enough)
    return enough


def _met(load: Load, agents: int, goal: Goal) -> bool:
    return goal.met(erlang_a(load, agents, goal.within_s))


def _least_patient(load: Load, goal: Goal) -> int:
    blocked, agents = 1.0, 0
    while True:
        agents += 1
        _agents(agents)
        blocked = load.erlangs * blocked / (agents + load.erlangs * blocked)
        if agents > load.erlangs and goal.met(_erlang_c(load, agents, goal.within_s, blocked)):
            return agents


def with_shrinkage(agents: int, shrinkage: float) -> int:
    """Return how many people to plan so that `agents` are there; `shrinkage` (0 to 1) is paid time not available."""
    _agents(agents, least=0)
    _must(0 <= shrinkage < 1, "shrinkage", shrinkage, "from 0 to below 1, 0.3 for 30 %")
    return math.ceil(agents / (1 - shrinkage) - 1e-9)


def _agents(agents: int, least: int = 1) -> None:
    _must(least <= agents <= MOST_AGENTS, "agents", agents, f"from {least} to {MOST_AGENTS}")


def _must(true: bool, what: str, given: float, cure: str) -> None:
    if not true:
        raise BadInput(f"{what} = {given:g}: must be {cure}")
