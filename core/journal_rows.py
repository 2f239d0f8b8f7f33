"""The rows of the journal: events written and read, each by its class name, with its number in the one order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, String, Table, insert, select

from core.db import Utc, metadata, utc_text
from core.events import Event, Recorded, from_data, to_data, to_json
from core.prepared import on_sqlite

journal_table = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False, index=True),
    Column("event", String(40), nullable=False, index=True),
    Column("call_id", String(64), index=True),
    Column("agent_id", String(32), index=True),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)


_INSERT = insert(journal_table)
"""One statement object for all events: SQLAlchemy finds its compiled form without working out its key anew."""
_INSERT_SQLITE = "INSERT INTO journal (at, event, call_id, agent_id, data) VALUES "
_ROWS_SQLITE = 64
"""Events in one statement: each number of them is a statement that SQLite keeps ready, so there are not many."""


def append(connection: Connection, events: Iterable[Event]) -> list[Recorded]:
    """Write `events` in order within the caller's transaction and return them with their numbers."""
    events = list(events)
    if connection.dialect.name != "sqlite":
        return [Recorded(_insert(connection, event), event) for event in events]
    return [
        Recorded(seq, event)
        for part in (events[at : at + _ROWS_SQLITE] for at in range(0, len(events), _ROWS_SQLITE))
        for seq, event in enumerate(part, _insert_sqlite(connection, part))
    ]


def _insert_sqlite(connection: Connection, events: Sequence[Event]) -> int:
    """Insert all by one statement and return the number of the first; they have consecutive ones.

    This is what each call makes most of: one statement for an event, through SQLAlchemy, costs five times the CPU.
    """
    row: list[str | None] = []
    for event in events:
        call_id, agent_id = getattr(event, "call_id", None), getattr(event, "agent_id", None)
        row += (utc_text(event.at), type(event).__name__, call_id, agent_id, to_json(event))
    last = on_sqlite(connection, _insert_rows(len(events)), row).lastrowid
    assert last is not None
    return last - len(events) + 1


@cache
def _insert_rows(number: int) -> str:
    return _INSERT_SQLITE + ", ".join(["(?, ?, ?, ?, ?)"] * number)


def _insert(connection: Connection, event: Event) -> int:
    row = {
        "at": event.at,
        "event": type(event).__name__,
        "call_id": getattr(event, "call_id", None),
        "agent_id": getattr(event, "agent_id", None),
        "data": to_data(event),
    }
    key = connection.execute(_INSERT, row).inserted_primary_key
    assert key is not None
    return int(key[0])


def of_call(connection: Connection, call_id: str) -> list[Recorded]:
    """Return the story of one call, in order."""
    rows = connection.execute(
        select(journal_table).where(journal_table.c.call_id == call_id).order_by(journal_table.c.seq)
    )
    return [_recorded(row) for row in rows if row.event in Event.kinds]


def since(connection: Connection, seq: int, kinds: Sequence[type[Event]] = (), limit: int = 10_000) -> list[Recorded]:
    """Return up to `limit` events after number `seq`, of the classes `kinds` (none named: all)."""
    query = select(journal_table).where(journal_table.c.seq > seq).order_by(journal_table.c.seq).limit(limit)
    if kinds:
        query = query.where(journal_table.c.event.in_([k.__name__ for k in kinds]))
    return [_recorded(row) for row in connection.execute(query) if row.event in Event.kinds]


def _recorded(row: Any) -> Recorded:
    at: datetime = row.at
    return Recorded(row.seq, from_data(row.event, at, row.data))
