"""Payments, refunds and adjustments of the utility's books: which bill they go to, what is open day by day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import policy
from desk.billing.booking import Booking, BookingKind
from desk.billing.ledger import Ledger, Rules, ledger
from desk.billing.model import Bill, fee_terms, late_fee, owed, summary
from desk.billing.steps import recomputed

pytestmark = pytest.mark.unit

D = Decimal
SEED = policy.load("seed")
ZONE = ZoneInfo("Asia/Shanghai")
ACCOUNT = "3200000001"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
TODAY = date(2026, 12, 10)


def rules(*, fee_first: bool = False) -> Rules:
    return Rules(lambda bill: fee_terms(bill, SEED), fee_first, ZONE)


def bill(period: date, amount: str, due: date, paid: datetime | None = None) -> Bill:
    return Bill(ACCOUNT, period, D(100), D(amount), (), due, paid, residential=False)


def booking(number: str, day: date, amount: str, kind: str = "payment", period: date | None = None) -> Booking:
    return Booking(number, ACCOUNT, BookingKind(kind), day, D(amount), period, "" if kind == "payment" else "读错表")


OLD, NEW = bill(SEPTEMBER, "1000", date(2026, 10, 20)), bill(OCTOBER, "500", date(2026, 11, 20))


def placed(found: Ledger, *bills: Bill) -> list[Bill]:
    return [replace(one, booked=found.booked[one.period]) for one in bills]


def test_a_payment_pays_the_oldest_bill_with_its_fee_before_the_next() -> None:
    """1000 yuan, ten days late: 20 yuan of fee; of 1300 yuan 280 are left for the next bill."""
    found = ledger((NEW, OLD), [booking("P1", date(2026, 10, 30), "1300")], TODAY, rules())
    old, new = placed(found, OLD, NEW)
    assert (old.open, late_fee(old, TODAY, SEED)) == (0, 0)
    assert new.open == 220
    assert late_fee(new, TODAY, SEED) == D("8.80"), "twenty days on 220 yuan"
    assert found.credit == 0


@pytest.mark.parametrize(("fee_first", "open_", "fee"), [(False, "0", "20.00"), (True, "20", "1.64")])
def test_who_pays_the_bill_alone_still_owes_the_fee(fee_first: bool, open_: str, fee: str) -> None:
    """Bill first: the fee stops and stays; fee first: what is left of the bill costs on, 41 days at 0.04 yuan."""
    found = ledger((OLD,), [booking("P1", date(2026, 10, 30), "1000")], TODAY, rules(fee_first=fee_first))
    (old,) = placed(found, OLD)
    assert old.open == D(open_)
    assert late_fee(old, TODAY, SEED) == D(fee)
    assert late_fee(old, TODAY + timedelta(days=300), SEED) >= D(fee)


def test_a_partial_payment_lowers_what_costs_from_its_day_on() -> None:
    found = ledger((OLD,), [booking("P1", date(2026, 10, 30), "400")], TODAY, rules())
    (old,) = placed(found, OLD)
    told = owed(old, TODAY, SEED)
    assert (told.principal.value, old.open) == (600, 600)
    assert told.fee is not None
    assert told.fee.value == D(10) * 2 + D(41) * D("1.2")
    assert told.total.value == recomputed(told.total) == 600 + D("69.20")


def test_a_payment_goes_to_the_bill_that_it_names() -> None:
    found = ledger((OLD, NEW), [booking("P1", date(2026, 11, 1), "600", period=OCTOBER)], TODAY, rules())
    old, new = placed(found, OLD, NEW)
    assert (old.open, new.open) == (900, 0)


def test_what_was_paid_too_much_pays_the_next_bill_and_is_told() -> None:
    paid = booking("P1", date(2026, 10, 10), "1800")
    assert ledger((OLD,), [paid], TODAY, rules()).credit == 800
    both = ledger((OLD, NEW), [paid], TODAY, rules())
    assert (both.credit, placed(both, NEW)[0].open) == (300, 0)
    told = summary(NEW, placed(both, OLD, NEW), OLD, TODAY, SEED, credit=both.credit)
    assert (told.owed, told.late_fee, told.balance) == (0, 0, 300)


def test_money_given_back_comes_from_what_was_too_much_and_then_opens_the_bill_again() -> None:
    entries = [
        booking("P1", date(2026, 10, 10), "1100"),
        booking("R1", date(2026, 10, 12), "100", "refund"),
        booking("R2", date(2026, 10, 30), "50", "refund"),
    ]
    first = ledger((OLD,), entries[:2], TODAY, rules())
    assert (placed(first, OLD)[0].open, first.credit) == (0, 0)
    (old,) = placed(ledger((OLD,), entries, TODAY, rules()), OLD)
    assert old.open == 50
    assert late_fee(old, TODAY, SEED) == D("4.10"), "41 days since the money went back"


def test_money_paid_and_given_back_on_one_day_is_in_that_order_whatever_the_numbers() -> None:
    entries = [booking("A1", date(2026, 10, 10), "100", "refund"), booking("B1", date(2026, 10, 10), "1100")]
    found = ledger((OLD,), entries, TODAY, rules())
    assert (placed(found, OLD)[0].open, found.credit) == (0, 0)


def test_less_charged_was_never_owed_and_more_counts_from_its_day() -> None:
    less = ledger((OLD,), [booking("A1", date(2026, 12, 1), "-400", "adjustment", SEPTEMBER)], TODAY, rules())
    assert late_fee(placed(less, OLD)[0], TODAY, SEED) == D(51) * D("1.2")
    more = ledger((OLD,), [booking("A1", date(2026, 12, 1), "400", "adjustment", SEPTEMBER)], TODAY, rules())
    (old,) = placed(more, OLD)
    assert (old.open, late_fee(old, TODAY, SEED)) == (1400, D(51) * 2 + D(9) * D("0.8"))


def test_an_adjustment_of_a_bill_that_is_paid_pays_the_next_one() -> None:
    entries = [
        booking("P1", date(2026, 10, 10), "1000"),
        booking("A1", date(2026, 11, 1), "-200", "adjustment", SEPTEMBER),
    ]
    found = ledger((OLD, NEW), entries, TODAY, rules())
    assert (placed(found, NEW)[0].open, found.credit) == (300, 0)


def test_a_bill_that_the_billing_system_has_as_paid_is_not_paid_twice() -> None:
    settled = replace(OLD, paid_at=datetime(2026, 10, 30, 4, tzinfo=UTC))
    for entries in (
        [booking("P1", date(2026, 10, 30), "1020")],
        [booking("P1", date(2026, 10, 15), "300"), booking("P2", date(2026, 11, 2), "700", period=SEPTEMBER)],
    ):
        found = ledger((settled, NEW), entries, TODAY, rules())
        old, new = placed(found, settled, NEW)
        assert old.paid
        assert (old.open, late_fee(old, TODAY, SEED)) == (0, 0)
        assert (new.open, found.credit) == (500, 0)


def test_what_is_charged_after_a_bill_was_paid_is_open() -> None:
    settled = replace(OLD, paid_at=datetime(2026, 10, 15, 4, tzinfo=UTC))
    more = booking("A1", date(2026, 12, 1), "30", "adjustment", SEPTEMBER)
    (old,) = placed(ledger((settled,), [more], TODAY, rules()), settled)
    assert (old.paid, old.open) == (False, 30)


def test_what_is_dated_after_today_does_not_count_yet() -> None:
    found = ledger((OLD,), [booking("P1", TODAY + timedelta(days=1), "1000")], TODAY, rules())
    assert placed(found, OLD)[0].open == 1000


yuan = st.decimals("0.01", "2000", places=2)
entries = st.lists(
    st.tuples(
        st.sampled_from(list(BookingKind)),
        st.integers(-60, 60),
        yuan,
        st.sampled_from([SEPTEMBER, OCTOBER]),
        st.booleans(),
    ),
    max_size=8,
)


@given(entries, st.booleans(), st.booleans())
def test_no_fen_is_lost(
    told: list[tuple[BookingKind, int, Decimal, date, bool]], fee_first: bool, turned: bool
) -> None:
    """Bills and adjustments less payments and refunds are what is open, what was paid too much, and fees paid."""
    books = []
    for at, (kind, days, amount, period, flag) in enumerate(told):
        less = kind is BookingKind.ADJUSTMENT and flag
        named = period if kind is BookingKind.ADJUSTMENT or flag else None
        day = date(2026, 11, 1) + timedelta(days=days)
        books.append(Booking(f"N{at}", ACCOUNT, kind, day, -amount if less else amount, named, "x"))
    today = date(2027, 2, 1)
    found = ledger((OLD, NEW), books[::-1] if turned else books, today, rules(fee_first=fee_first))
    assert found == ledger((OLD, NEW), books, today, rules(fee_first=fee_first)), "the order of the file is nothing"
    bills = placed(found, OLD, NEW)
    fees = sum((one.fee for each in bills for one in each.booked), D(0))
    sums = {kind: sum((one.amount for one in books if one.kind is kind), D(0)) for kind in BookingKind}
    charged = OLD.amount + NEW.amount + sums[BookingKind.ADJUSTMENT]
    paid = sums[BookingKind.PAYMENT] - sums[BookingKind.REFUND]
    balance = sum((one.open for one in bills), D(0)) - found.credit
    assert all(one.open >= 0 for one in bills)
    assert balance <= charged - paid + fees
    if not sums[BookingKind.REFUND]:
        assert balance == charged - paid + fees
    for each in bills:
        told_owed = owed(each, today, SEED)
        assert told_owed.total.value == recomputed(told_owed.total) >= 0
