"""The worked examples of the owner's documents and of public lists, to the last digit ([domain 21])."""

from datetime import date
from decimal import Decimal

import pytest

from core import policy
from desk.billing import basic_charge, loss, power_factor
from desk.billing.arrears import FeeTerms, late_fee, owed
from desk.billing.booking import Booked
from desk.billing.model import Bill, Part, late_fee_step
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.steps import given as known
from desk.billing.supply import (
    Basic,
    BasicKind,
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
    Transformer,
)
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, find, home, meter, point, proves_itself, supply

pytestmark = pytest.mark.unit

POLICY = policy.load("seed")
MARCH = date(2023, 3, 1)


def invoice() -> Reckoned:
    """E1: a low-side meter at 600/5, total and valley given in kWh, peak and reactive by readings."""
    dials = (
        Dial(Register.TOTAL, D(0), D("199.9833")),
        Dial(Register.PEAK, D("1054.64"), D("1130.6")),
        Dial(Register.VALLEY, D(0), D("21.7")),
        Dial(Register.REACTIVE, D("1272.95"), D("1368.86")),
        Dial(Register.REVERSE_REACTIVE, D(0), D("0.95")),
    )
    transformer = Transformer(LossMethod.AGREED, agreed_active=D(770), agreed_reactive=D(6344))
    of = Meter("M1", dials, pt=D(1), ct=D(120))
    return reckon_bill(
        supply(point("business", of), transformer=transformer, power_factor=D("0.85"), period=MARCH),
        book("seed-invoice"),
    )


def test_e1_the_invoice_to_the_last_kwh() -> None:
    bill = invoice()
    peak, valley, flat = (find(bill.amount, "charge.energy", part) for part in ("peak", "valley", "flat"))
    assert find(peak, "multiplier").value == 120
    assert find(peak, "reading.difference").value == D("75.96")
    assert find(peak, "energy.read").value == 9115
    assert find(flat, "energy.flat").value == 12279, "E9"
    assert [find(one, "loss.share").value for one in (peak, valley)] == [293, 84]
    assert find(flat, "loss.share.rest").value == 393
    assert [one.inputs[0].value for one in (peak, valley, flat)] == [9408, 2688, 12672]
    assert bill.used.value == 24768 == 23998 + 770
    assert find(flat, "price").value == D("0.5895")
    assert flat.value == D("7470.14")


def test_e1_reactive_and_power_factor() -> None:
    bill = invoice()
    assert bill.power_factor is not None
    forward = next(one for one in bill.power_factor.inputs[1].inputs if one.of == "reactive")
    assert forward.value == 11509
    assert bill.power_factor.inputs[1].value == 11509 + 114 + 6344 == 17967
    assert bill.power_factor.value == D("0.81")
    assert find(bill.amount, "power_factor.rate").value == D("2.0")
    assert proves_itself(bill.amount)


def test_e2_the_adjustment_leaves_surcharges_out() -> None:
    dials = (
        Dial(Register.TOTAL, D("1.64"), D(369)),
        Dial(Register.REACTIVE, D("0.17"), D(242)),
    )
    of = Meter("M1", dials, pt=D(1), ct=D(120))
    transformer = Transformer(LossMethod.AGREED, agreed_active=D(1552), agreed_reactive=D(7229))
    bill = reckon_bill(
        supply(point("business", of), transformer=transformer, power_factor=D("0.85")), book("seed-power-factor")
    )
    assert find(bill.amount, "energy.read", "total").value == D("44083.20")
    assert bill.used.value == D("45635.2")
    assert bill.power_factor is not None
    assert bill.power_factor.inputs[1].value == D("36248.6")
    assert bill.power_factor.value == D("0.78")
    assert find(bill.amount, "power_factor.rate").value == D("3.5")
    assert bill.of("charge.energy") == D("38808.17")
    assert bill.of("charge.power_factor") == D("1310.69")
    assert bill.amount.value == D("40118.86")


