"""The bill in English: the same thoughts in the same order as `desk/billing/speech.py`, for who chose that language.

English has no fragments to fall back on, so sentences are short: the first is soon there, the others meanwhile.
"""

from collections.abc import Sequence
from datetime import date

from core.policy import Policy
from desk.billing.model import Bill, BillSummary, Line, Part, UsageHistory
from desk.billing.speech import LINES_SAID, TAIL, only_use, reasons
from desk.spoken import Sentence, sentence
from speech import english_figures as figures

PARTS = {Part.SHARP: "sharp peak", Part.PEAK: "peak", Part.FLAT: "flat", Part.VALLEY: "valley"}
"""What the parts of the day are called."""
CAUSES = {
    "compare.kwh": "Because of use",
    "compare.price": "Because of the price",
    "compare.tier": "Because of the step",
    "compare.hours": "Because of the hours",
    "compare.power_factor": "Because of the power factor",
    "compare.basic": "Because of the basic charge",
    "compare.surcharge": "Because of surcharges",
    "compare.free": "Because of free energy",
    "compare.adjustment": "Because of an adjustment",
}
"""Causes of a change that a caller hears; the agent sees all."""


def bill(summary: BillSummary, today: date, *, cut_off: bool, policy: Policy) -> list[Sentence]:
    """Return what the caller hears, one thought a sentence; `cut_off`: the supply is cut for arrears."""
    told = [*_amount(summary.bill, today), _compared(summary.bill, summary.previous), *_causes(summary)]
    if summary.bill.estimated:
        told.append(sentence("This month is an estimate. The next reading of the meter will correct it."))
    told += [*_lines(summary.lines), *_payment(summary, today)]
    if summary.balance:
        told.append(sentence("The balance of your account is ", figures.money(summary.balance), "."))
    if cut_off:
        told += cut_off_for_arrears(policy)
    return told


def usage(history: UsageHistory, today: date) -> list[Sentence]:
    """Return what the caller hears of the last months, of the year, and of the step of the ladder reached."""
    months = [
        sentence("In ", figures.month(bill.period, today=today), " you used ", _used(bill), ".")
        for bill in history.months
    ]
    if history.since != history.months[0].period:
        since = figures.month(history.since, today=today)
        months.append(sentence("Since ", since, ", that is ", figures.energy(history.year), "."))
    if history.tier:
        months.append(sentence("You have now come to price step ", figures.cardinal(history.tier), "."))
    return months


def which(accounts: Sequence[str]) -> list[Sentence]:
    """Return how a caller with several accounts chooses one: by the last digits, with keys from 1 on."""
    return [
        sentence("For account ending in ", figures.digits(account[-TAIL:]), ", press ", figures.cardinal(key), ".")
        for key, account in enumerate(accounts, start=1)
    ]


def cut_off_for_arrears(policy: Policy) -> list[Sentence]:
    """Return what a caller hears whose supply is cut for arrears."""
    hours = figures.count(int(policy.number("reconnect_limit")), "hour")
    off = sentence("Your power is off because of unpaid bills.")
    return [off, sentence("Once you have paid, it is back within ", hours, ".")]


def _used(bill: Bill) -> str:
    return figures.energy(bill.usage) if bill.usage else "nothing"


def _amount(bill: Bill, today: date) -> list[Sentence]:
    used = sentence("In ", figures.month(bill.period, today=today), " you used ", _used(bill), ".")
    return [used, sentence("The bill is ", figures.money(bill.amount), ".")]


def _compared(bill: Bill, before: Bill | None) -> Sentence:
    """The bill beside that of the month before, energy and money each; they may go different ways."""
    if before is None:
        return sentence("There is no bill of the month before.")
    energy, money = bill.usage - before.usage, bill.amount - before.amount
    used = (figures.energy(abs(energy)), " more than" if energy > 0 else " less than") if energy else ("the same as",)
    costs = (figures.money(abs(money)), " more" if money > 0 else " less") if money else ("the same money",)
    return sentence("That is ", *used, " the month before, and ", *costs, ".")


def _causes(summary: BillSummary) -> list[Sentence]:
    """Why it is not that of the month before; where use is the only cause, that the price is the same."""
    own = reasons(summary.causes)
    if own and (used := only_use(summary.causes)):
        return [sentence("The price is the same. You used ", "more." if used > 0 else "less.")]
    return [
        sentence(CAUSES[key], ": ", figures.money(abs(yuan)), " more." if yuan > 0 else " less.") for key, yuan in own
    ]


def _lines(lines: tuple[Line, ...]) -> list[Sentence]:
    if len(lines) > LINES_SAID:
        return [sentence("The bill has ", figures.count(len(lines), "part"), ". For each of them, press zero.")]
    return [_line(line) for line in lines if line.kwh]


def _line(line: Line) -> Sentence:
    step = f"At price step {figures.cardinal(line.tier)}" if line.tier else ""
    part = f"{', in' if step else 'In'} {PARTS[line.part]} hours" if line.part else ""
    energy, price, amount = figures.energy(line.kwh), figures.price(line.price), figures.money(line.amount)
    return sentence(step + part or "One part", ": ", energy, ", at ", price, ", that is ", amount, ".")


def _payment(summary: BillSummary, today: date) -> list[Sentence]:
    if not summary.total_due:
        return [sentence("This bill is paid. Thank you.")]
    if not summary.owed:
        return [sentence("This bill is paid."), sentence("The late fee is ", figures.money(summary.late_fee), ".")]
    owed = figures.money(summary.owed)
    due = figures.day(summary.pay_until, today=today)
    if not summary.late_fee:
        return [sentence("You have ", owed, " to pay, ", "today" if due == "today" else f"before {due}", ".")]
    late = figures.count(summary.overdue_days, "day")
    fee, total = figures.money(summary.late_fee), figures.money(summary.total_due)
    return [
        sentence("You owe ", owed, ", due ", due, ", now ", late, " late."),
        sentence("The late fee is ", fee, ". Together that is ", total, "."),
    ]
