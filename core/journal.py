"""The journal is the truth: every event in the same transaction as the state it explains, then published."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, String, Table, insert, select

from core import log
from core.bus import Bus
from core.db import Database, DatabaseDown, Utc, metadata
from core.events import Event, Recorded, from_data, to_data
from core.tasks import TaskOwner

_log = log.get(__name__)

Save = Callable[[Connection], object]

NOTE_WAIT_S = 0.1
"""How long a note may wait for a transaction to share. A crash loses no more than this."""
NOTE_AGAIN_S = 1.0
NOTES_LIMIT = 10_000
"""More notes than this waiting means that storage has stopped: further ones are refused, not piled up."""

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
_INSERT_SQLITE = "INSERT INTO journal (at, event, call_id, agent_id, data) VALUES (?, ?, ?, ?, ?)"
_MOMENT_SQLITE = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy writes a moment in SQLite."""


def append(connection: Connection, events: Iterable[Event]) -> list[Recorded]:
    """Write `events` in order within the caller's transaction and return them with their numbers."""
    write = _insert_sqlite if connection.dialect.name == "sqlite" else _insert
    return [Recorded(write(connection, event), event) for event in events]


def _insert_sqlite(connection: Connection, event: Event) -> int:
    """Do as `_insert` does, for a third of its CPU: this is the statement that each call makes most often."""
    at = event.at.astimezone(UTC).strftime(_MOMENT_SQLITE)
    call_id, agent_id = getattr(event, "call_id", None), getattr(event, "agent_id", None)
    row = (at, type(event).__name__, call_id, agent_id, json.dumps(to_data(event)))
    return int(connection.exec_driver_sql(_INSERT_SQLITE, row).lastrowid)


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
        self._notes: list[Event] = []
        self._flush: asyncio.TimerHandle | None = None

    def note(self, *events: Event) -> None:
        """Write down facts that no state depends on, in order, without waiting for them.

        They are committed and published with the next `record`, of whichever call, and within NOTE_WAIT_S at the
        latest: a crash may forget that last moment, so nothing that must not be done twice belongs here.
        Raises DatabaseDown when storage has not taken notes for so long that too many wait.
        """
        if len(self._notes) + len(events) > NOTES_LIMIT:
            raise DatabaseDown(waiting=len(self._notes))
        self._notes.extend(events)
        self._flush_in(NOTE_WAIT_S)

    def _flush_in(self, seconds: float) -> None:
        if self._flush is None and self._notes:
            self._flush = asyncio.get_running_loop().call_later(seconds, self._flush_now)

    def _flush_now(self) -> None:
        self._flush = None
        if self._notes:
            self._tasks.start(self._record((), None), "notes", awaited=True).add_done_callback(_tell_failed)

    async def record(self, *events: Event, save: Save | None = None) -> list[Recorded]:
        """Commit `save(connection)` and `events` in one transaction, then publish the events in order.

        `save` runs first; when it raises, nothing is written or published and the error comes through.
        It may run twice (see `core.db.Database`). What is committed is published even when the caller
        of this is cancelled meanwhile.
        """
        return await asyncio.shield(self._tasks.start(self._record(events, save), "record", awaited=True))

    async def _record(self, events: Sequence[Event], save: Save | None) -> list[Recorded]:
        notes, self._notes = self._notes, []

        def work(connection: Connection) -> list[Recorded]:
            if save is not None:
                save(connection)
            return append(connection, (*notes, *events))

        try:
            recorded = await self._db.write(work)
        except Exception:
            # Whatever is wrong with what came along, the notes have their own turn.
            self._notes[:0] = notes
            self._flush_in(NOTE_AGAIN_S)
            raise
        for one in recorded:
            await self._bus.publish(one)
        return recorded[len(notes) :]

    async def close(self) -> None:
        """Wait until everything under way and noted is committed and published."""
        if self._flush is not None:
            self._flush.cancel()
        self._flush_now()
        await self._tasks.drain()

    async def of_call(self, call_id: str) -> list[Recorded]:
        """Return the story of one call, in order."""
        return await self._db.read(lambda connection: of_call(connection, call_id))


def _tell_failed(flush: asyncio.Task[list[Recorded]]) -> None:
    if not flush.cancelled() and (error := flush.exception()) is not None:
        _log.error("notes not stored, tried again", extra={"action": "notes_not_stored", "why": type(error).__name__})
