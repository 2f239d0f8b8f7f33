"""Rules that hold at once: months and shares, seasons and hours, surcharges, homes behind factories."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from desk.billing import explained
from desk.billing.reckoning import before_in_year, reckon_bill
from desk.billing.steps import recomputed
from desk.billing.submeters import metered
from desk.billing.supply import (
    Adjustment,
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    Change,
    Dial,
    Household,
    LossMethod,
    Meter,
    People,
    Point,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff import TariffBook
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, find, home, meter, point, supply

pytestmark = pytest.mark.unit

DEMO = book("demo")
AUGUST = date(2023, 8, 1)
COMBINED = """
region: combined
title: combined
rules: {suspended_share: {value: 0.5, source: ours}}
tariffs:
  works:
    - title: works
      category: commercial
      since: 2020-01-01
      source: ours
      price: {value: 0.60, source: ours}
      parts:
        peak: {ratio: 1.5, source: ours}
        valley: {price: 0.30, source: ours}
      surcharges:
        - {name: inside, value: 0.05, included: true, source: ours}
        - {name: beside, value: 0.02, included: false, source: ours}
      seasons: [{months: [8], ratio: 1.2, source: ours}]
      capacity: {value: 30, source: ours}
      adjusted: true
  home:
    - title: home
      category: residential
      since: 2020-01-01
      until: 2023-10-15
      source: ours
      price: {value: 0.50, source: ours}
      ladder: &ladder {cycle: month, source: ours, bounds: [{upto: [100, 200]}], plus: [0, 0.10, 0.40]}
    - title: home
      category: residential
      since: 2023-10-16
      source: ours
      price: {value: 0.60, source: ours}
      ladder: *ladder
