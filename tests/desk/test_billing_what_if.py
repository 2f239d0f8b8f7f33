"""What other terms would cost: whom it is asked of, what it may be, and that only what is asked about changes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from desk.billing import what_if
from desk.billing.reckoning import reckon_bill
from desk.billing.supply import (
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Household,
    LossMethod,
    Meter,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, find, home, meter, point, supply
from tests.desk.test_billing_explained import industry

pytestmark = pytest.mark.unit

DEMO = book("demo")
FELL = supply(point("residential", Meter("M1", (dial(Register.TOTAL, 500, 400),), D(1), D(1))))


def better(one: Supply, target: str = "0.95") -> Decimal:
    """The power factor of a bill once it is compensated."""
    factor = what_if.effect([one], what_if.power_factor(D(target), DEMO), DEMO).bills[0].power_factor
    assert factor is not None
    return factor.value


def test_the_effect_of_a_year_is_that_of_the_months_billed_brought_to_twelve() -> None:
    """Six months of 15 free kWh at 0.5469 and one in which only 11 were used: 55.22 yuan in seven months."""
    months = [home(kwh, period=date(2023, month, 1)) for month, kwh in enumerate((100,) * 6 + (11,), start=1)]
    found = what_if.effect(months, what_if.poor(yes=True), DEMO)
    assert (found.months, found.difference, found.yearly) == (7, D("-55.22"), D("-94.66"))
    two = replace(home(200, months=2), since=date(2023, 9, 1))
    assert what_if.effect([two], what_if.poor(yes=True), DEMO).yearly == D("-16.41") * 6, "one bill, two months"


def test_a_month_that_cannot_be_reckoned_as_it_is_does_not_count() -> None:
    found = what_if.effect([FELL, home(100)], what_if.poor(yes=True), DEMO)
    assert (found.months, found.before) == (1, D("54.69"))
    with pytest.raises(BillRefused, match="less than the last 500"):
        what_if.effect([FELL], what_if.poor(yes=True), DEMO)


def test_only_what_would_change_something_is_offered() -> None:
    def offered(one: Supply) -> what_if.Possible:
        return what_if.possible(reckon_bill(one, DEMO), DEMO)

    factory = offered(industry())
    assert factory.basic == (BasicKind.CONTRACT_DEMAND, BasicKind.MEASURED_DEMAND)
    assert (factory.to_valley, factory.people, factory.poor) == (True, None, False)
    unread = supply(point("business_two_part", meter(9000)), basic=Basic(BasicKind.CAPACITY, (Capacity(D(630)),)))
    assert (offered(unread).basic, offered(unread).to_valley) == ((), False), "no demand and no hours were read"
    family = offered(home(100))
    assert (family.people, family.poor, family.to_valley, family.basic) == (5, True, False, ())
    assert not offered(home(100, household=Household(poor=True))).poor
    by_hour = meter(100, dial(Register.PEAK, 0, 60), dial(Register.VALLEY, 0, 40))
    assert not offered(supply(point("business", by_hour))).to_valley, "its tariff has one price all day"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (what_if.people(0), "a household of 0; give 1 or more"),
        (what_if.power_factor(D(0), DEMO), "a power factor of 0; give one above 0"),
        (what_if.power_factor(D("1.01"), DEMO), "a power factor of 1.01; give one above 0"),
        (what_if.moved(D("1.5")), "a share of 1.5; give one from 0 to 1"),
        (what_if.moved(D("-0.1")), "a share of -0.1; give one from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_with_what_may(change: what_if.Change, told: str) -> None:
    with pytest.raises(BillRefused, match=told):
        what_if.effect([industry()], change, DEMO)


def test_the_ends_of_what_may_be_asked_are_answered() -> None:
    assert better(industry(), "1") == 1
    assert what_if.effect([industry()], what_if.moved(D(0)), DEMO).difference == 0
    assert what_if.effect([industry()], what_if.moved(D(1)), DEMO).bills[0].lines[0].value == 0, "no peak is left"


def test_a_larger_household_has_longer_tiers_in_all_months_of_its_year() -> None:
    december = home(4000, period=date(2023, 12, 1))
    bill = what_if.effect([december], what_if.people(5), book("shandong")).bills[0]
    assert find(bill.amount, "ladder.end", "1").value == 310 * 12


def test_a_power_factor_that_is_not_metered_is_not_improved() -> None:
    with pytest.raises(BillRefused, match="its power factor is not metered"):
        what_if.effect([home(100)], what_if.power_factor(D("0.95"), DEMO), DEMO)


def test_a_better_power_factor_stays_as_it_is() -> None:
    assert what_if.effect([industry(reactive=100)], what_if.power_factor(D("0.9"), DEMO), DEMO).difference == 0


def test_what_the_transformer_needs_is_not_compensated_at_the_meter() -> None:
    lost = Transformer(LossMethod.AGREED, agreed_active=D(700), agreed_reactive=D(9000))
    with pytest.raises(BillRefused, match="compensate at the transformer"):
        what_if.effect([replace(industry(reactive=0), transformer=lost)], what_if.power_factor(D(1), DEMO), DEMO)


def reactive(*counted: tuple[Register, int, int], pt: int = 1, removed: Meter | None = None) -> Meter:
    dials = (dial(Register.TOTAL, 0, 250), *(dial(*one) for one in counted))
    return Meter("M1", dials, D(pt), D(40), removed=removed)


def test_so_much_is_compensated_as_is_needed_whatever_the_registers() -> None:
    """By two ratios; where one register alone has too little; where the meter was replaced; at two main meters."""
    standard = {"power_factor": D("0.90")}
    forward, reverse = Register.REACTIVE, Register.REVERSE_REACTIVE
    works = "business_two_part"
    assert better(supply(point(works, reactive((forward, 0, 225), pt=100)), **standard)) == D("0.95")
    both = reactive((forward, 100, 105), (reverse, 0, 220))
    assert better(supply(point(works, both), **standard)) == D("0.95")
    old = replace(reactive((forward, 900, 1300)), id="M0")
    assert better(supply(point(works, reactive((forward, 0, 5), removed=old)), **standard)) == D("0.95")
    two = [replace(reactive((forward, 0, kvarh)), id=name) for name, kvarh in (("A", 90), ("B", 360))]
    assert better(supply(*(point(works, one) for one in two), **standard)) == D("0.95")


def test_only_the_main_meter_is_compensated() -> None:
    """What a sub-meter counts is in what the main one counts: to take it off there changes nothing."""
    behind = point("business", meter(500, dial(Register.REACTIVE, 0, 9000), name="A"), parents=("M1",))
    one = industry()
    assert better(replace(one, points=(behind, *one.points))) == D("0.95")


def test_load_is_moved_at_both_meters_and_the_demand_stays() -> None:
    """300 kWh of peak at the old meter, 200 at the new one; its demand register began above what it shows now."""

    def read(name: str, begin: int, peak: int, removed: Meter | None = None) -> Meter:
        counted = ((Register.TOTAL, 1000), (Register.PEAK, peak), (Register.VALLEY, 100))
        dials = [dial(register, begin, begin + kwh) for register, kwh in counted]
        return Meter(name, (*dials, dial(Register.DEMAND, 320, 300)), D(1), D(1), 5, removed)

    replaced = read("M1", 0, 200, removed=read("M0", 50_000, 300))
    terms = Basic(BasicKind.MEASURED_DEMAND, (Capacity(D(630)),))
    one = supply(point("business_two_part", replaced), basic=terms)
    bill = what_if.effect([one], what_if.moved(D(1)), DEMO).bills[0]
    assert {line.of: line.inputs[0].value for line in bill.lines if line.key == "charge.energy"} == {
        "peak": 0,
        "valley": 700,
        "flat": 1300,
    }
    assert bill.of("charge.basic") == 300 * 42


def test_load_moves_only_where_the_meter_tells_both_parts() -> None:
    peak_only = supply(point("business_two_part", meter(100, dial(Register.PEAK, 0, 60))))
    with pytest.raises(BillRefused, match="no meter of it has registers peak and valley"):
        what_if.effect([peak_only], what_if.moved(D("0.5")), DEMO)
