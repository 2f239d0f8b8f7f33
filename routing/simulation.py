"""A centre in virtual time: drawn callers meet the very matching that serves live calls; pure and reproducible.

    scenario = Scenario(streams=(Stream("general", calls=(100.0,) * 48, handling=Handling(180.0), patience_s=120.0),),
                        crew=tuple(Worker(Profile(f"a{n}"), ((0.0, 86400.0),)) for n in range(14)),
                        rules={"general": Rules("general")}, cap=1200.0)
    day = simulate(scenario, draw(scenario, seed=1))
    day.figures.service_level(20.0), day.figures.asa_s(), day.figures.abandoned(), day.occupancy()

A shift that ends lets the talk end first. What is not in it: phones that ring unanswered, callers who call again,
transfers, callbacks. The same scenario and draw give the same day, event by event.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from routing.decisions import Call
from routing.matching import Matching
from routing.scenario import Draw, Floats, Scenario

LEAST_REPLICATIONS = 3
_FINISHED, _HUNG_UP, _SENT_AWAY, _COMES, _GOES = range(5)
"""What happens at a moment; of several at the same one, the least first."""


class Observer(Protocol):
    """Follows a simulation; callers by their number in the draw."""

    def comes(self, caller: int, core: Matching, now: float) -> None:
        """The caller, in `core` under the number in nine digits, has found nobody free and waits."""

    def answered(self, caller: int, waited_s: float, now: float) -> None:
        """The caller has an agent, after waiting or at once (0)."""

    def gone(self, caller: int, waited_s: float, now: float) -> None:
        """The caller has hung up or was sent away."""

    def finished(self, caller: int, handling_s: float, now: float) -> None:
        """The caller's agent is done."""

    def staffed(self, agents: int, now: float) -> None:
        """So many agents are at work from now on."""


