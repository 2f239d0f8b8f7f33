"""The audit: who changed what and when, and who heard or listened to whom; to be read, never changed."""

import csv
import io
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from agents.accounts import NoSuchUser
from agents.model import Permission
from core.errors import BadInput
from desk.customers.model import Customer
from figures.export import harmless
from web import shapes
from web.audit import Act, Area, AuditFilter, acts
from web.events import AuditExported
from web.masking import number_for
from web.people import People
from web.route import DESKTOPS, Ask, Routes, may
from web.shapes import Given, Moment, Shape

routes = Routes("audit")
READERS = may(Permission.READ_AUDIT)
EXPORT_MOST = 10_000
_PEOPLE = ("user_id", "agent_id", "watched_agent_id", "to")
"""Fields that name a person, or several."""


class AuditFilterGiven(Given):
    """Which acts: every filter that is given must fit. `person` is a user's id; `from` inclusive, `to` exclusive.

    `account` (a number): only who looked into the file of the customer who has it, and who was shown it with a call.
    """

    person: str | None = None
    account: str | None = None
    area: Area | None = None
    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")


class AuditQuery(AuditFilterGiven):
    """Which acts, and how many at a time."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = None


class AuditRow(Shape):
    """An act; `by` null: the command line, or a rule of the service. `people`: names of the ids that `data` holds."""

    seq: int
    at: datetime
    event: str
    area: Area
    by: str | None
    by_name: str | None
    data: dict[str, Any]
    people: dict[str, str]


@routes.add("GET", "/audit", roles=READERS)
async def read_audit(ask: Ask, query: AuditQuery) -> shapes.Page[AuditRow]:
    """List what people did, the latest first."""
    before = _place(query.cursor) if query.cursor is not None else None
    found = await _acts(ask, query, query.limit + 1, before)
    page = found[: query.limit]
    more = str(page[-1].seq) if len(found) > query.limit else None
    return shapes.Page(items=[_row(ask, act) for act in page], next_cursor=more)


class Person(Shape):
    """Somebody whose acts may be asked for."""

    id: str
    username: str
    display_name: str


@routes.add("GET", "/audit/people", roles=READERS)
async def list_people(ask: Ask) -> shapes.Items[Person]:
    """List everybody who has, or had, an account."""
    users = await ask.services.accounts.users()
    return shapes.Items(items=[Person(id=u.id, username=u.username, display_name=u.name) for u in users])


@routes.add("GET", "/audit/export", roles=READERS, media="text/csv")
async def export_audit(ask: Ask, query: AuditFilterGiven) -> web.Response:
    """Take the latest 10,000 of these acts away as CSV (UTF-8 with a mark, for spreadsheets); that is an act too."""
    found = await _acts(ask, query, EXPORT_MOST)
    told = AuditExported(at=ask.services.clock.now(), by=ask.user.id, rows=len(found))
    await ask.services.journal.record(told)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Content-Type": "text/csv; charset=utf-8"}
    return web.Response(body=_csv(ask, found).encode("utf-8-sig"), headers=headers)


async def _acts(ask: Ask, given: AuditFilterGiven, limit: int, before: int | None = None) -> list[Act]:
    names: tuple[str, ...] = ()
    if given.person:
        try:
            user = await ask.services.accounts.user(given.person)
        except NoSuchUser:
            raise BadInput("person: no such user", field="person") from None
        names = (user.id, user.username)
    customer: Customer | None = None
    if given.account and (customer := await ask.services.customers.by_account(given.account)) is None:
        raise BadInput("account: nobody has this account", field="account")
    wanted = AuditFilter(
        customer=customer.id if customer else "",
        phones=tuple(customer.phones) if customer else (),
        areas=frozenset({given.area} if given.area else Area),
        names=names,
        since=given.since,
        until=given.until,
        before=before,
        limit=limit,
    )
    return await ask.services.db.read(lambda connection: acts(connection, wanted))


def _place(cursor: str) -> int:
    if not cursor.isdecimal() or not cursor.isascii() or len(cursor) > 18:
        raise BadInput("cursor: not one of ours; give next_cursor of the page before as it was", field="cursor")
    return int(cursor)


def _row(ask: Ask, act: Act) -> AuditRow:
    people, data = ask.request.app[DESKTOPS].people, dict(act.data)
    if "caller" in data:
        data["caller"] = number_for(str(data["caller"]), ask.user.role.value, own=False)
    named = {one for field in _PEOPLE for one in _ids(data.get(field))}
    return AuditRow(
        seq=act.seq,
        at=act.at,
        event=act.event,
        area=act.area,
        by=act.by or None,
        by_name=_name(people, act.by),
        data=data,
        people={one: people.name(one) or one for one in sorted(named)},
    )


def _ids(value: Any) -> list[str]:
    """Return the ids that a field holds: one, several or none."""
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []


def _name(people: People, by: str) -> str | None:
    """Return the name of a person whom an act names by id, or (flows) by user name."""
    user = people.get(by) or people.named(by)
    return user.name if user else by or None


def _csv(ask: Ask, found: list[Act]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["seq", "at", "area", "event", "by", "by_name", "data"])
    zone = ask.services.settings.site.zone
    for row in (_row(ask, act) for act in found):
        facts = "; ".join(f"{name}={_told(row.people, value)}" for name, value in row.data.items())
        at = row.at.astimezone(zone).isoformat(timespec="seconds")
        cells = [row.seq, at, row.area.value, row.event, row.by or "", row.by_name or "", facts]
        writer.writerow([harmless(str(cell)) for cell in cells])
    return out.getvalue()


def _told(people: dict[str, str], value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_told(people, one) for one in value)
    return people.get(value, value) if isinstance(value, str) else str(value)
