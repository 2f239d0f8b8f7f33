"""The journal is the truth: every event in the same transaction as the state it explains, then published."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, String, Table, insert, select
from sqlalchemy.exc import OperationalError

from core import log
from core.bus import Bus
from core.db import Database, DatabaseDown, Utc, metadata
from core.events import Event, Recorded, from_data, to_data, to_json
from core.prepared import on_sqlite
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
_INSERT_SQLITE = "INSERT INTO journal (at, event, call_id, agent_id, data) VALUES "
_MOMENT_SQLITE = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy writes a moment in SQLite."""
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
        at = event.at.astimezone(UTC).strftime(_MOMENT_SQLITE)
        call_id, agent_id = getattr(event, "call_id", None), getattr(event, "agent_id", None)
        row += (at, type(event).__name__, call_id, agent_id, to_json(event))
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


@dataclass(slots=True)
class _Note:
    """Facts that are written together, with the state that they explain."""

    events: Sequence[Event]
    save: Save | None

    def write(self, connection: Connection) -> list[Recorded]:
        if self.save is not None:
            self.save(connection)
        return append(connection, self.events)


@dataclass(slots=True)
class _Notes:
    """What waits for one transaction; `told` becomes True with the publication, False when storage took nothing."""

    told: asyncio.Future[bool]
    notes: list[_Note] = field(default_factory=list)
    before: "asyncio.Future[bool] | None" = None
    """What the notes before these become."""

    def write(self, connection: Connection) -> list[Recorded]:
        for note in self.notes:
            if note.save is not None:
                note.save(connection)
        return append(connection, [event for note in self.notes for event in note.events])


class Journal:
    """Records events together with the state they explain and tells the bus."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._tasks = TaskOwner("journal")
        self._notes: _Notes | None = None
        self._waiting = 0
        self._flush: asyncio.TimerHandle | None = None
        self._last: asyncio.Future[bool] | None = None
        self.trouble: str | None = None
        """Why the latest notes could not be stored; None when they were."""

    def note(self, *events: Event, save: Save | None = None) -> "asyncio.Future[bool]":
        """Write down facts, and by `save` the state they explain, in order, without waiting for them.

        They are committed, and then published, beside the next `record` of whichever call and within NOTE_WAIT_S at
        the latest: a crash may forget that last moment, so nothing that must not be done twice belongs here.
        Returns what becomes True when they are published, False when storage did not take them: they are then tried
        again. Raises DatabaseDown when storage has not taken notes for so long that too many wait.
        """
        if self._waiting + len(events) > NOTES_LIMIT:
            raise DatabaseDown(waiting=self._waiting)
        self._waiting += len(events)
        notes = self._open()
        notes.notes.append(_Note(events, save))
        self._flush_in(NOTE_WAIT_S)
        return notes.told

    def _open(self) -> _Notes:
        if self._notes is None:
            self._notes = _Notes(asyncio.get_running_loop().create_future())
        return self._notes

    def _flush_in(self, seconds: float) -> None:
        if self._flush is None and self._notes is not None:
            self._flush = asyncio.get_running_loop().call_later(seconds, self.flush)

    def flush(self) -> None:
        """Begin to write what is noted: what is recorded from now on comes after it."""
        if notes := self._take():
            self._tasks.start(self._write_notes(notes), "notes")

    def _take(self) -> _Notes | None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        notes, self._notes = self._notes, None
        if notes is not None:
            notes.before, self._last = self._last, notes.told
        return notes

    async def _write_notes(self, notes: _Notes) -> None:
        trouble = None
        try:
            recorded = await self._db.write(notes.write)
        except Exception:  # noqa: BLE001 - whose fault it is shows when each is written alone
            recorded, trouble = await self._write_alone(notes.notes)
        await self._publish_notes(notes, recorded, trouble)

    async def _publish_notes(self, notes: _Notes, recorded: list[Recorded], trouble: str | None = None) -> None:
        self.trouble = trouble
        if notes.before is not None:
            await notes.before  # notes are told in their order, however long somebody listens to one
            notes.before = None
        for one in recorded:
            await self._bus.publish(one)
        self._waiting -= len(recorded)
        notes.told.set_result(trouble is None)
        self._flush_in(NOTE_AGAIN_S)

    async def _write_alone(self, notes: list[_Note]) -> tuple[list[Recorded], str | None]:
        """Write each note by itself until one fails; a state that cannot be saved costs nobody a fact, not even itself.

        Returns what was written, and why the rest was not.
        """
        recorded: list[Recorded] = []
        for number, note in enumerate(notes):
            try:
                recorded += await self._db.write(note.write)
            except Exception as error:  # noqa: BLE001 - as above
                why = type(error).__name__
                if not isinstance(error, OperationalError | DatabaseDown):
                    note.save = None
                _log.error("notes not stored, tried again", extra={"action": "notes_not_stored", "why": why})
                self._open().notes[:0] = notes[number:]
                return recorded, why
        return recorded, None

    async def settle(self) -> None:
        """Wait until everything noted is in the books and told. Raises DatabaseDown when storage does not take it."""
        self.flush()
        while self._last is not None and not self._last.done():
            if not await asyncio.shield(self._last):
                raise DatabaseDown(self.trouble)
            self.flush()

    async def record(self, *events: Event, save: Save | None = None) -> list[Recorded]:
        """Commit `save(connection)` and `events` in one transaction, then publish the events in order.

        `save` runs first; when it raises, nothing is written or published and the error comes through.
        It may run twice (see `core.db.Database`). What is committed is published even when the caller
        of this is cancelled meanwhile.
        """
        return await asyncio.shield(self._tasks.start(self._record(events, save, self._take()), "record", awaited=True))

    async def _record(self, events: Sequence[Event], save: Save | None, notes: _Notes | None) -> list[Recorded]:
        own = _Note(events, save)
        recorded = await (self._db.write(own.write) if notes is None else self._write_both(notes, own))
        for one in recorded:
            await self._bus.publish(one)
        return recorded

    async def _write_both(self, notes: _Notes, own: _Note) -> list[Recorded]:
        """Write what is noted and what is recorded in one transaction; neither may take the other down."""
        try:
            noted, recorded = await self._db.write(lambda connection: (notes.write(connection), own.write(connection)))
        except Exception:  # noqa: BLE001 - whose fault it is shows when each is written alone
            self._tasks.start(self._write_notes(notes), "notes")
            await asyncio.sleep(0)  # so that the notes stand in the writer's queue before this does
            return await self._db.write(own.write)
        if notes.before is None or notes.before.done():
            await self._publish_notes(notes, noted)
        else:
            self._tasks.start(self._publish_notes(notes, noted), "notes")
        return recorded

    async def close(self) -> None:
        """Wait until everything under way and noted is committed and published, as far as storage takes it."""
        with suppress(DatabaseDown):
            await self.settle()
        await self._tasks.drain()
        if self._flush is not None:
            self._flush.cancel()

    async def of_call(self, call_id: str) -> list[Recorded]:
        """Return the story of one call, in order."""
        return await self._db.read(lambda connection: of_call(connection, call_id))
