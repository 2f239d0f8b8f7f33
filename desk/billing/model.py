"""Stored bills, what they consist of, and the late fee ([domain 15.6])."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from core.policy import Policy
from desk.billing import arrears
from desk.billing.arrears import FeeTerms, Owed
from desk.billing.booking import Booked
from desk.billing.steps import Step, given

FEN = Decimal("0.01")
NOTHING = Decimal("0.00")


class Part(StrEnum):
    """A part of the day with a price of its own (分时电价); the value is stored, the Chinese name is beside each."""

    SHARP = "sharp"
    """尖峰"""
    PEAK = "peak"
    """峰"""
    FLAT = "flat"
    """平"""
    VALLEY = "valley"
    """谷"""


PARTS = {Part.SHARP: "尖峰时段", Part.PEAK: "高峰时段", Part.FLAT: "平段", Part.VALLEY: "低谷时段"}
PARTS_EN = {"sharp": "sharp peak", "peak": "peak", "flat": "flat", "valley": "valley"}
"""What the parts of the day are called."""


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a bill: `kwh` at `price` yuan/kWh makes `amount` yuan.

    `tier` is the step of the ladder, from 1; `part` the part of the day, where the price depends on it.
    """

    kwh: Decimal
    price: Decimal
    amount: Decimal
    tier: int | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of one account for one month, as the billing system issued it."""

    account: str
    period: date
    """The first day of the month billed."""
    usage: Decimal
    """kWh"""
    amount: Decimal
    """yuan"""
    lines: tuple[Line, ...]
    due_date: date
    paid_at: datetime | None = None
    residential: bool = True
    """Whether the account is a household's: decides the rate of the late fee."""
    estimated: bool = False
    """The meter could not be read; the usage is an estimate (估抄)."""
    balance: Decimal | None = None
    """yuan paid in advance that the account holds, as the billing system said with this bill; None: not said."""
    booked: tuple[Booked, ...] = ()
    """What the utility's books have on it until today: payments, refunds, adjustments."""

    @property
    def id(self) -> str:
        """The account and the month: there is one bill for both."""
        return f"{self.account}-{self.period:%Y%m}"

    @property
    def open(self) -> Decimal:
        """Yuan of the bill still to be paid, its late fee not counted."""
        if self.booked:
            return self.amount + sum((one.principal for one in self.booked), NOTHING)
        return NOTHING if self.paid_at is not None else self.amount

    @property
    def paid(self) -> bool:
        return not self.open if self.booked else self.paid_at is not None


@dataclass(frozen=True, slots=True)
class BillSummary:
    """What a caller wants to know of an account: the latest bill and everything still to be paid.

    Amounts in yuan. `owed` sums what is open of every bill, `late_fee` what is open of their late fees as of the day of
    asking, `total_due` both. `overdue_days` counts from `pay_until`, the earliest due day of a bill with something open
    (of the latest one, when all are paid). `credit` was paid too much, by the utility's books.
    """

    bill: Bill
    owed: Decimal
    late_fee: Decimal
    overdue_days: int
    pay_until: date
    previous: Bill | None
    """The bill of the month before, when there is one."""
    causes: tuple[Step, ...] = ()
    """Why it is not that of the month before, the largest first, where both were reckoned from their readings."""
    credit: Decimal = NOTHING

    @property
    def balance(self) -> Decimal:
        """Yuan that the account holds in advance: as the billing system says, else by the books."""
        return self.credit if self.bill.balance is None else self.bill.balance

    @property
    def account(self) -> str:
        return self.bill.account

    @property
    def period(self) -> date:
        return self.bill.period

    @property
    def usage(self) -> Decimal:
        return self.bill.usage

    @property
    def amount(self) -> Decimal:
        return self.bill.amount

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.bill.lines

    @property
    def due_date(self) -> date:
        return self.bill.due_date

    @property
    def previous_usage(self) -> Decimal | None:
        """kWh of the month before."""
        return self.previous.usage if self.previous else None

    @property
    def paid(self) -> bool:
        return self.bill.paid

    @property
    def total_due(self) -> Decimal:
        return self.owed + self.late_fee


@dataclass(frozen=True, slots=True)
class ExplanationLine:
    """One row of an explained bill: what it is, how it was reckoned, yuan."""

    text: str
    reckoning: str
    amount: Decimal


def to_fen(amount: Decimal) -> Decimal:
    """Round to whole fen, half up."""
    return amount.quantize(FEN, ROUND_HALF_UP)


def overdue_days(bill: Bill, today: date) -> int:
    """Days since the due day of an unpaid bill; 0 on that day, before it, and for a paid bill."""
    return 0 if bill.paid else max(0, (today - bill.due_date).days)


def late_fee(bill: Bill, today: date, policy: Policy) -> Decimal:
    """Return the late fee (违约金) in yuan that is still to be paid on a bill as of `today`."""
    fee = owed(bill, today, policy).fee
    return NOTHING if fee is None else fee.value


