"""Reads numbers, money, energy, dates and times aloud in Mandarin, as the words a caller hears.

Sources: [seed] the rules of the hotline's domain notes on reading numbers aloud, whose public sources
agree on 幺 for telephone digits, 两 before measure words, one 零 for a run of zeros and years read digit by
digit; GB/T 15835-2011 for the forms of Chinese numerals. Every function is pure.
"""

import datetime as dt
from decimal import Decimal

from core.errors import BadInput

DIGITS = "零一二三四五六七八九"
PAUSE = "，"
_PLACES = ("", "十", "百", "千")
_SECTIONS = ("", "万", "亿", "万亿")
_LIMIT = 10**16
_PERIODS = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))


def digits(text: str, *, yao: bool = True) -> str:
    """Telephone, account, meter and work-order numbers, digit by digit with short pauses.

    1 is 幺 unless `yao` is false (sources disagree beyond three digits, hence the switch), 2 is 二, 0 is 零.
    Mobile numbers fall into 3-4-4, other numbers of more than five digits into fours. Spaces and hyphens of
    the written form are skipped. Raises BadInput when anything else than ASCII digits is left.
    """
    plain = text.replace(" ", "").replace("-", "")
    if not plain or not plain.isascii() or not plain.isdigit():
        raise BadInput("a number read digit by digit may hold only the digits 0-9", length=len(plain))
    return PAUSE.join("".join(_digit(mark, yao) for mark in group) for group in _groups(plain))


def letters_and_digits(text: str, *, yao: bool = True) -> str:
    """A number that also holds Latin letters (work orders, meters): letters stay for the voice to spell."""
    plain = text.replace(" ", "").replace("-", "").upper()
    if not plain or not plain.isascii() or not plain.isalnum():
        raise BadInput("only Latin letters and the digits 0-9 can be spelt", length=len(plain))
    return PAUSE.join(
        "".join(_digit(mark, yao) if mark.isdigit() else mark for mark in group) for group in _groups(plain)
    )


def cardinal(n: int) -> str:
    """A whole number below 10^16 in words: one 零 for a run of zeros (10101 一万零一百零一), 两 before 千, 万, 亿.

    10-19 begin with 十 only when they stand first (十五, but 一百一十五). Raises BadInput beyond the limit.
    """
    if n < 0:
        return "负" + cardinal(-n)
    if n >= _LIMIT:
        raise BadInput("the number is too large to be read aloud", limit=_LIMIT)
    if n == 0:
        return DIGITS[0]
    words = _sections(n)
    return words[1:] if words.startswith("一十") else words


def count(n: int, measure: str) -> str:
    """A number with its measure word: bare 2 is 两 (两户, 两次), 二 inside a compound (十二户, 二十五次)."""
    if abs(n) == 2:
        return ("负" if n < 0 else "") + "两" + measure
    return cardinal(n) + measure


def ordinal(n: int) -> str:
    """第 with a whole number; 2 stays 二 (第二)."""
    return "第" + ("二" if n == 2 else cardinal(n))


def money(amount: Decimal) -> str:
    """An amount in yuan as 元, 角 and 分 (40118.86 四万零一百一十八元八角六分, 1.05 一元零五分, 0.05 五分).

    Raises BadInput when the amount is not a finite number of whole fen.
    """
    fen = _scaled(amount, 2, "yuan")
    sign, fen = ("负" if fen < 0 else ""), abs(fen)
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    if not yuan and (jiao or rest):
        return sign + _small_money(jiao, rest, alone=True)
    return sign + count(yuan, "元") + _small_money(jiao, rest, alone=False)


def energy(kwh: Decimal, *, unit: str = "度") -> str:
    """Energy in kWh, called 度 (or 千瓦时) in speech; decimals digit by digit after 点 (286.5 二百八十六点五度)."""
    return _measured(kwh, unit)


def price(yuan_per_kwh: Decimal) -> str:
    """A price in yuan per kWh: 0.5469 每度零点五四六九元."""
    return "每度" + _measured(yuan_per_kwh, "元")


def decimal(number: Decimal) -> str:
    """A number with decimals digit by digit after 点; trailing zeros are not read."""
    whole, _, fraction = format(abs(_finite(number)), "f").partition(".")
    fraction = fraction.rstrip("0")
    words = cardinal(int(whole)) + ("点" + "".join(_digit(mark, False) for mark in fraction) if fraction else "")
    return ("负" if number < 0 and words != DIGITS[0] else "") + words


def percent(share: Decimal) -> str:
    """A share given in per cent: 3.5 百分之三点五."""
    return ("负" if share < 0 else "") + "百分之" + decimal(abs(share))


def year(y: int) -> str:
    """A year digit by digit, never 幺: 2026 二零二六年."""
    return "".join(_digit(mark, False) for mark in str(y)) + "年"