"""


@pytest.fixture
def combined(tmp_path: Path) -> TariffBook:
    file = tmp_path / "combined.yaml"
    file.write_text(COMBINED)
    return book(str(file))


def works(*more: Point, **terms: object) -> Supply:
    of = meter(1000, dial(Register.PEAK, 0, 300), dial(Register.VALLEY, 0, 200), dial(Register.REACTIVE, 0, 750))
    return supply(point("works", of), *more, period=AUGUST, **terms)  # type: ignore[arg-type]


def test_seasons_hours_and_surcharges_at_once(combined: TariffBook) -> None:
    """What is inside the price floats with neither ratio nor season; what is beside it is charged by itself, once."""
    bill = reckon_bill(works(power_factor=D("0.85")), combined)
    peak = D("0.55") * D("1.5") * D("1.2") + D("0.05")
    valley = D("0.25") * D("1.2") + D("0.05")
    flat = D("0.55") * D("1.2") + D("0.05")
    energy = {"peak": 300 * peak, "valley": 200 * valley, "flat": 500 * flat}
    assert {line.of: line.value for line in bill.lines if line.key == "charge.energy"} == energy
    assert [(line.of, line.value) for line in bill.lines if line.key == "charge.surcharge"] == [("beside", D("20.00"))]
    # 1000 kWh and 750 kvarh are 0.80: 2.5 % at the standard 0.85, of the energy without both surcharges.
    adjusted = (sum(energy.values(), D(0)) - 1000 * D("0.05")) * D("0.025")
    assert bill.of("charge.power_factor") == adjusted.quantize(D("0.01"))


def test_the_home_behind_a_factory_is_no_part_of_its_power_factor_money(combined: TariffBook) -> None:
    lodge = Point("H", "home", meter=meter(100, name="H"), parents=("M1",))
    alone = reckon_bill(works(power_factor=D("0.85")), combined)
    both = reckon_bill(works(lodge, power_factor=D("0.85")), combined)
    assert both.used.value == alone.used.value == 1000
    base = find(both.amount, "power_factor.base").value
    own = sum(
        (line.value for line in both.lines if line.key == "charge.energy" and line.of in ("peak", "flat", "valley")),
        D(0),
    )
    assert base == own - 900 * D("0.05"), "900 kWh are the factory's"


def levied(tmp_path: Path, more: str) -> TariffBook:
    file = tmp_path / "levied.yaml"
    file.write_text(COMBINED.replace("value: 0.02, included: false,", f"value: 0.02, included: false, {more}"))
    return book(str(file))


def test_a_surcharge_is_charged_without_the_loss_where_its_tariff_says_so(combined: TariffBook, tmp_path: Path) -> None:
    """1000 kWh and 80 kWh of loss: the surcharge beside the price is of 1080 or of 1000, what is inside of all."""
    lost = works(transformer=Transformer(LossMethod.AGREED, agreed_active=D(80)))
    whole, bare = reckon_bill(lost, combined), reckon_bill(lost, levied(tmp_path, "without_loss: true,"))
    assert (whole.of("charge.surcharge"), bare.of("charge.surcharge")) == (D("21.60"), D("20.00"))
    assert whole.amount.value - bare.amount.value == D("1.60")
    text = explained.text(bare, "en")
    assert "Surcharge, beside: 1000 × 0.02 = 20.00 yuan" in text
    assert "Energy without loss: 300 + 200 + 500 = 1000 kWh  [ours]" in text
    both = [reckon_bill(works(), one) for one in (combined, levied(tmp_path, "without_loss: true,"))]
    assert both[0].amount.value == both[1].amount.value, "without a transformer there is nothing to leave out"


def test_make_up_energy_after_the_meter_pays_the_surcharge_that_the_loss_does_not(tmp_path: Path) -> None:
    later = (Change(D(50), "追补", Register.PEAK),)
    one = works(transformer=Transformer(LossMethod.AGREED, agreed_active=D(80)))
    one = replace(one, points=(replace(one.points[0], after_meter=later),))
    bill = reckon_bill(one, levied(tmp_path, "without_loss: true,"))
    assert bill.used.value == 1130
    assert bill.of("charge.surcharge") == 1050 * D("0.02")


def test_a_surcharge_without_the_loss_goes_by_days_where_the_price_changes(tmp_path: Path) -> None:
    at, end = COMBINED.index("    - title: works"), COMBINED.index("  home:")
    version = COMBINED[at:end]
    first = version.replace("value: 0.02,", "value: 0.02, without_loss: true,").replace(
        "      source: ours\n", "      until: 2023-08-10\n      source: ours\n", 1
    )
    second = version.replace("since: 2020-01-01", "since: 2023-08-11").replace("value: 0.02,", "value: 0,")
    file = tmp_path / "changed.yaml"
    file.write_text(COMBINED[:at] + first + second + COMBINED[end:])
    lost = works(transformer=Transformer(LossMethod.AGREED, agreed_active=D(80)))
    # 10 of 31 days: of 300, 200 and 500 kWh without loss 97, 65 and 161.
    assert reckon_bill(lost, book(str(file))).of("charge.surcharge") == (323 * D("0.02")).quantize(D("0.01"))


def shared(tmp_path: Path, way: int) -> TariffBook:
    rules = f"rules: {{basic_shared: {{value: {way}, source: paper 3}}, "
    mill = COMBINED.index("  home:")
    second = COMBINED[COMBINED.index("  works:") : mill].replace("works", "mill").replace("value: 0.60", "value: 0.30")
    file = tmp_path / f"shared-{way}.yaml"
    file.write_text((COMBINED[:mill] + second + COMBINED[mill:]).replace("rules: {", rules))
    return book(str(file))


@pytest.mark.parametrize(("way", "mill"), [(1, "8333.33"), (2, "4838.71")])
def test_a_basic_charge_is_shared_among_the_tariffs_of_an_account(tmp_path: Path, way: int, mill: str) -> None:
    """Of 900 kWh the mill has 250, of 465 yuan for them 75: that share of 30,000 yuan is shown as its own."""
    terms = Basic(BasicKind.CAPACITY, (Capacity(D(1000)),))
    main = point("works", meter(1000, dial(Register.REACTIVE, 0, 750)))
    behind = point("mill", meter(250, name="MILL"), parents=("M1",))
    lodge = point("home", meter(100, name="H"), parents=("M1",))
    one = supply(main, behind, lodge, basic=terms, power_factor=D("0.85"), period=date(2023, 5, 1))
    bill, alone = (reckon_bill(one, shared(tmp_path, which)) for which in (way, 0))
    expected = {"works": 30_000 - D(mill), "mill": D(mill)}
    assert {line.tariff: line.value for line in bill.lines if line.key == "charge.basic"} == expected
    assert [line.tariff for line in alone.lines if line.key == "charge.basic"] == [""]
    assert bill.amount.value == alone.amount.value, "one customer pays them all"
    assert bill.of("charge.power_factor") == alone.of("charge.power_factor")
    assert "[to 0.01, half up; paper 3]" in explained.text(bill, "en")
    assert recomputed(bill.amount) == bill.amount.value
    only = reckon_bill(replace(one, points=(main, lodge)), shared(tmp_path, way))
    assert [line.tariff for line in only.lines if line.key == "charge.basic"] == [""], "homes have no part in it"


def test_lines_of_an_account_with_several_tariffs_name_theirs(combined: TariffBook) -> None:
    lodge = Point("H", "home", meter=meter(100, name="H"), parents=("M1",))
    both = [explained.text(reckon_bill(works(*more), combined), "zh-CN", deep=False) for more in ((lodge,), ())]
    assert "高峰时段电度电费（works）: " in both[0]
    assert "第1档电度电费（home）: 100 × 0.5 = 50.00 元" in both[0]
    assert "代征附加（beside）（works）: 900 × 0.02 = 18.00 元" in both[0]
    assert "高峰时段电度电费: " in both[1], "nothing to tell apart"


def test_half_the_price_for_laid_off_capacity_where_a_region_says_so(combined: TariffBook) -> None:
    terms = Basic(BasicKind.CAPACITY, (Capacity(D(400)), Capacity(D(100), suspended=True)))
    assert reckon_bill(works(basic=terms), combined).of("charge.basic") == 400 * 30 + 50 * 30


def test_a_price_that_changes_in_the_month_goes_on_in_the_same_ladder(combined: TariffBook) -> None:
    """310 kWh in October: 150 by the first price, of which 50 in tier 2; 160 by the second, 50 in tier 2, 110 in 3."""
    bill = reckon_bill(home(310, "home"), combined)
    money = 100 * D("0.50") + 50 * D("0.60") + 50 * D("0.70") + 110 * D("1.00")
    assert [(line.of, line.inputs[0].value) for line in bill.lines] == [("1", 100), ("2", 50), ("2", 50), ("3", 110)]
    assert bill.amount.value == money


def test_two_months_at_once(combined: TariffBook) -> None:
    """The tiers, the free energy, the demand and the use of a capacity are those of both months."""
    days = {"period": date(2023, 10, 1), "since": date(2023, 9, 1), "months": 2}
    assert [
        line.of for line in reckon_bill(replace(home(200, "home", until=date(2023, 10, 16)), **days), combined).lines
    ] == ["1"]
    poor = replace(home(100, household=Household(poor=True)), **days)
    assert reckon_bill(poor, DEMO).of("charge.free") == D("-16.41"), "30 kWh at 0.5469"

    def demand(kwh: int) -> Decimal:
        of = Meter("M1", (dial(Register.TOTAL, 0, kwh), Dial(Register.DEMAND, D(0), D(500))), D(1), D(1))
        terms = Basic(BasicKind.MEASURED_DEMAND, (Capacity(D(1000)),))
        one = replace(supply(point("business_two_part", of), basic=terms), **days)
        return reckon_bill(one, DEMO).of("charge.basic")

    assert demand(519_999) == 2 * 500 * 42
    assert demand(520_000) == 2 * 500 * D("37.8")


def test_the_demands_of_two_main_meters_are_added() -> None:
    points = [
        point(
            "business_two_part",
            Meter(name, (dial(Register.TOTAL, 0, 9), Dial(Register.DEMAND, D(0), D(kw))), D(1), D(2)),
        )
        for name, kw in (("A", 100), ("B", 50))
    ]
    bill = reckon_bill(supply(*points, basic=Basic(BasicKind.MEASURED_DEMAND)), DEMO)
    assert bill.of("charge.basic") == 300 * 42


def test_a_household_that_shrinks_loses_the_longer_tier_from_that_month_on() -> None:
    shrank = Household(people=(People(date(2020, 1, 1), 5), People(date(2023, 7, 15), 3)))
    bill = reckon_bill(home(4000, period=date(2023, 12, 1), household=shrank), book("shandong"))
    assert find(bill.amount, "ladder.end", "1").value == 310 * 6 + 210 * 6


def test_the_first_month_of_a_household_counts_as_it_is_at_its_end() -> None:
    born = Household(people=(People(date(2020, 1, 1), 4), People(date(2023, 7, 31), 5)))
    bill = reckon_bill(home(4000, period=date(2023, 12, 1), household=born), book("shandong"))
    assert find(bill.amount, "ladder.end", "1").value == 210 * 6 + 310 * 6


def test_what_counts_in_the_ladder_before_a_month() -> None:
    used = {date(2022, 12, 1): D(1), date(2023, 1, 1): D(10), date(2023, 2, 1): D(100), date(2023, 3, 1): D(1000)}
    assert before_in_year(date(2023, 3, 1), used) == 110
    assert before_in_year(date(2023, 3, 1), used, date(2022, 12, 5)) == 110
    assert before_in_year(date(2023, 3, 1), used, date(2023, 2, 20)) == 100


def used(*points: Point) -> dict[str, Decimal]:
    parts = metered(points, DEMO).parts
    return {name: sum((kwh.value for kwh in own.values()), D(0)) for name, own in parts.items()}


def test_a_sub_meter_may_take_all_that_its_parent_has() -> None:
    assert used(point("business", meter(100, name="A")), point("business", meter(100, name="B"), parents=("A",))) == {
        "A": 0,
        "B": 100,
    }


def test_a_sub_meter_of_one_parent_goes_before_one_that_has_a_second() -> None:
    """A may draw on N too, so B is served first by M, though A comes first by its name."""
    mains = (point("business", meter(100, name="M")), point("business", meter(100, name="N")))
    both = point("business", meter(80, name="A"), parents=("M", "N"))
    one = point("business", meter(60, name="B"), parents=("M",))
    assert used(*mains, both, one) == {"M": 0, "N": 60, "A": 80, "B": 60}


def test_the_loss_by_the_formula_with_every_figure_of_the_plate() -> None:
    """By hand: 100 kVA, 720 h, 60,000 kWh and 30,000 kvarh; no load 0.5 kW and 2 %, load 1.5 kW and 4 %."""
    plate = Transformer(LossMethod.FORMULA, D(100), D("0.5"), D("1.5"), D(2), D(4))
    of = meter(60_000, dial(Register.REACTIVE, 0, 30_000))
    bill = reckon_bill(supply(point("business", of), transformer=plate, power_factor=D("0.85")), DEMO)
    # 0.5 × 720 + 4.5e9 × 1.5 ÷ 7.2e6 = 360 + 937.5; 2 × 720 + 4.5e9 × 4 ÷ 7.2e6 = 1440 + 2500.
    assert bill.used.value == 60_000 + 1298
    assert find(bill.amount, "loss.reactive").value == 3940


def test_the_shape_of_the_load_weighs_what_the_load_loses(tmp_path: Path) -> None:
    file = tmp_path / "shaped.yaml"
    file.write_text(COMBINED.replace("rules: {", "rules: {loss_shape: {value: 1.2, source: ours}, "))
    plate = Transformer(LossMethod.FORMULA, D(100), D("0.5"), D("1.5"))
    one = supply(point("works", meter(60_000)), transformer=plate)
    assert reckon_bill(one, book(str(file))).used.value == 60_000 + 360 + 900


def test_shares_of_the_loss_are_never_more_than_it() -> None:
    """Shares of 2 kWh are rounded up to one each: the third sub-meter finds nothing left."""
    small = [point("business", meter(100, name=name), parents=("M",)) for name in "ABC"]
    main = point("business", meter(300, name="M"))
    agreed = Transformer(LossMethod.AGREED, agreed_active=D(2))
    bill = reckon_bill(supply(main, *small, transformer=agreed), DEMO)
    assert [line.inputs[0].value for line in bill.lines] == [0, 101, 101, 100]


def test_an_adjustment_of_less_than_a_fen_is_refused() -> None:
    with pytest.raises(BillRefused, match="whole fen"):
        reckon_bill(home(10, adjustments=(Adjustment(D("1.005"), "退费"),)), DEMO)
