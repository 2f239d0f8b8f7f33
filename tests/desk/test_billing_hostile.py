"""Readings that nobody means: refused with a cure and in time, never a crash, never a bill that is wrong unseen."""

import time
from dataclasses import replace
from datetime import date
from decimal import localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.billing import explained, what_if
from desk.billing.comparison import compare
from desk.billing.explanation import Records, book_of, prepared
from desk.billing.reckoning import reckon_bill
from desk.billing.steps import CONTEXT, recomputed
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Change,
    DayCount,
    Dial,
    Household,
    Kind,
    LossMethod,
    Meter,
    People,
    Point,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, home, meter, point, supply
from tests.desk.test_billing_laws import businesses

pytestmark = pytest.mark.unit

DEMO = book("demo")
SHENZHEN = book("shenzhen")


FIGURES = st.sampled_from(
    [D(text) for text in ("0", "1", "-1", "0.0001", "99999.9999", "1e12", "1e27", "-1e30", "NaN", "Infinity")]
)
FIGURES |= st.decimals(0, 100_000, places=4)
MAYBE = st.none() | FIGURES
DAYS = st.sampled_from([date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2023, 12, 31), date(2024, 1, 1)])
DIALS = st.lists(st.builds(Dial, st.sampled_from(Register), FIGURES, FIGURES), max_size=5).map(tuple)
METERS = st.builds(
    Meter, st.sampled_from("MN"), DIALS, MAYBE, MAYBE, st.none() | st.integers(1, 12),
    st.none() | st.builds(Meter, st.just("old"), DIALS, MAYBE, MAYBE),
)  # fmt: skip
CHANGES = st.lists(
    st.builds(Change, FIGURES, st.sampled_from(["", "换表"]), st.sampled_from(Register)), max_size=2
).map(tuple)
TARIFFS = st.sampled_from([*DEMO.tariffs, "nothing"])
POINTS = st.builds(
    Point, st.sampled_from("ABCD"), TARIFFS, st.sampled_from(Kind), st.none() | METERS, MAYBE,
    st.lists(st.sampled_from("ABCDE"), max_size=3).map(tuple), CHANGES, CHANGES, CHANGES,
)  # fmt: skip
CAPACITIES = st.builds(Capacity, FIGURES, st.none() | DAYS, st.none() | DAYS, st.sampled_from(DayCount), st.booleans())
PEOPLE = st.lists(st.builds(People, DAYS, st.integers(-1, 9)), max_size=2).map(tuple)
FIELDS: dict[str, st.SearchStrategy[object]] = {
    "since": DAYS,
    "until": DAYS,
    "points": st.lists(POINTS, max_size=4).map(tuple),
    "transformer": st.none()
    | st.builds(Transformer, st.sampled_from(LossMethod), MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, FIGURES, MAYBE, FIGURES),
    "basic": st.none() | st.builds(Basic, st.sampled_from(BasicKind), st.lists(CAPACITIES).map(tuple), MAYBE),
    "power_factor": st.none() | st.sampled_from([D("0.90"), D("0.85"), D("0.5"), D("NaN")]),
    "household": st.builds(Household, st.none() | DAYS, PEOPLE, st.booleans()),
    "months": st.integers(-1, 70),
    "used_before": FIGURES,
    "adjustments": st.lists(st.builds(Adjustment, FIGURES, st.sampled_from(["", "退补"])), max_size=2).map(tuple),
}


@st.composite
def spoilt(draw: st.DrawFn) -> Supply:
    """A right supply with one thing told otherwise, or one more point among the right ones."""
    one: Supply = draw(businesses())
    field = draw(st.sampled_from([*FIELDS, "more"]))
    if field == "more":
        return replace(one, points=(*one.points, draw(POINTS)))
    return replace(one, **{field: draw(FIELDS[field])})


@settings(deadline=None, max_examples=150)
@given(spoilt())
def test_whatever_is_told_it_is_a_bill_that_proves_itself_or_refused(one: Supply) -> None:
    try:
        bill = reckon_bill(one, DEMO)
    except BillRefused:
        return
    assert bill.amount.value.is_finite()
    with localcontext(CONTEXT):
        assert recomputed(bill.amount) == bill.amount.value
    assert list(explained.tree(bill, "zh-CN"))
    what_if.possible(bill, DEMO)


def refused(one: Supply) -> str:
    with pytest.raises(BillRefused) as found:
        reckon_bill(one, book(one.region or "demo"))
    return found.value.message


def test_a_long_chain_of_sub_meters_is_refused_whatever_its_length() -> None:
    chain = [point("business", meter(10, name="P0"))]
    chain += [point("business", meter(1, name=f"P{at}"), parents=(f"P{at - 1}",)) for at in range(1, 3_000)]
    assert "levels" in refused(supply(*reversed(chain)))


