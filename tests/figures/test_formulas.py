"""The formulas give the figures of their worked examples, and each says what it is."""

from decimal import Decimal

import pytest

from figures import formulas
from figures.formulas import BY_ID, VARIANTS, NoSuchVariant, chosen
from figures.symbols import SYMBOLS

pytestmark = pytest.mark.unit

EXAMPLE = {"O": 1060, "A": 1000, "B": 60, "A_T": 860, "B_T": 20, "B_s": 10}
"""callcentrehelper.com: 1000 answered, 860 of them within 20 s; 60 abandoned, 20 within 20 s, 10 within 5 s."""


@pytest.mark.parametrize(
    ("variant", "figure"),
    [
        ("SL-1", "83.02"),
        ("SL-2", "86.00"),
        ("SL-3", "81.13"),
        ("SL-4", "82.69"),
        ("SL-5", "82.08"),
        ("SL-6", "81.90"),
        ("SL-7", "83.02"),
        ("SL-8", "81.90"),
        ("AB-1", "5.66"),
        ("AB-2", "4.76"),
    ],
)
def test_the_worked_example_of_the_specification(variant: str, figure: str) -> None:
    assert BY_ID[variant].value(EXAMPLE) == Decimal(figure)


def test_flow_outs_count_where_they_are_switched_on() -> None:
    flowed = EXAMPLE | {"O": 1160, "F": 100}
    assert BY_ID["SL-6"].value(flowed) == Decimal("81.90")
    assert BY_ID["SL-6F"].value(flowed) == Decimal("74.78"), "860 / (1000 + 60 + 100 - 10)"
    assert BY_ID["SL-6N"].value(flowed) == Decimal("78.18"), "860 / (1000 + 100)"


def test_the_live_form_waits_for_t_to_pass() -> None:
    """A caller who has waited for less than T is in no denominator; once T has passed, in it, answered or not."""
    now = {"O": 10, "A": 8, "A_T": 8, "W": 2, "W_T": 2}
    assert BY_ID["SL-8"].value(now) == Decimal("100.00")
    assert BY_ID["SL-8"].value(now | {"W_T": 0}) == Decimal("80.00")


def test_connect_rate_leaves_menu_calls_out() -> None:
    """Domain E16: 92 of 100 that chose an agent; 30 calls stayed in the menu."""
    counted = {"N": 130, "P": 100, "K": 92}
    assert BY_ID["CR-1"].value(counted) == Decimal("92.00")
    assert BY_ID["CR-2"].value(counted) == Decimal("70.77")


def test_seconds_and_rates_of_handling() -> None:
    second = 1_000_000
    counted = {
        "A": 4,
        "WAIT": 30 * second,
        "TALK": 600 * second,
        "HOLD": 60 * second,
        "ACW": 61 * second,
        "X": 1,
        "H": 3,
    }
    assert BY_ID["ASA-1"].value(counted) == Decimal("7.50")
    assert BY_ID["AHT-1"].value(counted) == Decimal("180.25")
    assert BY_ID["TR-1"].value(counted) == Decimal("25.00")
    assert BY_ID["HR-1"].value(counted) == Decimal("75.00")


def test_occupancy_is_not_utilisation() -> None:
    hour = 3_600_000_000
    counted = {"TALKING": 3 * hour, "WRAP_UP": hour, "READY": hour, "NOT_READY": 3 * hour, "RINGING": hour}
    assert BY_ID["OCC-1"].value(counted) == Decimal("80.00")
    assert BY_ID["OCC-2"].value(counted) == Decimal("83.33")
    assert BY_ID["UT-1"].value(counted) == Decimal("44.44")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda one: one.id)
def test_each_variant_says_what_it_is_and_divides_by_nothing_never(variant: formulas.Variant) -> None:
    assert variant.zh, variant.en
    assert variant.source
    assert variant.unit in ("%", "s")
    assert set(variant.symbols) <= SYMBOLS.keys()
    assert variant.value({}) is None
    timed = {SYMBOLS[one].timed for one in variant.symbols}
    assert len(timed) == 1 or variant.unit == "s"


def test_half_a_hundredth_is_rounded_up() -> None:
    assert BY_ID["SL-2"].value({"A": 800, "A_T": 1}) == Decimal("0.13"), "0.125 %"


def test_asked_for_by_name_all_or_not_at_all() -> None:
    assert [one.id for one in chosen(()) if one.id.startswith("SL")] == ["SL-4"]
    assert [one.id for one in chosen(["sl-3", "SL-8"]) if one.id.startswith("SL")] == ["SL-3", "SL-8"]
    assert len(chosen(["all"])) == len(VARIANTS)
    with pytest.raises(NoSuchVariant, match=r"'SL-9'.*known: SL-1"):
        chosen(["SL-9"])
