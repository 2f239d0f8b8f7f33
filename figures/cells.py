"""Where counts are kept: a cell for each half hour, queue, agent and set of skills; a figure is a sum of cells."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

Skills = tuple[str, ...]
"""What a contact needed, all of it, in the order of the names."""


class Key(NamedTuple):
    """What a cell is about; an empty `queue` or `agent` stands for what belongs to none."""

    slot: datetime
    """When the half hour began, in UTC."""
    queue: str
    agent: str
    skills: Skills = ()


class Line(NamedTuple):
    """What callers wait in together: a queue, with the same needs, in a half hour."""

    slot: datetime
    queue: str
    skills: Skills


Counts = dict[str, int]
"""A number for each symbol; times in whole microseconds."""


def add(whole: Counts, more: Counts) -> None:
    """Add up counts in place."""
    for symbol, number in more.items():
        whole[symbol] = whole.get(symbol, 0) + number


class Cells:
    """The counts of all cells."""

    def __init__(self) -> None:
        self._counts: defaultdict[Key, Counts] = defaultdict(dict)
        self._lines: defaultdict[Line, Counts] = defaultdict(dict)

    def add(self, key: Key, symbol: str, number: int = 1) -> None:
        """Count `number` more of `symbol`."""
        counts, line = self._counts[key], self._lines[Line(key.slot, key.queue, key.skills)]
        counts[symbol] = counts.get(symbol, 0) + number
        line[symbol] = line.get(symbol, 0) + number

    def lines(self) -> Iterator[tuple[Line, Counts]]:
        """Yield what is counted of each line, whoever the agents were."""
        yield from self._lines.items()

    def copy(self) -> "Cells":
        """Return cells that can be counted on without touching these."""
        other = Cells()
        for key, counts in self._counts.items():
            other._counts[key] = dict(counts)
        for line, counts in self._lines.items():
            other._lines[line] = dict(counts)
        return other

    def items(self) -> list[tuple[Key, Counts]]:
        """Return every cell with what is in it, in the order of their keys; what is zero is left out."""
        kept = ((key, {s: n for s, n in sorted(counts.items()) if n}) for key, counts in self._counts.items())
        return sorted((key, counts) for key, counts in kept if counts)
