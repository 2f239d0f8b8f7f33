"""Rows of callbacks to dataclasses and back."""

from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select

from desk.callbacks.model import Callback, State, Window, Wish
from desk.callbacks.tables import callbacks


def there(connection: Connection, token: str, phone: str) -> Callback | None:
    """Return the callback of a wish, else the open one of a number."""
    mine = callbacks.c.token == token
    open_one = and_(callbacks.c.phone == phone, callbacks.c.state == State.BOOKED)
    rows = connection.execute(select(callbacks).where(or_(mine, open_one))).all()
    found = sorted((_callback(row) for row in rows), key=lambda one: one.wish.token != token)
    return found[0] if found else None


def add(connection: Connection, callback: Callback) -> None:
    """Write a new callback. Raises IntegrityError when the wish or the number has one."""
    wish = callback.wish
    row = {
        "id": callback.id,
        "token": wish.token,
        "call_id": wish.call_id,
        "phone": wish.phone,
        "queue": wish.queue,
        "waiting_since": wish.waiting_since,
        "booked_at": callback.booked_at,
        "not_before": callback.window.begins,
        "not_after": callback.window.ends,
        "state": callback.state.value,
    }
    connection.execute(insert(callbacks).values(row))


def listed(connection: Connection, state: State | None, limit: int) -> list[Callback]:
    """Return up to `limit` callbacks, who waits longest first; None means all."""
    query = select(callbacks).order_by(callbacks.c.waiting_since, callbacks.c.id).limit(limit)
    query = query.where(callbacks.c.state == state) if state else query
    return [_callback(row) for row in connection.execute(query)]


def _callback(row: Any) -> Callback:
    wish = Wish(row.token, row.call_id, row.phone, row.queue, row.waiting_since)
    return Callback(row.id, wish, row.booked_at, Window(row.not_before, row.not_after), State(row.state))
