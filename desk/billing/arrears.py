"""What is owed of a bill over time: what the books left open, and the late fee (违约金) on it ([domain 15.6])."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.billing.booking import Booked
from desk.billing.steps import DIFFERENCE, FEN, MOST, PRODUCT, SUM, ZERO, Step, given, reckon

SOURCE = "供电营业规则 Rule 98 by its public summaries"


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What a day costs of what is open: `current` in the year in which it fell due, `former` once that is over.

    `least`: yuan. `by_days`: after New Year the days before it keep the current rate; otherwise what was carried over
    costs the former rate from its first day on.
    """

    current: Step
    former: Step
    least: Step
    by_days: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """What is still to be paid of a bill: of the bill itself, of its late fee (None: there is none), both."""

    principal: Step
    fee: Step | None
    total: Step


def owed(amount: Decimal, due: date, today: date, terms: FeeTerms, booked: Sequence[Booked] = ()) -> Owed:
    """Return what is owed today of `amount` yuan that fell due on a day, after what was booked on it."""
    bill = given("bill", amount, "yuan")
    moved = [_moved(one, one.principal) for one in booked if one.principal]
    principal = reckon("owed.principal", SUM, (bill, *moved), "yuan", FEN) if moved else bill
    fee = late_fee(amount, due, today, terms, booked)
    paid = [_moved(one, one.fee) for one in booked if one.fee]
    if fee is not None and paid:
        fee = reckon("owed.fee", DIFFERENCE, (fee, *paid), "yuan", FEN)
    total = principal if fee is None else reckon("owed.total", SUM, (principal, fee), "yuan", FEN)
    return Owed(principal, fee, total)


def _moved(one: Booked, yuan: Decimal) -> Step:
    if one.booking is None:
        return given("booking.settled", yuan, "yuan", of=one.since.isoformat(), source="by the billing system")
    note = f"{one.booking.number} {one.booking.cause}".strip()
    return given(f"booking.{one.booking.kind}", yuan, "yuan", of=one.booking.day.isoformat(), source=note)


def late_fee(amount: Decimal, due: date, today: date, terms: FeeTerms, booked: Sequence[Booked] = ()) -> Step | None:
    """Return the late fee that has grown until today, paid or not; None before anything is overdue.

    Each day after the due day costs its rate of what was open then; at least `terms.least`; half up to fen. The fee
    does not grow on itself (Rule 98: of the arrears without late fee).
    """
    pieces = []
    spans = list(_spans(amount, due, today, booked))
    carried = next((open_ for open_, since, until in spans if since <= _year_end(due) < until), ZERO)
    for open_, since, until in spans:
        pieces += [_piece(*one) for one in _by_rate(open_, since, until, due, carried, terms) if one[0] > 0]
    if not pieces:
        return None
    grown = pieces[0] if len(pieces) == 1 else reckon("late_fee.grown", SUM, tuple(pieces), "yuan")
    return reckon("late_fee", MOST, (grown, terms.least), "yuan", FEN, SOURCE)


def _year_end(due: date) -> date:
    return date(due.year, 12, 31)


def _spans(amount: Decimal, due: date, today: date, booked: Sequence[Booked]) -> Iterator[tuple[Decimal, date, date]]:
    """Yield what was open with the days between which it was, from the due day on."""
    open_, since = amount, due
    for one in sorted((one for one in booked if one.since <= today), key=lambda one: one.since):
        if one.since > since and one.principal:
            yield open_, since, one.since
            since = one.since
        open_ += one.principal
    if today > since:
        yield open_, since, today


def _by_rate(
    open_: Decimal, since: date, until: date, due: date, carried: Decimal, terms: FeeTerms
) -> Iterator[tuple[Decimal, Step, int]]:
    """Yield yuan, rate and days: `carried` are the yuan that were still open at the end of the year of the due day."""
    days, end = (until - since).days, _year_end(due)
    if terms.by_days:
        within = max(0, (min(until, end) - since).days)
        yield open_ if within else ZERO, terms.current, within
        yield open_ if days > within else ZERO, terms.former, days - within
        return
    over = min(open_, carried) if terms.former.value != terms.current.value else ZERO
    yield over, terms.former, days
    yield open_ - over, terms.current, days


def _piece(open_: Decimal, rate: Step, days: int) -> Step:
    factors = (given("owed.open", open_, "yuan"), rate, given("days", Decimal(days), "d"))
    return reckon("late_fee.days", PRODUCT, factors, "yuan", source=SOURCE)
