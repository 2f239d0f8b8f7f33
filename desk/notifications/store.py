"""Rows of the outbox to dataclasses and back."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, insert, or_, select, update

from desk.notifications.model import Note, State
from desk.notifications.tables import notifications

_FIELDS = [column.name for column in notifications.columns]


def put(connection: Connection, note: Note) -> None:
    """Write a new note."""
    connection.execute(insert(notifications).values(asdict(note)))


def due(connection: Connection, now: datetime, limit: int) -> list[Note]:
    """Return up to `limit` notes that may be tried at `now`, the oldest first."""
    may = or_(notifications.c.due_at.is_(None), notifications.c.due_at <= now)
    waiting = select(notifications).where(and_(notifications.c.state == State.WAITING, may))
    order = (notifications.c.created_at, notifications.c.id)
    return [_note(row._mapping) for row in connection.execute(waiting.order_by(*order).limit(limit))]


def about(connection: Connection, thing: str) -> list[Note]:
    """Return the notes about a thing, the oldest first."""
    query = select(notifications).where(notifications.c.about == thing).order_by(notifications.c.created_at)
    return [_note(row._mapping) for row in connection.execute(query)]


def save(connection: Connection, note: Note) -> None:
    """Write what has become of a note."""
    connection.execute(update(notifications).where(notifications.c.id == note.id).values(asdict(note)))


def _note(row: RowMapping) -> Note:
    told = {name: row[name] for name in _FIELDS}
    return Note(**told | {"state": State(row["state"])})
