"""`hotline demo`: the main job on embedded defaults, with robots that keep it alive."""

import asyncio
import json
import os
import secrets
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from agents.accounts import Accounts
from agents.model import Role, SeatKind
from app.certificates import desktop_address
from app.demo_data import load_demo
from app.robots import Counts, People, Robots, RobotSeat
from app.running import run
from app.serve_command import only_one, stop_on_signals
from app.setup import prepare, prepare_asterisk
from app.wiring import Hotline, Setup
from asterisk_conf.private import PrivateAsterisk
from core import log, policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings, load
from core.db import Database
from core.journal import Journal

AGENTS = ("1001", "1002", "1003", "1004")
"""Seats that robots take; the others are left for you."""
PHONE, PAGE, LEADS_PAGE = "1005", "1006", "1007"
"""Yours: one for a SIP phone, and two whose phone is the page: an agent's, and one to listen or be consulted at."""
FIGURES_EVERY_S = 15
VISITED = tuple(f"1380000000{n}" for n in (1, 3, 2, 4, 5, 7, 8))
"""The fixed customers, as whom a visitor calls first: what they hear is ready when the demo opens."""


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in of the demo, as `var/demo.json` holds it."""

    username: str
    password: str
    role: str
    seat: str | None


@click.command()
@click.option("--seconds", type=click.IntRange(min=1), help="Stop by itself after so many seconds.")
@click.option("--no-robots", is_flag=True, help="Nobody calls and nobody answers but you.")
@click.pass_context
def demo(context: click.Context, seconds: int | None, no_robots: bool) -> None:
    """PBX, service, browser desktop and demo data; robot callers and agents keep it alive. Ctrl-C stops all."""
    settings = context.find_object(Settings) or load(None)
    with only_one(settings):
        setup = prepare(settings, _say)
        logins = asyncio.run(_people(settings))
        asterisk = asyncio.run(_asterisk(settings))
        log.configure(settings.var / "log" / "hotline.log")
        asyncio.run(_demo(setup, asterisk, logins, seconds, robots=not no_robots))


def _say(line: str) -> None:
    click.echo(line, err=True)


async def _asterisk(settings: Settings) -> PrivateAsterisk:
    """Write the configuration for this run; the PBX that a killed demo has left goes on with its calls if it fits."""
    left = await asyncio.to_thread(prepare_asterisk, settings, _say, write=False)
    running, before = (await left.status()).running, _configuration(settings)
    asterisk = await asyncio.to_thread(prepare_asterisk, settings, _say)
    if running and _configuration(settings) == before:
        _say("the PBX of an earlier run is taken over, with the calls in it")
    elif running:
        _say("the PBX of an earlier run is stopped: its configuration is another one now")
        await left.stop()
    return asterisk


def _configuration(settings: Settings) -> dict[str, bytes]:
    folder = settings.var / "asterisk" / "etc"
    return {file.name: file.read_bytes() for file in folder.glob("*") if file.is_file()}


async def _people(settings: Settings) -> list[Login]:
    """Make the demo's customers, seats and accounts; passwords are new at the first run and kept."""
    file = settings.var / "demo.json"
    known = {}
    with suppress(FileNotFoundError, ValueError, KeyError):
        known = {login["username"]: login for login in json.loads(file.read_text())["logins"]}
    clock, db = SystemClock(), Database(settings.database_url)
    try:
        journal = Journal(db, Bus())
        accounts = Accounts(journal, db, clock, policy.load(settings.site.policy))
        await load_demo(db, clock, settings.site.zone)
        seats = {seat.id for seat in await accounts.seats()}
        for seat in (*AGENTS, PHONE, PAGE, LEADS_PAGE):
            if seat not in seats:
                kind = SeatKind.BROWSER if seat in (PAGE, LEADS_PAGE) else SeatKind.PHONE
                await accounts.add_seat(seat, kind=kind, by="demo")
        logins = [await _login(accounts, known, *who) for who in _who()]
        _write(file, settings, logins, list(await accounts.seats()))
        return logins
    finally:
        await db.close()


def _who() -> list[tuple[str, str, Role, str | None]]:
    robots = [(f"robot{seat}", f"机器人{seat}", Role.AGENT, seat) for seat in AGENTS]
    you: list[tuple[str, str, Role, str | None]] = [
        ("agent", "演示坐席", Role.AGENT, PAGE),
        ("lead", "演示值长", Role.SHIFT_LEAD, LEADS_PAGE),
        ("quality", "演示质检", Role.QUALITY, None),
        ("admin", "演示管理员", Role.ADMIN, None),
    ]
    return [*you, *robots]