def test_two_parents_at_every_level_are_refused_at_once() -> None:
    points = [point("business", meter(10, name=name)) for name in ("A0", "B0")]
    for at in range(1, 40):
        above = (f"A{at - 1}", f"B{at - 1}")
        points += [point("business", meter(1, name=f"{side}{at}"), parents=above) for side in "AB"]
    began = time.process_time()
    assert "levels" in refused(supply(*points))
    assert time.process_time() - began < 2


def test_ten_thousand_sub_meters_of_all_kinds_are_reckoned_in_seconds() -> None:
    real = [point("business", meter(1, name=f"S{at}"), parents=("M",)) for at in range(8_000)]
    fixed = [Point(f"F{at}", "business", Kind.FIXED, quantity=D(1), parents=("M",)) for at in range(1_000)]
    ratio = [Point(f"R{at}", "business", Kind.RATIO, quantity=D("0.0005"), parents=("M",)) for at in range(1_000)]
    began = time.process_time()
    bill = reckon_bill(supply(point("business", meter(100_000, name="M")), *real, *fixed, *ratio), DEMO)
    assert time.process_time() - began < 5
    assert bill.used.value == 100_000
    rows = list(explained.tree(bill, "en"))
    assert len(rows) > 50_000
    assert max(len(row.reckoning) for row in rows) < 1000, "a formula of ten thousand figures, again in each ratio"
    assert " + … + " in rows[0].reckoning


def test_figures_beyond_all_precision_are_refused() -> None:
    huge = D("999999999999.99999999")
    of = Meter("M1", (dial(Register.TOTAL, 0, huge),), D(10) ** 12, D(10) ** 12)
    assert "too large" in refused(supply(point("business", of)))
    assert "too large" in refused(supply(point("residential", replace(of, pt=D("1e30"), ct=D(1)))))


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(value: str) -> None:
    of = Meter("M1", (dial(Register.TOTAL, 0, value),), D(1), D(1))
    told = refused(supply(point("business", of)))
    assert "account 4400001001" in told
    refused(supply(point("business", replace(of, dials=(dial(Register.TOTAL, 0, 5),), pt=D(value)))))
    refused(home(5, used_before=D(value)))


def test_so_many_months_are_refused() -> None:
    began = time.process_time()
    assert "months" in refused(home(10, months=900_000_000_000))
    assert "months" in refused(home(10, "residential", region="shenzhen", months=10**7))
    assert time.process_time() - began < 1


def test_a_register_read_twice_is_refused() -> None:
    of = Meter("M1", (dial(Register.TOTAL, 0, 5), dial(Register.TOTAL, 0, 500)), D(1), D(1))
    assert "twice" in refused(supply(point("business", of)))


def test_two_meters_of_a_household_climb_one_ladder() -> None:
    two = supply(
        point("residential", meter(300, name="A")), point("residential", meter(300, name="B")), region="shenzhen"
    )
    one = reckon_bill(replace(home(600), region="shenzhen"), SHENZHEN)
    both = reckon_bill(two, SHENZHEN)
    assert abs(both.amount.value - one.amount.value) <= D("0.02"), "only the rounding of more lines"
    other = reckon_bill(replace(two, points=two.points[::-1]), SHENZHEN)
    assert other.amount.value == both.amount.value


def test_a_poor_household_with_two_meters_has_its_free_energy_once() -> None:
    poor = replace(home(0).household, poor=True)
    two = supply(point("residential", meter(10, name="A")), point("residential", meter(40, name="B")), household=poor)
    one = reckon_bill(replace(home(50), household=poor), DEMO)
    assert reckon_bill(two, DEMO).of("charge.free") == one.of("charge.free") == D("-8.20")


def test_a_shop_behind_the_meter_of_a_household_does_not_climb_its_ladder() -> None:
    def month(number: int) -> Supply:
        shop = point("business", meter(4_000, name="S"), parents=("M",))
        return supply(point("residential", meter(4_100, name="M")), shop, period=date(2026, number, 1), region="demo")

    records = Records({one.period: one for one in (month(1), month(2), month(3))}, {})
    ready = prepared(records, date(2026, 3, 1), "demo")
    assert ready is not None
    assert ready.used_before == 200, "100 kWh of each month are the household's"


def test_moved_load_and_compensation_hold_for_registers_that_rolled_over() -> None:
    plain = meter(
        10_000, dial(Register.PEAK, 0, 4_000), dial(Register.VALLEY, 0, 1_000), dial(Register.REACTIVE, 0, 9_000)
    )
    rolled = Meter(
        "M1",
        (
            dial(Register.TOTAL, 95_000, 5_000),
            dial(Register.PEAK, 97_000, 1_000),
            dial(Register.VALLEY, 99_500, 500),
            dial(Register.REACTIVE, 94_000, 3_000),
        ),
        D(1),
        D(1),
        5,
    )
    for change in (what_if.moved(D("0.5")), what_if.power_factor(D("0.95"), DEMO)):
        both = [
            what_if.effect([supply(point("business_two_part", of), power_factor=D("0.90"))], change, DEMO)
            for of in (plain, rolled)
        ]
        assert both[0].after == both[1].after
        assert both[0].difference < 0


