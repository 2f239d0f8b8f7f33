"""A report as tables of words and numbers: what every format of it shows, in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from figures.asking import Group
from figures.formulas import SECOND_US, Variant
from figures.model import AWAY
from figures.report import Report, Row, symbols_of
from figures.symbols import SYMBOLS

Cell = str | int | Decimal | None
TOTAL = {"zh": "合计", "en": "total"}
GROUPS = {
    Group.QUEUE: {"zh": "队列", "en": "queue"},
    Group.AGENT: {"zh": "坐席", "en": "agent"},
    Group.SKILL: {"zh": "技能", "en": "skill"},
    Group.DAY: {"zh": "日期", "en": "day"},
    Group.HOUR: {"zh": "小时", "en": "hour"},
    Group.HALF_HOUR: {"zh": "半小时", "en": "half hour"},
}
_HEAD = {
    "range": {"zh": "时段", "en": "range"},
    "as_of": {"zh": "截至", "en": "as of"},
    "terms": {"zh": "参数", "en": "terms"},
    "interval": {"zh": "归属", "en": "intervals"},
    "skills": {"zh": "技能归属", "en": "skills"},
    "law": {"zh": "守恒", "en": "laws"},
    "reconciled": {"zh": "对账修正", "en": "reconciled"},
}
_ENTRY = {
    "zh": "按进入排队的时刻归入时段；时长按钟表拆分",
    "en": "contacts by their entry to the queue; presence and clock times split",
}
_OVERLAP = {
    "zh": "需要多项技能的来电在每项技能各计一次：各行之和可大于合计；每项技能各自守恒",
    "en": "a contact that needs several is counted at each: rows may add up to more than the total; each keeps the law",
}
_NO_SKILL = {"zh": "无技能要求", "en": "no skill"}
_HOLDS = {
    "zh": "成立：O = A + B + F + C + W；各状态时长之和 = 钟表时长",
    "en": "hold: O = A + B + F + C + W; states add up to the clock",
}
_BROKEN = {"zh": "不成立，数据不可信", "en": "VIOLATED, do not trust these figures"}
_ENDINGS = {"zh": ("挂机方", "位置", "原因", "通话数"), "en": ("ended by", "where", "why", "calls")}
_FORMULAS = {"zh": ("编号", "名称", "公式", "单位", "来源"), "en": ("id", "name", "formula", "unit", "source")}
BROKEN_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Names:
    """How ids are shown: queues and skills by their names, agents by their user names."""

    queues: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    skills: Mapping[str, str] = field(default_factory=dict)

    def of(self, group: Group, value: str) -> str:
        """Return the name of what a row is about."""
        known = {Group.QUEUE: self.queues, Group.AGENT: self.agents, Group.SKILL: self.skills}.get(group, {})
        return known.get(value, value)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its `heads`, and rows of as many cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """A report for people: `head` in pairs, its figures, how calls ended, and the formulas of what is shown."""

    head: tuple[tuple[str, str], ...]
    figures: Table
    endings: Table
    formulas: Table


def no_skill(language: str) -> str:
    """Return what the row of contacts without a skill is called."""
    return _NO_SKILL[_tongue(language)]


def lay_out(report: Report, names: Names, language: str) -> Pages:
    """Return the report as tables in `language` (zh or en)."""
    tongue = _tongue(language)
    return Pages(
        _head(report, tongue),
        _figures(report, names, tongue),
        Table(_ENDINGS[tongue], tuple((one.by, one.where, one.why, number) for one, number in report.endings)),
        Table(_FORMULAS[tongue], tuple(_formula(one, tongue) for one in report.variants)),
    )


def _tongue(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"


def _head(report: Report, tongue: str) -> tuple[tuple[str, str], ...]:
    terms = report.terms
    begin, end, as_of = (_local(at, report) for at in (terms.begin, terms.end, report.as_of))
    given = (
        f"T = {terms.threshold.total_seconds():g} s, s = {terms.short.total_seconds():g} s, W = {terms.repeat.days} d"
    )
    law = _BROKEN[tongue] + f" ({len(report.broken)})" if report.broken else _HOLDS[tongue]
    values = {
        "range": f"[{begin}, {end}) {report.zone.key}",
        "as_of": as_of,
        "terms": given,
        "interval": _ENTRY[tongue],
        "skills": "" if report.rows_add_up else _OVERLAP[tongue],
        "law": law,
        "reconciled": str(report.reconciled),
    }
    head = [(_HEAD[name][tongue], value) for name, value in values.items() if value]
    return (*head, *((_HEAD["law"][tongue], one) for one in report.broken[:BROKEN_SHOWN]))


def _local(at: datetime, report: Report) -> str:
    return at.astimezone(report.zone).isoformat(timespec="minutes")


def _figures(report: Report, names: Names, tongue: str) -> Table:
    rows = (*report.rows, report.total)
    symbols, meant = _shown(rows), set(symbols_of(report.groups, report.agent))
    figures = [one for one in report.variants if any(row.figures[one.id] is not None for row in rows)]
    heads = (
        *(GROUPS[group][tongue] for group in report.groups),
        *(_symbol_head(symbol, tongue) for symbol in symbols),
        *(f"{one.zh if tongue == 'zh' else one.en} {one.id} ({one.unit})" for one in figures),
    )
    total = (TOTAL[tongue], *("" for _ in report.groups[1:]))
    labels = [tuple(names.of(*pair) for pair in zip(report.groups, row.label, strict=True)) for row in report.rows]
    cells = [
        (*label, *(_count(row, one, meant) for one in symbols), *(row.figures[one.id] for one in figures))
        for label, row in zip((*labels, total), rows, strict=True)
    ]
    return Table(heads, tuple(cells))


def _shown(rows: Sequence[Row]) -> list[str]:
    """Return the symbols that are counted anywhere, and what breaks there were."""
    there = {symbol for row in rows for symbol in row.counts}
    known = [symbol for symbol in SYMBOLS if symbol in there]
    return [*known, *sorted(symbol for symbol in there if symbol.startswith(AWAY))]


def _symbol_head(symbol: str, tongue: str) -> str:
    if symbol.startswith(AWAY):
        return f"{_symbol_head(AWAY[:-1], tongue)}: {symbol.removeprefix(AWAY)}"
    known = SYMBOLS[symbol]
    unit = " (s)" if known.timed else ""
    return f"{known.zh} {symbol}{unit}" if tongue == "zh" else f"{symbol}{unit}"


def _count(row: Row, symbol: str, meant: set[str]) -> Cell:
    """Return a count; None where the rows are told apart by what it does not belong to."""
    plain = AWAY[:-1] if symbol.startswith(AWAY) else symbol
    if row.label and plain not in meant:
        return None
    number = row.counts.get(symbol, 0)
    return (Decimal(number) / SECOND_US).quantize(Decimal("0.1")) if SYMBOLS[plain].timed else number


def _formula(variant: Variant, tongue: str) -> tuple[Cell, ...]:
    text = f"{variant.text} [{variant.sets}]" if variant.sets else variant.text
    return variant.id, variant.zh if tongue == "zh" else variant.en, text, variant.unit, variant.source
