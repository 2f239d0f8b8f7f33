"""A report as text, CSV, XLSX or JSON."""

import csv
import json
import unicodedata
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

from figures.layout import Cell, Names, Pages, Table, lay_out
from figures.report import Report, Row

BOM = "\ufeff"
"""By it Excel takes a CSV file for UTF-8; without it Chinese is shown as something else."""
_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins so is a formula to spreadsheets [OWASP CSV injection]."""


def as_text(report: Report, names: Names, language: str) -> bytes:
    """Return the report for a terminal: the figures of a row below each other, which no terminal is too narrow for."""
    pages = lay_out(report, names, language)
    lines = [f"{name}: {value}" for name, value in pages.head]
    groups = len(report.groups)
    for row in pages.figures.rows:
        lines += ["", "== " + " · ".join(str(part) for part in row[:groups] if part)]
        pairs = [pair for pair in zip(pages.figures.heads[groups:], row[groups:], strict=True) if pair[1] is not None]
        wide = max(_width(head) for head, _ in pairs) if pairs else 0
        lines += [f"  {head}{' ' * (wide - _width(head))}  {_shown(cell):>12}" for head, cell in pairs]
    for table in (pages.endings, pages.formulas):
        lines += ["", *_columns(table)]
    return ("\n".join(lines) + "\n").encode()


def _columns(table: Table) -> list[str]:
    rows = [table.heads, *(tuple(_shown(cell) for cell in row) for row in table.rows)]
    wide = [max(_width(row[number]) for row in rows) for number in range(len(table.heads))]
    padded = (
        "  ".join(cell + " " * (most - _width(cell)) for cell, most in zip(row, wide, strict=True)) for row in rows
    )
    return [line.rstrip() for line in padded]


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _shown(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def as_csv(report: Report, names: Names, language: str) -> bytes:
    """Return the head, an empty line, and the figures as CSV for spreadsheets."""
    pages, out = lay_out(report, names, language), StringIO()
    writer = csv.writer(out)
    for pair in pages.head:
        writer.writerow([harmless(part) for part in pair])
    writer.writerow([])
    for row in (pages.figures.heads, *pages.figures.rows):
        writer.writerow(["" if cell is None else harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return (BOM + out.getvalue()).encode()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text


def as_xlsx(report: Report, names: Names, language: str) -> bytes:
    """Return a workbook: figures, how calls ended, formulas."""
    pages, out = lay_out(report, names, language), BytesIO()
    # Texts are never formulas or links; the moment of making stays out, so that equal reports are equal files.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": report.as_of.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        _figures_sheet(book.add_worksheet("KPI"), pages, bold)
        for name, table in (("endings", pages.endings), ("formulas", pages.formulas)):
            _put(book.add_worksheet(name), 0, table, bold)
    return out.getvalue()


def _figures_sheet(sheet: Any, pages: Pages, bold: Any) -> None:
    for number, (name, value) in enumerate(pages.head):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, value)
    first = len(pages.head) + 1
    _put(sheet, first, pages.figures, bold)
    sheet.freeze_panes(first + 1, 1)


def _put(sheet: Any, first: int, table: Table, bold: Any) -> None:
    for column, head in enumerate(table.heads):
        sheet.write_string(first, column, head, bold)
        sheet.set_column(column, column, min(max(_width(head) + 2, 10), 40))
    for number, row in enumerate(table.rows, first + 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write_number(number, column, float(cell))


def as_json(report: Report, names: Names, language: str) -> bytes:
    """Return the report for programs: symbols as counts or microseconds, figures as decimal strings by variant."""
    return json.dumps(to_data(report, names), ensure_ascii=False, indent=1).encode() + b"\n"


def to_data(report: Report, names: Names) -> dict[str, Any]:
    """Return the report as plain data, as the API gives it."""
    terms = report.terms

    def local(at: datetime) -> str:
        return at.astimezone(report.zone).isoformat()

    return {
        "from": local(terms.begin),
        "to": local(terms.end),
        "as_of": local(report.as_of),
        "timezone": report.zone.key,
        "threshold_s": terms.threshold.total_seconds(),
        "short_s": terms.short.total_seconds(),
        "repeat_days": terms.repeat.days,
        "groups": [str(group) for group in report.groups],
        "rows_add_up": report.rows_add_up,
        "laws_hold": not report.broken,
        "broken": list(report.broken),
        "reconciled": report.reconciled,
        "variants": [
            {"id": one.id, "name": one.en, "name_zh": one.zh, "formula": one.text, "unit": one.unit,
             "source": one.source, "switches": one.sets}
            for one in report.variants
        ],
        "rows": [_row(report, row, names) for row in report.rows],
        "total": _row(report, report.total, names),
        "endings": [{"by": one.by, "where": one.where, "why": one.why, "calls": n} for one, n in report.endings],
    }  # fmt: skip


def _row(report: Report, row: Row, names: Names) -> dict[str, Any]:
    pairs = list(zip(report.groups, row.label, strict=True)) if row.label else []
    return {
        "group": {str(group): value for group, value in pairs},
        "label": [names.of(group, value) for group, value in pairs],
        "counts": row.counts,
        "figures": {one: _decimal(value) for one, value in row.figures.items()},
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


FORMATS: dict[str, Callable[[Report, Names, str], bytes]] = {
    "text": as_text,
    "csv": as_csv,
    "xlsx": as_xlsx,
    "json": as_json,
}
