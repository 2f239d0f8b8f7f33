"""How far the told waiting time was off, from a journal: what was told live, and the same model run over it again.

Who hangs up has waited at least so long, and nobody knows how much longer it would have been. So the shares of callers
who waited less than told are those of Kaplan and Meier (1958), which use that; the errors are of those who were
answered.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import mean, quantiles
from typing import Any

from agents.events import AgentStateChanged
from agents.model import ON_CALL, State
from core.events import Event
from cti.events import CallDequeued, CallEnded
from routing.events import AgentChosen, AgentRequested, QueueAnnounced
from routing.forecast import Expected, WaitForecast

KINDS: tuple[type[Event], ...] = (
    AgentRequested,
    QueueAnnounced,
    AgentChosen,
    CallDequeued,
    CallEnded,
    AgentStateChanged,
)
"""The events that are read."""
AT_WORK = frozenset({State.READY.value, State.WRAP_UP.value, *(state.value for state in ON_CALL)})
AT_ONCE_S = 1.0
"""Who has an agent within it did not wait."""
LEAST = 2
"""Fewer answered callers have no percentiles."""


@dataclass(frozen=True, slots=True)
class Case:
    """A caller who was told `p50_s` and `p90_s` and waited `waited_s` from then on, until an agent or hanging up."""

    p50_s: float
    p90_s: float
    waited_s: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Figures of many cases: half and nine of ten errors, seconds; shares who waited less than told, per cent."""

    callers: int
    answered: int
    mean_wait_s: float
    error_p50_s: float
    error_p90_s: float
    waited_less_than_p50_percent: float
    waited_less_than_p90_percent: float


def calibration(cases: Sequence[Case]) -> Calibration | None:
    """Return the figures; None of too few answered callers."""
    answered = [case for case in cases if case.answered]
    if len(answered) < LEAST:
        return None
    off = quantiles((abs(case.waited_s - case.p50_s) for case in answered), n=10, method="inclusive")
    return Calibration(
        len(cases),
        len(answered),
        round(mean(case.waited_s for case in answered), 1),
        round(off[4], 1),
        round(off[8], 1),
        round(100 * _less([(case.waited_s / case.p50_s, case.answered) for case in cases]), 1),
        round(100 * _less([(case.waited_s / case.p90_s, case.answered) for case in cases]), 1),
    )


def _less(times: Iterable[tuple[float, bool]]) -> float:
    """Return the share whose time is at most 1, of times that ended (True) or were broken off (Kaplan and Meier)."""
    ordered = sorted(times, key=lambda one: (one[0], not one[1]))
    still, at_risk = 1.0, len(ordered)
    for time, ended in ordered:
        if time > 1.0:
            break
        if ended:
            still *= 1 - 1 / at_risk
        at_risk -= 1
    return 1 - still


@dataclass(slots=True)
class _Line:
    """What is known of one queue: its callers in order, with the moment each came."""

    forecast: WaitForecast
    waiting: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Replay:
    """Takes the events of a journal in order. `told` are cases as they were told live, `again` as the model says now.

    The model begins as the service does, with the policy's `handling_s` and `patience_s`, and learns from what follows.
    Places are those in the order of coming; an agent at work counts for every queue.
    """

    handling_s: float
    patience_s: float
    told: list[Case] = field(default_factory=list)
    again: list[Case] = field(default_factory=list)
    _lines: dict[str, _Line] = field(default_factory=dict)
    _queue: dict[str, str] = field(default_factory=dict)
    """The queue in which each call waits."""
    _announced: defaultdict[str, list[tuple[datetime, float, float]]] = field(
        default_factory=lambda: defaultdict(list[tuple[datetime, float, float]])
    )
    _expected: dict[str, Expected] = field(default_factory=dict)
    _at_work: set[str] = field(default_factory=set)
    _serves: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By agent: the queue whose call it has, and since when."""

    def take(self, event: Event) -> None:
        """Take one event; one that is not of `KINDS` changes nothing."""
        match event:
            case AgentRequested():
                self._asked(event)
            case QueueAnnounced(wait_p50_s=float() as p50_s, wait_p90_s=float() as p90_s):
                self._announced[event.call_id].append((event.at, p50_s, p90_s))
            case AgentChosen():
                self._serves[event.agent_id] = event.queue, event.at
                self._left(event.call_id, event.at, answered=True)
            case CallDequeued() | CallEnded():
                self._left(event.call_id, event.at, answered=False)
            case AgentStateChanged():
                self._moved(event)

    def _line(self, queue: str) -> _Line:
        if queue not in self._lines:
            self._lines[queue] = _Line(WaitForecast(self.handling_s, self.patience_s))
        return self._lines[queue]

    def _asked(self, event: AgentRequested) -> None:
        line = self._line(event.queue)
        line.waiting.setdefault(event.call_id, event.at)
        self._queue[event.call_id] = event.queue
        if expected := line.forecast.expected(len(line.waiting), len(self._at_work)):
            self._expected[event.call_id] = expected

    def _left(self, call_id: str, at: datetime, *, answered: bool) -> None:
        announced = self._announced.pop(call_id, [])
        expected = self._expected.pop(call_id, None)
        if (queue := self._queue.pop(call_id, None)) is None:
            return
        line = self._line(queue)
        waited_s = (at - line.waiting.pop(call_id)).total_seconds()
        if waited_s >= AT_ONCE_S:
            self.told += [Case(p50, p90, (at - when).total_seconds(), answered) for when, p50, p90 in announced]
            if expected is not None:
                self.again.append(Case(expected.p50_s, expected.p90_s, waited_s, answered))
        if answered:
            line.forecast.answered(waited_s if waited_s >= AT_ONCE_S else 0.0, len(self._at_work), at.timestamp())
        else:
            line.forecast.gone(waited_s)

    def _moved(self, event: AgentStateChanged) -> None:
        if event.to in AT_WORK:
            self._at_work.add(event.agent_id)
        else:
            self._at_work.discard(event.agent_id)
        if event.to in (State.TALKING, State.WRAP_UP, State.RESERVED, State.RINGING):
            return
        served = self._serves.pop(event.agent_id, None)
        if served is not None and event.from_ in (State.TALKING, State.WRAP_UP):
            queue, since = served
            self._line(queue).forecast.handled((event.at - since).total_seconds())


def replayed(events: Iterable[Event], handling_s: float, patience_s: float) -> Replay:
    """Run the events of a journal, in order."""
    replay = Replay(handling_s, patience_s)
    for event in events:
        replay.take(event)
    return replay


def to_data(found: Calibration | None) -> dict[str, Any] | None:
    """Return figures as JSON has them."""
    if found is None:
        return None
    return {name: value for name in Calibration.__slots__ if math.isfinite(value := getattr(found, name))}
