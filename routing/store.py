"""Rows of calls that wait for a person.

Whether a call is being offered is not stored: after a restart each call asks again and tells.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core import journal
from core.events import Event, Recorded, from_data
from core.prepared import Prepared
from routing.events import AgentChosen
from routing.model import Waiting
from routing.precedence import Cause, Precedence
from routing.tables import queue_entries

_INSERT = Prepared(insert(queue_entries), tuple(column.name for column in queue_entries.c))
_REMOVE = Prepared(delete(queue_entries).where(queue_entries.c.call_id == bindparam("call")), ("call",))


def add(connection: Connection, call: Waiting) -> None:
    """Keep the place of a call, in place of one that it had before."""
    remove(connection, [call.call_id])
    row = {
        "call_id": call.call_id,
        "queue": call.queue,
        "enqueued_at": call.enqueued_at,
        "ahead_s": call.precedence.ahead_s,
        "causes": " ".join(call.precedence.causes),
        "skills": dict(call.skills),
        "preferred": call.preferred,
        "preferred_until": call.preferred_until,
        "also": {queue: since.isoformat() for queue, since in call.also},
    }
    _INSERT.execute(connection, row)


def overflow(connection: Connection, call: Waiting) -> None:
    """Keep in which queues a call may be answered, if it still has a place."""
    also = {queue: since.isoformat() for queue, since in call.also}
    connection.execute(update(queue_entries).where(queue_entries.c.call_id == call.call_id).values(also=also))


def remove(connection: Connection, call_ids: Collection[str]) -> None:
    """Forget the places of these calls."""
    for call_id in call_ids:
        _REMOVE.execute(connection, {"call": call_id})


def load(connection: Connection) -> list[Waiting]:
    """Return every kept place, the longest wait first."""
    rows = connection.execute(select(queue_entries).order_by(queue_entries.c.enqueued_at, queue_entries.c.call_id))
    return [_waiting(row) for row in rows]


def _waiting(row: Any) -> Waiting:
    return Waiting(
        row.call_id,
        row.queue,
        row.enqueued_at,
        _precedence(row),
        skills=tuple(sorted(row.skills.items())),
        preferred=row.preferred,
        preferred_until=row.preferred_until,
        also=tuple((queue, datetime.fromisoformat(since)) for queue, since in row.also.items()),
    )


def _precedence(row: Any) -> Precedence:
    return Precedence(row.ahead_s, tuple(Cause(cause) for cause in row.causes.split()))


def lately(connection: Connection, kinds: Collection[type[Event]], begin: datetime, most: int) -> list[Recorded]:
    """Return the latest events of `kinds` since `begin`, at most so many, in their order."""
    table, names = journal.journal_table, [kind.__name__ for kind in kinds]
    # The name is looked at as an expression: a day's part of the journal is found by its times.
    query = select(table).where(table.c.at >= begin, (table.c.event + "").in_(names))
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(most)).all()
    return [Recorded(row.seq, from_data(row.event, row.at, row.data)) for row in reversed(rows)]


def decisions(connection: Connection, call_id: str) -> tuple[AgentChosen, ...]:
    """Return why agents were chosen for this call, in order."""
    story = journal.of_call(connection, call_id)
    return tuple(recorded.event for recorded in story if isinstance(recorded.event, AgentChosen))