@dataclass(frozen=True, slots=True)
class Day:
    """What came of it, by caller: waits in seconds (nan: never answered), and whether hung up or sent away.

    Conservation: offered = answered + hung up + sent away + left waiting when nobody came any more.
    """

    scenario: Scenario
    draw: Draw
    wait: Floats
    hung_up: NDArray[np.bool_]
    sent_away: NDArray[np.bool_]
    since_s: float = 0.0
    """Only callers who came from then on count."""

    def after(self, warm_up_s: float) -> "Day":
        """Return the same without the callers of the first while."""
        kept = self.draw.at >= warm_up_s
        parts = (self.draw.at, self.draw.stream, self.draw.handling, self.draw.patience)
        draw_ = Draw(*(part[kept] for part in parts))  # type: ignore[arg-type]
        return Day(self.scenario, draw_, self.wait[kept], self.hung_up[kept], self.sent_away[kept], warm_up_s)

    @property
    def figures(self) -> "Figures":
        """The figures of all callers together."""
        return Figures(self.wait, self.hung_up, self.sent_away)

    def occupancy(self) -> float:
        """Return the share of the agents' time at work in which they were with calls; nan without agents."""
        answered = ~np.isnan(self.wait)
        begin = self.draw.at[answered] + self.wait[answered]
        end = begin + self.draw.handling[answered]
        until = self.scenario.length_s
        busy = np.maximum(np.minimum(end, until) - np.maximum(begin, self.since_s), 0).sum()
        there = sum(
            max(min(end, until) - max(begin, self.since_s), 0.0)
            for worker in self.scenario.crew
            for begin, end in worker.spans
        )
        return float(busy / there) if there else math.nan


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of callers, by the formulas of the centre."""

    wait: Floats
    hung_up: NDArray[np.bool_]
    sent_away: NDArray[np.bool_]

    @property
    def offered(self) -> int:
        return len(self.wait)

    @property
    def answered(self) -> int:
        return int((~np.isnan(self.wait)).sum())

    @property
    def left_waiting(self) -> int:
        return self.offered - self.answered - int(self.hung_up.sum()) - int(self.sent_away.sum())

    def service_level(self, within_s: float) -> float:
        """Return the share of all callers answered in time: SL-3, who was sent away counts as not answered."""
        return float((self.wait <= within_s).mean()) if self.offered else math.nan

    def asa_s(self) -> float:
        """Return the mean wait of the answered."""
        return float(np.nanmean(self.wait)) if self.answered else math.nan

    def abandoned(self) -> float:
        """Return the share who hung up."""
        return float(self.hung_up.mean()) if self.offered else math.nan


def simulate(scenario: Scenario, drawn: Draw, observer: Observer | None = None) -> Day:
    """Let the drawn callers meet the crew, until nothing follows any more."""
    return _Run(scenario, drawn, observer).run()


@dataclass(slots=True)
class _Run:
    scenario: Scenario
    drawn: Draw
    observer: Observer | None
    core: Matching = field(init=False)
    _events: list[tuple[float, int, int]] = field(init=False, default_factory=list)
    _with: dict[int, str] = field(init=False, default_factory=dict)
    """The agent of each caller who talks."""
    _off: set[str] = field(init=False, default_factory=set)
    """Agents whose span is over."""
    _wait: list[float] = field(init=False)
    _hung_up: set[int] = field(init=False, default_factory=set)
    _sent_away: set[int] = field(init=False, default_factory=set)
    _handling: list[float] = field(init=False)
    _patience: list[float] = field(init=False)
    _at: list[float] = field(init=False)
    _staffed: int = 0

    def run(self) -> Day:
        drawn, scenario = self.drawn, self.scenario
        self.core = Matching(scenario.rules, scenario.cap)
        self._at, self._handling, self._patience = drawn.at.tolist(), drawn.handling.tolist(), drawn.patience.tolist()
        self._wait = [math.nan] * len(self._at)
        self._seat_crew()
        streams = [
            (scenario.streams[number].queue, scenario.streams[number].skills) for number in drawn.stream.tolist()
        ]
        for caller, at in enumerate(self._at):
            self._pass_to(at)
            queue, skills = streams[caller]
            self.core.wait(Call(f"{caller:09}", queue, at, skills=skills), at)
            if not self._decide(at) or caller not in self._with:
                self._lets_wait(caller, at)
        self._pass_to(math.inf)
        hung_up, sent_away = (self._marked(who) for who in (self._hung_up, self._sent_away))
        return Day(scenario, drawn, np.array(self._wait), hung_up, sent_away)

    def _seat_crew(self) -> None:
        for number, worker in enumerate(self.scenario.crew):
            self.core.know(worker.profile, 0.0)
            for begin, end in worker.spans:
                self._events += ((begin, _COMES, number), (end, _GOES, number))
        heapq.heapify(self._events)

    def _marked(self, callers: set[int]) -> NDArray[np.bool_]:
        marks = np.zeros(len(self._at), dtype=bool)
        marks[list(callers)] = True
        return marks

    def _lets_wait(self, caller: int, at: float) -> None:
        limit = self.scenario.wait_limit_s
        patience = self._patience[caller]
        if patience <= limit:
            if patience < math.inf:
                heapq.heappush(self._events, (at + patience, _HUNG_UP, caller))
        else:
            heapq.heappush(self._events, (at + limit, _SENT_AWAY, caller))
        if self.observer is not None:
            self.observer.comes(caller, self.core, at)

    def _pass_to(self, until: float) -> None:
        """Let everything happen that does before `until`; at the same moment as a coming first."""
        events, core = self._events, self.core
        while True:
            at = events[0][0] if events else math.inf
            due = core.due()
            if due is not None and due < at and due <= until:
                self._decide(due)
            elif at <= until and events:
                self._happens(*heapq.heappop(events))
            else:
                return

    def _happens(self, at: float, kind: int, who: int) -> None:
        if kind == _FINISHED:
            agent_id = self._with.pop(who)
            if self.observer is not None:
                self.observer.finished(who, self._handling[who], at)
            if agent_id in self._off:
                self.core.gone(agent_id, at)
            else:
                self.core.ready(agent_id, at)
                self._decide(at)
        elif kind in (_HUNG_UP, _SENT_AWAY):
            if self.core.leave(f"{who:09}"):
                (self._hung_up if kind == _HUNG_UP else self._sent_away).add(who)
                if self.observer is not None:
                    self.observer.gone(who, at - self._at[who], at)
        else:
            self._crew_changes(at, kind, self.scenario.crew[who].profile.agent_id)

    def _crew_changes(self, at: float, kind: int, agent_id: str) -> None:
        talks = agent_id in self._with.values()
        self._staffed += 1 if kind == _COMES else -1
        if self.observer is not None:
            self.observer.staffed(self._staffed, at)
        if kind == _COMES:
            self._off.discard(agent_id)
            if not talks:
                self.core.ready(agent_id, at)
                self._decide(at)
        else:
            self._off.add(agent_id)
            if not talks:
                self.core.gone(agent_id, at)

    def _decide(self, now: float) -> bool:
        """Let the core decide; tells whether anybody was answered."""
        decisions = self.core.decide(now)
        for decision in decisions:
            caller = int(decision.call_id)
            self._wait[caller] = now - self._at[caller]
            self._with[caller] = decision.agent_id
            heapq.heappush(self._events, (now + self._handling[caller], _FINISHED, caller))
            if self.observer is not None:
                self.observer.answered(caller, self._wait[caller], now)
        return bool(decisions)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over replications and half the width of its confidence interval."""

    mean: float
    half: float

    def holds(self, value: float) -> bool:
        """Tell whether a value is within."""
        return abs(value - self.mean) <= self.half


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean of independent replications with its interval (Student's t). Raises BadInput for less than 3."""
    known = np.array([value for value in values if not math.isnan(value)])
    if len(known) < LEAST_REPLICATIONS:
        raise BadInput(f"{len(known)} replications: a confidence interval needs at least {LEAST_REPLICATIONS}")
    error = float(known.std(ddof=1)) / math.sqrt(len(known))
    return Interval(float(known.mean()), _student(len(known) - 1, level) * error)


def _student(freedom: int, level: float) -> float:
    """Return the quantile of Student's t that leaves 1 - level on both sides (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))
