"""Numbers, money, dates and times in English: as they are read, and in words that the voice knows."""

import re
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from speech import english
from speech import english_figures as figures

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (15, "fifteen"),
        (40, "forty"),
        (101, "one hundred and one"),
        (286, "two hundred and eighty six"),
        (1000, "one thousand"),
        (1005, "one thousand and five"),
        (40118, "forty thousand one hundred and eighteen"),
        (2_000_300, "two million three hundred"),
        (-7, "minus seven"),
    ],
)
def test_whole_numbers(number: int, said: str) -> None:
    assert figures.cardinal(number) == said


WORTH = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}


def number_of(words: str) -> int:
    """Return the number that words say, reckoned the other way round."""
    small = {figures.cardinal(n): n for n in [*range(20), *range(20, 100, 10)]}
    total = part = 0
    for word in words.split():
        if word in small:
            part += small[word]
        elif word == "hundred":
            part *= 100
        elif word in WORTH:
            total, part = total + part * WORTH[word], 0
    return total + part


@given(st.integers(0, 10**12 - 1))
def test_every_number_can_be_understood_as_itself(number: int) -> None:
    assert number_of(figures.cardinal(number)) == number


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("156.41", "one hundred and fifty six point four one yuan"),
        ("0.40", "zero point four zero yuan"),
        ("1.05", "one point zero five yuan"),
        ("100.00", "one hundred yuan"),
        ("-8.50", "minus eight point five zero yuan"),
    ],
)
def test_money_has_two_decimals_or_none(amount: str, said: str) -> None:
    assert figures.money(Decimal(amount)) == said


@pytest.mark.parametrize("amount", ["0.005", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(BadInput, match="yuan"):
        figures.money(Decimal(amount))


def test_energy_and_prices() -> None:
    assert figures.energy(Decimal("286.50")) == "two hundred and eighty six point five kilowatt hours"
    assert figures.energy(Decimal(1)) == "one kilowatt hour"
    assert figures.price(Decimal("0.5469")) == "zero point five four six nine yuan for each kilowatt hour"


def test_digits_come_in_fours() -> None:
    assert figures.digits("3200000005") == "three two zero zero, zero zero zero zero, zero five"
    assert figures.digits("0005") == "zero zero zero five"
    with pytest.raises(BadInput):
        figures.digits("32a")


@pytest.mark.parametrize(
    ("number", "said"), [(1, "first"), (12, "twelfth"), (20, "twentieth"), (22, "twenty second"), (30, "thirtieth")]
)
def test_ordinals(number: int, said: str) -> None:
    assert figures.ordinal(number) == said


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (date(2026, 11, 22), "yesterday"),
        (date(2026, 11, 24), "tomorrow"),
        (date(2026, 11, 17), "November seventeenth"),
        (date(2025, 12, 31), "December thirty first, twenty twenty five"),
        (date(2006, 1, 8), "January eighth, two thousand and six"),
    ],
)
def test_days(of: date, said: str) -> None:
    assert figures.day(of, today=TODAY) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (time(0, 0), "midnight"),
        (time(0, 5), "twelve oh five in the morning"),
        (time(9, 0), "nine in the morning"),
        (time(12, 0), "noon"),
        (time(12, 30), "twelve thirty in the afternoon"),
        (time(14, 5), "two oh five in the afternoon"),
        (time(18, 0), "six in the evening"),
    ],
)
def test_times_say_their_part_of_the_day(at: time, said: str) -> None:
    assert figures.clock_time(at) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 11, 24, 0, 0), "the end of today"),
        (datetime(2026, 11, 18, 0, 0), "the end of November seventeenth"),
        (datetime(2026, 11, 23, 18, 0), "six in the evening today"),
        (datetime(2026, 12, 1, 12, 0), "noon on December first"),
    ],
)
def test_moments(at: datetime, said: str) -> None:
    assert figures.moment(at, today=TODAY) == said


def test_every_word_has_a_sound() -> None:
    said = [figures.ordinal(n) for n in range(1, 32)] + [figures.cardinal(n) for n in (*range(100), 10**9 + 10**6)]
    said += [figures.month(date(2025, m, 1), today=TODAY) for m in range(1, 13)]
    said += [figures.clock_time(time(h, 5)) for h in range(24)] + [figures.clock_time(time(h)) for h in (0, 12)]
    said += [figures.money(Decimal("-1.2")), figures.price(Decimal(1)), figures.energy(Decimal(1))]
    said += [figures.moment(datetime(2026, 12, d), today=TODAY) for d in (1, 2)] + ["yesterday"]
    for word in {word for text in said for word in re.findall(r"[A-Za-z']+", text)}:
        assert english.phonemes(word), word