def late_fee_step(bill: Bill, today: date, policy: Policy) -> Step | None:
    """Return the late fee still to be paid on a bill as of `today` with its steps; None when there is none.

    A rate a day on what was open, from the due day on: households 1 ‰, others 2 ‰ on arrears that fell due this
    year and 3 ‰ on those of former years; at least 1 yuan; half up to fen. Source: [domain 15.6], Rule 98 of
    the supply rules (供电营业规则) by its public summaries; the least fee also [seed 002, T/F 42].
    """
    fee = owed(bill, today, policy).fee
    return fee if fee is not None and fee.value else None


def owed(bill: Bill, today: date, policy: Policy) -> Owed:
    """Return what is still to be paid of a bill as of `today`, with its steps."""
    if bill.paid and not bill.booked:
        nothing = given("owed.principal", NOTHING, "yuan")
        return Owed(nothing, None, nothing)
    return arrears.owed(bill.amount, bill.due_date, today, fee_terms(bill, policy), bill.booked)


def fee_terms(bill: Bill, policy: Policy) -> FeeTerms:
    """Return what a day of arrears costs on a bill."""
    kinds = ("resident", "resident") if bill.residential else ("other_current", "other_previous")
    current, former = (_rule(policy, f"late_fee_{kind}_per_day") for kind in kinds)
    by_days = policy.number("late_fee_new_year_by_days") > 0
    return FeeTerms(current, former, _rule(policy, "late_fee_minimum"), by_days)


def _rule(policy: Policy, name: str) -> Step:
    rule = policy.rule(name)
    return given(f"rule.{name}", Decimal(str(rule.value)), source=rule.source)


def summary(
    latest: Bill,
    unpaid: Sequence[Bill],
    before: Bill | None,
    today: date,
    policy: Policy,
    causes: tuple[Step, ...] = (),
    credit: Decimal = NOTHING,
) -> BillSummary:
    """Bring together the latest bill, every one with something open and the bill of the month before."""
    fees = [(bill, late_fee(bill, today, policy)) for bill in unpaid]
    due = [bill.due_date for bill, fee in fees if bill.open or fee]
    pay_until = min(due, default=latest.due_date)
    return BillSummary(
        bill=latest,
        owed=sum((bill.open for bill in unpaid), NOTHING),
        late_fee=sum((fee for _, fee in fees), NOTHING),
        overdue_days=max(0, (today - pay_until).days) if due else 0,
        pay_until=pay_until,
        previous=before,
        causes=causes,
        credit=credit,
    )


def month_before(period: date) -> date:
    """Return the first day of the month before `period`."""
    return date(period.year - (period.month == 1), (period.month - 2) % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class UsageHistory:
    """What an account used: `months` are bills, latest first; `year` sums those of its year without a gap.

    `since` is the first month of that sum. `tier` is the highest step of the ladder in the latest bill, if any.
    """

    months: tuple[Bill, ...]
    since: date
    year: Decimal
    """kWh"""
    tier: int | None


def usage_history(latest_first: Sequence[Bill], shown: int) -> UsageHistory | None:
    """Return what was used, of the stored bills of an account; None when there is no bill."""
    if not latest_first:
        return None
    latest = latest_first[0]
    run = [latest]
    for bill in latest_first[1:]:
        if bill.period != month_before(run[-1].period) or bill.period.year != latest.period.year:
            break
        run.append(bill)
    return UsageHistory(
        months=tuple(latest_first[:shown]),
        since=run[-1].period,
        year=sum((bill.usage for bill in run), Decimal(0)),
        tier=max((line.tier for line in latest.lines if line.tier), default=None),
    )


def explanation(bill: Bill, *, english: bool = False) -> list[ExplanationLine]:
    """Return the rows that make up the bill, its sum last."""
    rows = [ExplanationLine(_name(line, english), _reckoning(line, english), line.amount) for line in bill.lines]
    kwh = f"{_plain(bill.usage)} {'kWh' if english else '度'}"
    return [*rows, ExplanationLine("Sum" if english else "合计", kwh, bill.amount)]


def _name(line: Line, english: bool) -> str:
    if english:
        step, part = f"tier {line.tier}" if line.tier else "", PARTS_EN[line.part.value] if line.part else ""
        return ", ".join(word for word in ("Energy", step, part) if word)
    step = f"第{line.tier}档" if line.tier else ""
    return f"{step}{PARTS[line.part] if line.part else ''}电费"


def _reckoning(line: Line, english: bool) -> str:
    if english:
        return f"{_plain(line.kwh)} kWh × {_plain(line.price)} yuan/kWh"
    return f"{_plain(line.kwh)} 度 × {_plain(line.price)} 元/度"


def _plain(number: Decimal) -> str:
    """The number without zeros at its end and without an exponent."""
    return format(number.normalize(), "f")
