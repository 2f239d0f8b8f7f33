"""Who is there when so many agents are wanted in each half hour; pure."""

import math
from collections.abc import Mapping, Sequence

from routing.scenario import HALF_HOUR_S, Worker
from routing.skills import Profile


def crew(wanted: Sequence[int], skilled: Mapping[str, float] | None = None) -> tuple[Worker, ...]:
    """Return agents so that `wanted` are at work in each half hour: the first comes first and goes last.

    `skilled`: by skill the share of them who have it, spread evenly over them.
    """
    workers = []
    for number in range(max(wanted, default=0)):
        levels = {skill: 1 for skill, share in (skilled or {}).items() if has(number, share)}
        workers.append(Worker(Profile(f"agent{number + 1:05}", levels), _spans(wanted, number)))
    return tuple(workers)


def has(number: int, share: float) -> bool:
    """Tell whether the agent of this number is one of the `share`, so that of any first n it is n times the share."""
    return math.floor((number + 1) * share + 1e-9) > math.floor(number * share + 1e-9)


def _spans(wanted: Sequence[int], number: int) -> tuple[tuple[float, float], ...]:
    spans: list[tuple[float, float]] = []
    for slot, agents in enumerate(wanted):
        begin, end = slot * HALF_HOUR_S, (slot + 1) * HALF_HOUR_S
        if agents <= number:
            continue
        if spans and spans[-1][1] == begin:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((begin, end))
    return tuple(spans)
