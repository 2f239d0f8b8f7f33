"""Calls as rows; each function runs inside the caller's transaction."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, insert, select, update

from core.prepared import Prepared, PreparedSelect
from cti.model import Call, CallState, Third
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


_FIELDS = tuple(field.name for field in fields(Call))
_INSERT = Prepared(insert(calls), _FIELDS)
_UPDATE: dict[tuple[str, ...], Prepared] = {}
_FROM = PreparedSelect(
    select(calls)
    .where(calls.c.caller == bindparam("wanted"))
    .order_by(calls.c.started_at.desc(), calls.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def add(connection: Connection, call: Call) -> None:
    """Insert a call."""
    _INSERT.execute(connection, {name: getattr(call, name) for name in _FIELDS})


def save(connection: Connection, call: Call, before: Call) -> None:
    """Write what changed of a call since it was `before`."""
    names = tuple(n for n in _FIELDS if getattr(call, n) != getattr(before, n))
    if not names:
        return
    statement = _UPDATE.get(names)
    if statement is None:
        # A call changes in few ways; each has its statement, made once.
        values: dict[str, Any] = {n: bindparam(n) for n in names}
        change = update(calls).where(calls.c.id == bindparam("call")).values(values)
        statement = _UPDATE[names] = Prepared(change, (*names, "call"))
    statement.execute(connection, {"call": call.id, **{n: getattr(call, n) for n in names}})


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


def latest_from(connection: Connection, caller: str, limit: int) -> list[Call]:
    """Return the latest calls from a number, newest first, at most `limit`."""
    return [_made(row._asdict()) for row in _FROM.rows(connection, wanted=caller, most=limit)]


def asked_in_vain(connection: Connection, caller: str, since: datetime) -> bool:
    """Tell whether this number's last ended call that waited for a person, if it began since then, reached none."""
    query = select(calls.c.talking_at).where(calls.c.caller == caller, calls.c.started_at >= since)
    query = query.where(calls.c.ended_at.is_not(None), calls.c.queued_at.is_not(None))
    last = connection.execute(query.order_by(calls.c.started_at.desc()).limit(1)).one_or_none()
    return last is not None and last.talking_at is None


def last_agent(connection: Connection, call_id: str, since: datetime) -> str | None:
    """Return who talked last, in a call begun since then, with the number of this call; None for an unknown number."""
    asked = select(calls.c.caller).where(calls.c.id == call_id, calls.c.caller_known).scalar_subquery()
    query = select(calls.c.agent_id).where(calls.c.caller == asked, calls.c.started_at >= since, calls.c.id != call_id)
    query = query.where(calls.c.talking_at.is_not(None), calls.c.agent_id.is_not(None))
    return connection.execute(query.order_by(calls.c.started_at.desc()).limit(1)).scalar_one_or_none()


def _call(row: Any) -> Call:
    return _made(dict(row._mapping))


def _made(values: dict[str, Any]) -> Call:
    third = values["third"]
    return Call(**values | {"state": CallState(values["state"]), "third": Third(third) if third else None})
