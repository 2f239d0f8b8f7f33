"""`hotline doctor`: what is wrong with this installation, in plain words, each with its cure."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app import doctor_files, doctor_pbx, doctor_tls
from app.findings import FINE, NOTE, WRONG, Finding
from core.clock import SystemClock
from core.config import Settings, load
from speech.render import user_cache

SIGNS = {FINE: "[green]✓[/]", NOTE: "[yellow]•[/]", WRONG: "[bold red]✗[/]"}


@click.command("doctor")
@click.pass_context
def doctor(context: click.Context) -> None:
    """Look at everything that Hotline needs; nothing is changed. Exit status 1 when something is wrong."""
    file = Path("hotline.toml")
    settings = context.find_object(Settings) or load(file if file.is_file() else None)
    findings = list(examine(settings, user_cache()))
    console = Console()
    if console.is_terminal:
        console.print(_table(findings))
    else:
        for found in findings:
            click.echo(f"{found.grade:5} {found.what}: {found.says}" + (f" -> {found.cure}" if found.cure else ""))
    wrong = sum(found.grade == WRONG for found in findings)
    click.echo(f"{wrong} of {len(findings)} checks found something wrong" if wrong else "nothing is wrong", err=True)
    sys.exit(1 if wrong else 0)


def examine(settings: Settings, cache: Path) -> Iterator[Finding]:
    """Yield what is found, from the ground up. Blocks for a few seconds at most."""
    yield from doctor_files.examine(settings, cache)
    yield from doctor_tls.examine(settings, SystemClock())
    yield from asyncio.run(doctor_pbx.examine(settings, cache))


def _table(findings: list[Finding]) -> Table:
    table = Table("", "what", "what was found", "what to do")
    for found in findings:
        table.add_row(SIGNS[found.grade], found.what, found.says, found.cure)
    return table
