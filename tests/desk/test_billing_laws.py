"""What holds of every bill, whatever the readings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from desk.billing.basic_charge import thirtieths
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.steps import FEN, recomputed
from desk.billing.submeters import metered
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Change,
    Household,
    Kind,
    LossMethod,
    Point,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, find, home, meter, point, supply

pytestmark = pytest.mark.unit

DEMO = book("demo")
kwhs = st.integers(0, 20_000)
readings = st.decimals(0, 9_999, places=4)


@st.composite
def businesses(draw: st.DrawFn) -> Supply:
    """A two-part account with everything: ratios, rounding, loss by every method, sub-meters, adjustments."""
    ratio = draw(st.sampled_from([1, 40, 120, 10_500]))
    parts = {
        register: draw(st.decimals(0, 300, places=4)) for register in (Register.SHARP, Register.PEAK, Register.VALLEY)
    }
    flat = draw(st.decimals(0, 300, places=4))
    total = sum(parts.values(), flat)
    dials = [dial(register, 7, value + 7) for register, value in parts.items()]
    reactive = dial(Register.REACTIVE, 0, draw(st.decimals(0, 900, places=2)))
    of = meter(total * ratio, *dials, reactive, ratio=ratio)
    main = Point("M1", "business_two_part", meter=of, after_meter=draw(changes()))
    light = Point("L1", "residential", Kind.RATIO, quantity=draw(st.sampled_from([D("0.03"), D(0)])), parents=("M1",))
    transformer = draw(
        st.sampled_from(
            [
                None,
                Transformer(LossMethod.AGREED, agreed_active=D(770), agreed_reactive=D(6344)),
                Transformer(LossMethod.SIMPLE, capacity=D(630), no_load=D("0.81")),
                Transformer(LossMethod.FORMULA, D(630), D("0.81"), D("6.2"), D("0.6"), D("4.5")),
            ]
        )
    )
    return supply(
        main,
        light,
        transformer=transformer,
        basic=Basic(BasicKind.CAPACITY, (Capacity(D(630)),)),
        power_factor=draw(st.sampled_from([D("0.90"), D("0.85"), D("0.80")])),
        adjustments=draw(st.sampled_from([(), (Adjustment(D("-12.34"), "退费"),)])),
    )


def changes() -> st.SearchStrategy[tuple[Change, ...]]:
    return st.sampled_from([(), (Change(D(50), "追补", Register.PEAK),)])


@settings(deadline=None)
@given(businesses())
def test_parts_sum_to_the_whole_in_kwh_and_fen(one: Supply) -> None:
    bill = reckon_bill(one, DEMO)
    assert sum(line.value for line in bill.lines) == bill.amount.value
    assert all(line.value == FEN.of(line.value) for line in bill.lines)
    main = one.points[0]
    read = find(bill.amount, "energy.read", "total").value
    extra = sum(change.kwh for change in main.after_meter)
    lost = Decimal(0)
    if one.transformer is not None:
        agreed = one.transformer.method is LossMethod.AGREED
        lost = find(bill.amount, "loss.agreed" if agreed else "loss.active").value
    assert bill.used.value == read + extra + lost


@settings(deadline=None)
@given(businesses())
def test_the_explanation_reckoned_again_from_its_ends_gives_the_amount(one: Supply) -> None:
    bill = reckon_bill(one, DEMO)
    assert recomputed(bill.amount) == bill.amount.value
    assert recomputed(bill.used) == bill.used.value


def test_a_step_that_lies_is_found_out() -> None:
    true = reckon_bill(home(100), DEMO).amount
    line = replace(true.inputs[0], value=D("1.00"))
    assert recomputed(replace(true, inputs=(line,))) == true.value
    assert recomputed(replace(line, inputs=(replace(line.inputs[0], op=None, value=D(7)), *line.inputs[1:]))) == D(
        "3.83"
    )


@settings(deadline=None)
@given(kwhs, kwhs, kwhs, st.booleans())
def test_a_household_that_uses_more_pays_no_less(one: int, other: int, before: int, poor: bool) -> None:
    less, more = sorted((one, other))
    who = Household(poor=poor)
    bills = [reckon_bill(home(kwh, used_before=D(before), household=who), DEMO) for kwh in (less, more)]
    assert bills[0].amount.value <= bills[1].amount.value


@settings(deadline=None)
@given(kwhs, kwhs, kwhs)
def test_two_readings_of_a_period_cost_as_much_as_one(first: int, second: int, before: int) -> None:
    """The ladder goes on where the first reading ended; only each line's rounding to fen differs."""
    whole = reckon_bill(home(first + second, used_before=D(before)), DEMO)
    middle = date(2023, 10, 11)
    parts = [
        reckon_bill(replace(home(first, used_before=D(before)), until=middle), DEMO),
        reckon_bill(replace(home(second, used_before=D(before + first)), since=middle), DEMO),
    ]
    lines = sum(len(part.lines) for part in parts) + len(whole.lines)
    assert abs(sum(part.amount.value for part in parts) - whole.amount.value) <= D("0.005") * lines


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.integers(0, 800), st.integers(0, 800))
def test_days_of_capacity_sum_over_any_split(start: date, one: int, other: int) -> None:
    middle = date.fromordinal(start.toordinal() + one)
    end = date.fromordinal(middle.toordinal() + other)
    assert thirtieths(start, middle) + thirtieths(middle, end) == thirtieths(start, end)


