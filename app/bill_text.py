"""`hotline bill explain` as text: whose bill, its steps, late fee, changes and what is odd, each under its heading."""

from collections.abc import Iterator
from datetime import date, timedelta

from desk.billing import explained
from desk.billing.explanation import Explained
from desk.billing.reckoning import Reckoned
from desk.billing.step_words import Language, row, rows
from desk.billing.what_if import Effect

_WORDS = {
    "account": ("户号", "Account"),
    "late_fee": ("违约金（截至今天，不在应收电费内）", "Late fee as of today, not part of the bill"),
    "owed": ("截至今天还应缴", "Still to be paid as of today"),
    "month": ("与 {period} 相比（含违约金）", "Beside {period}, late fees counted"),
    "effect": (
        "截至{period}有抄表数据的{months}个月：现行{found.before}元，按这些条件{found.after}元\n"
        "相差{found.difference:+}元，按这样的十二个月计{found.yearly:+}元",
        "{months} with readings until {period}: {found.before} yuan, on these terms {found.after} yuan\n"
        "difference {found.difference:+} yuan, in twelve such months {found.yearly:+} yuan",
    ),
    "odd": ("异常，请询问客户", "Odd: ask the customer"),
    "differs": ("与已出账单不一致", "Not as issued"),
    "alone": (
        "没有上月和去年同月的抄表数据，不能比较。",
        "No readings of the month before nor of a year before: there is nothing to compare with.",
    ),
}


def text(found: Explained, bill: Reckoned, language: Language, *, deep: bool) -> str:
    """Return a bill as lines of text; with `deep` every step, else the lines of the bill only."""
    blocks = [_head(bill, language), explained.text(bill, language, deep=deep), *_late_fee(found, language, deep=deep)]
    changes = [change for change in (found.last_month, found.last_year) if change is not None]
    for change in changes:
        causes = [explained.line(one) for one in explained.causes(change, language)]
        heading = _word("month", language).format(period=f"{change.before.supply.period:%Y-%m}")
        blocks.append("\n".join([heading, *causes]))
    if not changes:
        blocks.append(_word("alone", language))
    for key, told in (
        ("odd", explained.odd(found.odd, language)),
        ("differs", [str(one) for one in found.differences]),
    ):
        if told:
            blocks.append("\n".join([_word(key, language), *(f"  {one}" for one in told)]))
    return "\n\n".join(blocks)


def effect(found: Effect, until: date, language: Language) -> str:
    """Return what other terms would have done to the months up to `until`."""
    counted = f"{found.months} month{'s' if found.months != 1 else ''}"
    months = counted if language == "en" else str(found.months)
    return _word("effect", language).format(found=found, months=months, period=f"{until:%Y-%m}")


def _word(key: str, language: Language) -> str:
    return _WORDS[key][language == "en"]


def _head(bill: Reckoned, language: Language) -> str:
    supply = bill.supply
    last = supply.until - timedelta(days=1)
    return f"{_word('account', language)} {supply.account}  {supply.period:%Y-%m} ({supply.since} – {last})"


def _late_fee(found: Explained, language: Language, *, deep: bool) -> Iterator[str]:
    if found.owed is not None and found.issued is not None and found.issued.booked:
        yield "\n".join([_word("owed", language), *(explained.line(one) for one in rows(found.owed.total, language))])
        return
    if found.late_fee is None:
        return
    told = rows(found.late_fee, language) if deep else [row(found.late_fee, language)]
    yield "\n".join([_word("late_fee", language), *(explained.line(one) for one in told)])
