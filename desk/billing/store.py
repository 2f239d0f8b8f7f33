"""Rows of bills to dataclasses and back."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, select

from core.prepared import PreparedSelect
from core.upsert import upsert
from desk.billing.model import Bill, Line, Part
from desk.billing.tables import bill_lines, bill_supplies, bills
from desk.customers.model import Category
from desk.customers.tables import accounts

NAMES_IN_A_QUERY = 500
"""Values in one IN list: within the limits of both engines."""


_BILLS = (
    select(bills, accounts.c.category)
    .select_from(bills.join(accounts, accounts.c.number == bills.c.account))
    .order_by(bills.c.period.desc())
)
_ID = PreparedSelect(_BILLS.where(bills.c.id == bindparam("wanted")))
_OF_ACCOUNT = PreparedSelect(
    _BILLS.where(bills.c.account == bindparam("wanted")).limit(bindparam("most", type_=Integer))
)
_ALL = PreparedSelect(_BILLS.where(bills.c.account == bindparam("wanted")))
_UNPAID = PreparedSelect(_BILLS.where(bills.c.account == bindparam("wanted"), bills.c.paid_at.is_(None)))
_OF_MONTH = PreparedSelect(_BILLS.where(bills.c.account == bindparam("wanted"), bills.c.period == bindparam("month")))
_LINES = PreparedSelect(
    select(bill_lines).where(bill_lines.c.bill_id == bindparam("bill")).order_by(bill_lines.c.position)
)


def get(connection: Connection, bill_id: str) -> Bill | None:
    """Return the bill, if there is one."""
    return _first(_load(connection, _ID, wanted=bill_id))


def latest(connection: Connection, account: str) -> Bill | None:
    """Return the account's bill of the latest month, if it has any."""
    return _first(of_account(connection, account, limit=1))


def of_account(connection: Connection, account: str, limit: int) -> list[Bill]:
    """Return up to `limit` bills of the account, latest month first."""
    return _load(connection, _OF_ACCOUNT, wanted=account, most=limit)


def unpaid(connection: Connection, account: str) -> list[Bill]:
    """Return the account's unpaid bills, latest month first."""
    return _load(connection, _UNPAID, wanted=account)


def of_month(connection: Connection, account: str, period: date) -> Bill | None:
    """Return the account's bill of a month, if there is one."""
    return _first(_load(connection, _OF_MONTH, wanted=account, month=period))


def _first(found: Sequence[Bill]) -> Bill | None:
    return found[0] if found else None


def without_lines(connection: Connection, account: str) -> list[Bill]:
    """Return every bill of the account, latest month first, without what they consist of."""
    return [_bill(row, ()) for row in _ALL.rows(connection, wanted=account)]


def _load(connection: Connection, query: PreparedSelect, **values: Any) -> list[Bill]:
    rows = query.rows(connection, **values)
    return [_bill(row, tuple(_line(line) for line in _LINES.rows(connection, bill=row.id))) for row in rows]


def _bill(row: Any, lines: tuple[Line, ...]) -> Bill:
    return Bill(
        account=row.account,
        period=row.period,
        usage=row.usage_kwh,
        amount=row.amount,
        lines=lines,
        due_date=row.due_date,
        paid_at=row.paid_at,
        residential=row.category == Category.RESIDENTIAL,
        estimated=row.estimated,
        balance=row.balance,
    )


def _line(row: Any) -> Line:
    return Line(row.kwh, row.price, row.amount, row.tier, Part(row.part) if row.part else None)


def save(connection: Connection, rows: Sequence[Bill]) -> None:
    """Write bills; one that is there already gets the new values and exactly the new lines."""
    upsert(
        connection,
        bills,
        [
            {
                "id": bill.id,
                "account": bill.account,
                "period": bill.period,
                "usage_kwh": bill.usage,
                "amount": bill.amount,
                "due_date": bill.due_date,
                "paid_at": bill.paid_at,
                "estimated": bill.estimated,
                "balance": bill.balance,
            }
            for bill in rows
        ],
    )
    for part in _parts([bill.id for bill in rows]):
        connection.execute(delete(bill_lines).where(bill_lines.c.bill_id.in_(part)))
    upsert(
        connection,
        bill_lines,
        [
            {
                "bill_id": bill.id,
                "position": position,
                "kwh": line.kwh,
                "price": line.price,
                "amount": line.amount,
                "tier": line.tier,
                "part": line.part.value if line.part else None,
            }
            for bill in rows
            for position, line in enumerate(bill.lines)
        ],
    )


def forget(connection: Connection, account_numbers: Sequence[str]) -> None:
    """Remove every bill of these accounts, and what bills of theirs are reckoned of."""
    for part in _parts(account_numbers):
        theirs = select(bills.c.id).where(bills.c.account.in_(part))
        connection.execute(delete(bill_lines).where(bill_lines.c.bill_id.in_(theirs)))
        connection.execute(delete(bills).where(bills.c.account.in_(part)))
        connection.execute(delete(bill_supplies).where(bill_supplies.c.account.in_(part)))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + NAMES_IN_A_QUERY] for at in range(0, len(values), NAMES_IN_A_QUERY))
