"""Reads numbers, money, energy, dates and times aloud in English, as the words a caller in China hears.

Money is yuan with two decimals, digit by digit after the point, as every payment app shows it: jiao and fen are
words of Chinese, and a caller writes down or types what is said. Every function is pure; every word is one that
the voice knows (`tests/speech/test_english_figures.py`).
"""

import datetime as dt
from decimal import Decimal

from core.errors import BadInput

# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_LIMIT = 10**12
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_PERIODS = ((12, "in the morning"), (18, "in the afternoon"), (24, "in the evening"))
_GROUP = 4


def digits(text: str) -> str:
    """Account and work-order numbers digit by digit, in fours with short pauses. Raises BadInput for anything else."""
    plain = text.replace(" ", "").replace("-", "")
    if not plain or not plain.isascii() or not plain.isdigit():
        raise BadInput("a number read digit by digit may hold only the digits 0-9", length=len(plain))
    size = len(plain) if len(plain) <= _GROUP + 1 else _GROUP
    groups = (plain[at : at + size] for at in range(0, len(plain), size))
    return ", ".join(" ".join(_ONES[int(mark)] for mark in group) for group in groups)


def cardinal(n: int) -> str:
    """A whole number below 10^12 in words: 286 two hundred and eighty six. Raises BadInput beyond the limit."""
    if n < 0:
        return "minus " + cardinal(-n)
    if n >= _LIMIT:
        raise BadInput("the number is too large to be read aloud", limit=_LIMIT)
    parts = []
    for size, name in _SCALES:
        if n >= size:
            parts.append(f"{_below_thousand(n // size)} {name}")
            n %= size
    if n or not parts:
        parts.append(f"and {_below_thousand(n)}" if parts and n < 100 else _below_thousand(n))
    return " ".join(parts)


def ordinal(n: int) -> str:
    """A place in a row: 22 twenty second."""
    *before, last = cardinal(n).split()
    if last not in _ORDINALS:
        last = last[:-1] + "ieth" if last.endswith("y") else last.removesuffix("t") + "th"
    return " ".join([*before, _ORDINALS.get(last, last)])


def decimal(number: Decimal) -> str:
    """A number with its decimals digit by digit: 0.5469 zero point five four six nine."""
    if not number.is_finite():
        raise BadInput("only finite numbers can be read aloud")
    whole, _, fraction = format(abs(number.normalize()), "f").partition(".")
    said = cardinal(int(whole))
    if fraction:
        said += " point " + " ".join(_ONES[int(mark)] for mark in fraction)
    return f"minus {said}" if number < 0 else said


def money(amount: Decimal) -> str:
    """An amount in yuan: 156.41 … point four one yuan, 0.40 zero point four zero yuan, 100 one hundred yuan.

    Raises BadInput when the amount is not a finite number of whole fen.
    """
    if not amount.is_finite() or amount * 100 != int(amount * 100):
        raise BadInput("an amount of yuan has at most 2 decimals")
    said = decimal(amount)
    fen = int(abs(amount) * 100) % 100
    return f"{said}{' zero' if fen and fen % 10 == 0 else ''} yuan"


def energy(kwh: Decimal) -> str:
    """Energy: 286.5 two hundred and eighty six point five kilowatt hours."""
    return f"{decimal(kwh)} kilowatt {'hour' if kwh == 1 else 'hours'}"


def price(yuan_per_kwh: Decimal) -> str:
    """A price in yuan for one kilowatt hour."""
    return f"{decimal(yuan_per_kwh)} yuan for each kilowatt hour"


def count(n: int, one: str) -> str:
    """A number with its noun: 1 one day, 5 five days."""
    return f"{cardinal(n)} {one}" + ("" if n == 1 else "s")


def month(period: dt.date, *, today: dt.date) -> str:
    """A month, with its year when that is not this one: October, December twenty twenty five."""
    return _MONTHS[period.month - 1] + (f" {_year(period.year)}" if period.year != today.year else "")


def day(d: dt.date, *, today: dt.date) -> str:
    """Yesterday, today or tomorrow where that is the day meant, else November seventeenth, with a year that differs."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((d - today).days)
    year = f", {_year(d.year)}" if d.year != today.year else ""
    return near or f"{_MONTHS[d.month - 1]} {ordinal(d.day)}{year}"


def clock_time(t: dt.time) -> str:
    """A time of day with its part of the day, which a bare twelve-hour clock would leave open: two thirty in the…"""
    if t.minute == 0 and t.hour in (0, 12):
        return "noon" if t.hour else "midnight"
    part = next(name for end, name in _PERIODS if t.hour < end)
    hour = _ONES[t.hour % 12 or 12]
    if t.minute == 0:
        return f"{hour} {part}"
    return f"{hour} {'oh ' if t.minute < 10 else ''}{cardinal(t.minute)} {part}"


def moment(at: dt.datetime, *, today: dt.date) -> str:
    """A time on a day: six in the evening today, noon on November seventeenth.

    Midnight is the end of the day before, so that nobody takes it for the night after.
    """
    if at.time() == dt.time(0):
        return f"the end of {day(at.date() - dt.timedelta(days=1), today=today)}"
    said = day(at.date(), today=today)
    return f"{clock_time(at.time())} {said if said[0].islower() else f'on {said}'}"


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        words.append(("and " if hundreds else "") + _below_hundred(rest))
    return " ".join(words)


def _below_hundred(n: int) -> str:
    if n < len(_ONES):
        return _ONES[n]
    tens, ones = divmod(n, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def _year(y: int) -> str:
    """A year in pairs: 2026 twenty twenty six, 2006 two thousand and six."""
    century, rest = divmod(y, 100)
    return cardinal(y) if rest < 10 else f"{_below_hundred(century)} {_below_hundred(rest)}"
