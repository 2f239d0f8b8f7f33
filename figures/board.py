"""The wallboard's sums of today: everything, each queue and each skill, with the latest half hours; pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from figures.asking import Group
from figures.cells import Counts, Line, Skills, add
from figures.formulas import BY_ID, LIVE, USUAL
from figures.slots import Slots
from figures.symbols import SYMBOLS
from figures.terms import Terms

SHOWN = tuple(BY_ID[one] for one in (LIVE, USUAL, "CR-1", "ASA-1", "AB-1", "AHT-1"))
"""The figures of a row: the service level of this moment first."""
ALL = ""
Target = tuple[Group | None, str]
"""What a row is about: everything (None), a queue, or a skill."""
WHOLE: Target = (None, ALL)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contact that waits: in which queue, for which skills, since when."""

    queue: str
    skills: Skills
    since: datetime


@dataclass(frozen=True, slots=True)
class Stock:
    """What is counted of today at a moment, those who wait included; `strange`: what did not fit the books."""

    as_of: datetime
    terms: Terms
    lines: Mapping[Line, Counts]
    waiting: tuple[Waiting, ...]
    strange: int = 0

    @property
    def broken(self) -> int:
        """How many laws do not hold: events that did not fit, and lines in which somebody is missing."""
        missing = (counts.get("O", 0) - sum(counts.get(one, 0) for one in "ABFCW") for counts in self.lines.values())
        return self.strange + sum(1 for one in missing if one)


@dataclass(frozen=True, slots=True)
class Half:
    """A half hour from `begins` to `ends`: counts by symbol, figures by variant."""

    begins: datetime
    ends: datetime
    counts: Counts
    figures: dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Sums:
    """A row: today's counts and figures, all its half hours in order, who waits now and for how long the longest."""

    counts: Counts
    figures: dict[str, Decimal | None]
    halves: tuple[Half, ...]
    waiting: int
    longest_wait_s: float


def sums(stock: Stock, slots: Slots) -> dict[Target, Sums]:
    """Return a row for everything, for each queue and for each skill that had contacts today.

    A contact that needs two skills is in the rows of both.
    """
    of: defaultdict[Target, defaultdict[datetime, Counts]] = defaultdict(lambda: defaultdict(dict))
    for line, counts in stock.lines.items():
        for target in _targets(line.queue, line.skills):
            add(of[target][line.slot], counts)
    waits: defaultdict[Target, list[datetime]] = defaultdict(list)
    for one in stock.waiting:
        for target in _targets(one.queue, one.skills):
            waits[target].append(one.since)
    return {target: _row(stock, of.get(target, {}), waits.get(target, []), slots) for target in {WHOLE, *of, *waits}}


def _targets(queue: str, skills: Skills) -> Iterator[Target]:
    yield WHOLE
    if queue:
        yield Group.QUEUE, queue
        for skill in skills:
            yield Group.SKILL, skill


def _row(stock: Stock, of: Mapping[datetime, Counts], waits: list[datetime], slots: Slots) -> Sums:
    whole: Counts = {}
    for counts in of.values():
        add(whole, counts)
    halves = tuple(Half(slot, slots.end(slot), shown(counts), figures(counts)) for slot, counts in sorted(of.items()))
    longest = max(((stock.as_of - since).total_seconds() for since in waits), default=0.0)
    return Sums(shown(whole), figures(whole), halves, len(waits), max(longest, 0.0))


def shown(counts: Counts) -> Counts:
    """Return what a wallboard shows of counts: of contacts and calls; presence is what agents are in now."""
    return {symbol: counts[symbol] for symbol in _COUNTED if counts.get(symbol)}


_COUNTED = tuple(
    symbol for symbol in SYMBOLS if symbol in {name for one in SHOWN for name in one.symbols} | {*"NIZOABFCW", "M", "R"}
)


def figures(counts: Counts) -> dict[str, Decimal | None]:
    """Return the figures of a row by variant; None where nobody counts yet."""
    return {one.id: one.value(counts) for one in SHOWN}
