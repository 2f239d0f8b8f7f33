"""Keeps who wants to be told, and puts the notes into the outbox in the transaction of what they tell of."""

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.db import Database
from core.errors import Conflict
from core.journal import Journal
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from desk.watches import store
from desk.watches.events import PowerWatched


class _Over(Conflict):
    """There is nothing to wait for any more."""


class WatchService:
    """Watches of an installation."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, notifications: NotificationService) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._notifications = notifications

    async def watch(self, thing: str, phone: str, call_id: str, still: Callable[[Connection], bool]) -> bool:
        """Let `phone` be told of `thing`, once for each pair however often it is asked; False: it is over already.

        `still` is asked in the transaction, so that nobody waits for what was told a moment ago.
        """
        if await self._db.read(lambda c: store.there(c, thing, phone)):
            return True
        now = self._clock.now()
        event = PowerWatched(at=now, call_id=call_id, thing=thing)

        def save(connection: Connection) -> None:
            if store.there(connection, thing, phone):
                raise Conflict("watched already", thing=thing)
            if not still(connection):
                raise _Over(thing=thing)
            store.add(connection, thing, phone, call_id, now)

        try:
            await self._journal.record(event, save=save)
        except _Over:
            return False
        except (Conflict, IntegrityError):
            return True  # another call of the same number was faster
        return True

    def tell(self, connection: Connection, thing: str, text: str, *, which: str, last: bool) -> None:
        """Put a note for each who watches `thing`, in the caller's transaction; `wake` afterwards.

        `which` names what is told, so that it is told once; `last`: there is nothing more to tell.
        """
        now = self._clock.now()
        for phone in store.phones(connection, thing):
            name = hashlib.sha256(f"{thing}:{which}:{phone}".encode()).hexdigest()[:32]
            self._notifications.put(connection, Note(name, phone, text, about=thing, created_at=now))
        if last:
            store.close(connection, thing, now)

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._notifications.wake()
