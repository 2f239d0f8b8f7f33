"""How fast a queue moves: the mean time between two answers while calls wait, and the wait to be expected; pure."""

from dataclasses import dataclass

WEIGHT = 0.1
"""Of the newest interval in the mean: some twenty answers make it."""


@dataclass(slots=True)
class Pace:
    """An exponentially weighted mean of the intervals between decisions for calls that had waited."""

    interval_s: float | None = None
    last: float | None = None

    def decided(self, since: float, now: float) -> None:
        """Note that a call which waited since `since` is answered now; one that had not to wait says nothing."""
        if since < now:
            taken = now - since if self.last is None else now - max(self.last, since)
            self.interval_s = taken if self.interval_s is None else self.interval_s + WEIGHT * (taken - self.interval_s)
        self.last = now

    def expected_s(self, position: int) -> float | None:
        """Return the wait to be expected at this place (1 = next), None while nothing is known."""
        return None if self.interval_s is None else self.interval_s * position
