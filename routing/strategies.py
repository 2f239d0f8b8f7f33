"""Which of the agents who fit gets the call: the strategies, by the name that a queue gives; pure.

- `longest_idle`: whose last call or break ended first.
- `least_occupied`: who has the least calls for the capacity, then whose share of time with calls was least of late
  (exponentially weighted, `Occupancy`).
- `best_skill`: whose levels in the needed skills add up to most; among equals the longest idle.
- `round_robin`: in turn; whoever has not been given a call for the longest run of calls.

None of the orders changes while agents are idle, so the free ones stand sorted and nothing is computed anew.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from routing.skills import Levels, Profile

Key = tuple[float | str, ...]
"""Orders agents, the least first; its last part is the agent's id."""


@dataclass(slots=True)
class Occupancy:
    """The share of time that an agent was with calls, exponentially weighted over `window_s`."""

    window_s: float
    share: float = 0.0
    at: float = 0.0
    busy: bool = False

    def turn(self, busy: bool, now: float) -> None:
        """Note that the agent is with a call from `now` on, or no more."""
        self.share, self.at, self.busy = self.now(now), now, busy

    def now(self, now: float) -> float:
        """Return the share, 0 … 1."""
        fade = math.exp(-max(now - self.at, 0.0) / self.window_s)
        return 1.0 - (1.0 - self.share) * fade if self.busy else self.share * fade

    def order(self) -> float:
        """Return what orders idle agents as their shares do at any moment: shares fade alike."""
        return math.log(self.share) + self.at / self.window_s if self.share > 0.0 else -math.inf


@dataclass(slots=True, eq=False)
class Person:
    """An agent as the core sees one.

    `present`: signed in and not on a break. `accepts`: may be given calls now. Free is who accepts and has fewer calls
    than the capacity. `turn` numbers the last decision for the agent, 0 before the first.
    """

    profile: Profile
    occupancy: Occupancy
    present: bool = False
    accepts: bool = False
    load: int = 0
    idle_since: float = 0.0
    turn: int = 0

    @property
    def free(self) -> bool:
        return self.accepts and self.load < self.profile.capacity

    @property
    def last_place(self) -> bool:
        """Whether one call more is as many as the agent may have."""
        return self.load + 1 >= self.profile.capacity


def _longest_idle(person: Person, wanted: Levels) -> Key:
    return person.idle_since, person.profile.agent_id


def _least_occupied(person: Person, wanted: Levels) -> Key:
    used = person.load / person.profile.capacity
    # Only idle shares fade alike; between agents who are at work the idle moment decides.
    return used, 0.0 if person.load else person.occupancy.order(), person.idle_since, person.profile.agent_id


def _best_skill(person: Person, wanted: Levels) -> Key:
    return -skill_sum(person.profile, wanted), person.idle_since, person.profile.agent_id


def _round_robin(person: Person, wanted: Levels) -> Key:
    return person.turn, person.idle_since, person.profile.agent_id


def skill_sum(profile: Profile, wanted: Levels) -> int:
    """Return the sum of the agent's levels in the wanted skills."""
    levels = profile.levels
    return sum(levels.get(skill, 0) for skill, _ in wanted)


STRATEGIES: dict[str, Callable[[Person, Levels], Key]] = {
    "longest_idle": _longest_idle,
    "least_occupied": _least_occupied,
    "best_skill": _best_skill,
    "round_robin": _round_robin,
}
"""The order of agents by strategy, for a call that wants these skills."""


def score(strategy: str, person: Person, wanted: Levels, now: float, turns: int) -> float:
    """Return what the strategy saw in the agent: idle seconds, share of time busy, sum of levels, calls since the last.

    `turns` counts all decisions so far.
    """
    if strategy == "longest_idle":
        return now - person.idle_since
    if strategy == "least_occupied":
        return person.occupancy.now(now)
    if strategy == "best_skill":
        return float(skill_sum(person.profile, wanted))
    return float(turns - person.turn)
