"""Stored bills, what they consist of, and the late fee ([domain 15.6])."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from core.policy import Policy

FEN = Decimal("0.01")
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a bill: `kwh` at `price` yuan/kWh makes `amount` yuan; `tier` is the step of the ladder, from 1."""

    kwh: Decimal
    price: Decimal
    amount: Decimal
    tier: int | None = None


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

    @property
    def id(self) -> str:
        """The account and the month: there is one bill for both."""
        return f"{self.account}-{self.period:%Y%m}"

    @property
    def paid(self) -> bool:
        return self.paid_at is not None


@dataclass(frozen=True, slots=True)
class BillSummary:
    """What a caller wants to know of an account: the latest bill and everything still to be paid.

    Amounts in yuan. `owed` sums every unpaid bill, `late_fee` their late fees as of the day of asking,
    `total_due` both. `overdue_days` counts from the earliest due day passed.
    """

    bill: Bill
    owed: Decimal
    late_fee: Decimal
    overdue_days: int
    previous_usage: Decimal | None
    """kWh of the month before, when there is such a bill."""

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
    """Return the late fee (违约金) in yuan on an unpaid bill as of `today`.

    A rate a day on the amount, from the due day on: households 1 ‰, others 2 ‰ on arrears that fell due this
    year and 3 ‰ on those of former years; at least 1 yuan; half up to fen. Source: [domain 15.6], Rule 98 of
    the supply rules (供电营业规则) by its public summaries; the least fee also [seed 002, T/F 42].
    """
    days = overdue_days(bill, today)
    if not days or bill.amount <= 0:
        return NOTHING
    fee = bill.amount * _rule(policy, _rate(bill, today)) * days
    return to_fen(max(fee, _rule(policy, "late_fee_minimum")))


def _rate(bill: Bill, today: date) -> str:
    if bill.residential:
        return "late_fee_resident_per_day"
    this_year = bill.due_date.year == today.year
    return "late_fee_other_current_per_day" if this_year else "late_fee_other_previous_per_day"


def _rule(policy: Policy, name: str) -> Decimal:
    return Decimal(str(policy.number(name)))


def summary(latest: Bill, unpaid: Sequence[Bill], before: Bill | None, today: date, policy: Policy) -> BillSummary:
    """Bring together the latest bill, every unpaid one and the bill of the month before."""
    return BillSummary(
        bill=latest,
        owed=sum((bill.amount for bill in unpaid), NOTHING),
        late_fee=sum((late_fee(bill, today, policy) for bill in unpaid), NOTHING),
        overdue_days=max((overdue_days(bill, today) for bill in unpaid), default=0),
        previous_usage=before.usage if before else None,
    )


def month_before(period: date) -> date:
    """Return the first day of the month before `period`."""
    return date(period.year - (period.month == 1), (period.month - 2) % 12 + 1, 1)


def explanation(bill: Bill) -> list[ExplanationLine]:
    """Return the rows that make up the bill, its sum last."""
    rows = [ExplanationLine(_name(line), _reckoning(line), line.amount) for line in bill.lines]
    return [*rows, ExplanationLine("合计", f"{_plain(bill.usage)} 度", bill.amount)]


def _name(line: Line) -> str:
    return f"第{line.tier}档电费" if line.tier else "电费"


def _reckoning(line: Line) -> str:
    return f"{_plain(line.kwh)} 度 × {_plain(line.price)} 元/度"


def _plain(number: Decimal) -> str:
    """The number without zeros at its end and without an exponent."""
    return format(number.normalize(), "f")
