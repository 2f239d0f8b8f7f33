"""Brute force is slowed: so many failed sign-ins of a name or an address in a window, then it has to wait."""

from collections import OrderedDict, deque

from core.clock import Clock
from core.errors import Forbidden

REMEMBERED = 10_000
"""Names and addresses kept in mind; the longest untouched are forgotten first."""


class TooManyTries(Forbidden):
    """Too many failed sign-ins: wait and try again."""

    code = "too_many_tries"


class Attempts:
    """Counts tries of each name and failures of each address; only time and success take them back.

    An address may fail more often than a name, since a whole centre may come from one.
    """

    def __init__(self, clock: Clock, of_name: int, of_address: int, window_s: float) -> None:
        self._clock = clock
        self._of_name = of_name
        self._of_address = of_address
        self._window_s = window_s
        self._kept: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, username: str) -> None:
        """Count a try of this name before its outcome is known, so that tries side by side count too.

        Raises TooManyTries with `wait_s`, the seconds until the next try is heard.
        """
        times = self._heard(f"name {username[:64]}", self._of_name)
        times.append(self._clock.monotonic())

    def check(self, address: str) -> None:
        """Raise TooManyTries when the address failed too often."""
        self._heard(f"address {address[:64]}", self._of_address)

    def failed(self, address: str) -> None:
        """Count a failure of the address."""
        self._times(f"address {address[:64]}").append(self._clock.monotonic())

    def locked(self, username: str, address: str) -> tuple[str, ...]:
        """Return which of `name` and `address` are not heard now."""
        full = {
            "name": len(self._times(f"name {username[:64]}")) >= self._of_name,
            "address": len(self._times(f"address {address[:64]}")) >= self._of_address,
        }
        return tuple(what for what, is_full in full.items() if is_full)

    def succeeded(self, username: str) -> None:
        """Forget the tries of the name."""
        self._kept.pop(f"name {username[:64]}", None)

    def wait_s(self, username: str) -> float:
        """Return in how many seconds the next try of the name is heard; 0 when it is heard now."""
        if (key := f"name {username[:64]}") not in self._kept:
            return 0.0
        try:
            self._heard(key, self._of_name)
        except TooManyTries as error:
            wait: float = error.details["wait_s"]
            return wait
        return 0.0

    def _heard(self, key: str, limit: int) -> deque[float]:
        times, now = self._times(key), self._clock.monotonic()
        while times and times[0] <= now - self._window_s:
            times.popleft()
        if len(times) >= limit:
            raise TooManyTries(wait_s=round(times[0] + self._window_s - now, 1))
        return times

    def _times(self, key: str) -> deque[float]:
        times = self._kept.setdefault(key, deque())
        self._kept.move_to_end(key)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return times
