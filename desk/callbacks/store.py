"""Rows of callbacks to dataclasses and back."""

from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from core.errors import Conflict
from desk.callbacks.model import Callback, Outcome, State, Window, Wish
from desk.callbacks.tables import callbacks


def there(connection: Connection, token: str, phone: str) -> Callback | None:
    """Return the callback of a wish, else the open one of a number."""
    mine = callbacks.c.token == token
    open_one = and_(callbacks.c.phone == phone, callbacks.c.state != State.CLOSED)
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


def save(connection: Connection, callback: Callback, before: Callback) -> None:
    """Write how far a callback has come since it was `before`. Raises Conflict when somebody else was faster."""
    same = (callbacks.c.id == before.id, callbacks.c.state == before.state, callbacks.c.calls == before.calls)
    row = {
        "state": callback.state.value,
        "calls": callback.calls,
        "misses": callback.misses,
        "due_at": callback.due_at,
        "agent_id": callback.agent_id,
        "outcome": callback.outcome.value if callback.outcome else None,
        "reason": callback.reason,
        "closed_at": callback.closed_at,
    }
    if connection.execute(update(callbacks).where(*same).values(row)).rowcount != 1:
        raise Conflict("the callback has changed meanwhile: look at it again", callback_id=before.id)


def get(connection: Connection, callback_id: str) -> Callback | None:
    """Return a callback."""
    row = connection.execute(select(callbacks).where(callbacks.c.id == callback_id)).one_or_none()
    return None if row is None else _callback(row)


def open_ones(connection: Connection) -> list[Callback]:
    """Return every callback that is not finished, who waits longest first."""
    query = select(callbacks).where(callbacks.c.state != State.CLOSED)
    return [_callback(row) for row in connection.execute(query.order_by(callbacks.c.waiting_since, callbacks.c.id))]


def listed(connection: Connection, state: State | None, limit: int) -> list[Callback]:
    """Return up to `limit` callbacks, who waits longest first; None means all."""
    query = select(callbacks).order_by(callbacks.c.waiting_since, callbacks.c.id).limit(limit)
    query = query.where(callbacks.c.state == state) if state else query
    return [_callback(row) for row in connection.execute(query)]


def _callback(row: Any) -> Callback:
    wish = Wish(row.token, row.call_id, row.phone, row.queue, row.waiting_since)
    return Callback(
        row.id,
        wish,
        row.booked_at,
        Window(row.not_before, row.not_after),
        State(row.state),
        calls=row.calls,
        misses=row.misses,
        due_at=row.due_at,
        agent_id=row.agent_id,
        outcome=Outcome(row.outcome) if row.outcome else None,
        reason=row.reason,
        closed_at=row.closed_at,
    )
