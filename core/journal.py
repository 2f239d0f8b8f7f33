"""The journal is the truth: every event in the same transaction as the state it explains, then published."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, String, Table, insert, select

from core.bus import Bus
from core.db import Database, Utc, metadata
from core.events import Event, Recorded, from_data, to_data
from core.tasks import TaskOwner

Save = Callable[[Connection], object]

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


def append(connection: Connection, events: Iterable[Event]) -> list[Recorded]:
    """Write `events` in order within the caller's transaction and return them with their numbers."""
    return [Recorded(_insert(connection, event), event) for event in events]


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


class Journal:
    """Records events together with the state they explain and tells the bus."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._tasks = TaskOwner("journal")

    async def record(self, *events: Event, save: Save | None = None) -> list[Recorded]:
        """Commit `save(connection)` and `events` in one transaction, then publish the events in order.

        `save` runs first; when it raises, nothing is written or published and the error comes through.
        It may run twice (see `core.db.Database`). What is committed is published even when the caller
        of this is cancelled meanwhile.
        """
        return await asyncio.shield(self._tasks.start(self._record(events, save), "record", awaited=True))

    async def _record(self, events: Sequence[Event], save: Save | None) -> list[Recorded]:
        def work(connection: Connection) -> list[Recorded]:
            if save is not None:
                save(connection)
            return append(connection, events)

        recorded = await self._db.write(work)
        for one in recorded:
            await self._bus.publish(one)
        return recorded

    async def close(self) -> None:
        """Wait until everything under way is committed and published."""
        await self._tasks.drain()

    async def of_call(self, call_id: str) -> list[Recorded]:
        """Return the story of one call, in order."""
        return await self._db.read(lambda connection: of_call(connection, call_id))
