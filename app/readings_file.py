"""Readings and terms out of CSV files, as supplies that bills are reckoned of; a bad row spoils its account only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.import_cells import BadCell, Row
from app.terms_file import ACCOUNT, NAME, Problem, Table, Terms, maybe, number, read_terms, rows_of
from desk.billing.reckoning import MONTHS_MOST
from desk.billing.supply import (
    Adjustment,
    Change,
    Dial,
    Meter,
    Point,
    Register,
    Supply,
)

T = TypeVar("T")
WHOLE = re.compile(r"[0-9]{1,4}")
CAUSE_LENGTH = 200
REGISTERS = {
    **{one.value: one for one in Register},
    **{"总": Register.TOTAL, "尖": Register.SHARP, "峰": Register.PEAK, "平": Register.FLAT, "谷": Register.VALLEY},
    **{"正向无功": Register.REACTIVE, "反向无功": Register.REVERSE_REACTIVE, "需量": Register.DEMAND},
}
WHAT = {"": "reading"} | {
    one: one for one in ("reading", "removed", "change", "before_meter", "after_meter", "adjustment")
}


READINGS = Table(
    {
        "account": "户号", "period": "月份", "from": "起始日期", "until": "终止日期", "months": "月数",
        "point": "计量点", "what": "内容", "register": "示数类型", "before": "上期表码", "after": "本期表码",
        "pt": "PT倍率", "ct": "CT倍率",
        "digits": "位数", "value": "数值", "cause": "原因", "estimated": "估抄",
    },
    ("account", "period", "from", "until", "point"),
)  # fmt: skip


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


class Files(NamedTuple):
    """What a file of readings and one of terms tell.

    `lines`: the first line of the readings of an account and month.
    """

    supplies: list[Supply]
    problems: list[Problem]
    lines: dict[tuple[str, date], int]
    terms: dict[str, Terms]


def read(terms: Path, readings: Path, encoding: str = "auto") -> Files:
    """Return the supply of each account and month, and what is wrong with other rows. Raises UnusableFile."""
    problems: list[Problem] = []
    known = read_terms(terms, encoding, problems)
    drafts: dict[tuple[str, date], _Draft] = {}
    spoiled: set[tuple[str, date]] = set()
    for row in rows_of(readings, READINGS, encoding, problems):
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
    lines = {key: draft.first.line for key, draft in drafts.items()}
    return Files(_apart(out, readings, lines, problems), problems, lines, known)


def _apart(
    found: list[Supply], file: Path, lines: Mapping[tuple[str, date], int], problems: list[Problem]
) -> list[Supply]:
    """Leave out bills of an account whose days overlap: the same energy would be billed twice."""
    last: dict[str, Supply] = {}
    bad: set[tuple[str, date]] = set()
    for one in sorted(found, key=lambda supply: (supply.account, supply.since)):
        before = last.get(one.account)
        if before is not None and one.since < before.until:
            said = f"its days overlap those of {before.period:%Y-%m} (until {before.until})"
            what = f"account {one.account}, {one.period:%Y-%m}: {said}; correct `from` or `until`"
            problems.append(Problem(str(file), lines[one.account, one.period], what))
            bad |= {(one.account, one.period), (before.account, before.period)}
        last[one.account] = one
    return [one for one in found if (one.account, one.period) not in bad]


def _add(drafts: dict[tuple[str, date], _Draft], key: tuple[str, date], row: Row) -> None:
    draft = drafts.get(key)
    if draft is None:
        draft = drafts[key] = _Draft(row, row.day("from"), row.day("until"), _months(row))
    for column, told in (("from", draft.since), ("until", draft.until)):
        if row.day(column) != told:
            raise row.bad(column, f"another row of this bill has {told}", "give the same days in all rows of a bill")
    if row.raw("months") and _months(row) != draft.months:
        raise row.bad("months", f"another row of this bill has {draft.months}", "give the same in all rows of a bill")
    draft.estimated = draft.estimated or row.flag("estimated")
    point = row.matching("point", NAME, "write the point of the terms file")
    what = row.choice("what", WHAT, "reading")
    if what in ("reading", "removed"):
        _add_dial(draft, point, row, removed=what == "removed")
    elif what == "adjustment":
        draft.adjustments.append(Adjustment(number(row, "value"), row.text("cause", CAUSE_LENGTH, optional=True)))
    else:
        register = row.choice("register", REGISTERS, Register.TOTAL)
        change = Change(number(row, "value"), row.text("cause", CAUSE_LENGTH, optional=True), register)
        draft.changes.setdefault(point, {}).setdefault(what, []).append(change)


def _months(row: Row) -> int:
    return _whole(row, "months", MONTHS_MOST, f"write the months since the last bill, 1 to {MONTHS_MOST}", 1)


def _whole(row: Row, column: str, most: int, cure: str, otherwise: int = 0) -> int:
    text = row.raw(column)
    if not text and otherwise:
        return otherwise
    if not WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise row.bad(column, "it is not a whole number within limits", cure)
    return int(text)


def _add_dial(draft: _Draft, point: str, row: Row, *, removed: bool) -> None:
    register = row.choice("register", REGISTERS, Register.TOTAL)
    of = draft.removed if removed else draft.dials
    own = of.setdefault(point, [])
    if any(dial.register is register for dial in own):
        raise row.bad("register", "it is there twice", "give each register of a point once")
    before = maybe(row, "before") if register is Register.DEMAND else number(row, "before")
    own.append(Dial(register, before or Decimal(0), number(row, "after")))
    digits = _whole(row, "digits", 12, "write the digits before the point, 1 to 12") if row.raw("digits") else None
    known = draft.ratios.get((point, removed), (None, None, None))
    pt = _same(row, "pt", known[0], maybe(row, "pt"))
    ct = _same(row, "ct", known[1], maybe(row, "ct"))
    draft.ratios[point, removed] = (pt, ct, _same(row, "digits", known[2], digits))


def _same(row: Row, column: str, before: T | None, now: T | None) -> T | None:
    """What rows of a meter tell of it, each of them or one."""
    if before is not None and now is not None and before != now:
        raise row.bad(column, f"another row of this meter has {before}", "give the same in all rows of a meter")
    return before if now is None else now


def _supply(key: tuple[str, date], draft: _Draft, known: Mapping[str, Terms]) -> Supply:
    account, period = key
    terms = known.get(account)
    if terms is None:
        raise draft.first.bad("account", "the terms file has no such account", "add its points and their tariffs")
    if terms.spoilt:
        raise draft.first.bad("account", "its rows in the terms file cannot be used", "correct them first")
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
