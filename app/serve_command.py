"""`hotline serve`: the service alone, until it is told to stop."""

import asyncio
import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click
import uvloop

from app.certificates import desktop_address
from app.running import run
from app.setup import prepare
from app.wiring import Hotline
from core import log
from core.config import Settings, load
from core.errors import Conflict


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold this installation: a second service on the same state would take its calls. Raises Conflict."""
    settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.var / "hotline.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another service is running on {settings.var}: stop it, or set [storage] dir") from None
        yield


def stop_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    until = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    return until


@click.command()
@click.option("--config", type=click.Path(), help="hotline.toml")
@click.option("--no-ui", is_flag=True, help="Without the browser pages (API only).")
@click.pass_context
def serve(context: click.Context, config: str | None, no_ui: bool) -> None:
    """Serve calls on an Asterisk that runs already; SIGTERM stops, live calls stay with the PBX."""
    from pathlib import Path

    settings = load(Path(config)) if config else context.find_object(Settings) or load(None)
    with only_one(settings):
        setup = prepare(settings, lambda line: click.echo(line, err=True), ui=not no_ui)
        log.configure(settings.var / "log" / "hotline.log")
        uvloop.run(_serve(Hotline(setup)))


async def _serve(hotline: Hotline) -> None:
    until = stop_on_signals(asyncio.get_running_loop())
    where = desktop_address(hotline.settings)

    async def body() -> None:
        click.echo(f"serving on {where}")
        await until.wait()

    await run(hotline, body, until, lambda line: click.echo(line, err=True))
