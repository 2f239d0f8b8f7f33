"""`hotline report …`: figures on paper, from the database alone."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from app.reports import written
from core.config import Settings, load
from core.errors import BadInput
from figures.asking import Group, Words
from figures.export import FORMATS
from figures.formulas import SERVICE_LEVELS, USUAL


@click.group("report")
def report_group() -> None:
    """Figures on paper."""


@report_group.command("kpi")
@click.option("--from", "from_", required=True, metavar="TIME", help="A date, or a time with its offset.")
@click.option("--to", required=True, metavar="TIME", help="A date (that day included), or a time with its offset.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="ID",
    help=f"Of the service level: {', '.join(SERVICE_LEVELS)}, or all. [default: {USUAL}]",
)
@click.option(
    "--by",
    "--group",
    "group",
    default="queue",
    show_default=True,
    metavar="NAMES",
    help=f"What each row is about: {', '.join(Group)}; with commas several.",
)
@click.option("--agent", metavar="USER", help="Only what this agent did.")
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), help="[default: that of the site]")
@click.pass_context
def kpi(
    context: click.Context,
    *,
    from_: str,
    to: str,
    variants: tuple[str, ...],
    group: str,
    agent: str | None,
    form: str,
    out: Path | None,
    language: str | None,
) -> None:
    """What happened, in numbers, each with the id of its formula.

    Read from the journal; the service may run or not, and nothing is changed. Look at the head first: when the laws
    do not hold there, do not use the figures. docs/reference/kpi.md has every formula.

    \b
    Examples:
      hotline report kpi --from 2026-11-23 --to 2026-11-23
      hotline report kpi --from 2026-11-23 --to 2026-11-23 --by half_hour --variant SL-3,SL-8
      hotline report kpi --from 2026-11-01 --to 2026-11-30 --by skill,day --format xlsx --out november.xlsx
      hotline report kpi --from 2026-11-23 --to 2026-11-23 --agent 1001 --by hour
    """
    settings = context.find_object(Settings) or load(None)
    if form == "xlsx" and out is None and sys.stdout.isatty():
        raise click.UsageError("a workbook cannot be shown on a terminal: name a file with --out")
    words = Words(from_, to, group, variants, agent)
    made = written(settings, words, form, language or settings.site.language, datetime.now(UTC))
    if out is None:
        sys.stdout.buffer.write(made)
        return
    _write(out, made)
    click.echo(f"{out} written", err=True)


def _write(out: Path, made: bytes) -> None:
    """Write the whole report or nothing: what stood in the file stays until the new one is there. Raises BadInput."""
    special = out.exists() and not out.is_file()  # a device or a pipe is written to, not replaced
    target = out if special else out.resolve()
    part = out if special else target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.write_bytes(made)
        if not special:
            part.replace(target)
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror}): name another file") from None
    finally:
        if not special:
            part.unlink(missing_ok=True)
