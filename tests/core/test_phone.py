"""A number is brought to one form at the door; what is no number is unknown, never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone import UNKNOWN, Phone, normalise

pytestmark = pytest.mark.unit

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("13800000001", "13800000001"),
        ("+8613800000001", "13800000001"),
        ("008613800000001", "13800000001"),
        ("8613800000001", "13800000001"),
        ("013800000001", "13800000001"),
        ("+86 0138-0000-0001", "13800000001"),
        (" 138 0000 0001 ", "13800000001"),
        ("(+86) 138.0000.0001", "13800000001"),
        ("01012345678", "01012345678"),
        ("(010) 1234-5678", "01012345678"),
        ("+86 10 1234 5678", "01012345678"),
        ("+8601012345678", "01012345678"),
        ("0086 769 2222 3333", "076922223333"),
        ("+86 531 222 3333", "05312223333"),
        ("+864001234567", "4001234567"),
        ("4001234567", "4001234567"),
        ("+8695598", "95598"),
        ("95598", "95598"),
        ("110", "110"),
        ("1001", "1001"),
        ("+44 20 7946 0000", "00442079460000"),
        ("0044 20 7946 0000", "00442079460000"),
    ],
)
def test_each_way_of_writing_a_number_has_one_form(raw: str, number: str) -> None:
    assert normalise(raw) == Phone(number, True, raw)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "anonymous",
        "Anonymous",
        "Restricted",
        "unknown",
        "seat1001",
        "138O0000001",
        "1",
        "12",
        "000",
        "00000000000",
        "+",
        "++8613800000001",
        "138+00000001",
        "1380000000*",
        "13800000001;phone-context=+86",
        "١٣٨٠٠٠٠٠٠٠١",
        "１３８００００００００１",
        "13800000001\u2028",
        "13800000001\n",
        "138\t0000\t0001",
        "\u202e13800000001",
        "+860013800000001",
        "0" * 60,
        "1" * 60,
        "+1234567890123456",
        "\x00",
    ],
)
def test_what_is_no_number_is_unknown_and_its_text_is_kept(raw: str) -> None:
    assert normalise(raw) == Phone(UNKNOWN, False, raw)


@given(st.text())
def test_any_text_gives_digits_or_unknown(raw: str) -> None:
    phone = normalise(raw)
    assert phone.raw == raw
    if phone.known:
        assert phone.number.isascii()
        assert phone.number.isdigit()
        assert 3 <= len(phone.number) <= 17
    else:
        assert phone.number == UNKNOWN


@given(st.from_regex(r"[+0]{0,2}(86)?0{0,2}(86)?[0-9 .()-]{1,18}", fullmatch=True))
def test_the_form_is_final(raw: str) -> None:
    once = normalise(raw)
    assert normalise(once.number).number == once.number


@given(
    MOBILES,
    st.sampled_from(["", "+86", "0086", "86", "0", "+86 0"]),
    st.lists(st.sampled_from(["", " ", "-", ".", "(", ")"]), min_size=11, max_size=11),
)
def test_a_mobile_is_found_behind_any_prefix_and_separators(mobile: str, prefix: str, marks: list[str]) -> None:
    raw = prefix + "".join(mark + digit for mark, digit in zip(marks, mobile, strict=True))
    assert normalise(raw).number == mobile
