"""Sends what is in the outbox, each note until it is taken or given up; goes on where a killed service stopped."""

import asyncio
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError
from core.events import Event
from core.journal import Journal
from core.policy import Policy
from desk.notifications import model, store
from desk.notifications.events import NotificationFailed, NotificationSent
from desk.notifications.model import Note, Patience, State
from desk.notifications.port import Gateway, GatewayDown

_log = log.get(__name__)

BATCH = 50
"""Notes in memory at once; the others stay in the outbox."""
SEND_LIMIT_S = 10.0
LOOK_EVERY_S = 5.0
"""How often the outbox is looked at for notes whose time has come; a new one is sent at once."""


class NotificationService:
    """The outbox of an installation and the one task that empties it through `gateway`."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, *, gateway: Gateway, policy: Policy) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._gateway = gateway
        self._patience = Patience(
            int(policy.number("notification_tries")),
            timedelta(seconds=policy.number("notification_retry_first")),
            timedelta(seconds=policy.number("notification_retry_most")),
        )
        self._woken = asyncio.Event()

    def put(self, connection: Connection, note: Note) -> None:
        """Write a note in the caller's transaction; `wake` afterwards."""
        store.put(connection, note)

    async def send_once(self, note: Note, *events: Event) -> bool:
        """Write a note with the events that tell of it, then send it; False: it (same id) was written before."""
        try:
            await self._journal.record(*events, save=lambda connection: store.put(connection, note))
        except IntegrityError:
            return False
        self.wake()
        return True

    def wake(self) -> None:
        """Say that there may be something to send."""
        self._woken.set()

    async def run(self) -> None:
        """Empty the outbox for good: at once, when woken, and when the time of a note has come."""
        while True:
            self._woken.clear()
            try:
                while await self.send_due():
                    pass
            except (HotlineError, SQLAlchemyError) as error:
                _log.error("outbox not read", extra={"action": "outbox_failed", "why": type(error).__name__})
            await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def send_due(self) -> int:
        """Try every note whose time has come, up to BATCH; return how many there were."""
        notes = await self._db.read(lambda c: store.due(c, self._clock.now(), BATCH))
        for note in notes:
            await self._send(note)
        return len(notes)

    async def _send(self, note: Note) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._gateway.send(note)
        except (GatewayDown, TimeoutError) as error:
            after = model.missed(note, self._clock.now(), self._patience)
            _log.warning(
                "note not sent",
                extra={"action": "note_not_sent", "note": note.id, "tries": after.tries, "why": type(error).__name__},
            )
        else:
            after = model.sent(note, self._clock.now())
        await self._journal.record(*self._told(after), save=lambda connection: store.save(connection, after))

    def _told(self, note: Note) -> list[NotificationSent | NotificationFailed]:
        if note.state is State.WAITING:
            return []
        kind = NotificationSent if note.state is State.SENT else NotificationFailed
        return [kind(at=self._clock.now(), note_id=note.id, about=note.about, tries=note.tries)]