def test_e3_the_least_contract_and_a_multiplier() -> None:
    low, high = basic_charge.bounds(D(6300), book("demo"))
    assert low.value == 2520
    assert high.value == 5670
    of = Meter("M1", (dial(Register.TOTAL, 0, 1),), pt=D(350), ct=D(30))
    assert find(reckon_bill(supply(point("business", of)), book("demo")).amount, "multiplier").value == 10500


def test_e4_the_simple_method_of_loss() -> None:
    transformer = Transformer(LossMethod.SIMPLE, capacity=D(200), no_load=D("0.325"))
    used = known("energy", D(46080), "kWh")
    lost, reactive = loss.lost(transformer, used, None, book("seed-power-factor"))
    assert find(lost, "loss.iron").value == D("234.0")
    assert find(lost, "loss.load_rate").value == D("0.40")
    assert find(lost, "loss.copper").value == D("921.6")
    assert lost.value == D("1155.6")
    assert reactive is None
    above, _ = loss.lost(transformer, known("energy", D(46081), "kWh"), None, book("seed-power-factor"))
    assert find(above, "loss.copper_share").value == D("0.03")


@pytest.mark.parametrize(
    ("amount", "residential", "due", "days", "fee"),
    [
        ("100.00", True, date(2026, 11, 1), 5, "1.00"),
        ("2000.00", True, date(2026, 11, 1), 5, "10.00"),
        ("10000.00", False, date(2026, 11, 1), 10, "200.00"),
        ("10000.00", False, date(2025, 12, 28), 10, "300.00"),
    ],
)
def test_e5_late_fees(amount: str, residential: bool, due: date, days: int, fee: str) -> None:
    bill = Bill("4400001001", due.replace(day=1), D(100), D(amount), (), due, residential=residential)
    today = date.fromordinal(due.toordinal() + days)
    step = late_fee_step(bill, today, POLICY)
    assert step is not None
    assert step.value == D(fee)
    assert proves_itself(step)
    assert late_fee_step(bill, due, POLICY) is None


def test_a_partial_payment_stops_the_fee_on_what_it_pays() -> None:
    rate, least = known("rate", D("0.002")), known("least", D(1))
    terms = FeeTerms(rate, rate, least)
    due, today = date(2026, 11, 1), date(2026, 11, 21)
    half = [Booked(date(2026, 11, 11), D(-5000))]
    fee = late_fee(D(10000), due, today, terms, half)
    assert fee is not None
    assert fee.value == D("300.00"), "ten days on 10,000 and ten on 5,000"
    left = owed(D(10000), due, today, terms, half)
    assert (left.principal.value, left.total.value) == (5000, D("5300.00"))
    assert proves_itself(left.total)
    paid_before = [Booked(date(2026, 10, 30), D(-10000))]
    assert late_fee(D(10000), due, today, terms, paid_before) is None


@pytest.mark.parametrize(("kwh", "money"), [(2520, "1378.19"), (3000, "1664.70"), (5000, "2908.50")])
def test_e6_the_ladder_of_shandong_over_a_full_year(kwh: int, money: str) -> None:
    bill = reckon_bill(home(kwh, period=date(2023, 12, 1)), book("shandong"))
    assert bill.amount.value == D(money)
    assert proves_itself(bill.amount)


def test_e6_five_people_have_a_longer_first_tier() -> None:
    five = Household(people=(People(date(2022, 1, 1), 5),))
    bill = reckon_bill(home(3720, period=date(2023, 12, 1), household=five), book("shandong"))
    assert bill.amount.value == D("2034.47")
    assert [line.of for line in bill.lines] == ["1"]
    more = reckon_bill(home(3721, period=date(2023, 12, 1), household=five), book("shandong"))
    assert [line.of for line in more.lines] == ["1", "2"]
    assert find(more.amount, "ladder.end", "1").value == 3720


def test_a_household_that_grows_in_the_year_has_the_longer_tier_from_that_month_on() -> None:
    grew = Household(people=(People(date(2020, 1, 1), 3), People(date(2023, 7, 15), 5)))
    bill = reckon_bill(home(4000, period=date(2023, 12, 1), household=grew), book("shandong"))
    assert find(bill.amount, "ladder.end", "1").value == 210 * 6 + 310 * 6