def month(y: int, m: int) -> str:
    """A month with its year: 二零二六年十月. Raises BadInput when there is no such month."""
    if not 1 <= m <= 12:
        raise BadInput("a month is a number from 1 to 12", month=m)
    return year(y) + cardinal(m) + "月"


def date(d: dt.date, *, with_year: bool = True) -> str:
    """A date: the year digit by digit, month and day as numbers, 一 never 幺 (二零二六年十一月二十二日)."""
    return (year(d.year) if with_year else "") + f"{cardinal(d.month)}月{cardinal(d.day)}日"


def day(d: dt.date, *, today: dt.date) -> str:
    """今天, 明天, 后天 or 昨天 where that is the day meant, else month and day, with the year when it differs."""
    near = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}.get((d - today).days)
    return near or date(d, with_year=d.year != today.year)


def clock_time(t: dt.time, *, period: bool = False) -> str:
    """A time of day on the 24-hour clock (两点零五分, 十四点三十分); `period`: on the 12-hour one (下午两点三十分)."""
    hour = t.hour
    word = ""
    if period:
        word = next(name for end, name in _PERIODS if hour < end)
        hour = hour - 12 if hour > 12 else hour
    minutes = "" if t.minute == 0 else _minutes(t.minute)
    return word + count(hour, "点") + minutes


def span(start: dt.datetime, end: dt.datetime, *, today: dt.date) -> str:
    """A span of time in words; an end at midnight is 二十四点 of the day before (今天零点至二十四点)."""
    if end <= start:
        raise BadInput("a span of time ends after it begins")
    last, until = _ending(end)
    begin = day(start.date(), today=today) + clock_time(start.time())
    return f"{begin}至{until}" if last == start.date() else f"{begin}至{day(last, today=today)}{until}"


def ending(at: dt.datetime, *, today: dt.date) -> str:
    """The end of a span of time in words: 今天十四点; midnight is 二十四点 of the day before."""
    last, until = _ending(at)
    return day(last, today=today) + until


def _ending(at: dt.datetime) -> tuple[dt.date, str]:
    if at.time() == dt.time(0):
        return at.date() - dt.timedelta(days=1), "二十四点"
    return at.date(), clock_time(at.time())


def waiting(seconds: float) -> str:
    """A waiting time rounded up to whole minutes: 大约三分钟; half a minute or less is 不到一分钟."""
    minutes = -(-int(seconds) // 60)
    return "不到一分钟" if seconds <= 30 else f"大约{count(max(minutes, 1), '分钟')}"


def _minutes(minute: int) -> str:
    return ("零" if minute < 10 else "") + cardinal(minute) + "分"


def _digit(mark: str, yao: bool) -> str:
    return "幺" if yao and mark == "1" else DIGITS[int(mark)]


def _groups(plain: str) -> list[str]:
    if len(plain) <= 5:
        return [plain]
    if len(plain) == 11 and plain.startswith("1"):
        return [plain[:3], plain[3:7], plain[7:]]
    return [plain[at : at + 4] for at in range(0, len(plain), 4)]


def _sections(n: int) -> str:
    """Sections of four digits; a 零 joins a section to one that does not fill its thousands."""
    words = ""
    for place in range(len(_SECTIONS) - 1, -1, -1):
        section = n // 10 ** (4 * place) % 10**4
        if not section:
            continue
        head = "零" if words and section < 1000 else ""
        body = "两" if section == 2 and place else _section(section)
        words += head + body + _section_name(n, place)
    return words


def _section_name(n: int, place: int) -> str:
    """万亿 is said as 万 when the 亿 section below is spoken, so that 亿 is said once."""
    return "万" if place == 3 and n // 10**8 % 10**4 else _SECTIONS[place]


def _section(section: int) -> str:
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = section // 10**place % 10
        if not digit:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _PLACES[place]
        gap = False
    return words


def _small_money(jiao: int, fen: int, *, alone: bool) -> str:
    two = "两" if alone else "二"
    words = (two if jiao == 2 else DIGITS[jiao]) + "角" if jiao else ""
    if fen:
        words += "零" if not jiao and not alone else ""
        words += (two if fen == 2 and not jiao else DIGITS[fen]) + "分"
    return words


def _measured(number: Decimal, unit: str) -> str:
    _finite(number)
    return count(int(number), unit) if number == int(number) else decimal(number) + unit


def _scaled(amount: Decimal, places: int, unit: str) -> int:
    scaled = _finite(amount) * 10**places
    if scaled != int(scaled):
        raise BadInput(f"an amount of {unit} has at most {places} decimals")
    return int(scaled)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise BadInput("only finite numbers can be read aloud")
    return number
