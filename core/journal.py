"""The journal is the truth: every event in the same transaction as the state it explains, then published."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, String, Table, insert, select
from sqlalchemy.exc import OperationalError

from core import log
from core.bus import Bus
from core.db import Database, DatabaseDown, Utc, metadata, utc_text
from core.events import Event, Recorded, from_data, to_data, to_json
from core.prepared import on_sqlite
from core.tasks import TaskOwner

_log = log.get(__name__)

Save = Callable[[Connection], object]

NOTE_WAIT_S = 0.1
"""How long a note may wait for a transaction to share. A crash loses no more than this."""
NOTE_AGAIN_S = 1.0
CLOSE_LIMIT_S = 5.0
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

    def events(self) -> list[Event]:
        return [event for note in self.notes for event in note.events]

    def save(self, connection: Connection) -> None:
        for note in self.notes:
            if note.save is not None:
                note.save(connection)

    def write(self, connection: Connection) -> list[Recorded]:
        self.save(connection)
        return append(connection, self.events())


_Writing = asyncio.Future[list[Recorded]]
_Rest = Coroutine[Any, Any, None]


class Journal:
    """Records events together with the state they explain and tells the bus."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._tasks = TaskOwner("journal")
        self._under_way: set[_Writing] = set()
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
        notes = self._notes or self._open()
        notes.notes.append(_Note(events, save))
        if self._flush is None:
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
            self._begin(notes.write, partial(self._notes_stored, notes))

    def _take(self) -> _Notes | None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        notes, self._notes = self._notes, None
        if notes is not None:
            notes.before, self._last = self._last, notes.told
        return notes

    def _begin(self, work: Callable[[Connection], list[Recorded]], then: Callable[[_Writing], None]) -> None:
        """Begin to write and call `then` once it is known what became of it."""
        # No task: most of what is recorded is told to listeners that wait for nothing.
        try:
            writing = self._db.begin(work)
        except DatabaseDown as down:
            writing = asyncio.get_running_loop().create_future()
            writing.set_exception(down)
        self._under_way.add(writing)
        writing.add_done_callback(self._under_way.discard)
        writing.add_done_callback(then)

    def _notes_stored(self, notes: _Notes, writing: _Writing) -> None:
        if writing.exception() is not None:  # whose fault it is shows when each is written alone
            self._tasks.start(self._write_apart(notes), "notes")
            return
        self.trouble = None
        if (rest := self._tell_notes(notes, writing.result(), None)) is not None:
            self._tasks.start(rest, "notes")

    async def _write_apart(self, notes: _Notes) -> None:
        recorded, self.trouble = await self._write_alone(notes.notes)
        if (rest := self._tell_notes(notes, recorded, self.trouble)) is not None:
            await rest

    def _tell_notes(self, notes: _Notes, recorded: list[Recorded], trouble: str | None) -> _Rest | None:
        """Publish notes in their order, however long somebody listens to one; returns the rest when one waits."""
        if notes.before is not None and not notes.before.done():
            self._tasks.start(self._tell_notes_after(notes.before, notes, recorded, trouble), "notes")
            return None
        notes.before = None
        if (rest := self._bus.tell(recorded)) is not None:
            return self._tell_notes_rest(rest, notes, len(recorded), trouble)
        self._notes_told(notes, len(recorded), trouble)
        return None

    async def _tell_notes_after(
        self, before: "asyncio.Future[bool]", notes: _Notes, recorded: list[Recorded], trouble: str | None
    ) -> None:
        await before
        if (rest := self._tell_notes(notes, recorded, trouble)) is not None:
            await rest

    async def _tell_notes_rest(self, rest: Awaitable[None], notes: _Notes, number: int, trouble: str | None) -> None:
        await rest
        self._notes_told(notes, number, trouble)

    def _notes_told(self, notes: _Notes, number: int, trouble: str | None) -> None:
        self._waiting -= number
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
        told: _Writing = asyncio.get_running_loop().create_future()
        self._write(_Note(events, save), self._take(), told)
        return await told

    def _write(self, own: _Note, notes: _Notes | None, told: _Writing) -> None:
        write = own.write if notes is None else partial(_write_both, notes, own)
        self._begin(write, partial(self._stored, own, notes, told))

    def _stored(self, own: _Note, notes: _Notes | None, told: _Writing, writing: _Writing) -> None:
        """Publish what is committed: what was noted before it first."""
        if (error := writing.exception()) is not None:
            if notes is not None:  # neither may take the other down: each alone, in their order
                self._begin(notes.write, partial(self._notes_stored, notes))
                self._write(own, None, told)
            elif not told.done():
                told.set_exception(error)
            return
        recorded, rest = writing.result(), None
        if notes is not None:
            self.trouble = None
            first = len(recorded) - len(own.events)
            noted, recorded = recorded[:first], recorded[first:]
            rest = self._tell_notes(notes, noted, None)
        after: Sequence[Recorded] = recorded
        if rest is None:
            rest, after = self._bus.tell(recorded), ()
        if rest is None:
            _settle(told, recorded)
        else:
            self._tasks.start(self._tell_rest(rest, after, recorded, told), "record")

    async def _tell_rest(
        self, rest: Awaitable[None], after: Sequence[Recorded], recorded: list[Recorded], told: _Writing
    ) -> None:
        await rest
        if (rest_of_own := self._bus.tell(after)) is not None:
            await rest_of_own
        _settle(told, recorded)

    async def close(self) -> None:
        """Wait until everything under way and noted is committed and published, as far as storage takes it."""
        with suppress(DatabaseDown):
            await self.settle()
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=CLOSE_LIMIT_S)
        await self._tasks.drain()
        if self._flush is not None:
            self._flush.cancel()

    async def of_call(self, call_id: str) -> list[Recorded]:
        """Return the story of one call, in order."""
        return await self._db.read(lambda connection: of_call(connection, call_id))


def _write_both(notes: _Notes, own: _Note, connection: Connection) -> list[Recorded]:
    """Write what is noted and what is recorded in one transaction, their events by one statement."""
    notes.save(connection)
    if own.save is not None:
        own.save(connection)
    return append(connection, [*notes.events(), *own.events])


def _settle(told: _Writing, recorded: list[Recorded]) -> None:
    if not told.done():  # nobody waits any more
        told.set_result(recorded)
