"""Rows of outage notices to dataclasses and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from core.upsert import upsert
from desk.customers.tables import accounts
from desk.outages.model import Kind, Outage, Status
from desk.outages.tables import outage_scopes, outages

AREA, ACCOUNT = "area", "account"
NAMES_IN_A_QUERY = 500
"""Values in one IN list: within the limits of both engines."""


def get(connection: Connection, outage_id: str) -> Outage | None:
    """Return the notice, if there is one."""
    found = _load(connection, outages.c.id == outage_id)
    return found[0] if found else None


def several(connection: Connection, outage_ids: Sequence[str]) -> list[Outage]:
    """Return those of the notices that there are."""
    parts = (outage_ids[at : at + NAMES_IN_A_QUERY] for at in range(0, len(outage_ids), NAMES_IN_A_QUERY))
    return [outage for part in parts for outage in _load(connection, outages.c.id.in_(part))]


def listed(connection: Connection, status: Status | None, limit: int) -> list[Outage]:
    """Return up to `limit` notices, those that begin last first; `status` None means all."""
    condition = outages.c.status == status if status else outages.c.id.is_not(None)
    return _load(connection, condition, limit)


def published_between(connection: Connection, begins: datetime, ends: datetime) -> list[Outage]:
    """Return the published notices that hold at some moment from `begins` until before `ends`."""
    return _load(connection, _holds(begins, ends))


def concerning(
    connection: Connection, account: str | None, area: str | None, begins: datetime, ends: datetime
) -> list[Outage]:
    """Return published notices between two moments that name `account`, the area it lies in, or `area`."""
    concerned = [and_(outage_scopes.c.of == AREA, outage_scopes.c.value == area)] if area else []
    if account:
        its_area = select(accounts.c.area).where(accounts.c.number == account).scalar_subquery()
        concerned.append(and_(outage_scopes.c.of == ACCOUNT, outage_scopes.c.value == account))
        concerned.append(and_(outage_scopes.c.of == AREA, outage_scopes.c.value == its_area))
    if not concerned:
        return []
    named = select(outage_scopes.c.outage_id).where(or_(*concerned))
    return _load(connection, and_(_holds(begins, ends), outages.c.id.in_(named)))


def overdue(connection: Connection, after: datetime, now: datetime) -> list[Outage]:
    """Return published notices whose announced end lay between two moments and was not told as passed."""
    passed = and_(outages.c.status == Status.PUBLISHED, outages.c.ends > after, outages.c.ends <= now)
    return _load(connection, and_(passed, _end_not_told()))


def mark_overdue(connection: Connection, outage: Outage) -> bool:
    """Note that the end of a notice is told as passed; False: it was, or the notice says something else by now."""
    same = and_(outages.c.id == outage.id, outages.c.version == outage.version, _end_not_told())
    return bool(connection.execute(update(outages).where(same).values(overdue_told=outage.ends)).rowcount)


def _end_not_told() -> ColumnElement[bool]:
    return or_(outages.c.overdue_told.is_(None), outages.c.overdue_told != outages.c.ends)


def _holds(begins: datetime, ends: datetime) -> ColumnElement[bool]:
    return and_(outages.c.status == Status.PUBLISHED, outages.c.begins < ends, outages.c.ends > begins)


def _load(connection: Connection, condition: ColumnElement[bool], limit: int | None = None) -> list[Outage]:
    query = select(outages).where(condition)
    order = (outages.c.begins, outages.c.id) if limit is None else (outages.c.begins.desc(), outages.c.id.desc())
    rows = connection.execute(query.order_by(*order).limit(limit)).all()
    scopes = _scopes(connection, [row.id for row in rows])
    return [
        Outage(
            id=row.id,
            kind=Kind(row.kind),
            areas=tuple(scopes[row.id][AREA]),
            accounts=tuple(scopes[row.id][ACCOUNT]),
            cause=row.cause,
            begins=row.begins,
            ends=row.ends,
            status=Status(row.status),
            version=row.version,
        )
        for row in rows
    ]


def _scopes(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {one: {AREA: [], ACCOUNT: []} for one in ids}
    query = select(outage_scopes).where(outage_scopes.c.outage_id.in_(ids)).order_by(outage_scopes.c.position)
    for row in connection.execute(query) if ids else ():
        found[row.outage_id][row.of].append(row.value)
    return found


def save(connection: Connection, rows: Sequence[Outage]) -> None:
    """Write notices; one that is there already gets the new values and exactly the new scope."""
    upsert(connection, outages, [_row(outage) for outage in rows])
    _save_scopes(connection, rows)


def save_next(connection: Connection, outage: Outage) -> bool:
    """Write the next version of a notice; False, and nothing written, when someone else wrote it first."""
    before = and_(outages.c.id == outage.id, outages.c.version == outage.version - 1)
    written = connection.execute(update(outages).where(before).values(_row(outage))).rowcount
    if written:
        _save_scopes(connection, [outage])
    return bool(written)


def _save_scopes(connection: Connection, rows: Sequence[Outage]) -> None:
    for outage in rows:
        connection.execute(delete(outage_scopes).where(outage_scopes.c.outage_id == outage.id))
    named = [
        {"outage_id": outage.id, "of": of, "value": value, "position": position}
        for outage in rows
        for of, values in ((AREA, outage.areas), (ACCOUNT, outage.accounts))
        for position, value in enumerate(dict.fromkeys(values))
    ]
    upsert(connection, outage_scopes, named)


def _row(outage: Outage) -> dict[str, Any]:
    return {
        "id": outage.id,
        "kind": outage.kind.value,
        "cause": outage.cause,
        "begins": outage.begins,
        "ends": outage.ends,
        "status": outage.status.value,
        "version": outage.version,
    }
