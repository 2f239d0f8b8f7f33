"""To which bills the entries of the utility's books go: the oldest bill that is open first, day by day."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from desk.billing import arrears
from desk.billing.arrears import FeeTerms
from desk.billing.booking import NOTHING, Booked, Booking, BookingKind
from desk.billing.model import Bill


@dataclass(frozen=True, slots=True)
class Rules:
    """How entries are placed: `terms` of the late fee on a bill; `fee_first`: it is paid before the bill itself.

    `zone`: which day it was when a bill was paid.
    """

    terms: Callable[[Bill], FeeTerms]
    fee_first: bool
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was booked on each bill, by month, and the yuan paid that no bill has asked for yet."""

    booked: Mapping[date, tuple[Booked, ...]]
    credit: Decimal


def ledger(bills: Sequence[Bill], bookings: Sequence[Booking], today: date, rules: Rules) -> Ledger:
    """Place all entries of an account until today.

    A payment goes to the bill that it names, then to the oldest open one, to each bill and its late fee before the next
    ([ours] the order of 民法典 560: what fell due first). Less charged counts from the due day, as nobody is late with
    what was never owed; more charged from its own day. Money given back is taken from what was paid too much, then
    opens the bill again that it names, else the newest.
    """
    books = _Books({bill.period: _Line(bill, rules) for bill in sorted(bills, key=lambda one: one.period)})
    for day, _, _, what in sorted(books.events(bookings, today), key=lambda event: event[:3]):
        if isinstance(what, Booking):
            books.enter(what, day)
        else:
            what.settle(day)
    return Ledger({period: tuple(line.booked) for period, line in books.lines.items()}, books.credit())


ORDER = (BookingKind.ADJUSTMENT, BookingKind.PAYMENT, BookingKind.REFUND)
"""Of one day; that the billing system has a bill as paid comes after them."""


@dataclass(slots=True)
class _Line:
    """A bill with what was booked on it so far; `assumed`: yuan that the billing system says were paid somehow."""

    bill: Bill
    rules: Rules
    booked: list[Booked] = field(default_factory=list)
    settled: bool = False
    assumed: Decimal = NOTHING

    @property
    def paid_on(self) -> date | None:
        at = self.bill.paid_at
        return at.astimezone(self.rules.zone).date() if at is not None else None

    def open(self) -> Decimal:
        return self.bill.amount + sum((one.principal for one in self.booked), NOTHING)

    def open_fee(self, day: date) -> Decimal:
        terms = self.rules.terms(self.bill)
        fee = arrears.late_fee(self.bill.amount, self.bill.due_date, day, terms, self.booked)
        paid = sum((one.fee for one in self.booked), NOTHING)
        return max(NOTHING, fee.value - paid) if fee is not None else NOTHING

    def settle(self, day: date) -> None:
        """The billing system has the bill as paid: what the books do not tell was paid too."""
        rest, fee = self.open(), self.open_fee(day)
        self.settled, self.assumed = True, rest + fee
        if rest or fee:
            self.booked.append(Booked(day, -rest, fee))

    def pay(self, one: Booking, yuan: Decimal, day: date) -> Decimal:
        """Take what is open of the bill and its fee from `yuan`; return what is left."""
        known = min(yuan, self.assumed) if one.period == self.bill.period else NOTHING
        self.assumed -= known
        left = yuan - known
        open_, open_fee = max(NOTHING, self.open()), self.open_fee(day)
        fee = min(open_fee, left if self.rules.fee_first else max(NOTHING, left - open_))
        principal = min(open_, left - fee)
        if known or fee or principal:
            self.booked.append(Booked(day, -principal, fee, one))
        return left - fee - principal

    def paid(self) -> Decimal:
        """Yuan of the bill that were paid and not given back, by the books."""
        moved = (one.principal for one in self.booked if one.booking and one.booking.kind is not BookingKind.ADJUSTMENT)
        return -sum(moved, NOTHING)


@dataclass(slots=True)
class _Books:
    """The bills of an account, the oldest first, and what was paid too much with the entry that it is of."""

    lines: dict[date, _Line]
    spare: list[tuple[Booking, Decimal]] = field(default_factory=list)

    def credit(self) -> Decimal:
        return sum((yuan for _, yuan in self.spare), NOTHING)

    def events(self, bookings: Iterable[Booking], today: date) -> Iterator[tuple[date, int, str, "Booking | _Line"]]:
        """Yield what happens until today: on which day, in which order on it, and what."""
        for one in bookings:
            if one.day <= today:
                yield self.counts_from(one), ORDER.index(one.kind), one.number, one
        for line in self.lines.values():
            if line.paid_on is not None and line.paid_on <= today:
                yield line.paid_on, len(ORDER), line.bill.id, line

    def counts_from(self, one: Booking) -> date:
        line = self.lines.get(one.period) if one.period else None
        less = one.kind is BookingKind.ADJUSTMENT and one.amount < 0
        return min(one.day, line.bill.due_date) if less and line is not None else one.day

    def enter(self, one: Booking, day: date) -> None:
        if one.kind is BookingKind.PAYMENT:
            self._pay(one, one.amount, day)
        elif one.kind is BookingKind.REFUND:
            self._refund(one, day)
        else:
            self._adjust(one, day)
        spare, self.spare = self.spare, []
        for of, yuan in spare:
            self._pay(of, yuan, day)

    def _pay(self, one: Booking, yuan: Decimal, day: date) -> None:
        for line in self._named_first(one, self.lines.values()):
            if not yuan:
                return
            yuan = line.pay(one, yuan, day)
        if yuan:
            self.spare.append((one, yuan))

    def _adjust(self, one: Booking, day: date) -> None:
        line = self.lines.get(one.period) if one.period else None
        if line is None:
            return
        change = max(one.amount, -max(NOTHING, line.open()))
        line.booked.append(Booked(day, change, NOTHING, one))
        if change != one.amount:
            self._pay(one, change - one.amount, day)

    def _refund(self, one: Booking, day: date) -> None:
        left, kept = one.amount, []
        for of, yuan in reversed(self.spare):
            taken = min(yuan, left)
            left -= taken
            if yuan > taken:
                kept.append((of, yuan - taken))
        self.spare = kept[::-1]
        for line in self._named_first(one, reversed(self.lines.values())):
            back = min(left, line.paid()) if not line.settled else NOTHING
            if back > 0:
                line.booked.append(Booked(day, back, NOTHING, one))
                left -= back

    def _named_first(self, one: Booking, lines: Iterable[_Line]) -> list[_Line]:
        return sorted(lines, key=lambda line: line.bill.period != one.period)