def test_a_new_account_has_the_months_from_its_first_on() -> None:
    new = Household(since=date(2023, 10, 20))
    bill = reckon_bill(home(700, period=date(2023, 12, 1), household=new), book("shandong"))
    assert find(bill.amount, "ladder.end", "1").value == 630, "October counts as one month"
    assert bill.amount.value == D("344.55") + D("41.78")


def test_poor_households_have_fifteen_kwh_free() -> None:
    bill = reckon_bill(home(100, household=Household(poor=True)), book("shandong"))
    assert bill.of("charge.free") == D("-8.20")
    little = reckon_bill(home(10, household=Household(poor=True)), book("shandong"))
    assert little.amount.value == 0


def test_e7_zhejiang_by_the_hour() -> None:
    of = meter(200, dial(Register.PEAK, 0, 100), dial(Register.VALLEY, 0, 100))
    bill = reckon_bill(supply(point("residential_tou", of)), book("zhejiang"))
    assert {line.of: line.value for line in bill.lines if line.value} == {"peak": D("56.80"), "valley": D("28.80")}
    assert bill.amount.value == D("85.60")


def test_zhejiang_by_the_hour_in_a_higher_tier_costs_what_the_list_says() -> None:
    of = meter(200, dial(Register.PEAK, 0, 100), dial(Register.VALLEY, 0, 100))
    bill = reckon_bill(supply(point("residential_tou", of), used_before=D(2760)), book("zhejiang"))
    assert bill.amount.value == D("100") * D("0.618") + D("100") * D("0.338")


def test_shenzhen_has_longer_tiers_in_summer() -> None:
    summer = reckon_bill(home(260, period=date(2023, 7, 1)), book("shenzhen"))
    winter = reckon_bill(home(260, period=date(2023, 12, 1)), book("shenzhen"))
    assert [line.inputs[0].value for line in summer.lines] == [260]
    assert [line.inputs[0].value for line in winter.lines] == [200, 60]


def test_e8_a_register_that_began_anew() -> None:
    of = Meter("M1", (dial(Register.TOTAL, 99_990, 10),), D(1), D(1), digits=5)
    assert reckon_bill(supply(point("residential", of)), book("shandong")).used.value == 20


def test_a_meter_that_was_replaced_in_the_period() -> None:
    old = Meter("M0", (dial(Register.TOTAL, 500, 560),), D(1), D(1))
    of = Meter("M1", (dial(Register.TOTAL, 3, 43),), D(1), D(1), removed=old)
    assert reckon_bill(supply(point("residential", of)), book("shandong")).used.value == 100


def test_make_up_energy_after_the_meter_takes_no_part_in_the_loss() -> None:
    transformer = Transformer(LossMethod.SIMPLE, capacity=D(200), no_load=D("0.325"))
    extra = (Change(D(1000), "窃电追补"),)
    before = supply(Point("M1", "business", meter=meter(10_000), before_meter=extra), transformer=transformer)
    after = supply(Point("M1", "business", meter=meter(10_000), after_meter=extra), transformer=transformer)
    told = [reckon_bill(one, book("demo")).used.value for one in (before, after)]
    assert told == [11_000 + 234 + 220, 11_000 + 234 + 200]


@pytest.mark.parametrize(
    ("standard", "factor", "percent"),
    [
        ("0.85", "0.78", "3.5"),
        ("0.90", "0.97", "-0.75"),
        ("0.90", "0.70", "10"),
        ("0.90", "0.65", "15"),
        ("0.90", "0.64", "17"),
        ("0.90", "0.91", "-0.15"),
        ("0.90", "0.90", "0"),
        ("0.85", "0.90", "-0.5"),
        ("0.85", "0.91", "-0.65"),
        ("0.85", "0.92", "-0.80"),
        ("0.85", "0.93", "-0.95"),
        ("0.85", "0.94", "-1.10"),
        ("0.85", "1.00", "-1.10"),
        ("0.85", "0.65", "10"),
        ("0.85", "0.60", "15"),
        ("0.85", "0.59", "17"),
        ("0.80", "0.90", "-1.0"),
        ("0.80", "0.91", "-1.15"),
        ("0.80", "0.92", "-1.30"),
        ("0.80", "0.99", "-1.30"),
        ("0.80", "0.60", "10"),
        ("0.80", "0.55", "15"),
        ("0.80", "0.54", "17"),
    ],
)
def test_e10_points_of_the_tables(standard: str, factor: str, percent: str) -> None:
    step = power_factor.rate(known("power_factor", D(factor)), known("standard", D(standard)), book("national"))
    assert step.value == D(percent)


