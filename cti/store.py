"""Calls as rows; each function runs inside the caller's transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from cti.model import Call, CallState
from cti.tables import calls


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list: every field that is set must fit. `before` is the cursor: an id of the page before."""

    live: bool | None = None
    caller: str | None = None
    agent_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, str] | None = None
    limit: int = 50


def add(connection: Connection, call: Call) -> None:
    """Insert a call."""
    connection.execute(insert(calls), asdict(call))


def save(connection: Connection, call: Call) -> None:
    """Write the present state of a call."""
    values = asdict(call)
    del values["id"]
    connection.execute(update(calls).where(calls.c.id == call.id), values)


def get(connection: Connection, call_id: str) -> Call | None:
    """Return one call."""
    row = connection.execute(select(calls).where(calls.c.id == call_id)).one_or_none()
    return None if row is None else _call(row)


def live(connection: Connection) -> list[Call]:
    """Return every call that has not ended, oldest first."""
    rows = connection.execute(select(calls).where(calls.c.state != CallState.ENDED).order_by(calls.c.started_at))
    return [_call(row) for row in rows]


def find(connection: Connection, wanted: CallFilter) -> list[Call]:
    """Return calls, newest first, at most `wanted.limit`."""
    query = select(calls).order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(wanted.limit)
    if wanted.live is not None:
        ended = calls.c.state == CallState.ENDED
        query = query.where(~ended if wanted.live else ended)
    if wanted.caller:
        query = query.where(calls.c.caller == wanted.caller)
    if wanted.agent_id:
        query = query.where(calls.c.agent_id == wanted.agent_id)
    if wanted.since:
        query = query.where(calls.c.started_at >= wanted.since)
    if wanted.until:
        query = query.where(calls.c.started_at < wanted.until)
    if wanted.before:
        at, call_id = wanted.before
        query = query.where((calls.c.started_at < at) | ((calls.c.started_at == at) & (calls.c.id < call_id)))
    return [_call(row) for row in connection.execute(query)]


def _call(row: Any) -> Call:
    values = dict(row._mapping)
    return Call(**values | {"state": CallState(values["state"])})
