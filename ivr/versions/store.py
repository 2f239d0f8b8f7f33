"""Versions of flows as rows; each function runs inside the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from ivr.versions.model import Files, Live, State, Version
from ivr.versions.tables import flow_versions, flows

_COLUMNS = [column for column in flow_versions.c if column.name != "files"]


def _query() -> Select[Any]:
    beside = flow_versions.outerjoin(flows, flows.c.id == flow_versions.c.flow)
    return select(*_COLUMNS, flows.c.live).select_from(beside)


def listed(connection: Connection) -> list[tuple[str, int, int]]:
    """Return id, live and newest version of every flow."""
    newest = func.max(flow_versions.c.number)
    query = select(flows.c.id, flows.c.live, newest).join(flow_versions, flow_versions.c.flow == flows.c.id)
    rows = connection.execute(query.group_by(flows.c.id, flows.c.live).order_by(flows.c.id))
    return [(row[0], row[1], row[2]) for row in rows]


def versions(connection: Connection, flow: str) -> list[Version]:
    """Return every version of a flow, newest first; none when there is no such flow."""
    query = _query().where(flow_versions.c.flow == flow).order_by(flow_versions.c.number.desc())
    return [_version(row) for row in connection.execute(query)]


def get(connection: Connection, flow: str, number: int) -> Version | None:
    """Return one version."""
    query = _query().where(flow_versions.c.flow == flow, flow_versions.c.number == number)
    row = connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def files(connection: Connection, flow: str, number: int) -> Files | None:
    """Return the files of one version."""
    query = select(flow_versions.c.files).where(flow_versions.c.flow == flow, flow_versions.c.number == number)
    found: Files | None = connection.execute(query).scalar_one_or_none()
    return found


def live(connection: Connection, flow: str) -> Live | None:
    """Return which version is live; None when the flow was never taken in."""
    row = connection.execute(select(flows.c.live, flows.c.live_by).where(flows.c.id == flow)).one_or_none()
    return None if row is None else Live(row.live, row.live_by)


def next_number(connection: Connection, flow: str) -> int:
    """Return the number of the next version."""
    newest = connection.execute(select(func.max(flow_versions.c.number)).where(flow_versions.c.flow == flow))
    return (newest.scalar_one() or 0) + 1


def add(connection: Connection, version: Version, texts: Files) -> None:
    """Insert a version with its files."""
    row = {column.name: getattr(version, column.name) for column in _COLUMNS}
    connection.execute(insert(flow_versions).values(**row, files=dict(texts)))


def make_live(connection: Connection, version: Version, *, instead_of: int | None, by: str, at: datetime) -> bool:
    """Make a version the live one; False, and nothing written, when another than `instead_of` is live by now."""
    if instead_of is None:
        if live(connection, version.flow) is not None:
            return False
        connection.execute(insert(flows).values(id=version.flow, live=version.number, live_by=by))
    else:
        still = (flows.c.id == version.flow) & (flows.c.live == instead_of)
        values = {"live": version.number, "live_by": by}
        if not connection.execute(update(flows).where(still).values(values)).rowcount:
            return False
    this = (flow_versions.c.flow == version.flow) & (flow_versions.c.number == version.number)
    connection.execute(update(flow_versions).where(this).values(published_at=at))
    return True


def _version(row: Any) -> Version:
    values = dict(row._mapping)
    is_live = values.pop("live") == row.number
    state = State.LIVE if is_live else State.RETIRED if row.published_at else State.DRAFT
    return Version(**values, state=state)
