"""Rows of announcements to dataclasses and back."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, or_, select, update

from core.prepared import PreparedSelect
from desk.announcements.model import Announcement, Kind
from desk.announcements.tables import announcements
from desk.customers.tables import accounts

_IN_FORCE = PreparedSelect(
    select(announcements)
    .where(announcements.c.on, or_(announcements.c.ends.is_(None), announcements.c.ends > bindparam("now")))
    .order_by(announcements.c.id)
)


def add(connection: Connection, one: Announcement) -> None:
    """Write a new announcement."""
    connection.execute(insert(announcements).values(_row(one)))


def save_next(connection: Connection, one: Announcement) -> bool:
    """Write the next version of an announcement; False, and nothing written, when there is another one already."""
    there = (announcements.c.id == one.id) & (announcements.c.version == one.version - 1)
    return bool(connection.execute(update(announcements).where(there).values(_row(one))).rowcount)


def went_live(connection: Connection, announcement_id: str, version: int, at: datetime) -> bool:
    """Note that callers hear this version; False when it was noted before or there is another version."""
    table = announcements.c
    there = (table.id == announcement_id) & (table.version == version) & table.live_since.is_(None)
    return bool(connection.execute(update(announcements).where(there).values(live_since=at)).rowcount)


def get(connection: Connection, announcement_id: str) -> Announcement | None:
    """Return the announcement, if there is one."""
    row = connection.execute(select(announcements).where(announcements.c.id == announcement_id)).one_or_none()
    return None if row is None else _announcement(row)


def listed(connection: Connection, now: datetime, limit: int) -> list[Announcement]:
    """Return up to `limit` announcements: those that are on and not over first, then the latest."""
    ends = or_(announcements.c.ends.is_(None), announcements.c.ends > now)
    order = (case((announcements.c.on & ends, 0), else_=1), announcements.c.begins.desc(), announcements.c.id)
    return [_announcement(row) for row in connection.execute(select(announcements).order_by(*order).limit(limit))]


def in_force(connection: Connection, now: datetime) -> list[Announcement]:
    """Return those that are on and not over, also the ones that are still to begin."""
    return [_announcement(row) for row in _IN_FORCE.rows(connection, now=now)]


def areas(connection: Connection, limit: int) -> list[str]:
    """Return up to `limit` areas in which accounts lie, in order."""
    named = select(accounts.c.area).where(accounts.c.area != "").distinct().order_by(accounts.c.area).limit(limit)
    return list(connection.execute(named).scalars())


def strange_areas(connection: Connection, areas: Sequence[str]) -> list[str]:
    """Return those of `areas` in which no account lies."""
    known = select(accounts.c.number).limit(1)
    return [area for area in areas if connection.execute(known.where(accounts.c.area == area)).first() is None]


def _row(one: Announcement) -> dict[str, Any]:
    return asdict(one) | {"kind": one.kind.value, "areas": "\n".join(one.areas)}


def _announcement(row: Any) -> Announcement:
    values = row._asdict()
    return Announcement(**values | {"kind": Kind(values["kind"]), "areas": tuple(values["areas"].splitlines())})
