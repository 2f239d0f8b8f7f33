"""`hotline flow …`: work on IVR flows."""

import json
from datetime import datetime
from pathlib import Path

import click

from app import flow_simulate
from core import policy
from core.config import Settings, load
from core.errors import BadInput
from ivr import drawing, flow
from speech.prompts import catalogue

FLOW = Path(flow.__file__).parent / "flows" / "hotline.yaml"
FILE = click.argument("file", type=click.Path(path_type=Path), default=FLOW)


@click.group("flow")
def flow_group() -> None:
    """IVR flows."""


@flow_group.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, file: Path) -> None:
    """Say every fault of a flow file with its line; exit status 1 when there is one."""
    checked = _checked(context, file)
    click.echo(f"{file}: fine ({len(checked.nodes)} nodes, {len(checked.prompts())} prompts)")


def _settings(context: click.Context) -> Settings:
    return context.find_object(Settings) or load(None)


def _checked(context: click.Context, file: Path) -> flow.Flow:
    settings = _settings(context)
    prompts = catalogue(settings.site.language, site=settings.site.name)
    return flow.load(file, prompts, policy.load(settings.site.policy).rules)


@flow_group.command()
def schema() -> None:
    """Print the JSON Schema of a flow file; a copy is docs/reference/flow.schema.json."""
    click.echo(json.dumps(flow.schema(), ensure_ascii=False, indent=1))


@flow_group.command()
@FILE
@click.option("--caller", default="13800000001", show_default=True, help="The caller's number; '' is withheld.")
@click.option("--keys", help="What the caller does, one step a turn: '2,,0,a' (see docs/reference/flow.md).")
@click.option("--at", type=click.DateTime(("%Y-%m-%dT%H:%M",)), help="The moment of the call (default: now).")
@click.pass_context
def simulate(context: click.Context, file: Path, caller: str, keys: str | None, at: datetime | None) -> None:
    """Talk with a flow (the shipped one when no FILE is named) in text and virtual time, as a demo customer.

    Without --keys you are the caller: each time the hotline waits, type keys, Enter for silence, h to hang up.
    """
    flow_simulate.simulate(_settings(context), file, caller, keys, at)


@flow_group.command()
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write (default: standard output).")
@click.pass_context
def draw(context: click.Context, file: Path, output: Path | None) -> None:
    """Draw a flow (the shipped one when no FILE is named) as SVG: what each node says and where each key leads."""
    site = _settings(context).site
    prompts = catalogue(site.language, site=site.name)
    texts = {name: prompt.text for name, prompt in prompts.items()} | {"greeting": prompts["greeting_day"].text}
    svg = drawing.draw(_checked(context, file), texts)
    if output is None:
        click.echo(svg, nl=False)
        return
    try:
        output.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{output}: cannot be written: {error.strerror}; name another file with -o") from None
