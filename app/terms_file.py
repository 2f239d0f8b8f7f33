"""Terms of supply out of a CSV file: points, tariffs and what else bills go by; a bad row spoils its account only."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from app import import_file
from app.import_cells import BadCell, Row
from desk.billing.explanation import REGION
from desk.billing.supply import (
    Basic,
    BasicKind,
    Capacity,
    DayCount,
    Household,
    Kind,
    LossMethod,
    People,
    Point,
    Transformer,
)

ACCOUNT = re.compile(r"[0-9]{6,20}")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,8})?")
KINDS = {**{one.value: one for one in Kind}, "实表": Kind.REAL, "定量": Kind.FIXED, "定比": Kind.RATIO}
BASICS = {one.value: one for one in BasicKind}
METHODS = {one.value: one for one in LossMethod}
PEOPLE = re.compile(r"([0-9]{1,3})(?:@([0-9]{4}-[0-9]{2}-[0-9]{2}))?")
CAPACITY = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,4})?)(?:@([0-9]{4}-[0-9]{2}-[0-9]{2})?(?:/([0-9]{4}-[0-9]{2}-[0-9]{2}))?)?"
    r"(?: (actual|zero|half|full))?( suspended)?"
)
ALWAYS = date(2000, 1, 1)
HOURS = Decimal(720)
"""A month of 30 days."""
COLUMN_OF = {
    "region": "region",
    "power_factor": "power_factor",
    "transformer": "loss",
    "basic": "basic",
    "household": "people",
}
"""The column that is named where two rows of an account disagree."""


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file, with the Chinese header accepted for each."""

    columns: Mapping[str, str]
    required: tuple[str, ...]
    manual: str = "docs/reference/billing.md"
    """Where its columns are explained."""


