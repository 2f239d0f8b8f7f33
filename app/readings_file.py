"""Readings and terms out of CSV files, as supplies that bills are reckoned of; a bad row spoils its account only."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from app import import_file
from app.import_cells import BadCell, Row
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    Capacity,
    Change,
    Dial,
    Household,
    Kind,
    LossMethod,
    Meter,
    People,
    Point,
    Register,
    Supply,
    Transformer,
)

ACCOUNT = re.compile(r"[0-9]{6,20}")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,8})?")
KINDS = {**{one.value: one for one in Kind}, "实表": Kind.REAL, "定量": Kind.FIXED, "定比": Kind.RATIO}
REGISTERS = {
    **{one.value: one for one in Register},
    **{"总": Register.TOTAL, "尖": Register.SHARP, "峰": Register.PEAK, "平": Register.FLAT, "谷": Register.VALLEY},
    **{"正向无功": Register.REACTIVE, "反向无功": Register.REVERSE_REACTIVE, "需量": Register.DEMAND},
}
BASICS = {one.value: one for one in BasicKind}
METHODS = {one.value: one for one in LossMethod}
WHAT = {"": "reading"} | {
    one: one for one in ("reading", "removed", "change", "before_meter", "after_meter", "adjustment")
}


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file, with the Chinese header accepted for each."""

    columns: Mapping[str, str]
    required: tuple[str, ...]


