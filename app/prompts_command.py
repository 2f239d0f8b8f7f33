"""`hotline prompts …`: what the hotline says: list it, render it, replace it by studio recordings."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app.doctor_files import open_prompts
from app.serve_command import only_one
from app.setup import prepare_voice
from core.config import Settings, load
from core.errors import NotFound
from speech.fragments import FragmentPack
from speech.kokoro import Kokoro
from speech.prompts import PromptPack, unknown
from speech.prompts import render as render_pack
from speech.render import open_fragments, user_cache

HEADS = ("prompt", "state", "seconds", "text")


@click.group("prompts")
def prompts_group() -> None:
    """What the hotline says."""


@prompts_group.command("list")
@click.pass_context
def list_prompts(context: click.Context) -> None:
    """List every prompt: its id, whether it is rendered, recorded or missing, its length, its words."""
    pack = open_prompts(_settings(context), user_cache())
    rows = [_row(pack, prompt) for prompt in pack.prompts]
    console = Console()
    if not console.is_terminal:
        for row in rows:
            click.echo("\t".join(row))
        return
    table = Table(*HEADS)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _row(pack: PromptPack, prompt: str) -> tuple[str, str, str, str]:
    entry = pack.entries().get(prompt)
    if entry is None or not pack.has(prompt):
        return prompt, "missing", "", pack.text(prompt)
    state = f"{entry.made}, other words" if prompt in pack.differing() else entry.made
    return prompt, state, f"{entry.seconds:.1f}", pack.text(prompt)


@prompts_group.command()
@click.argument("ids", nargs=-1)
@click.pass_context
def render(context: click.Context, ids: tuple[str, ...]) -> None:
    """Make the missing ones of IDS by the voice; without IDS every prompt and fragment."""
    settings, cache = _settings(context), user_cache()
    pack = open_prompts(settings, cache)
    for each in ids:
        if each not in pack.prompts:
            raise NotFound(unknown(each, pack.prompts))
    with only_one(settings):
        files = prepare_voice(cache, _say)
        voice = Kokoro(files)
        made = pack.render(ids or pack.prompts, voice, _progress)
        if not ids:
            fragments: FragmentPack = open_fragments(settings.var / "prompts" / "fragments", files, cache=cache)
            made += render_pack(fragments, fragments.missing(), voice, _progress)
    click.echo(f"{len(made)} were missing and are there now" if made else "nothing was missing")


@prompts_group.command()
@click.argument("prompt", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def record(context: click.Context, prompt: str, file: Path) -> None:
    """Let the recording FILE (16-bit PCM WAV) take the place of the prompt ID."""
    settings = _settings(context)
    with only_one(settings):
        pack = open_prompts(settings, user_cache())
        pack.record(prompt, file)
    click.echo(f"{prompt} is now {file.name} ({pack.entries()[prompt].seconds:.1f} s)")


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


def _progress(done: int, todo: int, name: str) -> None:
    _say(f"rendering {done}/{todo} {name}")


def _say(line: str) -> None:
    click.echo(line, err=True)
    sys.stderr.flush()