@settings(deadline=None)
@given(st.integers(1, 31), st.integers(1, 5000))
def test_a_month_of_capacity_split_at_a_day_costs_a_month(day: int, kva: int) -> None:
    def bill(since: date, until: date) -> Reckoned:
        terms = Basic(BasicKind.CAPACITY, (Capacity(D(kva)),))
        one = supply(point("business_two_part", meter(0)), basic=terms)
        return reckon_bill(replace(one, since=since, until=until), DEMO)

    begin, end = date(2023, 10, 1), date(2023, 11, 1)
    middle = date(2023, 10, day)
    assume(begin < middle)
    parts = bill(begin, middle).amount.value + bill(middle, end).amount.value
    assert abs(parts - bill(begin, end).amount.value) <= D("0.01")


@st.composite
def families(draw: st.DrawFn) -> list[Point]:
    """A main meter with a second one, and up to seven sub-meters of all kinds behind them, some by the hour."""
    parts = [dial(Register.PEAK, 0, 9_000), dial(Register.VALLEY, 0, 9_000)]
    points = [point("business", meter(30_000, *parts)), point("business", meter(30_000, *parts, name="M2"))]
    parents = st.sampled_from([("M1",), ("M2",), ("M1", "M2"), ("M2", "M1")])
    for number in range(draw(st.integers(1, 3))):
        hours = draw(st.booleans())
        own = [dial(Register.PEAK, 0, 400)] if hours else []
        of = meter(draw(st.sampled_from([500, 9_000, 20_000, 29_000])), *own, name=f"R{number}")
        points.append(point("business", of, parents=draw(parents)))
    for number in range(draw(st.integers(0, 2))):
        size = D(draw(st.integers(0, 5_000)))
        points.append(Point(f"F{number}", "residential", Kind.FIXED, quantity=size, parents=draw(parents)))
    for number in range(draw(st.integers(0, 2))):
        share = draw(st.decimals(0, "0.4", places=2))
        points.append(Point(f"S{number}", "residential", Kind.RATIO, quantity=share, parents=draw(parents)))
    return points


def used_by_point(points: list[Point]) -> dict[str, Decimal] | str:
    try:
        reckon_bill(supply(*points), DEMO)
    except BillRefused as refused:
        return str(refused)
    return {key: sum((kwh.value for kwh in own.values()), D(0)) for key, own in metered(points, DEMO).parts.items()}


@settings(deadline=None)
@given(families(), st.randoms(use_true_random=False))
def test_the_order_in_which_sub_meters_are_told_changes_nothing(points: list[Point], rng: object) -> None:
    shuffled = [*points]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert used_by_point(points) == used_by_point(shuffled)


@settings(deadline=None)
@given(families())
def test_sub_meters_take_and_lose_no_energy(points: list[Point]) -> None:
    used = used_by_point(points)
    assume(isinstance(used, dict))
    assert isinstance(used, dict)
    assert sum(used.values()) == 60_000
    assert min(used.values()) >= 0
