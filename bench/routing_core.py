"""How long the pure core of routing takes to decide: 5,000 agents, 200 skills, 20,000 waiting calls.

Two states of one centre. Overloaded: every agent is with a call, 20,000 calls wait; an agent becomes ready, a new call
comes in for the one that is answered, waits pass relaxation steps. Quiet: 2,500 agents are free, nobody waits; a call
comes, an agent who was busy becomes free. A decision is timed from its event to its end, by the clock on the wall. How
many there are in a minute counts the CPU time of everything around them too: the other events, waits that are relaxed,
the making of the calls.
"""

import gc
import json
import sys
import time
from random import Random

from routing.decisions import Call, Decision
from routing.matching import Matching
from routing.rules import Rules
from routing.skills import Need, Profile, Step
from routing.strategies import STRATEGIES

CAP = 1200.0
LANGUAGES = 8
LEVELS = 5

Figures = dict[str, float | int]


class Centre:
    """A core with its agents; each queue needs one skill, a tenth of the calls a language besides."""

    def __init__(self, rng: Random, agents: int, skills: int) -> None:
        self.rng = rng
        self.queues = [f"q{number}" for number in range(skills - LANGUAGES)]
        self.languages = [f"language{number}" for number in range(LANGUAGES)]
        self.people = [f"a{number}" for number in range(agents)]
        self.core = Matching({queue: self._rules(queue) for queue in self.queues}, CAP)
        self.now = 0.0
        self.count = 0
        for agent_id in self.people:
            self.core.know(self._profile(agent_id), self.now)
            self.core.busy(agent_id, self.now)

    def _rules(self, queue: str) -> Rules:
        least = self.rng.randint(2, LEVELS - 1)
        steps = (Step(60.0, ((queue, least - 1),)), Step(180.0, ((queue, 1),)))
        return Rules(queue, Need(((queue, least),)), steps, self.rng.choice(sorted(STRATEGIES)))

    def _profile(self, agent_id: str) -> Profile:
        known = self.rng.sample(self.queues, self.rng.randint(3, 7)) + self.rng.sample(self.languages, 1)
        return Profile(agent_id, {skill: self.rng.randint(1, LEVELS) for skill in known})

    def call(self, since: float) -> None:
        """Let a call wait that came at `since`."""
        self.count += 1
        spoken = ((self.rng.choice(self.languages), 1),) if self.rng.random() < 0.1 else ()
        ahead = self.rng.choice([0.0, 0.0, 0.0, 0.0, 60.0])
        self.core.wait(Call(f"c{self.count}", self.rng.choice(self.queues), since, ahead, spoken), self.now)


def _overloaded(centre: Centre, waiting: int, times: int) -> tuple[list[float], float]:
    """Return the seconds of each decision, and the CPU seconds of all that happened together."""
    for number in range(waiting):
        centre.call(-300.0 * (waiting - number) / waiting)
    centre.core.decide(0.0)
    taken, decided, began = [], 0, time.process_time()
    while decided < times:
        agent_id = centre.rng.choice(centre.people)
        centre.now += 300.0 / waiting
        started = time.perf_counter()
        centre.core.ready(agent_id, centre.now)
        found = centre.core.decide(centre.now)
        ended = time.perf_counter()
        if found:
            taken.append(ended - started)
            decided += 1
            centre.call(centre.now)
            centre.core.decide(centre.now)
        else:
            centre.core.busy(agent_id, centre.now)
    return taken, time.process_time() - began


def _quiet(centre: Centre, free: int, times: int) -> tuple[list[float], float]:
    """As `_overloaded`, beside free agents."""
    for agent_id in centre.people[:free]:
        centre.core.ready(agent_id, centre.now)
    centre.core.decide(centre.now)
    busy = centre.people[free:]
    taken, decided, began = [], 0, time.process_time()
    while decided < times:
        centre.now += 0.01
        started = time.perf_counter()
        centre.call(centre.now)
        found: list[Decision] = centre.core.decide(centre.now)
        ended = time.perf_counter()
        if found:
            taken.append(ended - started)
            decided += 1
            place = centre.rng.randrange(len(busy))
            back, busy[place] = busy[place], found[0].agent_id
            centre.core.ready(back, centre.now)
            centre.core.decide(centre.now)
        else:
            centre.core.leave(f"c{centre.count}")
    return taken, time.process_time() - began


def _figures(taken: list[float], cpu: float) -> Figures:
    ordered, last = sorted(taken), len(taken) - 1
    figures: Figures = {f"p{p}_ms": round(ordered[round(last * p / 100)] * 1000, 3) for p in (50, 99)}
    return figures | {"longest_ms": round(ordered[-1] * 1000, 2), "decisions_per_cpu_min": round(60 * len(taken) / cpu)}


def run(
    agents: int = 5000, skills: int = 200, waiting: int = 20_000, times: int = 50_000, seed: int = 1
) -> dict[str, Figures | int]:
    """Return p50, p99 and the longest decision in milliseconds, and how many there are in a minute on one core."""
    gc.freeze()
    overloaded = _figures(*_overloaded(Centre(Random(seed), agents, skills), waiting, times))
    quiet = _figures(*_quiet(Centre(Random(seed), agents, skills), agents // 2, times))
    shape = {"agents": agents, "skills": skills, "waiting": waiting, "decisions": times}
    return {**shape, "overloaded": overloaded, "quiet": quiet}


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
