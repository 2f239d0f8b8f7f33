"""What the books of calls say of callbacks: who has been served meanwhile, and who hung up while waiting."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, or_, select

from core import journal
from cti.events import CallEnded
from cti.model import CallState
from cti.tables import calls
from desk.callbacks.model import Callback
from desk.callbacks.tables import callbacks

_WAITING = frozenset({CallState.QUEUED.value, CallState.RINGING.value})


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A caller who hung up while waiting in `queue`, from `waiting_since` until `ended_at`."""

    call_id: str
    phone: str
    queue: str
    waiting_since: datetime
    ended_at: datetime


def served(connection: Connection, callback: Callback) -> str | None:
    """Return the call in which the customer has talked with an agent since the booking, the callback's own aside."""
    query = select(calls.c.id).where(
        calls.c.caller == callback.wish.phone,
        calls.c.talking_at >= callback.booked_at,
        calls.c.id.not_like(f"out-{callback.id}-%"),
    )
    return connection.execute(query.order_by(calls.c.talking_at).limit(1)).scalar_one_or_none()


def abandoned(connection: Connection, since: datetime, limit: int, call_id: str | None = None) -> list[Abandoned]:
    """Return up to `limit` callers who hung up while waiting since then, the longest ago first.

    Not those who have called again, whom an agent has talked with since, or who are rung back already.
    """
    later = calls.alias("later")
    again = exists().where(
        later.c.caller == calls.c.caller,
        later.c.id != calls.c.id,
        later.c.started_at > calls.c.started_at,
        or_(later.c.direction == "in", later.c.talking_at.is_not(None)),
    )
    booked = exists().where(
        or_(
            callbacks.c.call_id == calls.c.id,
            (callbacks.c.phone == calls.c.caller) & (callbacks.c.booked_at >= calls.c.started_at),
            (callbacks.c.phone == calls.c.caller) & callbacks.c.closed_at.is_(None),
        )
    )
    query = select(calls.c.id, calls.c.caller, calls.c.queue, calls.c.queued_at, calls.c.ended_at).where(
        calls.c.started_at >= since,
        calls.c.direction == "in",
        calls.c.caller_known,
        calls.c.queued_at.is_not(None),
        calls.c.talking_at.is_(None),
        calls.c.ended_by == "caller",
        ~again,
        ~booked,
    )
    if call_id is not None:
        query = query.where(calls.c.id == call_id)
    rows = connection.execute(query.order_by(calls.c.queued_at, calls.c.id).limit(limit)).all()
    return [
        Abandoned(row.id, row.caller, row.queue or "", row.queued_at, row.ended_at)
        for row in rows
        if _hung_up_waiting(connection, row.id)
    ]


def _hung_up_waiting(connection: Connection, call_id: str) -> bool:
    """Tell whether the call ended in the queue; one who left it and heard a menu has made another choice."""
    ends = [one.event for one in journal.of_call(connection, call_id) if isinstance(one.event, CallEnded)]
    return bool(ends) and ends[-1].where in _WAITING
