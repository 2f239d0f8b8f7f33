"""The answer to "why so much this month?" in two or three written sentences that an agent can read out."""

from calendar import month_name
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.billing.comparison import Comparison
from desk.billing.explanation import Explained
from desk.billing.model import Bill
from desk.billing.reckoning import Reckoned
from desk.billing.step_words import Language, name, plain
from desk.billing.steps import Step

CAUSES_TOLD = 3
"""Causes in the answer; the page shows all."""
USE = ("compare.kwh", "compare.days")
LEFT_OUT = ("compare.rounding", "compare.late_fee")
"""Nobody asks about the rounding, and the late fee is told by itself."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The pieces of the answer in one language; figures go into the braces."""

    head: str
    beside: str
    same: str
    more: str
    less: str
    mainly: str
    between: str
    stop: str
    use: str
    days: str
    tier: str
    factor: str
    none: str
    year: str
    fee: str
    partly: str
    differs: str
    refused: str
    estimated: str
    unread: str


_ZH = _Words(
    head="{month}月用电{kwh}度，电费{yuan}元。",
    beside="比上月（{kwh}度，{yuan}元）{change}。",
    same="与上月相同",
    more="多{yuan}元",
    less="少{yuan}元",
    mainly="主要原因：{causes}。",
    between="；",
    stop="",
    use="用电{more}{kwh}度",
    days="（计费天数{more}{days}天，约占{yuan}元）",
    tier="第{tier}档电价",
    factor="功率因数由{before}变为{now}",
    none="没有上月的账单可以比较。",
    year="比去年同月{change}。",
    fee="另有违约金{yuan}元。",
    partly="这张账单还欠{yuan}元。",
    differs="按抄表数据核算是{kwh}度、{yuan}元，与已出账单不一致：请先不要解释原因，登记核查账单。",
    refused="这张账单按现有的抄表数据算不出来，请先核实抄表数据。",
    estimated="本月是估抄，以实际抄表为准。",
    unread="没有这个户号的抄表数据，只能按已出账单说明。",
)
_EN = _Words(
    head="In {month}, {kwh} kWh cost {yuan} yuan. ",
    beside="That is {change} the month before ({kwh} kWh, {yuan} yuan). ",
    same="the same as",
    more="{yuan} yuan more than",
    less="{yuan} yuan less than",
    mainly="Mainly: {causes}. ",
    between="; ",
    stop=" ",
    use="{kwh} kWh {more}",
    days=" (days billed: {days} {more}, about {yuan} yuan)",
    tier="the price of tier {tier}",
    factor="power factor {before} became {now}",
    none="There is no bill of the month before to compare. ",
    year="It is {change} the same month of last year. ",
    fee="A late fee of {yuan} yuan comes on top. ",
    partly="Of this bill {yuan} yuan are still to be paid. ",
    differs="By the readings it is {kwh} kWh and {yuan} yuan, not as issued: give no reasons, have it checked.",
    refused="This bill cannot be reckoned from the readings that are there: have the readings checked first.",
    estimated="This month is an estimate; the next reading will correct it. ",
    unread="There are no readings of this account; this is told by the issued bills. ",
)
_WORDS: dict[Language, _Words] = {"zh-CN": _ZH, "en": _EN}


def answer(found: Explained, before: Bill | None, language: Language) -> str:
    """Return why a bill is what it is; `before`: the bill issued for the month before."""
    words = _WORDS[language]
    bill = found.bill
    if bill is None:
        return words.refused
    if found.issued is not None and found.differences:
        issued = _head(words, found.issued.period, found.issued.usage, found.issued.amount)
        return (issued + words.differs.format(kwh=plain(bill.used.value), yuan=bill.amount.value)).strip()
    told = _head(words, bill.supply.period, bill.used.value, bill.amount.value)
    if found.last_month is not None:
        told += _compared(words, found.last_month, language)
    elif before is not None:
        told += _beside(words, bill.used.value, bill.amount.value, before)
    else:
        told += words.none
    if found.last_year is not None:
        told += words.year.format(change=_change(words, bill.amount.value - found.last_year.before.amount.value))
    return (told + _rest(words, found)).strip()


