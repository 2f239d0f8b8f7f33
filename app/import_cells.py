"""Reads typed values out of the cells of a CSV row; whatever is wrong names column, value, why and cure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from core.clock import YEARS
from core.errors import BadInput
from core.phone import normalise

T = TypeVar("T")
LIST_SEPARATORS = re.compile(r"[;；、|]")
YES = frozenset({"1", "yes", "true", "y", "是"})
NO = frozenset({"", "0", "no", "false", "n", "否"})
_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_MONTH = re.compile(r"([0-9]{4})[-/.]?([0-9]{1,2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(Z|[+-][0-9]{2}:?[0-9]{2})?")


class BadCell(BadInput):
    """A cell of the file cannot be used."""

    code = "bad_cell"

    def __init__(self, column: str, value: str, why: str, cure: str) -> None:
        super().__init__(f"{column} = {value[:60]!r}: {why}; {cure}")
        self.column, self.value, self.why, self.cure = column, value, why, cure
        self.others: tuple[BadCell, ...] = ()
        """What else is wrong in the same row."""


def read_all(*reads: Callable[[], object]) -> None:
    """Read cells to find every fault at once. Raises the first BadCell with the `others`."""
    faults = []
    for read in reads:
        try:
            read()
        except BadCell as error:
            faults.append(error)
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: its `line` (from 1, the header included) and its cells by column."""

    line: int
    cells: Mapping[str, str]

    def raw(self, column: str) -> str:
        """The trimmed cell; empty when the file has no such column."""
        return self.cells.get(column, "").strip()

    def bad(self, column: str, why: str, cure: str) -> BadCell:
        """Return the error for a cell."""
        return BadCell(column, self.raw(column), why, cure)

    def text(self, column: str, longest: int, *, optional: bool = False) -> str:
        """Words of 1 to `longest` characters without control characters."""
        value = self.raw(column)
        if not value and not optional:
            raise self.bad(column, "it is empty", "every row needs it")
        if len(value) > longest:
            raise self.bad(column, f"it has {len(value)} characters", f"write at most {longest}")
        if any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in value):
            raise self.bad(column, "it holds a control character", "remove line breaks and invisible characters")
        return value

    def matching(self, column: str, pattern: re.Pattern[str], cure: str) -> str:
        """A value that fits `pattern` as a whole."""
        value = self.text(column, 200)
        if not pattern.fullmatch(value):
            raise self.bad(column, "it has another form", cure)
        return value

    def digits(self, column: str, length: int) -> str:
        """Exactly `length` ASCII digits."""
        cure = f"write exactly {length} digits; in a spreadsheet, format the column as text"
        return self.matching(column, re.compile(rf"[0-9]{{{length}}}"), cure)

    def flag(self, column: str) -> bool:
        """Yes or no; empty is no."""
        value = self.raw(column).lower()
        if value in YES or value in NO:
            return value in YES
        raise self.bad(column, "it is neither yes nor no", "write yes or no (是, 否, 1, 0)")

    def choice(self, column: str, known: Mapping[str, T], default: T | None = None) -> T:
        """One of the words of `known`; an empty cell gives `default`, when there is one."""
        value = self.raw(column)
        if not value and default is not None:
            return default
        if value not in known:
            raise self.bad(column, "it is none of the known values", f"write one of: {', '.join(known)}")
        return known[value]

    def number(self, column: str, decimals: int) -> Decimal:
        """A number from 0 below 10^9 with at most `decimals` decimals."""
        return amount(self.raw(column), decimals, lambda why, cure: self.bad(column, why, cure))

    def amount_or_none(self, column: str) -> Decimal | None:
        """Yuan with at most two decimals; None for an empty cell."""
        return self.number(column, 2) if self.raw(column) else None

    def month(self, column: str) -> date:
        """The first day of a month written 2026-10, 2026/10 or 202610."""
        cure = "write year and month like 2026-10"
        if not (found := _MONTH.fullmatch(self.raw(column))):
            raise self.bad(column, "it is not a month", cure)
        return self._date(column, int(found[1]), int(found[2]), 1, cure)

    def day(self, column: str) -> date:
        """A date written 2026-10-31 or 2026/10/31."""
        cure = "write year, month and day like 2026-10-31"
        if not (found := _DAY.fullmatch(self.raw(column))):
            raise self.bad(column, "it is not a date", cure)
        return self._date(column, int(found[1]), int(found[2]), int(found[3]), cure)

    def _date(self, column: str, year: int, month: int, day: int, cure: str) -> date:
        try:
            found = date(year, month, day)
        except ValueError:
            raise self.bad(column, "there is no such date", cure) from None
        if year not in YEARS:
            raise self.bad(column, "the year cannot be meant", f"write a year from {YEARS[0]} to {YEARS[-1]}")
        return found

    def moment(self, column: str, zone: ZoneInfo) -> datetime:
        """A date and time of day (2026-11-22 08:30, ISO 8601); without offset in `zone`; 24:00 ends the day."""
        cure = "write date and time like 2026-11-22 08:30"
        day, _, clock = self.raw(column).replace("T", " ").partition(" ")
        found = _DAY.fullmatch(day)
        hours = _TIME.fullmatch(clock.strip())
        if not found or not hours:
            raise self.bad(column, "it is not a date with a time of day", cure)
        start = self._date(column, int(found[1]), int(found[2]), int(found[3]), cure)
        ending = (int(hours[1]), int(hours[2]), int(hours[3] or 0)) == (24, 0, 0)
        try:
            at = time(0) if ending else time(int(hours[1]), int(hours[2]), int(hours[3] or 0))
            offset = datetime.fromisoformat(f"2000-01-01T00:00{hours[4]}").tzinfo if hours[4] else zone
        except ValueError:
            raise self.bad(column, "there is no such time of day", cure) from None
        return datetime.combine(start + timedelta(days=ending), at, offset)

    def listed(self, column: str) -> tuple[str, ...]:
        """The values of a cell, separated by a semicolon (or ； 、 |)."""
        self.text(column, 2000, optional=True)
        return tuple(part for value in LIST_SEPARATORS.split(self.raw(column)) if (part := value.strip()))

    def phones(self, column: str) -> tuple[str, ...]:
        """Telephone numbers, each brought to the one form of `core.phone`."""
        found = [normalise(part) for part in self.listed(column)]
        for phone in found:
            if not phone.known:
                raise self.bad(column, f"{phone.raw!r} is no telephone number", "write digits, several parted by ;")
        return tuple(dict.fromkeys(phone.number for phone in found))


def amount(text: str, decimals: int, bad: Callable[[str, str], BadCell]) -> Decimal:
    """Read a number from 0 below 10^9; `bad(why, cure)` makes the error."""
    if not re.fullmatch(rf"[0-9]{{1,9}}(?:\.[0-9]{{1,{decimals}}})?", text, re.ASCII):
        raise bad("it is not a number of this form", f"write digits with at most {decimals} decimals, like 156.41")
    return Decimal(text)
