"""`hotline user …` and `hotline seat …`: accounts and seats from the command line."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from agents import catalogue
from agents.accounts import Accounts
from agents.model import PageRule, Qualification, Role, Seat, SeatKind, User
from agents.qualification import Qualifications
from app.storage import upgrade
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings, load
from core.db import Database
from core.errors import BadInput, HotlineError
from core.journal import Journal

T = TypeVar("T")
RENDER = "run `hotline asterisk render` so that the PBX knows"


@click.group("user")
def user_group() -> None:
    """Accounts of the people who use this installation."""


@click.group("seat")
def seat_group() -> None:
    """Seats: desks with a phone."""


_PAGE = click.option(
    "--page",
    type=click.Choice([str(rule) for rule in PageRule]),
    default=str(PageRule.WHILE_OPEN),
    show_default=True,
    help="Whether calls need the desktop page open: always, once it was opened, or never.",
)


def _password_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--generate", is_flag=True, help="Make a password and print it.")(command)
    return click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")(command)


@user_group.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice([str(role) for role in Role]), default="agent", show_default=True)
@click.option("--name", default="", help="The person's name as others see it; the user name when not given.")
@click.option("--seat", "seat_id", help="The person's usual seat.")
@_password_options
@click.pass_context
def add_user(
    context: click.Context,
    username: str,
    role: str,
    name: str,
    seat_id: str | None,
    password_stdin: bool,
    generate: bool,
) -> None:
    """Create an account; its password is asked for, unless told otherwise."""
    password = _password(password_stdin, generate)

    async def work(accounts: Accounts) -> User:
        return await accounts.create_user(username, password, Role(role), name=name, seat_id=seat_id)

    user = _run(context, work)
    click.echo(f"user {user.username} ({user.role}) created")
    _show(password, generate)
    _tell_shared(context, username, seat_id)


@user_group.command("change")
@click.argument("username")
@click.option("--role", type=click.Choice([str(role) for role in Role]))
@click.option("--name", default="", help="The person's name as others see it.")
@click.option("--seat", "seat_id", help='The person\'s usual seat; "" is none.')
@click.pass_context
def change_user(context: click.Context, username: str, role: str | None, name: str, seat_id: str | None) -> None:
    """Change role, name or usual seat of an account; a new role ends its sessions."""
    if not role and not name and seat_id is None:
        raise click.UsageError("say what changes: --role, --name, --seat")

    async def work(accounts: Accounts) -> None:
        user = await accounts.user_named(username)
        await accounts.change_user(user.id, role=Role(role) if role else None, name=name, seat_id=seat_id)

    _run(context, work)
    click.echo(f"user {username} changed" + (", a new role ends its sessions" if role else ""))
    _tell_shared(context, username, seat_id)


def _tell_shared(context: click.Context, username: str, seat_id: str | None) -> None:
    """Say whose usual seat this is too: people of several shifts may share one, or it is a mistake."""
    if seat_id:
        users = _run(context, lambda accounts: accounts.users())
        others = [u.username for u in users if u.seat_id == seat_id and u.username != username and not u.disabled]
        if others:
            click.echo(
                f"seat {seat_id} is the usual seat of {', '.join(others)} too; one sits there at a time", err=True
            )


@user_group.command("list")
@click.pass_context
def list_users(context: click.Context) -> None:
    """List every account."""
    users = _run(context, lambda accounts: accounts.users())
    rows = [(u.username, u.name, str(u.role), u.seat_id or "", "disabled" if u.disabled else "") for u in users]
    _print(("user", "name", "role", "seat", ""), rows)


@user_group.command("passwd")
@click.argument("username")
@_password_options
@click.pass_context
def change_password(context: click.Context, username: str, password_stdin: bool, generate: bool) -> None:
    """Set the password of an account and end its sessions."""
    password = _password(password_stdin, generate)

    async def work(accounts: Accounts) -> None:
        await accounts.change_password((await accounts.user_named(username)).id, password)

    _run(context, work)
    click.echo(f"password of {username} changed, its sessions are ended")
    _show(password, generate)


@user_group.command("disable")
@click.argument("username")
@click.pass_context
def disable_user(context: click.Context, username: str) -> None:
    """Let an account sign in no more and end its sessions."""

    async def work(accounts: Accounts) -> None:
        await accounts.disable_user((await accounts.user_named(username)).id)

    _run(context, work)
    click.echo(f"user {username} disabled")


@user_group.command("enable")
@click.argument("username")
@click.pass_context
def enable_user(context: click.Context, username: str) -> None:
    """Let a disabled account sign in again."""

    async def work(accounts: Accounts) -> None:
        await accounts.enable_user((await accounts.user_named(username)).id)

    _run(context, work)
    click.echo(f"user {username} enabled")


@user_group.command("skills")
@click.argument("username")
@click.argument("levels", nargs=-1, metavar="[SKILL=LEVEL]...")
@click.option("--join", multiple=True, metavar="GROUP", help="A group that the person works in from now on.")
@click.option("--leave", multiple=True, metavar="GROUP", help="A group that the person works in no more.")
@click.pass_context
def change_skills(
    context: click.Context, username: str, levels: tuple[str, ...], join: tuple[str, ...], leave: tuple[str, ...]
) -> None:
    """Show what a person can, and change it: `english=3` sets a level, `english=0` takes the skill away.

    A service that runs follows within two seconds.
    """
    changed = dict(_level(one) for one in levels)

    async def work(accounts: Accounts, qualifications: Qualifications) -> Qualification:
        user = await accounts.user_named(username)
        now = await qualifications.of(user.id)
        if not (changed or join or leave):
            return now
        skills = {skill: level for skill, level in {**now.skills, **changed}.items() if level != 0}
        return await qualifications.set(user.id, skills, (now.groups | set(join)) - set(leave))

    can = _run_both(context, work)
    said = ", ".join(f"{skill}={level}" for skill, level in can.skills.items()) or "no special skill"
    click.echo(f"{username}: {said}; groups: {', '.join(sorted(can.groups)) or 'none'}")


def _level(told: str) -> tuple[str, int]:
    skill, _, level = told.partition("=")
    if not skill or not level.isdecimal():
        raise click.UsageError(f"{told!r}: write a skill and its level as english=3")
    return skill, int(level)


@seat_group.command("add")
@click.argument("seat_id")
@click.option("--sip-username", default="", help="Begins with a letter; seat<ID> when not given.")
@_PAGE
@click.option("--browser", is_flag=True, help="The desktop page in the browser is the phone of this seat.")
@click.pass_context
def add_seat(context: click.Context, seat_id: str, sip_username: str, page: str, browser: bool) -> None:
    """Add a seat and print what its phone has to be set to."""
    rule, kind = PageRule(page), SeatKind.BROWSER if browser else SeatKind.PHONE
    seat = _run(context, lambda accounts: accounts.add_seat(seat_id, sip_username=sip_username, page=rule, kind=kind))
    if browser:
        click.echo(f"seat {seat.id} added; its phone is the desktop page of who sits there")
    else:
        click.echo(f"seat {seat.id} added; its phone: user {seat.sip_username}, password {seat.sip_password}")
    click.echo(RENDER, err=True)


@seat_group.command("list")
@click.option("--passwords", is_flag=True, help="Show the SIP passwords too.")
@click.pass_context
def list_seats(context: click.Context, passwords: bool) -> None:
    """List every seat."""
    seats: list[Seat] = _run(context, lambda accounts: accounts.seats())
    rows = [(s.id, s.sip_username, str(s.kind), str(s.page), *([s.sip_password] if passwords else [])) for s in seats]
    _print(("seat", "SIP user", "phone", "page", *(["SIP password"] if passwords else [])), rows)


@seat_group.command("page")
@click.argument("seat_id")
@click.argument("rule", type=click.Choice([str(rule) for rule in PageRule]))
@click.pass_context
def set_page_rule(context: click.Context, seat_id: str, rule: str) -> None:
    """Say what the desktop page means at a seat: required, while_open (the default) or ignored (phone alone)."""
    _run(context, lambda accounts: accounts.set_page_rule(seat_id, PageRule(rule)))
    click.echo(f"seat {seat_id}: page {rule}")


@seat_group.command("remove")
@click.argument("seat_id")
@click.pass_context
def remove_seat(context: click.Context, seat_id: str) -> None:
    """Remove a seat."""
    _run(context, lambda accounts: accounts.remove_seat(seat_id))
    click.echo(f"seat {seat_id} removed")
    click.echo(RENDER, err=True)


def _password(from_stdin: bool, generate: bool) -> str:
    if from_stdin and generate:
        raise click.UsageError("either --password-stdin or --generate, not both")
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if generate:
        return secrets.token_urlsafe(12)
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _show(password: str, generated: bool) -> None:
    """Print a password that nobody knows yet, once it is in force."""
    if generated:
        click.echo(f"password: {password}")


def _run(context: click.Context, work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Do `work` on the installation's database, made when there is none; an error ends with status 1."""
    return _run_both(context, lambda accounts, _: work(accounts))


def _run_both(context: click.Context, work: Callable[[Accounts, Qualifications], Awaitable[T]]) -> T:
    try:
        settings = _settings(context)
        upgrade(settings.database_url)
        return asyncio.run(_with_accounts(settings, work))
    except HotlineError as error:
        asked = ", ".join(f"{key} {value}" for key, value in error.details.items() if isinstance(value, str))
        click.echo(
            f"{error.message} ({asked})" if asked and not isinstance(error, BadInput) else error.message, err=True
        )
        sys.exit(1)


async def _with_accounts(settings: Settings, work: Callable[[Accounts, Qualifications], Awaitable[T]]) -> T:
    db, clock = Database(settings.database_url), SystemClock()
    try:
        journal = Journal(db, Bus())
        accounts = Accounts(journal, db, clock, policy.load(settings.site.policy))
        return await work(accounts, Qualifications(journal, db, clock, catalogue.load(settings.site.skills)))
    finally:
        await db.close()


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


def _print(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(*heads)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
