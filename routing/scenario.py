"""What a simulation is made of: callers by chance, agents with their hours, the rules of the queues; pure.

Moments are seconds from the beginning. Callers come by Poisson's law, in each half hour at its own rate; each brings
along how long the talk and the wrap-up will be and how long it would wait.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from routing.rules import Rules
from routing.skills import Levels, Profile

Floats = NDArray[np.float64]

HALF_HOUR_S = 1800.0


@dataclass(frozen=True, slots=True)
class Handling:
    """How long a call keeps its agent: `mean_s`, and the coefficient of variation `cv`.

    Without `cv` exponential, as Erlang takes it; with it lognormal, as talks were found to be (Brown et al. 2005).
    """

    mean_s: float
    cv: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.mean_s < math.inf) or (self.cv is not None and not 0 < self.cv < 10):
            raise BadInput(f"handling of {self.mean_s:g} s, cv {self.cv}: seconds above 0, cv between 0 and 10")

    def draw(self, generator: np.random.Generator, number: int) -> Floats:
        """Return so many handling times, seconds."""
        if self.cv is None:
            return generator.exponential(self.mean_s, number)
        variance = math.log1p(self.cv * self.cv)
        return generator.lognormal(math.log(self.mean_s) - variance / 2, math.sqrt(variance), number)


@dataclass(frozen=True, slots=True)
class Stream:
    """Callers of one kind: how many are expected in each half hour, how long they talk, how long they would wait.

    `patience_s` is the mean of an exponential patience, infinite: nobody hangs up. `skills` beside those of the queue.
    """

    queue: str
    calls: tuple[float, ...]
    handling: Handling
    patience_s: float = math.inf
    skills: Levels = ()

    def __post_init__(self) -> None:
        if not self.calls or not all(0 <= number < math.inf for number in self.calls):
            raise BadInput(f"calls of queue {self.queue!r}: a number from 0 on is expected for each half hour")
        if not self.patience_s > 0:
            raise BadInput(f"patience of {self.patience_s:g} s: must be above 0, or infinite")


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent, and when there: spans of seconds from the beginning, in order, none over another."""

    profile: Profile
    spans: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if edges != sorted(edges) or any(begin == end for begin, end in self.spans):
            raise BadInput(
                f"spans of agent {self.profile.agent_id}: each ends after it begins, none begins before that"
            )


@dataclass(frozen=True, slots=True)
class Scenario:
    """A centre for a while: callers, agents, the rules of the queues, and the cap of priorities.

    Who waits longer than `wait_limit_s` is told so and sent away.
    """

    streams: tuple[Stream, ...]
    crew: tuple[Worker, ...]
    rules: Mapping[str, Rules]
    cap: float
    wait_limit_s: float = math.inf

    def __post_init__(self) -> None:
        if unknown := sorted({stream.queue for stream in self.streams} - set(self.rules)):
            raise BadInput(f"calls for queues that have no rules: {', '.join(unknown)}")
        if len({worker.profile.agent_id for worker in self.crew}) < len(self.crew):
            raise BadInput("two agents have the same name")

    @property
    def length_s(self) -> float:
        """For how long callers come."""
        return HALF_HOUR_S * max((len(stream.calls) for stream in self.streams), default=0)


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance brings, callers in the order of their coming; `at`, `handling`, `patience` in seconds.

    `stream` is the number of the caller's stream in the scenario.
    """

    at: Floats
    stream: NDArray[np.intp]
    handling: Floats
    patience: Floats


def draw(scenario: Scenario, seed: int | np.random.SeedSequence) -> Draw:
    """Return the callers of a scenario by chance. Comings, talks and patience are drawn apart from each other."""
    parts = []
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    for number, (stream, own) in enumerate(zip(scenario.streams, sequence.spawn(len(scenario.streams)), strict=True)):
        comings, talks, patience = (np.random.default_rng(one) for one in own.spawn(3))
        begins = np.repeat(np.arange(len(stream.calls)), comings.poisson(stream.calls)) * HALF_HOUR_S
        at = begins + comings.uniform(0, HALF_HOUR_S, len(begins))
        endless = np.full(len(at), math.inf)
        waits = patience.exponential(stream.patience_s, len(at)) if math.isfinite(stream.patience_s) else endless
        parts.append((at, np.full(len(at), number), stream.handling.draw(talks, len(at)), waits))
    at, streams, handling, waits = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(at, kind="stable")
    return Draw(at[order], streams[order], handling[order], waits[order])
