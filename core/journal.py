"""The journal is the truth: every event in the same transaction as the state it explains, then published."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from core import log
from core.bus import Bus
from core.db import Database, DatabaseDown
from core.events import Event, Recorded
from core.journal_rows import append as append
from core.journal_rows import journal_table as journal_table
from core.journal_rows import of_call as of_call
from core.journal_rows import since as since
from core.sequels import Follow, Sequel, Sequels, Settle, settle, unsettled
from core.sequels import Save as Save
from core.tasks import TaskOwner

_log = log.get(__name__)

NOTE_WAIT_S = 0.1
"""How long a note may wait for a transaction to share. A crash loses no more than this."""
NOTE_AGAIN_S = 1.0
CLOSE_LIMIT_S = 5.0
NOTES_LIMIT = 10_000
"""More notes than this waiting means that storage has stopped: further ones are refused, not piled up."""


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


@dataclass(slots=True)
class _Record:
    """What somebody waits for: own events with the state they explain, and `sequels`; None: those come when told."""

    events: Sequence[Event]
    save: Save | None
    settle: Settle
    sequels: Sequence[Sequel] | None

    def write(self, notes: "_Notes | None", connection: Connection) -> tuple[list[Recorded], list[Recorded]]:
        """Write what is noted and what is recorded in one transaction, their events by one statement; return both."""
        if notes is not None:
            notes.save(connection)
        sequels = self.sequels or ()
        for save in (self.save, *(sequel.save for sequel in sequels)):
            if save is not None:
                save(connection)
        noted = notes.events() if notes is not None else []
        told = append(connection, [*noted, *self.events, *(event for sequel in sequels for event in sequel.events)])
        own, followed = told[len(noted) :], self.sequels is not None
        return told[: len(noted)], [Recorded(one.seq, one.event, followed) for one in own]

    def stored(self) -> None:
        """Tell who asked, and whose sequels these are, that it is in the books."""
        settle([self.settle, *(sequel.settle for sequel in self.sequels or ())], True)


T = TypeVar("T")
_Both = tuple[list[Recorded], list[Recorded]]
"""What was noted before, and what was recorded."""
_Told = asyncio.Future[list[Recorded]]
_Rest = Coroutine[Any, Any, None]


class Journal:
    """Records events together with the state they explain and tells the bus."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._tasks = TaskOwner("journal")
        self._sequels = Sequels()
        self._under_way: set[asyncio.Future[Any]] = set()
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

    def _begin(self, work: Callable[[Connection], T], then: Callable[[asyncio.Future[T]], None]) -> None:
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

    def _notes_stored(self, notes: _Notes, writing: _Told) -> None:
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
        of this is cancelled meanwhile. What `follow`s from the events is committed and published with them.
        """
        return await self.begin(*events, save=save)

    def begin(
        self, *events: Event, save: Save | None = None, settle: Settle = unsettled, sequels: Sequence[Sequel] = ()
    ) -> _Told:
        """Begin what `record` does, at once and in the order of these calls; returns what becomes its result.

        `sequels` follow from the events too. When storage refuses all this together, what follows is undone and the
        events are written without it; then it follows once they are told.
        """
        told: _Told = asyncio.get_running_loop().create_future()
        follows = [*sequels, *self._sequels.of([*events, *(event for one in sequels for event in one.events)])]
        self._write(_Record(events, save, settle, follows), self._take(), told)
        return told

    def follow(self, kind: type[Event], follow: Follow) -> None:
        """Write what `follow` says that follows from an event of class `kind` with it (`core.sequels`).

        From what is noted, and where the two could not be stored together, it follows when the event is told, before
        anybody hears it who comes to listen later.
        """
        if self._sequels.add(kind, follow):
            self._bus.listen(kind, self._follow_late)

    def _follow_late(self, recorded: Recorded) -> Awaitable[None] | None:
        if recorded.followed or not (sequels := self._sequels.next(recorded.event)):
            return None
        return self._keep_late(sequels)

    async def _keep_late(self, sequels: Sequence[Sequel]) -> None:
        await asyncio.shield(self.keep(*sequels))

    def keep(self, first: Sequel, *rest: Sequel) -> _Told:
        """Begin to write down what was done ahead of storage, as `begin` does."""
        return self.begin(*first.events, save=first.save, settle=first.settle, sequels=rest)

    def _write(self, own: _Record, notes: _Notes | None, told: _Told) -> None:
        self._begin(partial(own.write, notes), partial(self._stored, own, notes, told))

    def _stored(self, own: _Record, notes: _Notes | None, told: _Told, writing: "asyncio.Future[_Both]") -> None:
        """Publish what is committed: what was noted before it first."""
        if (error := writing.exception()) is not None:
            self._not_stored(own, notes, told, error)
            return
        (noted, recorded), rest = writing.result(), None
        own.stored()
        if notes is not None:
            self.trouble = None
            rest = self._tell_notes(notes, noted, None)
        own_told, followed = recorded[: len(own.events)], recorded[len(own.events) :]
        if rest is not None:
            self._tasks.start(self._tell_rest([rest], recorded, own_told, told), "record")
        elif rests := [rest for part in (own_told, followed) if (rest := self._bus.tell(part)) is not None]:
            # What follows is told at once, though somebody takes his time with what it follows from.
            self._tasks.start(self._tell_rest(rests, (), own_told, told), "record")
        else:
            _settle(told, own_told)

    def _not_stored(self, own: _Record, notes: _Notes | None, told: _Told, error: BaseException) -> None:
        """Try each alone, in their order: none of what was to be stored together may take the rest down.

        What nobody waits for any more is not tried again, lest it comes after what was recorded since.
        """
        if notes is not None:
            self._begin(notes.write, partial(self._notes_stored, notes))
        if own.sequels:
            settle([sequel.settle for sequel in reversed(own.sequels)], False)
        if (notes is not None or own.sequels) and not told.done():
            own.sequels = None if own.sequels else own.sequels
            self._write(own, None, told)
            return
        settle([own.settle], False)
        if not told.done():
            told.set_exception(error)

    async def _tell_rest(
        self, rests: Sequence[_Rest], after: Sequence[Recorded], recorded: list[Recorded], told: _Told
    ) -> None:
        for rest in rests:
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


def _settle(told: _Told, recorded: list[Recorded]) -> None:
    if not told.done():  # nobody waits any more
        told.set_result(recorded)
