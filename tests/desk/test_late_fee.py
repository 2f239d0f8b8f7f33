"""Late fees: rates, the least fee, the days that count, rounding."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import policy
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