def test_load_is_moved_at_a_replaced_meter_too() -> None:
    old = Meter(
        "M0", (dial(Register.TOTAL, 0, 500), dial(Register.PEAK, 0, 200), dial(Register.VALLEY, 0, 50)), D(1), D(1)
    )
    new = meter(500, dial(Register.PEAK, 0, 200), dial(Register.VALLEY, 0, 50))
    whole = meter(1000, dial(Register.PEAK, 0, 400), dial(Register.VALLEY, 0, 100))
    both = [
        what_if.effect([supply(point("residential_tou", of))], what_if.moved(D("0.5")), DEMO)
        for of in (replace(new, removed=old), whole)
    ]
    assert both[0].after == both[1].after


def test_an_unknown_region_refuses_its_bill_only() -> None:
    records = Records({one.period: one for one in (replace(home(10), region="atlantis"),)}, {})
    ready = prepared(records, date(2023, 10, 1), "demo")
    assert ready is not None
    with pytest.raises(BillRefused, match=r"account 4400001001.*atlantis"):
        book_of(ready, "demo")


@pytest.mark.parametrize("region", ["../../../etc/passwd", "a/b", "/etc/hosts.yaml", ".."])
def test_a_region_is_a_name_and_no_path(region: str) -> None:
    with pytest.raises(BillRefused):
        book_of(replace(home(10), region=region), "demo")


def test_a_leap_day_is_a_day_of_its_month() -> None:
    leap = reckon_bill(home(100, period=date(2024, 2, 1)), DEMO)
    assert (leap.supply.until - leap.supply.since).days == 29
    year = reckon_bill(home(100, period=date(2024, 12, 1), used_before=D(4_300)), DEMO)
    following = reckon_bill(home(100, period=date(2025, 1, 1)), DEMO)
    assert year.amount.value > following.amount.value, "the ladder begins anew with the year"


def test_a_bill_of_very_many_lines_is_still_one_text_message() -> None:
    lights = [Point(f"F{at:02}", "business", Kind.FIXED, quantity=D(3 + at), parents=("M1",)) for at in range(60)]
    of = meter("123456789.1234", dial(Register.PEAK, 0, 40_000_000), dial(Register.VALLEY, 0, 10_000_000))
    bill = reckon_bill(supply(point("residential_tou", of), *lights), DEMO)
    before = reckon_bill(supply(point("residential_tou", meter(5)), period=date(2023, 9, 1)), DEMO)
    told = explained.message(bill, compare(before, bill))
    assert len(told) <= 400, "the outbox takes 500 with the name of the utility"
    assert "共65项，其中：平段" in told
    assert "比上期多" in told


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"until": date(2033, 10, 1)}, "it spans 3653 days and is billed for 1 months"),
        ({"since": date(2022, 10, 1), "until": date(2022, 11, 1)}, "its days are 2022-10-01 to 2022-11-01"),
        ({"since": date(2024, 10, 1), "until": date(2024, 11, 1)}, "its days are 2024-10-01 to 2024-11-01"),
    ],
)
def test_days_that_do_not_belong_to_the_month_are_refused(days: dict[str, date], said: str) -> None:
    assert said in refused(replace(home(100), **days))


def test_a_bill_of_two_months_and_one_read_some_weeks_late_are_no_slip() -> None:
    two = replace(home(100), since=date(2023, 8, 20), until=date(2023, 10, 24), months=2)
    late = replace(home(100), since=date(2023, 10, 28), until=date(2023, 12, 5))
    assert [reckon_bill(one, DEMO).used.value for one in (two, late)] == [100, 100]


@pytest.mark.parametrize(
    ("transformer", "said"),
    [
        (Transformer(LossMethod.SIMPLE, D(100), D(1), hours=D(0)), "no hour"),
        (Transformer(LossMethod.SIMPLE, D(100), D(1), hours=D(-5)), "no hour"),
        (Transformer(LossMethod.AGREED, agreed_active=D(1), agreed_reactive=D(-500)), "agreed_reactive"),
        (Transformer(LossMethod.FORMULA, D(100), D(1), D(1), D(-1), D(4)), "no_load_current"),
        (Transformer(LossMethod.FORMULA, D(100), D(1), D(1), D(1), D(-4)), "impedance"),
    ],
)
def test_a_transformer_that_gives_energy_back_is_refused(transformer: Transformer, said: str) -> None:
    of = meter(1000, dial(Register.REACTIVE, 0, 500))
    assert said in refused(supply(point("business", of), transformer=transformer, power_factor=D("0.90")))


def test_a_capacity_that_ends_before_it_begins_is_refused() -> None:
    turned = Capacity(D(100), date(2023, 10, 20), date(2023, 10, 5))
    terms = Basic(BasicKind.CAPACITY, (turned,))
    assert "not after 2023-10-20" in refused(supply(point("business_two_part", meter(5)), basic=terms))