def answer_by_issued(bill: Bill, before: Bill | None, language: Language) -> str:
    """Return what can be said without readings: the issued bill beside the one of the month before."""
    words = _WORDS[language]
    told = _head(words, bill.period, bill.usage, bill.amount)
    told += _beside(words, bill.usage, bill.amount, before) if before else words.none
    if bill.estimated:
        told += words.estimated
    return (told + _open(words, bill) + words.unread).strip()


def _head(words: _Words, period: date, kwh: Decimal, yuan: Decimal) -> str:
    month = month_name[period.month] if words is _EN else str(period.month)
    return words.head.format(month=month, kwh=plain(kwh), yuan=yuan)


def _rest(words: _Words, found: Explained) -> str:
    told = words.estimated if found.supply.estimated else ""
    told += _open(words, found.issued)
    return told + (words.fee.format(yuan=found.late_fee.value) if found.late_fee is not None else "")


def _open(words: _Words, issued: Bill | None) -> str:
    """What the books have left open of a bill, where that is not the whole of it."""
    if issued is None or not issued.booked or issued.open == issued.amount or not issued.open:
        return ""
    return words.partly.format(yuan=issued.open)


def _beside(words: _Words, kwh: Decimal, yuan: Decimal, before: Bill) -> str:
    change = _change(words, yuan - before.amount)
    told = words.beside.format(kwh=plain(before.usage), yuan=before.amount, change=change)
    more = kwh - before.usage
    used = words.use.format(kwh=plain(abs(more)), more=_more(words, more))
    return told + (words.mainly.format(causes=used) if more and yuan != before.amount else "")


def _change(words: _Words, yuan: Decimal) -> str:
    if not yuan:
        return words.same
    return (words.more if yuan > 0 else words.less).format(yuan=abs(yuan))


def _more(words: _Words, value: Decimal) -> str:
    if words is _EN:
        return "more" if value > 0 else "less"
    return "多" if value > 0 else "少"


def _compared(words: _Words, found: Comparison, language: Language) -> str:
    before = found.before
    head = words.beside.format(
        kwh=plain(before.used.value),
        yuan=before.amount.value,
        change=_change(words, found.now.amount.value - before.amount.value),
    )
    told = [(cause, yuan) for cause, yuan in _causes(words, found, language) if yuan]
    told.sort(key=lambda one: abs(one[1]), reverse=True)
    causes = words.between.join(f"{cause}，{_yuan(words, yuan)}" for cause, yuan in told[:CAUSES_TOLD])
    if words is _EN:
        causes = causes.replace("，", ", ")
    return head + (words.mainly.format(causes=causes) if causes else "")


def _yuan(words: _Words, yuan: Decimal) -> str:
    if words is _EN:
        return f"{yuan:+} yuan"
    return (words.more if yuan > 0 else words.less).format(yuan=abs(yuan))


def _causes(words: _Words, found: Comparison, language: Language) -> Iterator[tuple[str, Decimal]]:
    """Yield each cause in words with its yuan; more days are a part of more use."""
    used = [one for one in found.causes if one.key in USE]
    if used:
        yield _use(words, found, used), sum((one.value for one in used), Decimal(0))
    for one in found.causes:
        if one.key not in (*USE, *LEFT_OUT):
            yield _cause(words, found, one, language), one.value


def _use(words: _Words, found: Comparison, used: list[Step]) -> str:
    more = found.now.used.value - found.before.used.value
    told = words.use.format(kwh=plain(abs(more)), more=_more(words, more))
    days = _days(found.now) - _days(found.before)
    of_days = next((one.value for one in used if one.key == "compare.days"), None)
    if not days or of_days is None or (of_days > 0) != (more > 0):
        # More days are no part of less use: "16 kWh less, of which 5 yuan for a day more" nobody understands.
        return told
    return told + words.days.format(days=abs(days), more=_more(words, Decimal(days)), yuan=abs(of_days))


def _cause(words: _Words, found: Comparison, one: Step, language: Language) -> str:
    if one.key == "compare.tier":
        return words.tier.format(tier=max(_tiers(found.now), _tiers(found.before)))
    if one.key == "compare.power_factor":
        before, now = found.before.power_factor, found.now.power_factor
        if before is not None and now is not None:
            return words.factor.format(before=before.value, now=now.value)
    return name(one, language)


def _tiers(bill: Reckoned) -> int:
    return max((int(line.of) for line in bill.lines if line.of.isdigit()), default=1)


def _days(bill: Reckoned) -> int:
    return (bill.supply.until - bill.supply.since).days
