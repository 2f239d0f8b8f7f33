"""Rows of messages to dataclasses and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from agents.messages.model import Message
from agents.messages.tables import message_reads, messages


def add(connection: Connection, message: Message) -> None:
    """Write a new message. Raises IntegrityError when its key was used before."""
    row = {"id": message.id, "key": message.key, "sender_id": message.sender_id, "text": message.text}
    connection.execute(insert(messages).values(**row, at=message.at, recipients=list(message.to)))


def get(connection: Connection, message_id: str) -> Message | None:
    """Return the message, if there is one."""
    row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
    return _message(row) if row else None


def by_key(connection: Connection, key: str) -> Message | None:
    """Return the message of a form, if it was sent."""
    row = connection.execute(select(messages).where(messages.c.key == key)).first()
    return _message(row) if row else None


def since(connection: Connection, moment: datetime) -> list[Message]:
    """Return the messages from `moment` on, the newest first."""
    query = select(messages).where(messages.c.at >= moment).order_by(messages.c.at.desc(), messages.c.id.desc())
    return [_message(row) for row in connection.execute(query)]


def read_by(connection: Connection, user_id: str, ids: Sequence[str]) -> dict[str, datetime]:
    """Return when a person read those of the messages that were read, by message id."""
    table = message_reads.c
    query = select(table.message_id, table.read_at).where(table.agent_id == user_id, table.message_id.in_(ids))
    return {row.message_id: row.read_at for row in connection.execute(query)} if ids else {}


def readers(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, datetime]]:
    """Return who read each of the messages when, by message id."""
    found: dict[str, dict[str, datetime]] = {one: {} for one in ids}
    query = select(message_reads).where(message_reads.c.message_id.in_(ids))
    for row in connection.execute(query) if ids else ():
        found[row.message_id][row.agent_id] = row.read_at
    return found


def mark_read(connection: Connection, message_id: str, user_id: str, at: datetime) -> None:
    """Write that a person read a message. Raises IntegrityError when they did before."""
    connection.execute(insert(message_reads).values(message_id=message_id, agent_id=user_id, read_at=at))


def _message(row: Any) -> Message:
    return Message(row.id, row.key, row.sender_id, row.text, row.at, tuple(row.recipients))
