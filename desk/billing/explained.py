"""A reckoned bill as people read it: a tree for the agent, a text message for the customer."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from desk.billing.anomalies import Anomaly
from desk.billing.comparison import Comparison
from desk.billing.model import PARTS, Part
from desk.billing.reckoning import Reckoned
from desk.billing.step_words import Language, Row, name, plain, row, rows
from desk.billing.steps import Step

TAIL = 4
"""Digits of the account that a text message names."""
CAUSES_TOLD = 2
"""Causes that a text message or a sentence names; the agent sees all."""

LINES_TOLD = 6
"""Lines of a bill that a text message names, the largest: the outbox takes 500 characters."""


def tree(bill: Reckoned, language: Language) -> Iterator[Row]:
    """Yield every step of a bill, the amount first, each line with all that it was reckoned of."""
    yield from rows(bill.amount, language)


def text(bill: Reckoned, language: Language, *, deep: bool = True) -> str:
    """Return the bill as lines of text; with `deep` the whole tree, else its lines only."""
    told = tree(bill, language) if deep else iter([row(bill.amount, language), *lines(bill, language)])
    return "\n".join(line(one) for one in told)


def lines(bill: Reckoned, language: Language) -> list[Row]:
    """Return the lines of a bill as rows, without what lies below them."""
    return [row(one, language, 1) for one in bill.lines]


def line(one: Row) -> str:
    """Return a row as a line: number, name, formula, value with unit, how it was rounded, and the source."""
    head = f"{'  ' * one.depth}{f'({one.number}) ' if one.number else ''}{one.name}"
    if one.again and one.reckoning:
        return f"{head} = {one.value} {one.unit}  ↑({one.number})"
    how = f"{one.reckoning} = " if one.reckoning else ""
    notes = "; ".join(note for note in (one.rounding, one.source) if note)
    said = f"{head}: {how}{one.value} {one.unit}".rstrip()
    return f"{said}  [{notes}]" if notes else said


def causes(found: Comparison, language: Language) -> list[Row]:
    """Return the change and its causes, the largest first."""
    return [row(found.change, language), *(row(one, language, 1) for one in found.causes)]


def odd(found: Sequence[Anomaly], language: Language) -> list[str]:
    """Return each anomaly with its figures and the question to ask."""
    told = []
    for one in found:
        shown = one.figures(language)
        figures = f" ({', '.join(shown)})" if shown else ""
        told.append(f"{one.title(language)}{' ' + one.meter if one.meter else ''}{figures}: {one.question(language)}")
    return told


def message(bill: Reckoned, change: Comparison | None = None) -> str:
    """Return the bill as a text message in Chinese: no name, no address, the account by its last digits."""
    month = bill.supply.period
    head = f"尾号{bill.supply.account[-TAIL:]}的户号，{month.year}年{month.month}月用电{plain(bill.used.value)}度，"
    own, of = [one for one in bill.lines if one.value], ""
    if len(own) > LINES_TOLD:
        of = f"，共{len(own)}项，其中"
        own = sorted(own, key=lambda one: abs(one.value), reverse=True)[:LINES_TOLD]
    parts = "，".join(_brief(one) for one in own)
    told = f"{head}电费{bill.amount.value}元{of}" + (f"：{parts}" if parts else "")
    if change is None or not change.of_bills:
        return f"{told}。"
    more = f"{'多' if change.of_bills > 0 else '少'}{abs(change.of_bills)}元"
    why = "，".join(f"{name(one, 'zh-CN')}{_signed(one.value)}元" for one in change.causes_of_bills[:CAUSES_TOLD])
    return f"{told}。比上期{more}，其中{why}。"


def _brief(one: Step) -> str:
    if one.key == "charge.energy":
        kwh, price = one.inputs
        return f"{_part(one.of)}{plain(kwh.value)}度×{plain(price.value)}={one.value}元"
    return f"{name(one, 'zh-CN')}{one.value}元"


def _part(of: str) -> str:
    if of.isdigit():
        return f"第{of}档"
    return PARTS[Part(of)] if of else ""


def _signed(value: Decimal) -> str:
    return f"+{value}" if value > 0 else f"−{abs(value)}"
