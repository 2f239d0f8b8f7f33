"""Entries of the utility's books as rows, and which bills they may name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select

from core.journal import append
from core.prepared import PreparedSelect
from core.upsert import upsert
from desk.billing.booking import Booking, BookingKind
from desk.billing.events import BookingImported
from desk.billing.tables import bill_bookings, bills

T = TypeVar("T")
IN_A_QUERY = 500
"""Values in one IN list: within the limits of both engines."""
_OF_ACCOUNT = PreparedSelect(
    select(bill_bookings)
    .where(bill_bookings.c.account == bindparam("wanted"))
    .order_by(bill_bookings.c.day, bill_bookings.c.number)
)


def of_account(connection: Connection, account: str) -> list[Booking]:
    """Return the entries of an account, the oldest first."""
    return [_booking(row) for row in _OF_ACCOUNT.rows(connection, wanted=account)]


def several(connection: Connection, numbers: Sequence[str]) -> dict[str, Booking]:
    """Return the entries that have these numbers."""
    found: dict[str, Booking] = {}
    for part in _parts(numbers):
        rows = connection.execute(select(bill_bookings).where(bill_bookings.c.number.in_(part)))
        found |= {row.number: _booking(row) for row in rows}
    return found


def months_of(connection: Connection, accounts: Sequence[str]) -> Mapping[str, set[date]]:
    """Return the months of which these accounts have bills."""
    found: dict[str, set[date]] = {}
    for part in _parts(sorted(set(accounts))):
        for row in connection.execute(select(bills.c.account, bills.c.period).where(bills.c.account.in_(part))):
            found.setdefault(row.account, set()).add(row.period)
    return found


def save(connection: Connection, bookings: Sequence[Booking], now: datetime) -> None:
    """Write entries that are new or say something else, each with its event; the others are left as they are."""
    before = several(connection, [one.number for one in bookings])
    changed = [one for one in bookings if before.get(one.number) != one]
    rows = [
        {
            "number": one.number,
            "account": one.account,
            "kind": one.kind.value,
            "day": one.day,
            "amount": one.amount,
            "period": one.period,
            "cause": one.cause,
        }
        for one in changed
    ]
    upsert(connection, bill_bookings, rows)
    append(connection, [_told(one, before.get(one.number), now) for one in changed])


def _told(one: Booking, before: Booking | None, now: datetime) -> BookingImported:
    return BookingImported(
        at=now,
        number=one.number,
        account=one.account,
        kind=one.kind.value,
        day=one.day,
        amount=str(one.amount),
        period=one.period,
        cause=one.cause,
        was=f"{before.kind} {before.amount} {before.day} {before.period or ''} {before.cause}".strip()
        if before
        else "",
    )


def _booking(row: Any) -> Booking:
    return Booking(row.number, row.account, BookingKind(row.kind), row.day, row.amount, row.period, row.cause)


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[at : at + IN_A_QUERY] for at in range(0, len(values), IN_A_QUERY))
