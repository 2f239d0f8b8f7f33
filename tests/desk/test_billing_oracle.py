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


WORKS = """
region: works
title: works
rules: {basic_shared: {value: SHARED, source: paper 1}}
tariffs:
  forge: [&works {title: forge, category: commercial, since: 2020-01-01, source: paper 1,
    price: {value: 0.61, source: paper 1}, capacity: {value: 30, source: paper 1},
    surcharges: [{name: levy, value: 0.0237, included: false, without_loss: true, source: paper 1},
                 {name: other, value: 0.0041, included: false, source: paper 1}]}]
  mill: [{<<: *works, title: mill, price: {value: 0.37, source: paper 1}}]
  lime: [{<<: *works, title: lime, price: {value: 0.49, source: paper 1}}]
"""


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Files of the tariffs of three workshops, their basic charge in one line (0), by energy (1), by amount (2)."""
    folder = tmp_path_factory.mktemp("works")
    for way in range(3):
        (folder / f"{way}.yaml").write_text(WORKS.replace("SHARED", str(way)))
    return {way: str(folder / f"{way}.yaml") for way in range(3)}


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 90_000), min_size=3, max_size=3),
    st.integers(0, 4000),
    st.integers(1, 900),
    st.integers(0, 2),
    st.booleans(),
)
def test_workshops_that_share_a_basic_charge_and_pay_a_levy_without_the_loss(
    works: dict[int, str], own: list[int], loss: int, kva: int, way: int, turned: bool
) -> None:
    """Main meter of the forge, mill and lime works behind it: sums, shares and the levy as on a sheet of paper."""
    subs = [point(name, meter(own[at], name=name), parents=("forge",)) for at, name in ((1, "mill"), (2, "lime"))]
    told = subs[::-1] if turned else subs
    one = supply(
        point("forge", meter(sum(own), name="forge")),
        *told,
        transformer=Transformer(LossMethod.AGREED, agreed_active=D(loss)),
        basic=Basic(BasicKind.CAPACITY, (Capacity(D(kva)),)),
    )
    bill = reckon_bill(one, book(works[way]))
    total, left, shares = sum(own), loss, {"forge": 0, "mill": 0, "lime": 0}
    for name, kwh in (("lime", own[2]), ("mill", own[1])):
        shares[name] = min(left, -(-kwh * loss // total) if total else 0)
        left -= shares[name]
    shares["forge"] = left
    prices = {"forge": Fraction("0.61"), "lime": Fraction("0.49"), "mill": Fraction("0.37")}
    bare = dict(zip(("forge", "mill", "lime"), own, strict=True))
    kwh_of = {name: Fraction(bare[name] + shares[name]) for name in prices}
    money = {name: plain_bill.half_up(kwh_of[name] * price, 2) for name, price in prices.items()}
    levies = [plain_bill.half_up(bare[name] * Fraction("0.0237"), 2) for name in prices]
    others = [plain_bill.half_up(kwh_of[name] * Fraction("0.0041"), 2) for name in prices]
    weights = [*(kwh_of if way == 1 else money).values()]
    basic = plain_bill.shared_by(kva * 3000, weights) if way else [kva * 3000]
    assert [Fraction(line.value) * 100 for line in bill.lines if line.key == "charge.basic"] == basic
    assert [line.tariff for line in bill.lines if line.key == "charge.basic"] == (
        ["forge", "lime", "mill"] if way else [""]
    )
    assert Fraction(bill.of("charge.surcharge")) == sum(levies + others)
    assert Fraction(bill.amount.value) == sum(money.values()) + sum(levies + others) + kva * 30


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
