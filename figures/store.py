"""The journal as figures read it: in pieces of its order, and only what is counted of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Text, cast, exists, func, select

from agents.events import AgentStateChanged
from core.events import Event, Recorded, from_data
from core.journal import journal_table as journal
from core.journal import of_call
from cti.events import CallArrived, CallEnded, CallPlaced

PIECE = 5_000
"""Places in the journal's order that are read at once."""
_ROW = (journal.c.seq, journal.c.at, journal.c.event, cast(journal.c.data, Text).label("data"))


def _recorded(row: Any) -> Recorded:
    return Recorded(row.seq, from_data(row.event, row.at, msgspec.json.decode(row.data)))


def piece(connection: Connection, after: int, up_to: int, kinds: Collection[str]) -> list[Recorded]:
    """Return the events of `kinds` behind number `after`, up to number `up_to`, in order."""
    # The name is looked at as an expression: by its index SQLite would sort the whole journal for each piece.
    wanted = (journal.c.event + "").in_(sorted(kinds))
    within = select(*_ROW).where(journal.c.seq > after, journal.c.seq <= up_to, wanted).order_by(journal.c.seq)
    return [_recorded(row) for row in connection.execute(within)]


def last_number(connection: Connection) -> int:
    """Return the number of the latest event, 0 when there is none."""
    return connection.execute(select(func.max(journal.c.seq))).scalar() or 0


def first_number(connection: Connection, at: datetime) -> int | None:
    """Return the number of the first event at or after a moment, by their times."""
    return connection.execute(
        select(journal.c.seq).where(journal.c.at >= at).order_by(journal.c.at, journal.c.seq).limit(1)
    ).scalar()


def span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return when the journal's first and last events were; None when it is empty."""
    first = connection.execute(select(journal.c.at).order_by(journal.c.at).limit(1)).scalar()
    last = connection.execute(select(journal.c.at).order_by(journal.c.at.desc()).limit(1)).scalar()
    return None if first is None or last is None else (first, last)


def anything(connection: Connection, begin: datetime, end: datetime) -> bool:
    """Tell whether any event was in [begin, end)."""
    return (
        connection.execute(select(journal.c.seq).where(journal.c.at >= begin, journal.c.at < end).limit(1)).scalar()
        is not None
    )


def stands(connection: Connection, before: int) -> list[Recorded]:
    """Return the latest change of state of each agent before number `before`, in order."""
    # From one agent id to the next by the index, instead of looking at every event.
    found, agent_id = [], connection.execute(select(func.min(journal.c.agent_id))).scalar()
    while agent_id is not None:
        row = connection.execute(
            select(*_ROW)
            .where(
                journal.c.agent_id == agent_id,
                journal.c.event == AgentStateChanged.__name__,
                journal.c.seq < before,
            )
            .order_by(journal.c.seq.desc())
            .limit(1)
        ).first()
        if row is not None:
            found.append(_recorded(row))
        agent_id = connection.execute(
            select(func.min(journal.c.agent_id)).where(journal.c.agent_id > agent_id)
        ).scalar()
    return sorted(found, key=lambda one: one.seq)


def living(connection: Connection, since: datetime) -> list[str]:
    """Return the calls that began at or after a moment and have not ended."""
    ended = journal.alias()
    over = exists().where(ended.c.call_id == journal.c.call_id, ended.c.event == CallEnded.__name__)
    # By its times, not by the index of names.
    begun = (journal.c.event + "").in_([CallArrived.__name__, CallPlaced.__name__])
    query = select(journal.c.call_id).where(journal.c.at >= since, begun, ~over).order_by(journal.c.seq)
    return list(connection.execute(query).scalars())


def story(connection: Connection, call_id: str, before: int) -> list[Event]:
    """Return what happened to a call before number `before`, in order."""
    return [one.event for one in of_call(connection, call_id) if one.seq < before]
