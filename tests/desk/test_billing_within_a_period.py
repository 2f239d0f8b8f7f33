"""What changes within the days of one bill: a meter, a capacity, a tariff; and whom the loss goes to first."""

import itertools
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from desk.billing import what_if
from desk.billing.anomalies import History, Oddity, anomalies
from desk.billing.reckoning import Reckoned, reckon_bill
from desk.billing.supply import (
    Basic,
    BasicKind,
    BillRefused,
    Capacity,
    DayCount,
    Dial,
    LossMethod,
    Meter,
    Register,
    Supply,
    Transformer,
)
from desk.billing.tariff import TariffBook
from desk.billing.tariff_file import book
from tests.desk.supplies import D, dial, meter, point, proves_itself, supply
from tests.desk.test_billing_examples import POLICY

pytestmark = pytest.mark.unit

DEMO = book("demo")
PRICES = "price: {value: 0.5, source: ours}, capacity: {value: 30, source: ours}, demand: {value: 40, source: ours}"


@pytest.fixture
def twice(tmp_path: Path) -> TariffBook:
    """A region whose two-part tariff has a new version, with the same prices, on 16 October 2023."""
    file = tmp_path / "twice.yaml"
    head = "title: two-part, category: commercial, source: ours"
    file.write_text(
        f"region: twice\ntitle: twice\ntariffs:\n  two:\n"
        f"    - {{{head}, since: 2020-01-01, until: 2023-10-15, {PRICES}}}\n"
        f"    - {{{head}, since: 2023-10-16, {PRICES}}}\n"
    )
    return book(str(file))


def demand_meter(kw: int, removed: Meter | None = None, ratio: int = 1, name: str = "M1") -> Meter:
    dials = (dial(Register.TOTAL, 0, 100), Dial(Register.DEMAND, D(0), D(kw)))
    return Meter(name, dials, D(1), D(ratio), removed=removed)


@pytest.mark.parametrize(("before", "after", "highest"), [(500, 300, 1000), (300, 500, 600), (0, 0, 0)])
def test_the_highest_demand_counts_whichever_meter_saw_it(before: int, after: int, highest: int) -> None:
    old = demand_meter(before, ratio=2, name="M0")
    one = supply(point("business_two_part", demand_meter(after, old)), basic=Basic(BasicKind.MEASURED_DEMAND))
    bill = reckon_bill(one, DEMO)
    assert bill.demand is not None
    assert bill.demand.value == highest
    assert proves_itself(bill.amount)


def test_a_replaced_meter_whose_demand_was_not_read_is_refused() -> None:
    old = Meter("M0", (dial(Register.TOTAL, 0, 100),), D(1), D(1))
    with pytest.raises(BillRefused, match="demand"):
        reckon_bill(supply(point("business_two_part", demand_meter(300, old))), DEMO)


def grown(contract: str) -> Supply:
    """630 kVA until 10 October, 1000 kVA from then on, and a contract of so many kW."""
    pieces = (Capacity(D(630), until=date(2023, 10, 11)), Capacity(D(1000), since=date(2023, 10, 11)))
    terms = Basic(BasicKind.CONTRACT_DEMAND, pieces, D(contract))
    return supply(point("business_two_part", demand_meter(300)), basic=terms)


def test_a_capacity_that_follows_another_is_no_addition_to_it() -> None:
    assert reckon_bill(grown("500"), DEMO).of("charge.basic") == 500 * 42
    with pytest.raises(BillRefused, match=r"between 400\.0 and 900\.0 kW"):
        reckon_bill(grown("1400"), DEMO)
    assert [reckon_bill(grown(kw), DEMO).of("charge.basic") for kw in ("400", "900")] == [400 * 42, 900 * 42]
    possible = what_if.possible(reckon_bill(grown("500"), DEMO), DEMO)
    assert (possible.contract_least, possible.contract_most) == (400, 900)


def test_capacities_of_other_months_do_not_count_in_this_one() -> None:
    pieces = (Capacity(D(250), until=date(2023, 11, 1)), Capacity(D(630), since=date(2023, 11, 1)))
    one = supply(point("business_two_part", meter(1000)), basic=Basic(BasicKind.CAPACITY, pieces))
    found = anomalies(one, None, History({}), POLICY, D(315))
    assert [(odd.kind, odd.shown) for odd in found] == [(Oddity.SMALL_CAPACITY, ("250 kVA < 315 kVA",))]


@pytest.mark.parametrize("since", [None, date(2023, 10, 5), date(2023, 10, 16), date(2023, 10, 20), date(2023, 10, 31)])
@pytest.mark.parametrize("count", DayCount)
def test_a_new_tariff_changes_no_count_of_days(twice: TariffBook, count: DayCount, since: date | None) -> None:
    terms = Basic(BasicKind.CAPACITY, (Capacity(D(100), since, count=count),))
    bill = reckon_bill(supply(point("two", meter(100)), basic=terms), twice)
    days = {None: 30, 5: 26, 16: 15, 20: 11, 31: 0}[since.day if since else None]
    if since is not None:
        days = {DayCount.ACTUAL: days, DayCount.ZERO: 0, DayCount.HALF: 15, DayCount.FULL: 30}[count]
    assert abs(bill.of("charge.basic") - D(100) * days) <= D("0.01"), "30 yuan a kVA, so a yuan a day"
    assert proves_itself(bill.amount)


def test_half_a_month_of_a_bill_of_two_months_is_refused() -> None:
    terms = Basic(BasicKind.CAPACITY, (Capacity(D(100), date(2023, 9, 20), count=DayCount.HALF),))
    of = point("business_two_part", meter(100))
    with pytest.raises(BillRefused, match="half"):
        reckon_bill(
            Supply("4400001001", date(2023, 10, 1), date(2023, 9, 1), date(2023, 11, 1), (of,), None, terms, months=2),
            DEMO,
        )


def of_family(loss: int, order: tuple[int, ...]) -> Reckoned:
    main = point("business_two_part", meter(1000, dial(Register.PEAK, 0, 300), dial(Register.VALLEY, 0, 300)))
    points = (
        main,
        point("residential", meter(100, name="A"), parents=("M1",)),
        point("business", meter(100, name="C"), parents=("M1",)),
    )
    agreed = Transformer(LossMethod.AGREED, agreed_active=D(loss))
    return reckon_bill(supply(*(points[at] for at in order), transformer=agreed), DEMO)


@pytest.mark.parametrize("loss", [1, 2, 3, 4, 7, 100])
def test_the_order_of_sub_meters_changes_nothing_where_little_loss_is_shared(loss: int) -> None:
    bills: list[Decimal] = [of_family(loss, order).amount.value for order in itertools.permutations(range(3))]
    assert len(set(bills)) == 1, bills
