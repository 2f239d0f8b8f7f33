"""Rows of supplies (readings and terms) to dataclasses and back; each is one document of its account and month."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from core.prepared import PreparedSelect
from core.upsert import upsert
from desk.billing.supply import Supply
from desk.billing.tables import bill_supplies

_OF_ACCOUNT = PreparedSelect(
    select(bill_supplies.c.period, bill_supplies.c.document).where(
        bill_supplies.c.account == bindparam("wanted"),
        bill_supplies.c.period >= bindparam("first"),
        bill_supplies.c.period <= bindparam("last"),
    )
)
_DECODE = msgspec.json.Decoder(Supply)
_ENCODE = msgspec.json.Encoder()


def save(connection: Connection, supplies: Sequence[Supply]) -> None:
    """Write supplies; one of the same account and month is replaced."""
    upsert(
        connection,
        bill_supplies,
        [
            {"account": one.account, "period": one.period, "document": _ENCODE.encode(one).decode("utf-8")}
            for one in supplies
        ],
    )


def of_account(connection: Connection, account: str, since: date, until: date) -> dict[date, Supply]:
    """Return the supplies of an account by month, from `since` to `until`, both included."""
    rows = _OF_ACCOUNT.rows(connection, wanted=account, first=since, last=until)
    return {row.period: _decode(row.document) for row in rows}


def of_month(connection: Connection, period: date) -> list[Supply]:
    """Return the supplies of all accounts in a month, by account."""
    column = bill_supplies.c
    query = select(column.document).where(column.period == period).order_by(column.account)
    return [_decode(row.document) for row in connection.execute(query)]


def _decode(document: Any) -> Supply:
    return _DECODE.decode(document)
