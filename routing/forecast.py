"""How long a caller will probably wait, told from the place in the line; pure.

The model: with N agents at work, a handling time of mean h and callers ahead who hang up at the rate θ each, the line
moves on by steps; with i callers ahead the next step takes 1 / (N / (c h) + i θ) on average. The wait of the caller at
place k is the sum of the steps with k - 1, …, 0 ahead: mean and variance are sums, the percentiles those of a gamma
distribution of this mean and variance, the variance enlarged by what is not known of h, N and c.

- h follows the talks: an exponentially weighted mean of the latest, some HANDLED of them, which begins at the policy's.
- θ is hang-ups by time waited, weighted likewise, beginning at the policy's patience.
- c is learned from the line itself: how long its steps took, beside what N and h foretold. Agents who serve other
  queues as well, breaks, phones that ring: all that makes the line slower makes c larger, without a name.

Each queue has its own. Calibrated by `hotline bench wait_forecast`; the error is published in docs/benchmarks.md.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

HANDLED = 60.0
"""Talks that the mean handling time looks back on; the first ones count beside as many of the policy's."""
LEFT = 60.0
"""Callers whose waiting the rate of hanging up looks back on."""
STEPS = 60.0
"""Steps of the line that c looks back on."""
UNSURE = 0.15
"""Standard deviation of what is not known of h, N and c, as a share of the wait."""
LEAST_PACE, MOST_PACE = 0.25, 8.0
_P90 = NormalDist().inv_cdf(0.9)
MINUTE_S = 60.0
_FAR = 400
"""Places beyond it are taken in one step each as far as this one would be: sums stay short."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The wait to be expected, seconds: half of such callers wait less than `p50_s`, nine of ten less than `p90_s`."""

    mean_s: float
    p50_s: float
    p90_s: float


class Words(StrEnum):
    """How a wait is told."""

    UNDER = "under"
    ABOUT = "about"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Told:
    """A wait in words for a caller: under, about or over so many minutes."""

    words: Words
    minutes: int


def told(expected: Expected, most_s: float) -> Told | None:
    """Return what a caller is told of a wait; None when it is too unsure to be of use.

    "Under a minute" where nine of ten wait less. "Over n minutes" where half of them wait longer than `most_s`: nobody
    wants to know more. Else "about n minutes" by the median, where nine of ten wait less than one and a half times that
    and a minute: a few agents at night are never so regular.
    """
    if expected.p90_s <= MINUTE_S:
        return Told(Words.UNDER, 1)
    if expected.p50_s > most_s:
        return Told(Words.OVER, int(most_s // MINUTE_S))
    if expected.p90_s > 1.5 * expected.p50_s + MINUTE_S:
        return None
    return Told(Words.ABOUT, max(1, math.floor(expected.p50_s / MINUTE_S + 0.5)))


@dataclass(slots=True)
class WaitForecast:
    """What one queue has taught so far. Seconds throughout.

    `handling_s` and `patience_s` are what is believed at first, from the policy or from the days before.
    """

    handling_s: float
    patience_s: float
    _waited: float = 0.0
    _gone: float = 0.0
    _pace: float = 1.0
    _last: float = -math.inf

    def __post_init__(self) -> None:
        self._waited, self._gone = self.patience_s * LEFT / 4, LEFT / 4

    @property
    def pace(self) -> float:
        """How much slower the line moves than the agents' talks alone would let it; 1: as they do."""
        return self._pace

    def handled(self, handling_s: float) -> None:
        """A talk of this queue and its wrap-up are over."""
        self.handling_s += (min(handling_s, 10 * self.handling_s) - self.handling_s) / HANDLED

    def answered(self, waited_s: float, agents: int, now: float) -> None:
        """A caller has an agent; `agents` are at work. Who did not wait teaches nothing of the line."""
        if waited_s > 0.0 and agents > 0:
            taken = now - max(self._last, now - waited_s)
            step = self.handling_s / agents
            self._pace += (min(taken / step, MOST_PACE) - self._pace) / STEPS
            self._pace = max(self._pace, LEAST_PACE)
            self._left(waited_s, False)
        self._last = now

    def gone(self, waited_s: float) -> None:
        """A caller has hung up after waiting."""
        self._left(waited_s, True)

    def _left(self, waited_s: float, hung_up: bool) -> None:
        fade = 1 - 1 / LEFT
        self._waited = self._waited * fade + waited_s
        self._gone = self._gone * fade + hung_up

    def expected(self, position: int, agents: int) -> Expected | None:
        """Return the wait at a place (1 = next) while everybody is busy; None when nobody is at work."""
        if agents <= 0 or position <= 0:
            return None
        service = agents / (self.handling_s * self._pace)
        hang_up = self._gone / self._waited if self._waited > 0 else 0.0
        mean = variance = 0.0
        for ahead in range(min(position, _FAR)):
            step = 1 / (service + ahead * hang_up)
            mean += step
            variance += step * step
        if position > _FAR:
            further = 1 / (service + _FAR * hang_up)
            mean += (position - _FAR) * further
            variance += (position - _FAR) * further * further
        return _percentiles(mean, variance + (UNSURE * mean) ** 2)


def _percentiles(mean: float, variance: float) -> Expected:
    """Return those of the gamma distribution with this mean and variance (Wilson and Hilferty 1931)."""
    shape = mean * mean / variance
    root = 1 / (9 * shape)

    def at(z: float) -> float:
        return mean * max(1 - root + z * math.sqrt(root), 0.0) ** 3

    return Expected(mean, at(0.0), at(_P90))
