"""Late fees: rates, the least fee, the days that count, rounding."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import policy
from desk.billing.booking import Booked
from desk.billing.model import Bill, late_fee, overdue_days, to_fen

pytestmark = pytest.mark.unit

SEED = policy.load("seed")
TODAY = date(2026, 11, 22)


def a_bill(amount: str, due: date, *, residential: bool = True, paid: datetime | None = None) -> Bill:
    return Bill("3200000001", date(2026, 10, 1), Decimal(100), Decimal(amount), (), due, paid, residential)


@pytest.mark.parametrize(
    ("amount", "due", "residential", "fee"),
    [
        ("100", TODAY - timedelta(days=5), True, "1.00"),
        ("2000", TODAY - timedelta(days=5), True, "10.00"),
        ("10000", TODAY - timedelta(days=10), False, "200.00"),
        ("327.60", TODAY - timedelta(days=40), True, "13.10"),
        ("1000.50", TODAY - timedelta(days=1), True, "1.00"),
        ("1005", TODAY - timedelta(days=1), True, "1.01"),
        ("100", TODAY, True, "0.00"),
        ("100", TODAY + timedelta(days=5), True, "0.00"),
        ("0", TODAY - timedelta(days=5), True, "0.00"),
    ],
)
def test_fees_of_the_worked_examples(amount: str, due: date, residential: bool, fee: str) -> None:
    assert late_fee(a_bill(amount, due, residential=residential), TODAY, SEED) == Decimal(fee)


def test_arrears_of_a_former_year_cost_others_more_but_not_households() -> None:
    new_year = date(2027, 1, 8)
    due = new_year - timedelta(days=10)
    assert late_fee(a_bill("10000", due, residential=False), new_year, SEED) == Decimal("300.00")
    assert late_fee(a_bill("10000", due), new_year, SEED) == Decimal("100.00")


def dated(new_year_by_days: int) -> policy.Policy:
    """The seed's numbers with another answer to how days before New Year count."""
    rule = replace(SEED.rule("late_fee_new_year_by_days"), value=new_year_by_days)
    return replace(SEED, rules={**SEED.rules, "late_fee_new_year_by_days": rule})


@pytest.mark.parametrize(
    ("by_days", "residential", "fee"),
    [(0, False, "204.00"), (1, False, "172.00"), (0, True, "68.00"), (1, True, "68.00")],
)
def test_arrears_carried_over_new_year(by_days: int, residential: bool, fee: str) -> None:
    """The public example: 2000 yuan due on 15 December, paid on 18 January; sixteen days and eighteen."""
    bill = a_bill("2000", date(2000, 12, 15), residential=residential)
    assert late_fee(bill, date(2001, 1, 18), dated(by_days)) == Decimal(fee)
    within = Decimal("32.00" if residential else "64.00")
    assert late_fee(bill, date(2000, 12, 31), dated(by_days)) == within


def test_what_was_paid_before_new_year_never_costs_the_rate_of_former_years() -> None:
    """1500 of 2000 yuan are paid after ten days: only the 500 that are carried over cost 3 per mille."""
    bill = replace(
        a_bill("2000", date(2000, 12, 15), residential=False), booked=(Booked(date(2000, 12, 25), Decimal(-1500)),)
    )
    carried, paid = 500 * 34 * Decimal("0.003"), 1500 * 10 * Decimal("0.002")
    assert late_fee(bill, date(2001, 1, 18), dated(0)) == carried + paid
    before, after = 2000 * 10 + 500 * 6, 500 * 18
    assert late_fee(bill, date(2001, 1, 18), dated(1)) == before * Decimal("0.002") + after * Decimal("0.003")


def test_a_paid_bill_costs_nothing_more() -> None:
    paid = a_bill("100", TODAY - timedelta(days=5), paid=datetime(2026, 11, 20, tzinfo=UTC))
    assert late_fee(paid, TODAY, SEED) == 0
    assert overdue_days(paid, TODAY) == 0


@given(st.decimals("0.01", "1000000", places=2), st.integers(1, 4000), st.booleans())
def test_the_fee_is_whole_fen_at_least_a_yuan_and_grows_with_time(
    amount: Decimal, days: int, residential: bool
) -> None:
    bill = a_bill(str(amount), TODAY - timedelta(days=days), residential=residential)
    fee = late_fee(bill, TODAY, SEED)
    assert fee == to_fen(fee)
    assert fee >= 1
    assert late_fee(bill, TODAY + timedelta(days=1), SEED) >= fee
