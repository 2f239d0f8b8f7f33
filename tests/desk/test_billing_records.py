"""What the records of an account bring to a bill: its year, its region, what is usual for it; and named causes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core import policy
from desk.billing.anomalies import Oddity
from desk.billing.comparison import compare
from desk.billing.explanation import Explained, Records, book_of, explain, prepared
from desk.billing.model import Bill
from desk.billing.reckoning import reckon_bill
from desk.billing.supply import Basic, BasicKind, BillRefused, Capacity, Household, Meter, Register, Supply
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, home, meter, point, supply
from tests.desk.test_billing_explained import industry

pytestmark = pytest.mark.unit

DEMO = book("demo")
SEED = policy.load("seed")
TODAY = date(2023, 12, 20)


def month(number: int) -> date:
    return date(2023, number, 1)


def issued(number: int, kwh: int, due: date = TODAY) -> Bill:
    return Bill("4400001001", month(number), D(kwh), D(100), (), due)


def records(supplies: Mapping[int, Supply | int], bills: Mapping[int, int] | None = None) -> Records:
    read = {at: home(one, period=month(at)) if isinstance(one, int) else one for at, one in supplies.items()}
    return Records(
        {month(at): one for at, one in read.items()}, {month(at): issued(at, kwh) for at, kwh in (bills or {}).items()}
    )


def told(of: Records, number: int) -> Explained:
    found = explain(of, month(number), TODAY, SEED, "demo")
    assert found is not None
    return found


def odd(of: Records, number: int) -> list[Oddity]:
    return [one.kind for one in told(of, number).odd if one.kind is not Oddity.OTHER_BEGIN]


def year_before(of: Records, number: int) -> Decimal:
    found = prepared(of, month(number), "demo")
    assert found is not None
    return found.used_before


def test_what_was_used_before_in_the_year() -> None:
    fell = supply(point("residential", Meter("M1", (dial(Register.TOTAL, 500, 400),), D(1), D(1))), period=month(2))
    assert year_before(records({2: fell, 4: 50}, {2: 120, 3: 70}), 4) == 190, "a refused month counts as issued"
    assert year_before(records({3: 100, 4: home(50, period=month(4), used_before=D(7))}), 4) == 7, "told with it"
    moved_in = home(50, period=month(4), household=Household(since=date(2023, 3, 9)))
    assert year_before(records({2: 500, 3: 100, 4: moved_in}), 4) == 100, "others used what was before them"
    last_year = Records({month(4): home(50, period=month(4))}, {date(2022, 12, 1): issued(1, 900)})
    assert year_before(last_year, 4) == 0


def test_what_is_usual_is_what_was_billed_before_the_month() -> None:
    assert odd(records({1: 100, 2: 100, 3: 250, 4: 300, 5: 300, 6: 300}), 3) == [Oddity.JUMP], "by readings"
    later = {1: 100, 2: 100, 3: 250, 4: 300, 5: 300, 6: 300}
    assert odd(records({3: 250}, later), 3) == [Oddity.JUMP], "by bills that were issued"
    assert odd(records({1: 300, 2: 300, 3: 250}, {1: 100, 2: 100}), 3) == [Oddity.JUMP], "issued counts before read"


def test_a_power_factor_that_fell_since_the_month_before_is_odd() -> None:
    fine = replace(industry(reactive=3000), period=month(9), since=month(9), until=month(10))
    assert odd(records({9: fine, 10: industry(reactive=9000)}), 10) == [Oddity.POWER_FACTOR]


def test_the_late_fee_is_a_cause_of_more_where_only_this_month_has_one() -> None:
    of = records({9: 100, 10: 100})
    overdue = Records(of.supplies, {month(9): issued(9, 100), month(10): issued(10, 100, date(2023, 10, 1))})
    change = told(overdue, 10).last_month
    assert change is not None
    assert [one.value > 0 for one in change.causes if one.key == "compare.late_fee"] == [True]


OURS = """
region: ours
title: ours
rules: {two_part_from: {value: 100, source: paper}}
tariffs:
  business_two_part: [{title: w, category: commercial, since: 2020-01-01, source: paper,
    price: {value: 0.6, source: paper}, capacity: {value: 30, source: paper}}]
"""


def test_a_region_of_its_own_brings_its_own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside the site's own; a path elsewhere is no name, but the site may name one for all."""
    (tmp_path / "ours.yaml").write_text(OURS)
    monkeypatch.chdir(tmp_path)
    terms = Basic(BasicKind.CAPACITY, (Capacity(D(250)),))
    small = supply(point("business_two_part", meter(900)), basic=terms)
    assert odd(records({10: small}), 10) == [Oddity.SMALL_CAPACITY]
    assert odd(records({10: replace(small, region="ours.yaml")}), 10) == [], "two parts from 100 kVA on"
    exactly = replace(small, basic=Basic(BasicKind.CAPACITY, (Capacity(D(315)),)))
    assert odd(records({10: exactly}), 10) == []
    site = str(tmp_path / "ours.yaml")
    assert book_of(replace(small, region=site), site).region == "ours"
    with pytest.raises(BillRefused, match="is no name of a region"):
        book_of(replace(small, region="ours/../ours.yaml"), "demo")


def causes(before: Supply, now: Supply) -> dict[str, Decimal]:
    found = compare(reckon_bill(before, DEMO), reckon_bill(now, DEMO))
    return {one.key: one.value for one in found.causes}


def by_hour(peak: int, valley: int, used_before: int = 0, flat: int = 0, tariff: str = "residential_tou") -> Supply:
    of = meter(peak + valley + flat, dial(Register.PEAK, 0, peak), dial(Register.VALLEY, 0, valley))
    return supply(point(tariff, of), used_before=D(used_before), period=month(8))


def test_each_cause_has_its_own_yuan() -> None:
    """In tier 2 a kWh costs 0.05 more, by the hour too; what was not used before is at the price that it had."""
    assert causes(by_hour(100, 100), by_hour(100, 100, 4400)) == {"compare.tier": D("10.00")}
    nothing, some = (home(kwh, period=month(8), used_before=D(4400)) for kwh in (0, 100))
    assert causes(nothing, some) == {"compare.kwh": D("54.69"), "compare.tier": D("5.00")}
    assert causes(by_hour(0, 100), by_hour(100, 0)) == {"compare.hours": D("24.00")}, "0.5769 instead of 0.3369"


def test_who_changes_to_prices_by_the_hour_sees_another_price() -> None:
    plain, hours = home(200, period=month(8)), by_hour(100, 100)
    assert causes(plain, hours) == {"compare.price": D("57.69") + D("33.69") - D("109.38")}


def test_demand_above_the_contract_is_part_of_the_basic_charge() -> None:
    terms = Basic(BasicKind.CONTRACT_DEMAND, (Capacity(D(630)),), contract=D(300))
    kept, above = (replace(industry(demand=kw), basic=terms, power_factor=None) for kw in (300, 400))
    assert causes(kept, above) == {"compare.basic": (400 - 315) * 42 * 2}
