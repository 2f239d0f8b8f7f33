"""`hotline flow …`: work on IVR flows."""

from pathlib import Path

import click

from core import policy
from core.config import Settings, load
from ivr import flow
from speech.prompts import catalogue


@click.group("flow")
def flow_group() -> None:
    """IVR flows."""


@flow_group.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, file: Path) -> None:
    """Say every fault of a flow file with its line; exit status 1 when there is one."""
    settings = context.find_object(Settings) or load(None)
    prompts = catalogue(settings.site.language, site=settings.site.name)
    checked = flow.load(file, prompts, policy.load(settings.site.policy).rules)
    click.echo(f"{file}: fine ({len(checked.nodes)} nodes, {len(checked.prompts())} prompts)")
