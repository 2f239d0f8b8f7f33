"""What would be if more called, fewer worked, or another rule chose: a planned day simulated many times; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import BadInput
from routing.rules import Rules
from routing.scenario import Handling, Scenario, Stream, draw
from routing.simulation import Interval, interval, simulate
from routing.skills import Need
from routing.staffing.crew import crew
from routing.staffing.house import PLAIN, House
from routing.strategies import STRATEGIES

MOST_CALLS = 100
LONGEST_IDLE = "longest_idle"
CAP = 1200.0
"""Of priorities; without head starts and ageing it changes nothing."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A day as it is planned: calls by queue and half hour, agents by half hour, and how people are.

    Every agent serves every queue, the longest idle first; with a `house` its people, by its rules.
    """

    calls: Mapping[str, tuple[float, ...]]
    agents: tuple[float, ...]
    handling: Handling
    patience_s: float
    wait_limit_s: float
    house: House | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is different: calls times `calls`, so many `agents` more (or fewer) all day, a `strategy` for all queues.

    `skilled`: queues that only this share of the agents can serve, spread evenly over them.
    """

    calls: float = 1.0
    agents: int = 0
    strategy: str | None = None
    skilled: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.strategy is not None and self.strategy not in STRATEGIES:
            raise BadInput(f"--rule {self.strategy}: known are {', '.join(sorted(STRATEGIES))}")
        if not 0 <= self.calls <= MOST_CALLS:
            raise BadInput(f"calls times {self.calls:g}: must be from 0 to {MOST_CALLS}")
        for queue, share in self.skilled.items():
            if not 0 <= share <= 1:
                raise BadInput(f"--skilled {queue}={100 * share:g}: must be from 0 to 100 percent")


@dataclass(frozen=True, slots=True)
class Result:
    """One simulated day: share answered in time of all callers (SL-3), mean wait, shares hung up and sent away."""

    calls: float
    within: float
    asa_s: float
    abandoned: float
    sent_away: float
    occupancy: float


FIGURES = ("calls", "within", "asa_s", "abandoned", "sent_away", "occupancy")


def factor(text: str) -> float:
    """Return what `+30%`, `-10%` or `x1.5` makes of a number. Raises BadInput."""
    if found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)%", text):
        return 1 + float(found[1]) / 100
    if found := re.fullmatch(r"x(\d+(?:\.\d+)?)", text):
        return float(found[1])
    raise BadInput(f"--calls {text}: is written +30%, -10% or x1.5")


def changed(planned: Planned, change: Change) -> Scenario:
    """Return the planned day with this change, ready to be simulated. Raises BadInput for a queue without calls."""
    if planned.house is not None:
        return _in_house(planned, planned.house, change)
    if unknown := sorted(set(change.skilled) - set(planned.calls)):
        known = ", ".join(sorted(planned.calls))
        raise BadInput(f"--skilled {unknown[0]}: nobody calls for that queue; queues with calls: {known}")
    agents = [max(round(number) + change.agents, 0) for number in planned.agents]
    streams = [
        Stream(queue, tuple(change.calls * number for number in calls), planned.handling, planned.patience_s)
        for queue, calls in planned.calls.items()
    ]
    rules = {queue: _rules(queue, change) for queue in planned.calls}
    return Scenario(tuple(streams), crew(agents, change.skilled), rules, CAP, planned.wait_limit_s)


def _in_house(planned: Planned, house: House, change: Change) -> Scenario:
    if change.skilled:
        raise BadInput("--skilled: with --roster agents have the skills that they have; leave one of the two out")
    streams = [
        Stream(
            queue, tuple(change.calls * share * number for number in calls), planned.handling, planned.patience_s, needs
        )
        for queue, calls in planned.calls.items()
        for needs, share in house.needs.get(queue, PLAIN)
    ]
    now = house.with_agents(change.agents).with_strategy(change.strategy)
    return Scenario(tuple(streams), now.crew, now.rules, now.cap, planned.wait_limit_s)


def _rules(queue: str, change: Change) -> Rules:
    need = Need(((queue, 1),)) if queue in change.skilled else Need()
    return Rules(queue, need, strategy=change.strategy or LONGEST_IDLE)


def days(scenario: Scenario, within_s: float, seed: int, number: int) -> Iterator[Result]:
    """Simulate `number` independent days; the same seed draws the same callers for the same streams."""
    for own in np.random.SeedSequence(seed).spawn(number):
        day = simulate(scenario, draw(scenario, own))
        told = day.figures
        sent = float(day.sent_away.mean()) if told.offered else 0.0
        share = told.service_level(within_s)
        yield Result(told.offered, share, told.asa_s(), told.abandoned(), sent, day.occupancy())


def intervals(results: Sequence[Result]) -> dict[str, Interval]:
    """Return each figure with its confidence interval of 95 %. Raises BadInput for less than three days."""
    return {name: interval([getattr(one, name) for one in results]) for name in FIGURES}


def differences(before: Sequence[Result], after: Sequence[Result]) -> dict[str, Interval]:
    """Return how much each figure changed from day to day of the same luck, with its confidence interval."""
    pairs = list(zip(before, after, strict=True))
    return {name: interval([getattr(b, name) - getattr(a, name) for a, b in pairs]) for name in FIGURES}
