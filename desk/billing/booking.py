"""Entries of the utility's own books about an account: payments, refunds, adjustments with cause."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

NOTHING = Decimal("0.00")


class BookingKind(StrEnum):
    """What an entry is; the value is stored, the Chinese name is beside each."""

    PAYMENT = "payment"
    """缴费"""
    REFUND = "refund"
    """退费: money given back"""
    ADJUSTMENT = "adjustment"
    """退补: a bill is made more or, negative, less after it was issued"""


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry: `number` is the utility's own of it, `amount` yuan, of an adjustment with its sign.

    `period`: the month of the bill that it is for; None: the oldest bill that is open.
    """

    number: str
    account: str
    kind: BookingKind
    day: date
    amount: Decimal
    period: date | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """What happened to one bill: `principal` yuan came to what is open of it (less: it was paid), `fee` yuan of its
    late fee were paid, as of the day `since`.

    `booking` is the entry behind it; None: the billing system says that the bill is paid, and the books do not say how.
    """

    since: date
    principal: Decimal
    fee: Decimal = NOTHING
    booking: Booking | None = None