TERMS = Table(
    {
        "account": "户号", "point": "计量点", "tariff": "电价",
        "kind": "类型", "quantity": "定量定比值", "parents": "上级",
        "region": "地区", "power_factor": "力率标准", "people": "人口", "since": "立户日期", "poor": "低保",
        "basic": "基本电费方式", "capacity_kva": "容量", "contract_kw": "合同需量", "loss": "变损方式",
        "transformer_kva": "变压器容量", "transformer_hours": "运行小时",
        "no_load_kw": "空载损耗", "load_kw": "负载损耗", "no_load_current": "空载电流",
        "impedance": "阻抗电压", "agreed_loss": "协议有功变损", "agreed_reactive_loss": "协议无功变损",
    },
    ("account", "point", "tariff"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line of a file, in words that say where and how to cure it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(slots=True)
class Terms:
    """The terms of an account: its points without readings, and what holds for the whole."""

    points: dict[str, Point] = field(default_factory=dict)
    whole: dict[str, object] = field(default_factory=dict)
    spoilt: bool = False
    lines: dict[str, int] = field(default_factory=dict)
    """Where each point stands in the file."""


def read_terms(file: Path, encoding: str, problems: list[Problem]) -> dict[str, Terms]:
    """Return the terms of each account, and add what is wrong to `problems`; a bad row spoils its account."""
    found: dict[str, Terms] = {}
    for row in rows_of(file, TERMS, encoding, problems):
        try:
            own = found.setdefault(row.matching("account", ACCOUNT, "write 6 to 20 digits"), Terms())
        except BadCell as error:
            problems.append(Problem(str(file), row.line, error.message))
            continue
        try:
            _read_row(row, own)
        except BadCell as error:
            own.spoilt = True
            problems.append(Problem(str(file), row.line, error.message))
    return found


def _read_row(row: Row, own: Terms) -> None:
    point = _point(row)
    if point.id in own.points:
        raise row.bad("point", "it is there twice", "give each point of an account one row")
    for name, value in _whole(row).items():
        if own.whole.setdefault(name, value) != value:
            raise row.bad(COLUMN_OF[name], "another row of the account says otherwise", "say it in one row")
    own.points[point.id], own.lines[point.id] = point, row.line


def _point(row: Row) -> Point:
    return Point(
        id=row.matching("point", NAME, "write 1 to 32 letters, digits, - _ or ."),
        tariff=row.text("tariff", 60),
        kind=row.choice("kind", KINDS, Kind.REAL),
        quantity=maybe(row, "quantity"),
        parents=row.listed("parents"),
    )


def _whole(row: Row) -> dict[str, object]:
    """What a row tells of the account as a whole; the first point usually tells it."""
    told: dict[str, object] = {}
    if row.raw("region"):
        told["region"] = row.matching("region", REGION, "write the name of a region's tariffs")
    if row.raw("power_factor"):
        told["power_factor"] = row.number("power_factor", 2)
    if row.raw("loss"):
        told["transformer"] = _transformer(row)
    if row.raw("basic"):
        told["basic"] = Basic(row.choice("basic", BASICS), _capacities(row), maybe(row, "contract_kw"))
    if row.raw("people") or row.raw("since") or row.raw("poor"):
        since = row.day("since") if row.raw("since") else None
        told["household"] = Household(since, _people(row), row.flag("poor"))
    return told


def _people(row: Row) -> tuple[People, ...]:
    """How many live there: `3`, or with days from which on: `3;5@2026-07-01`."""
    found = []
    for told in row.listed("people"):
        parts = PEOPLE.fullmatch(told)
        if parts is None or not int(parts[1]):
            raise row.bad("people", "it is not a number of people", "write 3, or 3;5@2026-07-01 for 5 from a day on")
        found.append(People(_day(row, "people", parts[2]) or ALWAYS, int(parts[1])))
    if len({one.since for one in found}) < len(found):
        raise row.bad("people", "it tells two numbers from the same day on", "give one for each day: 3;5@2026-07-01")
    return tuple(found)


def _capacities(row: Row) -> tuple[Capacity, ...]:
    """The kVA in service: `630`, or several with days, day-count and whether laid off.

    `630@/2026-10-11; 1000@2026-10-11 half; 200 suspended`.
    """
    found = []
    for told in row.listed("capacity_kva"):
        parts = CAPACITY.fullmatch(told)
        if parts is None:
            raise row.bad("capacity_kva", "it is no capacity", "write kVA, or KVA@FROM/UNTIL with a day-count (half …)")
        since, until = (_day(row, "capacity_kva", parts[at]) for at in (2, 3))
        count = DayCount(parts[4]) if parts[4] else DayCount.ACTUAL
        found.append(Capacity(Decimal(parts[1]), since, until, count, bool(parts[5])))
    return tuple(found)


def _day(row: Row, column: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise row.bad(column, f"{text} is no day", "write a day like 2026-07-01") from None


def _transformer(row: Row) -> Transformer:
    hours = maybe(row, "transformer_hours")
    return Transformer(
        method=row.choice("loss", METHODS),
        capacity=maybe(row, "transformer_kva"),
        no_load=maybe(row, "no_load_kw"),
        load=maybe(row, "load_kw"),
        no_load_current=maybe(row, "no_load_current"),
        impedance=maybe(row, "impedance"),
        hours=HOURS if hours is None else hours,
        agreed_active=maybe(row, "agreed_loss"),
        agreed_reactive=maybe(row, "agreed_reactive_loss") or Decimal(0),
    )


def rows_of(file: Path, table: Table, encoding: str, problems: list[Problem]) -> Iterator[Row]:
    """Yield the rows of a file, and add those that cannot be read to `problems`."""
    chosen = import_file.detect(file) if encoding == "auto" else encoding
    for row in import_file.rows(file, table, chosen):
        if isinstance(row, tuple):
            problems.append(Problem(str(file), *row))
        else:
            yield row


def number(row: Row, column: str) -> Decimal:
    """A number of up to 12 digits with up to 8 decimals. Raises BadCell."""
    text = row.raw(column)
    if not NUMBER.fullmatch(text):
        raise row.bad(column, "it is not a number of this form", "write digits with at most 8 decimals, like 1130.6")
    return Decimal(text)


def maybe(row: Row, column: str) -> Decimal | None:
    """The same; None for an empty cell."""
    return number(row, column) if row.raw(column) else None
