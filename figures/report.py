"""A report: counts summed by group, and the figures that can be computed of each sum."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

from figures.asking import NO_SKILL, TIMES, Asked, Group
from figures.cells import Counts, Key, add
from figures.formulas import Variant
from figures.model import AWAY, Snapshot
from figures.stays import Ending
from figures.symbols import SYMBOLS, Scope
from figures.terms import Terms


@dataclass(frozen=True, slots=True)
class Row:
    """One group: `label` has a value for each group asked for, `counts` what is known of it, `figures` by variant."""

    label: tuple[str, ...]
    counts: Counts
    figures: dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a range as of a moment; `broken` laws and `reconciled` books stand in its head."""

    terms: Terms
    zone: ZoneInfo
    as_of: datetime
    groups: tuple[Group, ...]
    variants: tuple[Variant, ...]
    rows: tuple[Row, ...]
    total: Row
    endings: tuple[tuple[Ending, int], ...]
    broken: tuple[str, ...]
    reconciled: int
    agent: str | None = None

    @property
    def rows_add_up(self) -> bool:
        """Whether nothing is in two rows; by skill a contact that needs several is in several."""
        return Group.SKILL not in self.groups


def symbols_of(groups: Iterable[Group], agent: str | None = None) -> list[str]:
    """Return the symbols that have a meaning where figures are told apart by `groups`, or are those of one agent."""
    groups, without = set(groups), set()
    if groups & {Group.QUEUE, Group.SKILL}:
        without |= {Scope.CALL, Scope.PRESENCE}
    if Group.AGENT in groups or agent is not None:
        without |= {Scope.CALL, Scope.CONTACT}
    return [symbol.id for symbol in SYMBOLS.values() if symbol.scope not in without]


def make(asked: Asked, counted: Snapshot, resolved: Sequence[tuple[Key, bool]], terms: Terms, zone: ZoneInfo) -> Report:
    """Return the report that was asked for; `resolved`: which contacts had no repeat."""
    cells = [(key, counts) for key, counts in counted.cells if asked.agent in (None, key.agent)]
    cells += [(key, _once(once)) for key, once in resolved if asked.agent in (None, key.agent)]
    own = asked.agent is not None
    return Report(
        terms,
        zone,
        counted.as_of,
        asked.groups,
        asked.variants,
        tuple(_rows(asked, cells, zone)),
        _row((), _sum(counts for _, counts in cells), symbols_of((), asked.agent), asked.variants),
        () if own else counted.endings,
        (f"{len(counted.broken)} laws do not hold",) if own and counted.broken else counted.broken,
        0 if own else counted.reconciled,
        asked.agent,
    )


def _once(once: bool) -> Counts:
    return {"Y": 1, "Y_1": 1} if once else {"Y": 1}


def _rows(asked: Asked, cells: Sequence[tuple[Key, Counts]], zone: ZoneInfo) -> list[Row]:
    of: defaultdict[tuple[str, ...], list[Counts]] = defaultdict(list)
    began: dict[tuple[str, ...], datetime] = {}
    for key, counts in cells:
        for label in product(*(_labels(group, key, zone) for group in asked.groups)):
            of[label].append(counts)
            began[label] = min(began.get(label, key.slot), key.slot)

    def order(label: tuple[str, ...]) -> tuple[tuple[str, ...], datetime, tuple[str, ...]]:
        # An hour that the clock shows twice has two labels, and the one that sorts first came last.
        return (
            tuple(part for part, group in zip(label, asked.groups, strict=True) if group not in TIMES),
            began[label],
            label,
        )

    symbols = symbols_of(asked.groups, asked.agent)
    rows = (_row(label, _sum(of[label]), symbols, asked.variants) for label in sorted(of, key=order))
    return [row for row in rows if row.counts.keys() - {"LOGGED_OUT"}]


def _labels(group: Group, key: Key, zone: ZoneInfo) -> Sequence[str]:
    """Return the rows of a group to which a cell belongs: none, one, or of skills as many as it needs."""
    if group is Group.SKILL:
        return key.skills or ((NO_SKILL,) if key.queue else ())
    if group in TIMES:
        return (_time(group, key, zone),)
    name = key.queue if group is Group.QUEUE else key.agent
    return (name,) if name else ()


def _time(group: Group, key: Key, zone: ZoneInfo) -> str:
    local = key.slot.astimezone(zone)
    if group is Group.DAY:
        return local.date().isoformat()
    return (local if group is Group.HALF_HOUR else local.replace(minute=0, second=0)).isoformat(timespec="minutes")


def _sum(parts: Iterable[Counts]) -> Counts:
    whole: Counts = {}
    for counts in parts:
        add(whole, counts)
    return whole


def _row(label: tuple[str, ...], counts: Counts, symbols: Sequence[str], variants: Sequence[Variant]) -> Row:
    known = {symbol: counts[symbol] for symbol in symbols if counts.get(symbol)}
    if "NOT_READY" in symbols:
        known |= {symbol: counts[symbol] for symbol in sorted(counts) if symbol.startswith(AWAY)}
    there = set(symbols)
    figures = {one.id: one.value(known) if there.issuperset(one.symbols) else None for one in variants}
    return Row(label, known, figures)