TERMS = Table(
    {
        "account": "户号", "point": "计量点", "tariff": "电价",
        "kind": "类型", "quantity": "定量定比值", "parents": "上级",
        "region": "地区", "power_factor": "力率标准", "people": "人口", "since": "立户日期", "poor": "低保",
        "basic": "基本电费方式", "capacity_kva": "容量", "contract_kw": "合同需量", "loss": "变损方式",
        "transformer_kva": "变压器容量", "no_load_kw": "空载损耗", "load_kw": "负载损耗", "no_load_current": "空载电流",
        "impedance": "阻抗电压", "agreed_loss": "协议有功变损", "agreed_reactive_loss": "协议无功变损",
    },
    ("account", "point", "tariff"),
)  # fmt: skip
READINGS = Table(
    {
        "account": "户号", "period": "月份", "from": "起始日期", "until": "终止日期", "months": "月数",
        "point": "计量点", "what": "内容", "register": "示数类型", "before": "上期表码", "after": "本期表码",
        "pt": "PT倍率", "ct": "CT倍率",
        "digits": "位数", "value": "数值", "cause": "原因", "estimated": "估抄",
    },
    ("account", "period", "from", "until", "point"),
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


@dataclass(slots=True)
class _Draft:
    """What the rows of an account and month have told so far."""

    first: Row
    since: date
    until: date
    months: int
    estimated: bool = False
    dials: dict[str, list[Dial]] = field(default_factory=dict)
    removed: dict[str, list[Dial]] = field(default_factory=dict)
    ratios: dict[tuple[str, bool], tuple[Decimal | None, Decimal | None, int | None]] = field(default_factory=dict)
    changes: dict[str, dict[str, list[Change]]] = field(default_factory=dict)
    adjustments: list[Adjustment] = field(default_factory=list)


def read(terms: Path, readings: Path, encoding: str = "auto") -> tuple[list[Supply], list[Problem]]:
    """Return the supply of each account and month, and what is wrong with other rows. Raises UnusableFile."""
    problems: list[Problem] = []
    known = _terms(terms, encoding, problems)
    drafts: dict[tuple[str, date], _Draft] = {}
    spoiled: set[tuple[str, date]] = set()
    for row in _rows(readings, READINGS, encoding, problems):
        try:
            key = (row.matching("account", ACCOUNT, "write 6 to 20 digits"), row.month("period"))
        except BadCell as error:
            problems.append(Problem(str(readings), row.line, error.message))
            continue
        try:
            _add(drafts, key, row)
        except BadCell as error:
            problems.append(Problem(str(readings), row.line, f"account {key[0]}, {key[1]:%Y-%m}: {error.message}"))
            spoiled.add(key)
    out = []
    for key, draft in drafts.items():
        if key in spoiled:
            continue
        try:
            out.append(_supply(key, draft, known))
        except BadCell as error:
            problems.append(Problem(str(readings), draft.first.line, error.message))
    return out, problems


def _rows(file: Path, table: Table, encoding: str, problems: list[Problem]) -> Iterator[Row]:
    chosen = import_file.detect(file) if encoding == "auto" else encoding
    for row in import_file.rows(file, table, chosen):
        if isinstance(row, tuple):
            problems.append(Problem(str(file), *row))
        else:
            yield row


def _number(row: Row, column: str) -> Decimal:
    text = row.raw(column)
    if not NUMBER.fullmatch(text):
        raise row.bad(column, "it is not a number of this form", "write digits with at most 8 decimals, like 1130.6")
    return Decimal(text)


def _maybe(row: Row, column: str) -> Decimal | None:
    return _number(row, column) if row.raw(column) else None


def _terms(file: Path, encoding: str, problems: list[Problem]) -> dict[str, Terms]:
    found: dict[str, Terms] = {}
    for row in _rows(file, TERMS, encoding, problems):
        try:
            account = row.matching("account", ACCOUNT, "write 6 to 20 digits")
            point = _point(row)
            whole = _whole(row)
        except BadCell as error:
            problems.append(Problem(str(file), row.line, error.message))
            continue
        own = found.setdefault(account, Terms())
        own.points[point.id] = point
        own.whole.update(whole)
    return found


def _point(row: Row) -> Point:
    return Point(
        id=row.matching("point", NAME, "write 1 to 32 letters, digits, - _ or ."),
        tariff=row.text("tariff", 60),
        kind=row.choice("kind", KINDS, Kind.REAL),
        quantity=_maybe(row, "quantity"),
        parents=row.listed("parents"),
    )


def _whole(row: Row) -> dict[str, object]:
    """What a row tells of the account as a whole; the first point usually tells it."""
    told: dict[str, object] = {}
    if row.raw("region"):
        told["region"] = row.text("region", 60)
    if row.raw("power_factor"):
        told["power_factor"] = _number(row, "power_factor").quantize(Decimal("0.01"))
    if row.raw("loss"):
        told["transformer"] = _transformer(row)
    if row.raw("basic"):
        kva = _maybe(row, "capacity_kva")
        capacities = (Capacity(kva),) if kva is not None else ()
        told["basic"] = Basic(row.choice("basic", BASICS), capacities, _maybe(row, "contract_kw"))
    if row.raw("people") or row.raw("since") or row.raw("poor"):
        people = (People(date(2000, 1, 1), int(_number(row, "people"))),) if row.raw("people") else ()
        since = row.day("since") if row.raw("since") else None
        told["household"] = Household(since, people, row.flag("poor"))
    return told


def _transformer(row: Row) -> Transformer:
    return Transformer(
        method=row.choice("loss", METHODS),
        capacity=_maybe(row, "transformer_kva"),
        no_load=_maybe(row, "no_load_kw"),
        load=_maybe(row, "load_kw"),
        no_load_current=_maybe(row, "no_load_current"),
        impedance=_maybe(row, "impedance"),
        agreed_active=_maybe(row, "agreed_loss"),
        agreed_reactive=_maybe(row, "agreed_reactive_loss") or Decimal(0),
    )


def _add(drafts: dict[tuple[str, date], _Draft], key: tuple[str, date], row: Row) -> None:
    draft = drafts.get(key)
    if draft is None:
        months = int(_number(row, "months")) if row.raw("months") else 1
        draft = drafts[key] = _Draft(row, row.day("from"), row.day("until"), months)
    draft.estimated = draft.estimated or row.flag("estimated")
    point = row.matching("point", NAME, "write the point of the terms file")
    what = row.choice("what", WHAT, "reading")
    if what in ("reading", "removed"):
        _add_dial(draft, point, row, removed=what == "removed")
    elif what == "adjustment":
        draft.adjustments.append(Adjustment(_number(row, "value"), row.raw("cause")))
    else:
        register = row.choice("register", REGISTERS, Register.TOTAL)
        change = Change(_number(row, "value"), row.raw("cause"), register)
        draft.changes.setdefault(point, {}).setdefault(what, []).append(change)


def _add_dial(draft: _Draft, point: str, row: Row, *, removed: bool) -> None:
    register = row.choice("register", REGISTERS, Register.TOTAL)
    of = draft.removed if removed else draft.dials
    own = of.setdefault(point, [])
    if any(dial.register is register for dial in own):
        raise row.bad("register", "it is there twice", "give each register of a point once")
    before = _maybe(row, "before") if register is Register.DEMAND else _number(row, "before")
    own.append(Dial(register, before or Decimal(0), _number(row, "after")))
    digits = int(_number(row, "digits")) if row.raw("digits") else None
    if digits is not None and not 1 <= digits <= 12:
        raise row.bad("digits", "no meter has so many", "write the digits before the point, 1 to 12")
    told = (_maybe(row, "pt"), _maybe(row, "ct"), digits)
    known = draft.ratios.get((point, removed), (None, None, None))
    draft.ratios[point, removed] = (known[0] or told[0], known[1] or told[1], known[2] or told[2])


def _supply(key: tuple[str, date], draft: _Draft, known: Mapping[str, Terms]) -> Supply:
    account, period = key
    terms = known.get(account)
    if terms is None:
        raise draft.first.bad("account", "the terms file has no such account", "add its points and their tariffs")
    told = {*draft.dials, *draft.removed, *draft.changes}
    if strange := sorted(told - set(terms.points)):
        raise draft.first.bad("point", f"account {account} has no point {strange[0]!r} in the terms file", "add it")
    points = tuple(_with_readings(point, draft) for point in terms.points.values())
    supply = Supply(
        account, period, draft.since, draft.until, points, months=draft.months, estimated=draft.estimated,
        adjustments=tuple(draft.adjustments),
    )  # fmt: skip
    return replace(supply, **terms.whole)  # type: ignore[arg-type]


def _with_readings(point: Point, draft: _Draft) -> Point:
    changes = {what: tuple(found) for what, found in draft.changes.get(point.id, {}).items()}
    told = replace(
        point,
        changes=changes.get("change", ()),
        before_meter=changes.get("before_meter", ()),
        after_meter=changes.get("after_meter", ()),
    )
    if point.id not in draft.dials:
        return told
    removed = None
    if point.id in draft.removed:
        removed = Meter(f"{point.id}-removed", tuple(draft.removed[point.id]), *draft.ratios[point.id, True])
    return replace(told, meter=Meter(point.id, tuple(draft.dials[point.id]), *draft.ratios[point.id, False], removed))
