"""Rows of the outbox to dataclasses and back."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, insert, or_, select, update

from core.prepared import PreparedSelect
from desk.notifications.model import Note, State
from desk.notifications.tables import notifications

_FIELDS = [column.name for column in notifications.columns]

_DUE = PreparedSelect(
    select(notifications)
    .where(
        notifications.c.state == State.WAITING,
        or_(notifications.c.due_at.is_(None), notifications.c.due_at <= bindparam("now")),
    )
    .order_by(notifications.c.created_at, notifications.c.id)
    .limit(bindparam("most", type_=Integer))
)


def put(connection: Connection, note: Note) -> None:
    """Write a new note."""
    connection.execute(insert(notifications).values(asdict(note)))


def due(connection: Connection, now: datetime, limit: int) -> list[Note]:
    """Return up to `limit` notes that may be tried at `now`, the oldest first."""
    return [_note(row._asdict()) for row in _DUE.rows(connection, now=now, most=limit)]


def about(connection: Connection, thing: str) -> list[Note]:
    """Return the notes about a thing, the oldest first."""
    query = select(notifications).where(notifications.c.about == thing).order_by(notifications.c.created_at)
    return [_note(row._asdict()) for row in connection.execute(query)]


def save(connection: Connection, note: Note) -> None:
    """Write what has become of a note."""
    connection.execute(update(notifications).where(notifications.c.id == note.id).values(asdict(note)))


def _note(row: Mapping[str, Any]) -> Note:
    told = {name: row[name] for name in _FIELDS}
    return Note(**told | {"state": State(row["state"])})
