"""The number reader: a table of examples from the domain notes, and an inverse parser as oracle."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from speech import mandarin

pytestmark = pytest.mark.unit

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}


def parsed(words: str) -> int:
    """Return the number that `words` say; an independent reading of the rules."""
    if words.startswith("负"):
        return -parsed(words[1:])
    for mark, size in (("亿", 10**8), ("万", 10**4)):
        head, found, tail = words.rpartition(mark)
        if found:
            return parsed(head) * size + parsed(tail)
    total, digit = 0, None
    for char in words:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total += (1 if digit is None else digit) * _PLACES[char]
            digit = None
    return total + (digit or 0)


def parsed_money(words: str) -> int:
    """Return the fen that `words` say."""
    sign, words = (-1, words[1:]) if words.startswith("负") else (1, words)
    fen = 0
    for mark, size in (("元", 100), ("角", 10), ("分", 1)):
        if mark in words:
            head, words = words.split(mark)
            fen += parsed(head) * size
    assert words == ""
    return sign * fen


CARDINALS = {
    0: "零", 2: "二", 10: "十", 12: "十二", 20: "二十", 100: "一百", 105: "一百零五", 110: "一百一十",
    115: "一百一十五", 200: "二百", 222: "二百二十二", 1001: "一千零一", 1010: "一千零一十",
    2000: "两千", 10101: "一万零一百零一",
    20000: "两万", 22000: "两万两千", 40118: "四万零一百一十八", 100010: "十万零一十", 105000: "十万五千",
    200000: "二十万", 220000: "二十二万", 100_000_001: "一亿零一", 200_000_000: "两亿", 100_010_000: "一亿零一万",
    1_200_000_012: "十二亿零一十二", 10**12: "一万亿", -15: "负十五",
}  # fmt: skip

MONEY = {
    "156.41": "一百五十六元四角一分", "100.00": "一百元", "40118.86": "四万零一百一十八元八角六分",
    "0.05": "五分", "0.20": "两角", "0.02": "两分", "0.22": "两角二分", "1.20": "一元二角", "1.05": "一元零五分",
    "2": "两元", "2.02": "两元零二分", "0": "零元", "-0.00": "零元", "-3.50": "负三元五角", "10.50": "十元五角",
    "327.60": "三百二十七元六角", "10101.01": "一万零一百零一元零一分", "200000000": "两亿元",
}  # fmt: skip


@pytest.mark.parametrize(("n", "words"), CARDINALS.items())
def test_whole_numbers_are_read_as_the_table_says(n: int, words: str) -> None:
    assert mandarin.cardinal(n) == words


@pytest.mark.parametrize(("amount", "words"), MONEY.items())
def test_money_is_read_as_the_table_says(amount: str, words: str) -> None:
    assert mandarin.money(Decimal(amount)) == words


@given(st.integers(-(10**16) + 1, 10**16 - 1))
def test_a_cardinal_means_its_number(n: int) -> None:
    words = mandarin.cardinal(n)
    assert parsed(words) == n
    assert "零零" not in words
    assert n == 0 or not words.endswith("零")
    assert "二千" not in words
    assert "两十" not in words
    assert "两百" not in words


@given(st.integers(0, 10**10))
def test_one_zero_is_said_for_each_run_inside_and_none_at_the_end_of_a_section(n: int) -> None:
    assert mandarin.cardinal(n).count("零") <= max(1, sum(mark == "0" for mark in str(n)))


@given(st.integers(-(10**11), 10**11))
def test_money_means_its_amount(fen: int) -> None:
    assert parsed_money(mandarin.money(Decimal(fen) / 100)) == fen


@given(st.integers(0, 10**6), st.integers(0, 999))
def test_energy_means_its_number(whole: int, thousandths: int) -> None:
    words = mandarin.energy(Decimal(whole) + Decimal(thousandths) / 1000)
    assert words.endswith("度")
    head, _, fraction = words[:-1].partition("点")
    assert parsed(head) == whole
    assert "".join(str(_DIGITS[char]) for char in fraction) == f"{thousandths:03}".rstrip("0")


@given(st.text("0123456789", min_size=1, max_size=30), st.booleans())
def test_digits_are_all_there_in_groups_of_at_most_five(number: str, yao: bool) -> None:
    words = mandarin.digits(number, yao=yao)
    assert all(len(group) <= 5 for group in words.split("，"))
    back = words.replace("，", "").translate(str.maketrans("零一二三四五六七八九幺", "01234567891"))
    assert back == number
    assert ("一" if yao else "幺") not in words
    assert "两" not in words


@given(st.dates())
def test_a_date_means_its_day(day: dt.date) -> None:
    words = mandarin.date(day)
    year, rest = words.split("年")
    month, rest = rest.split("月")
    assert "".join(str(_DIGITS[char]) for char in year) == str(day.year)
    assert (parsed(month), parsed(rest.removesuffix("日"))) == (day.month, day.day)
    assert "幺" not in words


@given(st.times())
def test_a_time_means_its_minute(t: dt.time) -> None:
    hour, minute = mandarin.clock_time(t).split("点")
    assert (parsed(hour), parsed(minute.removesuffix("分"))) == (t.hour, t.minute)


def test_examples_of_the_other_readers() -> None:
    assert mandarin.digits("13800000001") == "幺三八，零零零零，零零零幺"
    assert mandarin.digits("3200000001", yao=False) == "三二零零，零零零零，零一"
    assert mandarin.digits("95598") == "九五五九八"
    assert mandarin.digits("138-0000 0001") == mandarin.digits("13800000001")
    assert mandarin.letters_and_digits("GD20261122") == "GD二零，二六幺幺，二二"
    assert [mandarin.count(n, "户") for n in (1, 2, 12, 22, 200)] == ["一户", "两户", "十二户", "二十二户", "二百户"]
    assert [mandarin.ordinal(n) for n in (1, 2, 12)] == ["第一", "第二", "第十二"]
    assert mandarin.energy(Decimal(286)) == "二百八十六度"
    assert mandarin.energy(Decimal("286.50"), unit="千瓦时") == "二百八十六点五千瓦时"
    assert mandarin.energy(Decimal(2)) == "两度"
    assert mandarin.energy(Decimal("-0.5")) == "负零点五度"
    assert mandarin.price(Decimal("0.5469")) == "每度零点五四六九元"
    assert mandarin.percent(Decimal("3.50")) == "百分之三点五"
    assert mandarin.percent(Decimal(-2)) == "负百分之二"
    assert mandarin.date(dt.date(2026, 11, 22)) == "二零二六年十一月二十二日"
    assert mandarin.month(2026, 10) == "二零二六年十月"


def test_times_of_day() -> None:
    assert [mandarin.clock_time(dt.time(h, m)) for h, m in ((0, 0), (2, 5), (14, 30))] == [
        "零点",
        "两点零五分",
        "十四点三十分",
    ]
    with_period = [mandarin.clock_time(dt.time(h), period=True) for h in (0, 2, 8, 12, 14, 22)]
    assert with_period == ["凌晨零点", "凌晨两点", "上午八点", "中午十二点", "下午两点", "晚上十点"]


def test_spans_of_time_say_each_day_once() -> None:
    today = dt.date(2026, 11, 22)
    begin = dt.datetime(2026, 11, 22)
    assert mandarin.span(begin, dt.datetime(2026, 11, 23), today=today) == "今天零点至二十四点"
    assert mandarin.span(begin, dt.datetime(2026, 11, 23, 8), today=today) == "今天零点至明天八点"
    assert mandarin.span(begin, dt.datetime(2027, 1, 2, 8), today=today) == "今天零点至二零二七年一月二日八点"
    assert [mandarin.day(today + dt.timedelta(n), today=today) for n in (-1, 1, 2, 3)] == [
        "昨天", "明天", "后天", "十一月二十五日",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"), [(20, "不到一分钟"), (31, "大约一分钟"), (61, "大约两分钟"), (600, "大约十分钟")]
)
def test_waiting_times_are_rounded_up(seconds: float, words: str) -> None:
    assert mandarin.waiting(seconds) == words


@pytest.mark.parametrize(
    "bad",
    [
        lambda: mandarin.digits("12a"),
        lambda: mandarin.digits(""),
        lambda: mandarin.digits("１２"),
        lambda: mandarin.letters_and_digits("工单1"),
        lambda: mandarin.cardinal(10**16),
        lambda: mandarin.money(Decimal("0.001")),
        lambda: mandarin.money(Decimal("NaN")),
        lambda: mandarin.energy(Decimal("Infinity")),
        lambda: mandarin.month(2026, 13),
        lambda: mandarin.span(dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2), today=dt.date(2026, 1, 2)),
    ],
)
def test_what_cannot_be_read_is_refused(bad: object) -> None:
    with pytest.raises(BadInput):
        bad()  # type: ignore[operator]
