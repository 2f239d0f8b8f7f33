"""The file of what your books have on bills: payments, refunds and adjustments, each by its own number."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from app.import_cells import Row
from app.import_tables import ImportTable, Item, Setting
from desk.billing import booking_store
from desk.billing.booking import Booking, BookingKind
from desk.customers import store as customer_store

NUMBER = re.compile(r"[A-Za-z0-9_./:-]{1,64}")
YUAN = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,2})?", re.ASCII)
KINDS = {
    **{kind.value: kind for kind in BookingKind},
    **{"缴费": BookingKind.PAYMENT, "退费": BookingKind.REFUND, "退补": BookingKind.ADJUSTMENT},
}
CAUSE_LENGTH = 200


def _booking(row: Row, setting: Setting) -> Item:
    account = row.digits("account", setting.length("account_digits"))
    number = row.matching("number", NUMBER, "write the number that your books gave it, 1 to 64 characters")
    kind = row.choice("what", KINDS, BookingKind.PAYMENT)
    booking = Booking(
        number=number,
        account=account,
        kind=kind,
        day=row.day("day"),
        amount=_yuan(row, kind),
        period=row.month("period") if row.raw("period") else None,
        cause=row.text("cause", CAUSE_LENGTH, optional=True),
    )
    if booking.day > datetime.now(setting.zone).date():
        raise row.bad("day", "it is still to come", "import it when it has happened")
    if kind is not BookingKind.PAYMENT and not booking.cause:
        raise row.bad("cause", "it is empty", "say why money was given back or a bill changed")
    if kind is BookingKind.ADJUSTMENT and booking.period is None:
        raise row.bad("period", "it is empty", "name the month of the bill that is adjusted")
    line, before = setting.seen.setdefault(number, (row.line, booking))
    if before != booking:
        raise row.bad("number", f"line {line} has it with other figures", "give each entry of the books its own number")
    return Item(row.line, number, booking, (("account", account),))


def _yuan(row: Row, kind: BookingKind) -> Decimal:
    """Yuan: of an adjustment with its sign, else from 0 on (0 takes an entry back that was imported by mistake)."""
    text = row.raw("amount")
    if not YUAN.fullmatch(text):
        raise row.bad("amount", "it is not an amount of this form", "write yuan with at most 2 decimals, like 156.41")
    if kind is not BookingKind.ADJUSTMENT and text.startswith("-"):
        raise row.bad("amount", "it is below zero", "write what was paid, or given back with `what` refund")
    return Decimal(text)


def _refused(connection: Connection, items: Sequence[Item]) -> dict[int, str]:
    """By line: entries that name a bill which is not there, come before all bills, or take another account's number."""
    known = booking_store.several(connection, [item.key for item in items])
    months = booking_store.months_of(connection, [item.thing.account for item in items])
    found = {item.line: _against(item.thing, known.get(item.key), months) for item in items}
    return {line: what for line, what in found.items() if what}


def _against(one: Booking, before: Booking | None, months: Mapping[str, set[date]]) -> str:
    if before is not None and before.account != one.account:
        return f"number = {one.number!r}: it is there for account {before.account}; correct number or account"
    of = months.get(one.account, set())
    if one.period is not None and one.period not in of:
        cure = "import the bills file first, or leave period empty"
        return f"period = '{one.period:%Y-%m}': account {one.account} has no bill of that month; {cure}"
    if one.period is None and (not of or one.day < min(of)):
        cure = "name its period, or import the bills from then on first"
        return f"day = '{one.day}': account {one.account} has no bill as old as that; {cure}"
    return ""


def _write(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    booking_store.save(connection, [item.thing for item in items], datetime.now(UTC))


PAYMENTS = ImportTable(
    "payments",
    {
        "number": "缴费单号",
        "account": "户号",
        "day": "日期",
        "amount": "金额",
        "what": "类型",
        "period": "账期",
        "cause": "原因",
    },
    ("number", "account", "day", "amount"),
    _booking,
    customer_store.known_accounts,
    "import the accounts file first or correct the number",
    _write,
    _refused,
)
