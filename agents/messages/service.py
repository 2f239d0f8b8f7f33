"""Sends messages to people of the centre, once for each form, and keeps who has read them."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from agents.messages import model, store
from agents.messages.events import MessageRead, MessageSent
from agents.messages.model import Message, MessageMade, NoSuchMessage, Received, Sent
from core.clock import Clock
from core.db import Database
from core.ids import new_id
from core.journal import Journal
from core.policy import Policy


class MessageService:
    """Messages of an installation."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, policy: Policy) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._policy = policy

    async def send(self, sender_id: str, key: str, text: str, to: tuple[str, ...]) -> Message:
        """Send a message to the people in `to`, to everybody when it is empty.

        Row and event are one transaction. Sent again with its key it is the message of the first time. Raises BadInput,
        and MessageMade when that has other words.
        """
        model.check(text, to, int(self._policy.number("message_length")))
        now = self._clock.now()
        message = Message(new_id(), f"{sender_id}:{key}", sender_id, text, now, to)
        told = MessageSent(at=now, message_id=message.id, sender_id=sender_id, to=to, text=text)
        try:
            await self._journal.record(told, save=partial(store.add, message=message))
        except IntegrityError:
            before = await self._db.read(partial(store.by_key, key=message.key))
            if before is None or (before.text, before.to) != (text, to):
                raise MessageMade from None
            return before
        return message

    async def inbox(self, user_id: str) -> list[Received]:
        """Return the messages to a person that are still shown, the newest first."""

        def read(connection: Connection) -> list[Received]:
            found = [one for one in store.since(connection, self._shown_since()) if one.is_to(user_id)]
            reads = store.read_by(connection, user_id, [one.id for one in found])
            return [Received(one, reads.get(one.id)) for one in found]

        return await self._db.read(read)

    async def sent(self, sender_id: str) -> list[Sent]:
        """Return the messages of a person that are still shown, the newest first, with who has read them."""

        def read(connection: Connection) -> list[Sent]:
            found = [one for one in store.since(connection, self._shown_since()) if one.sender_id == sender_id]
            reads = store.readers(connection, [one.id for one in found])
            return [Sent(one, reads[one.id]) for one in found]

        return await self._db.read(read)

    async def read(self, user_id: str, message_id: str) -> None:
        """Keep that a recipient has read a message; the first time holds. Raises NoSuchMessage."""
        message = await self._db.read(partial(store.get, message_id=message_id))
        if message is None or not message.is_to(user_id):
            raise NoSuchMessage(message=message_id)
        if await self._db.read(partial(store.read_by, user_id=user_id, ids=[message_id])):
            return
        now = self._clock.now()
        told = MessageRead(at=now, message_id=message_id, agent_id=user_id)
        try:
            await self._journal.record(
                told, save=partial(store.mark_read, message_id=message_id, user_id=user_id, at=now)
            )
        except IntegrityError:
            return  # another page of the same person was quicker

    def _shown_since(self) -> datetime:
        return self._clock.now() - timedelta(hours=self._policy.number("message_shown"))
