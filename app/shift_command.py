"""`hotline shift …`: the plan of a day, hand-over, and the backup shift, from the command line.

It writes what is wanted; messages are sent by the running service, or when it runs again.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from agents.accounts import Accounts
from agents.model import Permission, User
from agents.shifts.model import HandOver
from agents.shifts.service import ShiftService
from app.duty import DutyMessenger
from app.persons import acting
from app.storage import upgrade
from core import policy
from core.bus import Bus
from core.clock import YEARS, SystemClock
from core.config import Settings, load
from core.db import Database
from core.errors import BadInput, HotlineError
from core.journal import Journal
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService

T = TypeVar("T")
BY = "command line"
AS = click.option("--as", "who", metavar="NAME", help="In whose name (default: the only account that may).")


@click.group("shift")
def shift_group() -> None:
    """Shifts: who is on duty, hand-over notes, the backup shift (备班)."""


@shift_group.command("plan")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Today at the site when not given.")
@click.pass_context
def plan(context: click.Context, day: datetime | None) -> None:
    """Show who is on duty on a day, when nobody is, and whether the backup shift is called in."""
    settings = _settings(context)
    if day is not None and day.year not in YEARS:
        raise BadInput(f"--day {day:%Y-%m-%d}: the year cannot be meant; write one from {YEARS[0]} to {YEARS[-1]}")

    async def work(shifts: ShiftService, names: dict[str, str]) -> None:
        found = await shifts.day(day.date() if day else shifts.today())
        table = Table("person", "shift", "duty", "from", "until")
        zone = settings.site.zone
        for duty in found.duties:
            times = (duty.begins.astimezone(zone), duty.ends.astimezone(zone))
            name = names.get(duty.agent_id, duty.agent_id)
            table.add_row(name, duty.shift, str(duty.kind), *(f"{time:%m-%d %H:%M}" for time in times))
        Console(width=None if sys.stdout.isatty() else 200).print(table)
        for begins, ends in found.uncovered:
            until = f"{ends.astimezone(zone):%H:%M}".replace("00:00", "24:00")
            click.echo(f"nobody on main duty {begins.astimezone(zone):%H:%M}-{until}")
        active = await shifts.active()
        click.echo(f"backup shift: {f'called in ({active.trigger}: {active.why})' if active else 'not called in'}")

    _run(settings, work)


@shift_group.command("open")
@click.argument("shift")
@AS
@click.pass_context
def open_book(context: click.Context, shift: str, who: str | None) -> None:
    """Begin SHIFT (like 2026-11-23-early)."""
    book = _run_as(context, who, lambda shifts, by: shifts.open(shift, by))
    click.echo(f"shift {book.shift_id} is open")


@shift_group.command("close")
@click.argument("shift")
@click.option("--note", required=True, help="What who comes next has to know.")
@AS
@click.pass_context
def close(context: click.Context, shift: str, note: str, who: str | None) -> None:
    """Close SHIFT (like 2026-11-23-early) with its hand-over note."""
    book = _run_as(context, who, lambda shifts, by: shifts.close(shift, by, note))
    click.echo(f"shift {book.shift_id} is closed; who comes next: hotline shift take-over {book.shift_id}")


@shift_group.command("take-over")
@click.argument("shift")
@AS
@click.pass_context
def take_over(context: click.Context, shift: str, who: str | None) -> None:
    """Read the note of SHIFT and say so; the first who does holds."""
    book = _run_as(context, who, lambda shifts, by: shifts.take_over(shift, by))
    click.echo(f"shift {book.shift_id} is taken over; its note: {book.note}")


@shift_group.command("activate")
@click.option("--why", required=True, help="Why the backup shift is called in.")
@click.pass_context
def activate(context: click.Context, why: str) -> None:
    """Call the backup shift in and tell its people."""
    done = _run(_settings(context), lambda shifts, _: shifts.activate(BY, why))
    click.echo(f"backup shift called in: {len(done.agent_ids)} people")


@shift_group.command("release")
@click.option("--why", required=True, help="Why it may go.")
@click.pass_context
def release(context: click.Context, why: str) -> None:
    """Let the backup shift go and tell its people."""
    done = _run(_settings(context), lambda shifts, _: shifts.release(BY, why))
    click.echo(f"backup shift let go: {len(done.agent_ids)} people")


def _run_as(
    context: click.Context, who: str | None, work: Callable[[ShiftService, str], Awaitable[HandOver]]
) -> HandOver:
    """Do `work` in the name of a person who may hand shifts over, who is given to it by id."""

    async def named(shifts: ShiftService, _: dict[str, str], accounts: Accounts) -> HandOver:
        person = await acting(accounts, who, _leads, what="hand shifts over", role="shift_lead")
        return await work(shifts, person.id)

    return _run_whole(_settings(context), named)


def _leads(user: User) -> bool:
    return user.may(Permission.STEER_TEAM) or user.may(Permission.CHANGE_BUSINESS)


def _run(settings: Settings, work: Callable[[ShiftService, dict[str, str]], Awaitable[T]]) -> T:
    return _run_whole(settings, lambda shifts, names, _: work(shifts, names))


def _run_whole(settings: Settings, work: Callable[[ShiftService, dict[str, str], Accounts], Awaitable[T]]) -> T:
    """Do `work` on the installation's database; an error ends with status 1."""
    try:
        upgrade(settings.database_url)
        return asyncio.run(_with_shifts(settings, work))
    except HotlineError as error:
        click.echo(f"hotline: {error.message}", err=True)
        sys.exit(1)


async def _with_shifts(settings: Settings, work: Callable[[ShiftService, dict[str, str], Accounts], Awaitable[T]]) -> T:
    db, clock, rules = Database(settings.database_url), SystemClock(), policy.load(settings.site.policy)
    try:
        journal = Journal(db, Bus())
        outbox = FileGateway(settings.var / "outbox" / "sms.jsonl")
        notes = NotificationService(journal, db, clock, gateway=outbox, policy=rules)
        shifts = ShiftService(journal, db, clock, rules, settings.site.zone, site=settings.site)
        shifts.tell_by(DutyMessenger(notes, clock))
        accounts = Accounts(journal, db, clock, rules)
        names = {user.id: user.username for user in await accounts.users()}
        return await work(shifts, names, accounts)
    finally:
        await db.close()


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)
