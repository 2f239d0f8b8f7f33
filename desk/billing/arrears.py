"""What is owed over time: the late fee (违约金) with its steps, and what partial payments leave ([domain 15.6])."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.billing.steps import DIFFERENCE, FEN, MOST, PRODUCT, SUM, ZERO, Step, given, reckon

SOURCE = "供电营业规则 Rule 98 by its public summaries"


@dataclass(frozen=True, slots=True)
class Payment:
    """Yuan paid on a day."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Owed:
    """What is still to be paid on a day: of the bill, and the late fee on it until then."""

    principal: Step
    fee: Step | None
    total: Step


def owed(amount: Decimal, due: date, today: date, rate: Step, least: Step, payments: Sequence[Payment] = ()) -> Owed:
    """Return what is owed today of `amount` yuan that fell due on a day, after payments.

    A payment lowers the bill from its day on; the fee counts each day from the due day to the payment on what was open
    then. [ours] a payment goes to the bill first, then to the fee: so the fee does not grow on itself.
    """
    fee = late_fee(amount, due, today, rate, least, payments)
    bill = given("bill", amount, "yuan")
    paid = [given("paid", one.amount, "yuan", of=one.on.isoformat()) for one in _until(payments, today)]
    both = (bill, fee) if fee is not None else (bill,)
    charged = reckon("owed.charged", SUM, both, "yuan") if fee is not None else bill
    total = reckon("owed.total", DIFFERENCE, (charged, *paid), "yuan", FEN) if paid else charged
    principal = max(ZERO, amount - sum((one.value for one in paid), ZERO))
    return Owed(given("owed.principal", principal, "yuan"), fee, total)


def late_fee(
    amount: Decimal, due: date, today: date, rate: Step, least: Step, payments: Sequence[Payment] = ()
) -> Step | None:
    """Return the late fee until today; None before anything is overdue.

    `rate` a day, of what is open; at least `least` yuan; half up to fen.
    """
    pieces = []
    open_, since = amount, due
    for one in (*_until(payments, today), Payment(today, ZERO)):
        days = (one.on - since).days
        if days > 0 and open_ > 0:
            factors = (given("owed.open", open_, "yuan"), rate, given("days", Decimal(days), "d"))
            pieces.append(reckon("late_fee.days", PRODUCT, factors, "yuan", source=SOURCE))
            since = one.on
        open_ -= one.amount
        since = max(since, one.on) if one.on > due else since
    if not pieces:
        return None
    grown = pieces[0] if len(pieces) == 1 else reckon("late_fee.grown", SUM, tuple(pieces), "yuan")
    return reckon("late_fee", MOST, (grown, least), "yuan", FEN, SOURCE)


def _until(payments: Sequence[Payment], today: date) -> list[Payment]:
    return sorted((one for one in payments if one.on <= today), key=lambda one: one.on)
