"""The numbered places at which callers are parked: which are free, so that no two calls get the same."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from core.errors import Conflict
from cti.model import Call


class NoParkingPlace(Conflict):
    """Every place for parked callers is taken: keep the caller on hold, or hand them on to a queue."""

    code = "no_parking_place"


class ParkingLot:
    """Tells which place is free, by the live calls themselves: there is nothing to keep in step with them."""

    def __init__(self) -> None:
        self.calls: Callable[[], Iterable[Call]] = tuple
        """Every live call."""
        self._promised: Counter[int] = Counter()

    @contextlib.contextmanager
    def place(self, first: int, places: int) -> Iterator[int]:
        """Promise the lowest free one of `places` from `first` on while open. Raises NoParkingPlace."""
        taken = {call.park_place for call in self.calls()} | {place for place, times in self._promised.items() if times}
        free = next((place for place in range(first, first + places) if place not in taken), None)
        if free is None:
            raise NoParkingPlace(places=places)
        with self.kept(free):
            yield free

    @contextlib.contextmanager
    def kept(self, place: int) -> Iterator[None]:
        """Give `place` to nobody else while open: its caller may come back to it."""
        self._promised[place] += 1
        try:
            yield
        finally:
            self._promised[place] -= 1

    def is_left(self, place: int) -> bool:
        """Tell whether a place that is `kept` is nobody else's."""
        return self._promised[place] <= 1 and all(call.park_place != place for call in self.calls())
