"""`hotline asterisk …`: fetch, configure, start, stop and look at the private PBX."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from agents import store
from agents.model import Seat
from app.asterisk_setup import private_asterisk, render_spec, secrets_of
from asterisk_conf.install import default_cache, ensure_asterisk, find_asterisk
from asterisk_conf.render import render as write_files
from asterisk_conf.spec import Install
from core.config import Settings, load
from core.db import open_engine

T = TypeVar("T")


@click.group("asterisk")
def asterisk_group() -> None:
    """The private PBX and its configuration."""


@asterisk_group.command()
def install() -> None:
    """Fetch the PBX into the user's cache, unless one is there or the system has a fitting one."""
    found = _installed()
    click.echo(f"Asterisk {found.version} ({found.kind}): {found.binary}")


@asterisk_group.command()
@click.pass_context
def render(context: click.Context) -> None:
    """Write the PBX's configuration; a running PBX takes over changed seats at once, without disturbing calls."""
    settings, found = _settings(context), _installed()
    spec = render_spec(settings, seats_of(settings), secrets_of(settings), found)
    write_files(spec)
    click.echo(f"configuration written to {spec.directories.etc}")
    pbx = private_asterisk(settings, found)
    if _run(pbx.status()).booted:
        _run(pbx.reload_seats())
        _run(pbx.reload_certificate())
        click.echo("the running PBX has read it; changed ports take effect at its next start")


@asterisk_group.command()
@click.pass_context
def start(context: click.Context) -> None:
    """Start the PBX in the background; it goes on when this terminal is closed."""
    settings, found = _settings(context), _installed()
    pbx = private_asterisk(settings, found)
    before = _run(pbx.status())
    if before.running:
        click.echo(f"already running (process {before.pid})")
        return
    if before.stale:
        click.echo("the last run was killed: what it left is cleared away")
    write_files(render_spec(settings, seats_of(settings), secrets_of(settings), found))
    status = _run(pbx.start())
    click.echo(f"running (process {status.pid}), SIP on 127.0.0.1:{settings.asterisk.sip_port}")


@asterisk_group.command()
@click.pass_context
def stop(context: click.Context) -> None:
    """Stop the PBX; calls are cut off."""
    found = find_asterisk(default_cache())
    pbx = private_asterisk(_settings(context), found) if found else None
    if pbx is None or not _run(pbx.status()).running:
        click.echo("was not running")
        return
    _run(pbx.stop())
    click.echo("stopped")


@asterisk_group.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Say whether the PBX runs; exit status 1 when it does not take calls."""
    found = find_asterisk(default_cache())
    if found is None:
        click.echo("not installed: type  hotline asterisk install")
        sys.exit(1)
    pbx = private_asterisk(_settings(context), found)
    now = _run(pbx.status())
    if now.booted:
        click.echo(f"running (process {now.pid})")
        click.echo(_run(pbx.command("core show channels count")).strip())
        return
    if now.running:
        click.echo(f"starting (process {now.pid})")
    else:
        click.echo("not running: the last run was killed" if now.stale else "not running")
    sys.exit(1)


def seats_of(settings: Settings) -> list[Seat]:
    """The seats in this installation's database; none while there is no database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return []
    engine = open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return store.all_seats(connection) if inspect(connection).has_table("seats") else []
    finally:
        engine.dispose()


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


def _installed() -> Install:
    return ensure_asterisk(default_cache(), lambda line: click.echo(line, err=True))


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
