"""The house as it is on a day: the people of its roster with what they can, and the rules of its queues; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agents.model import Qualification
from agents.shifts.model import Duty, Kind
from core.errors import BadInput
from routing.rules import Rules
from routing.scenario import HALF_HOUR_S, Worker
from routing.skills import Levels, Profile
from routing.staffing.crew import has

Shares = tuple[tuple[Levels, float], ...]
"""What callers of a queue need beside its own skills, and which share of them does."""
PLAIN: Shares = (((), 1.0),)


@dataclass(frozen=True, slots=True)
class House:
    """Who is there when, by which rules callers and agents come together, and what callers need by queue."""

    crew: tuple[Worker, ...]
    rules: Mapping[str, Rules]
    cap: float
    needs: Mapping[str, Shares]

    def with_agents(self, more: int) -> "House":
        """Return the house with so many people more, who are like those there, or fewer, picked evenly."""
        if not more:
            return self
        number = len(self.crew)
        if -more >= number:
            raise BadInput(f"--agents {more}: the roster has {number} people")
        if more < 0:
            share = (number + more) / number
            return replace(self, crew=tuple(one for n, one in enumerate(self.crew) if has(n, share)))
        alike = [self.crew[n * number // more % number] for n in range(more)]
        extra = [Worker(replace(one.profile, agent_id=f"extra{n:05}"), one.spans) for n, one in enumerate(alike)]
        return replace(self, crew=(*self.crew, *extra))

    def with_strategy(self, strategy: str | None) -> "House":
        """Return the house in which every queue picks agents so; None: as its rules say."""
        if strategy is None:
            return self
        return replace(self, rules={name: replace(one, strategy=strategy) for name, one in self.rules.items()})


def on_duty(
    duties: Sequence[Duty], can: Mapping[str, Qualification], begin: datetime, half_hours: int, shrinkage: float
) -> tuple[Worker, ...]:
    """Return the people of the main shifts, at work in their turns between `begin` and so many half hours later.

    In each half hour the share `shrinkage` of them is not there, others each time. Raises BadInput for nobody.
    """
    turns: dict[str, list[tuple[float, float]]] = {}
    until = half_hours * HALF_HOUR_S
    for duty in sorted(duties, key=lambda one: (one.begins, one.id)):
        first, last = ((at - begin).total_seconds() for at in (duty.begins, duty.ends))
        if duty.kind is Kind.MAIN and max(first, 0.0) < min(last, until):
            turns.setdefault(duty.agent_id, []).append((max(first, 0.0), min(last, until)))
    if not turns:
        raise BadInput(f"nobody is on main duty on {begin:%Y-%m-%d}: import the roster of that day first")
    workers = []
    for number, (agent_id, spans) in enumerate(turns.items()):
        known = can.get(agent_id, Qualification())
        profile = Profile(agent_id, dict(known.skills), known.groups)
        workers.append(Worker(profile, _at_work(spans, number, 1 - shrinkage)))
    return tuple(workers)


def _at_work(turns: Sequence[tuple[float, float]], number: int, share: float) -> tuple[tuple[float, float], ...]:
    """Return when the person of this number is there: each half hour of the turns, but for breaks."""
    spans: list[tuple[float, float]] = []
    for first, last in turns:
        for slot in range(int(first // HALF_HOUR_S), math.ceil(last / HALF_HOUR_S)):
            begin, end = max(first, slot * HALF_HOUR_S), min(last, (slot + 1) * HALF_HOUR_S)
            if not has(number + slot, share):
                continue
            if spans and spans[-1][1] == begin:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((begin, end))
    return tuple(spans)


def staffed(crew: Sequence[Worker], half_hours: int) -> tuple[float, ...]:
    """Return how many people are at work in each half hour, on average."""
    found = [0.0] * half_hours
    for begin, end in (span for worker in crew for span in worker.spans):
        for slot in range(int(begin // HALF_HOUR_S), math.ceil(end / HALF_HOUR_S)):
            there = min(end, (slot + 1) * HALF_HOUR_S) - max(begin, slot * HALF_HOUR_S)
            found[slot] += there / HALF_HOUR_S
    return tuple(round(one, 3) for one in found)
