"""Facts of a customer that a `lookup` node keeps as variables: their names, and what they are."""

from collections.abc import Mapping
from datetime import date

from desk.billing import speech as bill_speech
from desk.billing.model import BillSummary

YES = "yes"
"""The text of a fact that holds; the empty text is one that does not, or that nobody knows."""

CUSTOMER = {"cut_off": "yes when the supply of an account is cut for arrears"}
BILL = {
    "bill_id": "names the bill",
    "bill_tail": "last digits of the account",
    "bill_month": "month billed, like 2026-10",
    "bill_usage": "kWh",
    "bill_amount": "yuan",
    "bill_owed": "yuan still to be paid, of every bill; empty when nothing is",
    "bill_late_fee": "yuan of late fee as of today; empty when there is none",
    "bill_total": "yuan owed with late fee; empty when nothing is",
    "bill_due": "day until which to pay, like 2026-11-20; empty when nothing is owed",
    "bill_balance": "yuan paid in advance; empty when there is none",
    "bill_estimated": "yes when the meter could not be read",
    "bill_text": "the bill as a text message",
}
OUTAGE = {"outage_text": "the first outage where the caller lives, in words"}
ORDER = {
    "order_number": "number of the caller's newest order that is open, or was closed not long ago",
    "order_open": "yes when that order is open",
}
ALL: Mapping[str, str] = {**CUSTOMER, **BILL, **OUTAGE, **ORDER}


def of_bill(summary: BillSummary, today: date) -> dict[str, str]:
    """Return the facts of a bill with everything that is due today."""
    bill, owed = summary.bill, bool(summary.total_due)
    return {
        "bill_id": bill.id,
        "bill_tail": bill.account[-bill_speech.TAIL :],
        "bill_month": f"{bill.period:%Y-%m}",
        "bill_usage": format(bill.usage.normalize(), "f"),
        "bill_amount": str(bill.amount),
        "bill_owed": str(summary.owed) if summary.owed else "",
        "bill_late_fee": str(summary.late_fee) if summary.late_fee else "",
        "bill_total": str(summary.total_due) if owed else "",
        "bill_due": summary.pay_until.isoformat() if owed else "",
        "bill_balance": str(summary.balance) if summary.balance else "",
        "bill_estimated": YES if bill.estimated else "",
        "bill_text": bill_speech.message(summary, today=today),
    }
