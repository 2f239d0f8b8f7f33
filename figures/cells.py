"""Where counts are kept: one cell for each half hour, queue and agent; a figure of anything is a sum of cells."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple


class Key(NamedTuple):
    """What a cell is about; an empty `queue` or `agent` stands for what belongs to none."""

    slot: datetime
    """When the half hour began, in UTC."""
    queue: str
    agent: str


Counts = dict[str, int]
"""A number for each symbol; times in whole microseconds."""


class Cells:
    """The counts of all cells."""

    def __init__(self) -> None:
        self._counts: defaultdict[Key, Counts] = defaultdict(dict)
        self._of_queue: defaultdict[str, Counts] = defaultdict(dict)

    def add(self, key: Key, symbol: str, number: int = 1) -> None:
        """Count `number` more of `symbol`."""
        counts, whole = self._counts[key], self._of_queue[key.queue]
        counts[symbol] = counts.get(symbol, 0) + number
        whole[symbol] = whole.get(symbol, 0) + number

    def of_queue(self, queue: str) -> Counts:
        """Return what is counted of a queue in all cells."""
        return dict(self._of_queue.get(queue, {}))

    def copy(self) -> "Cells":
        """Return cells that can be counted on without touching these."""
        other = Cells()
        for key, counts in self._counts.items():
            other._counts[key] = dict(counts)
        for queue, counts in self._of_queue.items():
            other._of_queue[queue] = dict(counts)
        return other

    def items(self) -> list[tuple[Key, Counts]]:
        """Return every cell with what is in it, in the order of their keys; what is zero is left out."""
        kept = ((key, {s: n for s, n in sorted(counts.items()) if n}) for key, counts in self._counts.items())
        return sorted((key, counts) for key, counts in kept if counts)