def test_capacity_by_its_four_ways_to_count_days() -> None:
    """Capacity put into service on 21 October: ten days of thirty, none, half a month, a whole one."""
    of = meter(1000)
    told = []
    for count in (DayCount.ACTUAL, DayCount.ZERO, DayCount.HALF, DayCount.FULL):
        capacity = Capacity(D(400), since=date(2023, 10, 21), count=count)
        one = supply(point("business_two_part", of), basic=Basic(BasicKind.CAPACITY, (capacity,)))
        told.append(reckon_bill(one, book("demo")).of("charge.basic"))
    month = D(400) * 28
    assert told == [(month * 10 / 30).quantize(D("0.01")), 0, month / 2, month]


def test_laid_off_capacity_costs_nothing_unless_the_region_says_so() -> None:
    whole = (Capacity(D(400)), Capacity(D(100), suspended=True))
    one = supply(point("business_two_part", meter(1000)), basic=Basic(BasicKind.CAPACITY, whole))
    assert reckon_bill(one, book("demo")).of("charge.basic") == 400 * 28


def test_demand_above_the_limit_costs_double() -> None:
    def bill(kw: str) -> Reckoned:
        of = Meter("M1", (dial(Register.TOTAL, 0, 1000), Dial(Register.DEMAND, D(0), D(kw))), D(1), D(1))
        terms = Basic(BasicKind.CONTRACT_DEMAND, (Capacity(D(1000)),), contract=D(400))
        return reckon_bill(supply(point("business_two_part", of), basic=terms), book("demo"))

    assert bill("420").of("charge.over_demand") == 0
    assert bill("420").of("charge.basic") == 400 * 42
    assert bill("430").of("charge.over_demand") == 10 * 42 * 2


def test_who_uses_the_capacity_well_pays_less_for_demand() -> None:
    def bill(kwh: int) -> Decimal:
        of = Meter("M1", (dial(Register.TOTAL, 0, kwh), Dial(Register.DEMAND, D(0), D(500))), D(1), D(1))
        terms = Basic(BasicKind.MEASURED_DEMAND, (Capacity(D(1000)),))
        return reckon_bill(supply(point("business_two_part", of), basic=terms), book("demo")).of("charge.basic")

    assert bill(259_999) == 500 * 42
    assert bill(260_000) == D("18900.00")


def test_wet_and_dry_months_and_ratios_of_the_hour() -> None:
    prices = [
        find(reckon_bill(home(100, "agriculture", period=date(2023, month, 1)), book("demo")).amount, "price").value
        for month in (5, 6, 12)
    ]
    assert prices == [D("0.5100"), D("0.45900"), D("0.56100")]
    of = meter(300, dial(Register.SHARP, 0, 50), dial(Register.PEAK, 0, 50), dial(Register.VALLEY, 0, 100))
    bill = reckon_bill(supply(point("business_two_part", of)), book("demo"))
    by_part = {line.of: find(line, "price").value for line in bill.lines}
    bare = D("0.5800") - D("0.0298")
    assert by_part[Part.PEAK] == bare * D("1.5") + D("0.0298"), "surcharges do not float"
    assert by_part[Part.SHARP] == bare * D("1.8") + D("0.0298")
    assert by_part[Part.FLAT] == D("0.5800")


def test_a_fixed_point_within_a_shared_supply_is_charged_by_its_own_tariff() -> None:
    main = Point("M1", "business", meter=meter(1000))
    light = Point("L1", "residential_tou", kind=Kind.FIXED, quantity=D(100), parents=("M1",))
    bill: Reckoned = reckon_bill(supply(main, light), book("demo"))
    assert [line.inputs[0].value for line in bill.lines] == [900, 100]
