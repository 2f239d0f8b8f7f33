"""Festival greetings and emergency announcements: list, write, switch."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from core.errors import BadInput
from desk.announcements.festivals import Proposal, festivals, proposals
from desk.announcements.model import LONGEST_TEXT, Announcement, Kind
from desk.announcements.service import Wanted
from speech.prompts import catalogue
from web import shapes
from web.route import DESKTOPS, EVERYONE, LEADS, Ask, Routes
from web.shapes import Given, Moment, Shape

routes = Routes("announcements")
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=30)]
Place = Annotated[int, Field(ge=-1000, le=1000)]


class AnnouncementRow(Shape):
    """An announcement; `state`: off, preparing (it is being spoken), failed, planned, live or over.

    `by` is who changed it last, `by_name` that person's name.
    """

    id: str
    kind: Kind
    festival: str
    text: str
    areas: tuple[str, ...]
    begins: datetime = Field(alias="from")
    ends: datetime | None = Field(alias="until")
    place: int
    on: bool
    state: str
    by: str
    by_name: str | None
    live_since: datetime | None
    version: int


class NewAnnouncement(Given):
    """An announcement: from now on unless `from` is given, until it is switched off unless `until` is given.

    A greeting of a `festival` may leave out its `text`; it is that of the catalogue then.
    """

    kind: Kind
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    festival: str = ""
    areas: Names = ()
    begins: Moment | None = Field(default=None, alias="from")
    ends: Moment | None = Field(default=None, alias="until")
    place: Place = 0
    on: bool = True


class AnnouncementChange(Given):
    """What is to change; an `until` of null is: until switched off."""

    on: bool | None = None
    begins: Moment | None = Field(default=None, alias="from")
    ends: Moment | None = Field(default=None, alias="until")
    place: Place | None = None


class ProposalRow(Shape):
    """A greeting that might be given notice of."""

    festival: str
    name: str
    text: str
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="until")


@routes.add("GET", "/announcements", roles=EVERYONE)
async def list_announcements(ask: Ask) -> shapes.Items[AnnouncementRow]:
    """List announcements: those that are on and not over first, then the latest."""
    return shapes.Items(items=[_row(ask, one) for one in await ask.services.announcements.all()])


@routes.add("GET", "/announcements/areas", roles=EVERYONE)
async def list_areas(ask: Ask) -> shapes.Items[str]:
    """List the areas that an announcement can be for, as the accounts write them."""
    return shapes.Items(items=await ask.services.announcements.areas())


@routes.add("GET", "/announcements/proposals", roles=EVERYONE)
async def list_proposals(ask: Ask) -> shapes.Items[ProposalRow]:
    """List the coming festivals with proposed times; nothing is said until somebody makes it an announcement."""
    zone = ask.services.settings.site.zone
    found = proposals(ask.services.clock.now().astimezone(zone).date(), zone)
    texts = await asyncio.to_thread(festival_texts, ask.services.settings.site.name)
    return shapes.Items(items=[_proposal(one, texts) for one in found])


@routes.add("GET", "/announcements/{id}", roles=EVERYONE)
async def read_announcement(ask: Ask) -> AnnouncementRow:
    """Read one announcement."""
    return _row(ask, await ask.services.announcements.get(ask.part("id")))


@routes.add("POST", "/announcements", roles=LEADS, status=201)
async def create_announcement(ask: Ask, body: NewAnnouncement) -> AnnouncementRow:
    """Write an announcement; callers hear it as soon as it has been spoken."""
    text = body.text
    if body.festival and not text:
        text = (await asyncio.to_thread(festival_texts, ask.services.settings.site.name)).get(body.festival, "")
    wanted = Wanted(
        body.kind, text, body.begins, body.ends, body.festival, tuple(dict.fromkeys(body.areas)), body.place, body.on
    )
    return _row(ask, await ask.services.announcements.create(wanted, ask.user.id))


@routes.add("PATCH", "/announcements/{id}", roles=LEADS)
async def change_announcement(ask: Ask, body: AnnouncementChange) -> AnnouncementRow:
    """Switch an announcement on or off at once, or give it other times or another place."""
    changes = body.model_dump(exclude_unset=True)
    _no_null(changes)
    return _row(ask, await ask.services.announcements.change(ask.part("id"), ask.user.id, **changes))


def _no_null(changes: dict[str, Any]) -> None:
    if empty := [name for name, value in changes.items() if value is None and name != "ends"]:
        field = AnnouncementChange.model_fields[empty[0]].alias or empty[0]
        raise BadInput(f"{field}: leave it out to keep it as it is", field=field)


def festival_texts(site: str) -> dict[str, str]:
    """Return the openings by festival; reads the catalogue, so not on the event loop."""
    prompts = catalogue("zh-CN", site=site)
    return {name: prompts[festival.prompt].text for name, festival in festivals().items()}


def _row(ask: Ask, one: Announcement) -> AnnouncementRow:
    return AnnouncementRow(
        id=one.id,
        kind=one.kind,
        festival=one.festival,
        text=one.text,
        areas=one.areas,
        begins=one.begins,
        ends=one.ends,
        place=one.place,
        on=one.on,
        state=ask.services.announcements.state(one).value,
        by=one.by,
        by_name=ask.request.app[DESKTOPS].people.name(one.by),
        live_since=one.live_since,
        version=one.version,
    )


def _proposal(one: Proposal, texts: Mapping[str, str]) -> ProposalRow:
    return ProposalRow(
        festival=one.festival.id,
        name=one.festival.name,
        text=texts[one.festival.id],
        begins=one.begins,
        ends=one.ends,
    )
