"""`hotline announce …`: festival greetings by notice and emergency announcements, from the command line.

It writes what is wanted; the running service sees it within two seconds, has it spoken, and callers hear it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from app.doctor_files import service_runs
from app.storage import upgrade
from core.bus import Bus
from core.clock import YEARS, SystemClock
from core.config import Settings, load
from core.db import Database
from core.errors import BadInput
from core.journal import Journal
from desk.announcements.festivals import festivals, proposals
from desk.announcements.model import Announcement, Kind
from desk.announcements.service import AnnouncementService, Wanted
from speech.prompts import catalogue

T = TypeVar("T")
BY = "command line"
FROM = click.option("--from", "begins", help="When it begins, e.g. 2027-02-06T00:00 at the site (default: now).")
UNTIL = click.option("--until", "ends", help="When it ends.")
PLACE = click.option(
    "--place", type=click.IntRange(0, 1000), default=0, show_default=True, help="Several are said by rising place."
)


@click.group("announce")
def announce_group() -> None:
    """What callers hear before the menu: festival greetings and emergency announcements."""


@announce_group.command("say")
@click.argument("text")
@click.option("--area", "areas", multiple=True, help="Only for callers of this area (may be given several times).")
@FROM
@UNTIL
@PLACE
@click.pass_context
def say(
    context: click.Context, text: str, areas: tuple[str, ...], begins: str | None, ends: str | None, place: int
) -> None:
    """Say TEXT to every caller before the menu, as soon as it has been spoken, until it is switched off."""
    settings = _settings(context)
    wanted = Wanted(Kind.EMERGENCY, text, _moment(settings, begins), _moment(settings, ends), areas=areas, place=place)
    _tell(_run(settings, lambda service: service.create(wanted, BY)), settings)


@announce_group.command("greet")
@click.argument("festival", type=click.Choice(sorted(festivals())))
@FROM
@click.option("--until", "ends", required=True, help="When it ends, as the notice says.")
@click.option("--text", default="", help="Other words than those of the catalogue.")
@click.pass_context
def greet(context: click.Context, festival: str, begins: str | None, ends: str, text: str) -> None:
    """Greet with the opening of FESTIVAL between the times of its notice."""
    settings = _settings(context)
    words = text or catalogue(settings.site.language, site=settings.site.name)[festivals()[festival].prompt].text
    wanted = Wanted(Kind.GREETING, words, _moment(settings, begins), _moment(settings, ends), festival)
    _tell(_run(settings, lambda service: service.create(wanted, BY)), settings)


@announce_group.command("off")
@click.argument("announcement_id")
@click.pass_context
def off(context: click.Context, announcement_id: str) -> None:
    """Switch an announcement off."""
    settings = _settings(context)
    _tell(_run(settings, lambda service: service.change(announcement_id, BY, on=False)), settings)


@announce_group.command("on")
@click.argument("announcement_id")
@click.pass_context
def on(context: click.Context, announcement_id: str) -> None:
    """Switch an announcement on again."""
    settings = _settings(context)
    _tell(_run(settings, lambda service: service.change(announcement_id, BY, on=True)), settings)


@announce_group.command("list")
@click.pass_context
def list_all(context: click.Context) -> None:
    """List announcements, those that are on first: whether they are heard, when, where, and their words."""
    settings = _settings(context)
    for one in _run(settings, lambda service: service.all()):
        _tell(one, settings)


@announce_group.command("proposals")
@click.pass_context
def list_proposals(context: click.Context) -> None:
    """List the coming festivals with proposed times; the notice decides (`hotline announce greet`)."""
    settings = _settings(context)
    today = SystemClock().now().astimezone(settings.site.zone).date()
    for one in proposals(today, settings.site.zone):
        click.echo(f"{one.festival.id:16} {one.festival.name} {one.begins:%Y-%m-%dT%H:%M} – {one.ends:%Y-%m-%dT%H:%M}")


def _settings(context: click.Context) -> Settings:
    return context.find_object(Settings) or load(None)


def _moment(settings: Settings, text: str | None) -> datetime | None:
    """Return a moment at the site; an offset in the text counts. Raises BadInput."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no time; write for instance 2027-02-06T00:00") from None
    if found.year not in YEARS:
        raise BadInput(f"{text!r}: the year cannot be meant; write one from {YEARS[0]} to {YEARS[-1]}")
    return found if found.tzinfo else found.replace(tzinfo=settings.site.zone)


def _run(settings: Settings, work: Callable[[AnnouncementService], Awaitable[T]]) -> T:
    upgrade(settings.database_url)

    async def whole() -> T:
        db, clock = Database(settings.database_url), SystemClock()
        journal = Journal(db, Bus())
        service = AnnouncementService(db, journal, clock, None, settings.site.festivals)
        try:
            return await work(service)
        finally:
            await journal.close()
            await db.close()

    return asyncio.run(whole())


def _tell(one: Announcement, settings: Settings) -> None:
    def local(moment: datetime | None) -> Any:
        return f"{moment.astimezone(settings.site.zone):%Y-%m-%d %H:%M}" if moment else "…"

    where = "、".join(one.areas) or "everybody"
    stands = _stands(one, settings)
    click.echo(f"{one.id} {stands} {one.kind} {local(one.begins)} – {local(one.ends)} {where}: {one.text}")


def _stands(one: Announcement, settings: Settings) -> str:
    """Say whether callers hear an announcement, and if not, why."""
    now = SystemClock().now()
    if not one.on:
        return "off"
    if one.over(now):
        return "over"
    if one.live_since is None:
        return "not spoken yet" if service_runs(settings) else "not spoken yet (the service does it; none runs)"
    return "heard now" if one.holds(now) else "spoken, planned"
