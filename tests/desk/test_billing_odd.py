"""What is not odd though it looks so, and what is only just."""

from dataclasses import replace
from datetime import date

import pytest

from core import policy
from desk.billing.anomalies import Anomaly, History, Oddity, anomalies
from desk.billing.reckoning import reckon_bill
from desk.billing.supply import Register, Supply
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, home, meter, point, supply
from tests.desk.test_billing_explained import industry

pytestmark = pytest.mark.unit

SEED = policy.load("seed")
USUAL = {date(2023, month, 1): D(200) for month in range(1, 10)}


def found(one: Supply, history: History | None = None) -> list[Anomaly]:
    return anomalies(one, reckon_bill(one, book("demo")), history or History({}), SEED, D(315))


def kinds(one: Supply, history: History | None = None) -> list[Oddity]:
    return [anomaly.kind for anomaly in found(one, history)]


def test_a_demand_is_no_counter() -> None:
    """It begins anew each month: less than last month, or another begin than last month's end, is as it should be."""

    def month(period: date, shown: int) -> Supply:
        of = meter(100, dial(Register.DEMAND, 320, shown))
        return supply(point("business", of), period=period)

    september = replace(
        month(date(2023, 9, 1), 280), points=(point("business", meter(0, dial(Register.DEMAND, 0, 280))),)
    )
    assert kinds(month(date(2023, 10, 1), 300), History({}, before=september)) == []


def test_days_that_are_billed_twice_are_odd() -> None:
    september = supply(point("residential", meter(0)), period=date(2023, 9, 1), until=date(2023, 10, 4))
    (one,) = found(home(100), History({}, before=september))
    assert (one.kind, one.figures("zh-CN")) == (Oddity.OTHER_BEGIN, ["2023-10-04 → 2023-10-01"])


def test_months_that_are_missing_are_told_from_the_oldest_on() -> None:
    until_june = {month: kwh for month, kwh in USUAL.items() if month < date(2023, 7, 1)}
    (one,) = found(home(210), History(until_june))
    assert one.figures("en") == ["2023-07", "2023-08", "2023-09"]


def test_a_bill_of_three_months_is_not_three_times_the_usual() -> None:
    quarter = replace(home(600, months=3), since=date(2023, 8, 1))
    assert kinds(quarter, History(USUAL)) == []


def test_a_month_is_odd_above_twice_and_below_three_tenths_of_the_usual_one() -> None:
    """The usual one is the median: of an even number the mean of the middle two, whatever one odd month had."""
    assert kinds(home(400), History(USUAL)) == []
    assert kinds(home(60), History(USUAL)) == []
    even = {date(2023, month, 1): D(kwh) for month, kwh in zip(range(6, 10), (100, 100, 200, 9000), strict=True)}
    assert kinds(home(300), History(even)) == []
    assert kinds(home(301), History(even)) == [Oddity.JUMP]
    little = {month: D(29) for month in USUAL}
    assert kinds(home(300), History(little)) == [], "below 30 kWh nothing is usual"


def test_a_power_factor_is_odd_when_it_fell_by_a_tenth() -> None:
    """10,000 kWh and 9,000 kvarh are 0.74."""
    assert kinds(industry(), History({}, D("0.84"))) == [Oddity.POWER_FACTOR]
    assert kinds(industry(), History({}, D("0.83"))) == []
    assert kinds(industry(), History({}, D("0.50"))) == [], "a better one is not odd"
