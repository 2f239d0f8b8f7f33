"""The engine against a second, plain reckoning of the same cases."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.billing.reckoning import reckon_bill
from desk.billing.supply import Basic, BasicKind, Capacity, Household, LossMethod, Register, Transformer
from desk.billing.tariff_file import book
from tests.desk import plain_bill
from tests.desk.supplies import D, dial, home, meter, point, supply

pytestmark = pytest.mark.unit

SHANDONG = [210 * 12, 400 * 12]
PRICES = ["0.5469", "0.5969", "0.8469"]
kwhs = st.integers(0, 6000)


@settings(deadline=None)
@given(kwhs, kwhs)
def test_households_of_shandong(kwh: int, before: int) -> None:
    bill = reckon_bill(home(kwh, used_before=D(before)), book("shandong"))
    assert Fraction(bill.amount.value) == plain_bill.ladder(kwh, before, SHANDONG, PRICES)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=2, max_size=3), kwhs, st.booleans(), st.booleans())
def test_several_meters_of_a_household_climb_one_ladder(used: list[int], before: int, poor: bool, turned: bool) -> None:
    points = [point("residential", meter(kwh, name=f"M{at}")) for at, kwh in enumerate(used)]
    told = points[::-1] if turned else points
    one = supply(*told, used_before=D(before), household=Household(poor=poor), period=date(2023, 10, 1))
    expected, climbed, free = Fraction(0), before, 15 if poor else 0
    for kwh in used:
        expected += plain_bill.ladder(kwh, climbed, SHANDONG, PRICES)
        climbed += kwh
        had = min(kwh, free)
        expected -= plain_bill.half_up(had * Fraction(PRICES[0]), 2)
        free -= had
    assert Fraction(reckon_bill(one, book("shandong")).amount.value) == expected


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000), kwhs)
def test_households_of_zhejiang_by_the_hour(peak: int, valley: int, flat: int, before: int) -> None:
    of = meter(peak + valley + flat, dial(Register.PEAK, 0, peak), dial(Register.VALLEY, 0, valley))
    bill = reckon_bill(supply(point("residential_tou", of), used_before=D(before)), book("zhejiang"))
    assert Fraction(bill.amount.value) == plain_bill.hours(peak, valley, flat, before, [2760, 4800])


@settings(deadline=None)
@given(
    st.integers(1, 200_000),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.integers(0, 400_000),
    st.integers(0, 5000),
    st.integers(1, 5000),
)
def test_industry_with_loss_factor_and_capacity(
    flat: int, peak: int, valley: int, reactive: int, loss: int, kva: int
) -> None:
    total = flat + peak + valley
    of = meter(
        total,
        dial(Register.PEAK, 0, peak),
        dial(Register.VALLEY, 0, valley),
        dial(Register.REACTIVE, 0, reactive),
    )
    one = supply(
        point("business_two_part", of),
        transformer=Transformer(LossMethod.AGREED, agreed_active=D(loss)),
        basic=Basic(BasicKind.CAPACITY, (Capacity(D(kva)),)),
        power_factor=D("0.85"),
    )
    bill = reckon_bill(one, book("demo"))
    plain = plain_bill.industry(total, peak, valley, reactive, loss, kva)
    assert bill.power_factor is not None
    assert {
        "energy": Fraction(bill.of("charge.energy")),
        "basic": Fraction(bill.of("charge.basic")),
        "factor": Fraction(bill.power_factor.value),
        "adjusted": Fraction(bill.of("charge.power_factor")),
        "amount": Fraction(bill.amount.value),
    } == plain


@pytest.mark.parametrize("standard", ["0.90", "0.85", "0.80"])
def test_every_row_of_the_tables(standard: str) -> None:
    """Each hundredth beside the pattern of the standard, counted step by step away from it."""
    reductions = {
        "0.90": [(D("0.95"), D("0.15"))],
        "0.85": [(D("0.90"), D("0.1")), (D("0.94"), D("0.15"))],
        "0.80": [(D("0.90"), D("0.1")), (D("0.92"), D("0.15"))],
    }[standard]
    rows = book("national").factors[D(standard)].rows
    assert len(rows) == 101
    told, at = D(0), D(standard)
    while at < 1:
        at += D("0.01")
        told -= next((step for end, step in reductions if at <= end), D(0))
        assert rows[at] == told, at
    told, at, down = D(0), D(standard), 0
    while at > 0:
        at, down = at - D("0.01"), down + 1
        told += D("0.5") if down <= 20 else 1 if down <= 25 else 2
        assert rows[at] == told, at