async def _login(
    accounts: Accounts, known: dict[str, dict[str, str]], username: str, name: str, role: Role, seat: str | None
) -> Login:
    there = {user.username: user for user in await accounts.users()}
    if username in there and username in known:
        return Login(username, known[username]["password"], role.value, seat)
    password = secrets.token_urlsafe(9)
    if username in there:
        await accounts.change_password(there[username].id, password, by="demo")
    else:
        await accounts.create_user(username, password, role, name=name, seat_id=seat, by="demo")
    return Login(username, password, role.value, seat)


def _write(file: Path, settings: Settings, logins: list[Login], seats: list[object]) -> None:
    at = settings.asterisk
    content = {
        "api": settings.web.here,
        "sip": f"127.0.0.1:{at.sip_port}",
        "logins": [{"username": x.username, "password": x.password, "role": x.role, "seat": x.seat} for x in logins],
        "seats": [
            {"id": s.id, "sip_username": s.sip_username, "sip_password": s.sip_password}  # type: ignore[attr-defined]
            for s in seats
        ],
    }
    fresh = file.with_name(".demo.json.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=1)
    fresh.replace(file)


async def _demo(
    setup: Setup, asterisk: PrivateAsterisk, logins: list[Login], seconds: int | None, *, robots: bool
) -> None:
    until = stop_on_signals(asyncio.get_running_loop())
    hotline = Hotline(setup)
    await asterisk.start()

    async def body() -> None:
        _say("preparing the voice for the demo's customers")
        await hotline.say_ahead(VISITED)
        async with AsyncExitStack() as stack:
            counts = await _robots(stack, setup.settings, logins) if robots else None
            _print(setup.settings, logins, robots=robots)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await _watch(until, counts)
            click.echo("stopping")

    try:
        await run(hotline, body, until, _say)
    finally:
        await asterisk.stop()


async def _robots(stack: AsyncExitStack, settings: Settings, logins: list[Login]) -> Counts:
    content = json.loads((settings.var / "demo.json").read_text())
    seats = {seat["id"]: seat for seat in content["seats"]}
    taken = [
        RobotSeat(x.username, x.password, seats[x.seat]["sip_username"], seats[x.seat]["sip_password"], x.seat)
        for x in logins
        if x.username.startswith("robot") and x.seat
    ]
    robots = Robots(("127.0.0.1", settings.asterisk.sip_port), content["api"], taken, People())
    await stack.enter_async_context(robots)
    robots.start_callers(every=2.5, at_once=8)
    return robots.counts


async def _watch(until: asyncio.Event, counts: Counts | None) -> None:
    """Say now and then, and at the end, what the robots did."""
    try:
        while not until.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FIGURES_EVERY_S):
                    await until.wait()
            if counts is not None and not until.is_set():
                click.echo(_figures(counts))
    finally:
        if counts is not None:
            click.echo(_figures(counts))


def _figures(counts: Counts) -> str:
    return (
        f"calls placed {counts.placed}, answered {counts.answered}, "
        f"served by the menu {counts.served_by_menu}, answered by a robot agent {counts.by_agent}"
    )


def _print(settings: Settings, logins: list[Login], *, robots: bool) -> None:
    click.echo(f"\nHotline is open.\n  desktop  {desktop_address(settings)}")
    for login in logins:
        if not login.username.startswith("robot"):
            seat = f"  seat {login.seat}" if login.seat else ""
            click.echo(f"           {login.username:8} {login.password}  ({login.role}{seat})")
    click.echo(
        f"  call     sip:{settings.site.number}@127.0.0.1:{settings.asterisk.sip_port} (user part of From = caller)"
    )
    click.echo(f"           ./hotline dial {settings.site.number} --from 13800000001 --digits w8,2 --seconds 40")
    click.echo(f"  answer   sign in as agent at seat {PAGE}: the page is the phone, with the headset of this machine")
    click.echo(f"  listen   sign in as lead at seat {LEADS_PAGE} in another browser: its page is a phone too")
    click.echo(f"  phones   user names and passwords of the seats: {settings.var / 'demo.json'}")
    click.echo("  robots   callers and agents are at work" if robots else "  robots   none")
    click.echo("Ctrl-C stops everything.\n")
