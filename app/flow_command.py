"""`hotline flow …`: work on IVR flows."""

import asyncio
import json
from datetime import datetime
from pathlib import Path

import click

from app import flow_simulate, flow_versions
from app.lists import lists_of
from core import policy
from core.config import Settings, load
from core.errors import BadInput
from ivr import drawing, flow
from ivr.versions.model import Version
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
    return flow.load(file, prompts, policy.load(settings.site.policy).rules, lists_of(settings.site))


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


AS = click.option("--as", "who", metavar="NAME", help="In whose name (default: the only account that may).")
WHICH = click.option("--flow", "flow_id", default=FLOW.stem, show_default=True, help="Which flow.")


@flow_group.command()
@WHICH
@AS
@click.pass_context
def versions(context: click.Context, flow_id: str, who: str | None) -> None:
    """List the versions of the flow, newest first."""
    for one in asyncio.run(flow_versions.listed(_settings(context), flow_id, who)):
        at = f"{one.published_at or one.created_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{one.number}\t{one.state}\t{at}\t{one.author}\t{one.note}")


@flow_group.command()
@click.argument("what", metavar="FILE|NUMBER")
@click.option("--note", default="", help="What has changed, for whoever looks back.")
@WHICH
@AS
@click.pass_context
def publish(context: click.Context, what: str, note: str, flow_id: str, who: str | None) -> None:
    """Let calls begin with what FILE says, or with version NUMBER, from now on.

    It is checked, and its prompts are made, before it goes live; calls that are under way finish with theirs.
    """
    settings = _settings(context)
    if what.isdecimal():
        work = flow_versions.publish_number(settings, flow_id, int(what), who)
    else:
        given = context.get_parameter_source("flow_id") is not click.core.ParameterSource.DEFAULT
        work = flow_versions.publish_file(settings, Path(what), note, who, wanted=flow_id if given else None)
    before, now = asyncio.run(work)
    if before == now and not what.isdecimal():
        click.echo(f"nothing has changed: version {now.number}, which is live, says the same")
    else:
        _told(before, now)


@flow_group.command()
@click.argument("number", type=int, required=False)
@WHICH
@AS
@click.pass_context
def rollback(context: click.Context, number: int | None, flow_id: str, who: str | None) -> None:
    """Let calls begin with an older version again: NUMBER, or the one that was live before."""
    _told(*asyncio.run(flow_versions.publish_number(_settings(context), flow_id, number, who)))


def _told(before: Version, now: Version) -> None:
    if before.number == now.number:
        click.echo(f"version {now.number} is live already")
    else:
        click.echo(f"version {now.number} is live now; calls under way finish with version {before.number}")
