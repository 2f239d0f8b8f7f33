"""`hotline prompts …`: what the hotline says: list it, render it, replace it by studio recordings."""

import sys
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from app.doctor_files import how_english_stands, open_english, open_prompts
from app.serve_command import only_one
from app.setup import prepare_voice
from core.config import Settings, load
from core.errors import BadInput, HotlineError, NotFound
from speech import g711, syllables
from speech.fragments import FragmentPack
from speech.inspection import inspect
from speech.install import VOICE, ensure_whisper
from speech.kokoro import RENDERING, Kokoro
from speech.prompts import PromptPack, unknown
from speech.prompts import render as render_pack
from speech.render import open_fragments, user_cache
from speech.second import ENGLISH, ENGLISH_VOICE
from speech.whisper import Whisper, WhisperSettings, from_telephone

WRONG_SHARE = 0.34
"""Up to a third of the syllables of a prompt may be heard wrong by a recogniser that does not know what to expect."""
_IN_MANDARIN = (WhisperSettings(words=False), WhisperSettings(words=False, prompt="以下是普通话的句子。"))
_IN_ENGLISH = (WhisperSettings(words=False, language=ENGLISH, prompt=""),)
HEADS = ("prompt", "state", "seconds", "text")
LANGUAGE = click.option(
    "--language",
    type=click.Choice(["", ENGLISH]),
    default="",
    help="en: the English prompts; else the site's own.",
)


@click.group("prompts")
def prompts_group() -> None:
    """What the hotline says."""


@prompts_group.command("list")
@LANGUAGE
@click.pass_context
def list_prompts(context: click.Context, language: str) -> None:
    """List every prompt: its id, whether it is rendered, recorded or missing, its length, its words."""
    settings, cache = _settings(context), user_cache()
    pack = _pack(settings, cache, language)
    click.echo(f"English: {how_english_stands(open_english(settings, cache), cache)[1]}", err=True)
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
@LANGUAGE
@click.pass_context
def render(context: click.Context, ids: tuple[str, ...], language: str) -> None:
    """Make the missing ones of IDS by the voice; without IDS every prompt and fragment."""
    settings, cache = _settings(context), user_cache()
    pack = _pack(settings, cache, language)
    for each in ids:
        if each not in pack.prompts:
            raise NotFound(unknown(each, pack.prompts))
    with only_one(settings):
        files = prepare_voice(cache, _say, ENGLISH_VOICE if language else VOICE)
        voice = Kokoro(files, RENDERING)
        made = pack.render(ids or pack.prompts, voice, _progress)
        if not ids and not language:
            fragments: FragmentPack = open_fragments(settings.var / "prompts" / "fragments", files, cache=cache)
            made += render_pack(fragments, fragments.missing(), voice, _progress)
    click.echo(f"{len(made)} were missing and are there now" if made else "nothing was missing")


@prompts_group.command()
@click.argument("prompt", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@LANGUAGE
@click.pass_context
def record(context: click.Context, prompt: str, file: Path, language: str) -> None:
    """Let the recording FILE (16-bit PCM WAV) take the place of the prompt ID."""
    settings = _settings(context)
    with only_one(settings):
        pack = _pack(settings, user_cache(), language)
        pack.record(prompt, file)
    click.echo(f"{prompt} is now {file.name} ({pack.entries()[prompt].seconds:.1f} s)")


@prompts_group.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@LANGUAGE
@click.pass_context
def import_folder(context: click.Context, folder: Path, language: str) -> None:
    """Let every recording <id>.wav of FOLDER take the place of the prompt with that id; all of them or none."""
    settings = _settings(context)
    with only_one(settings):
        pack = _pack(settings, user_cache(), language)
        if not folder.is_dir():
            raise BadInput(f"{folder}: there is no such folder")
        files = sorted(folder.glob("*.wav"))
        wrong = [says for file in files if (says := _unfit(pack, file))]
        if wrong or not files:
            raise BadInput("; ".join(wrong) or f"{folder}: holds no .wav file named by the id of a prompt")
        for file in files:
            pack.record(file.stem, file)
    click.echo(f"{len(files)} prompts are recordings now; hear them with: hotline prompts listen")


def _unfit(pack: PromptPack, file: Path) -> str:
    """Say why a file cannot be a prompt; nothing when it can."""
    if file.stem not in pack.prompts:
        return f"{file}: {unknown(file.stem, pack.prompts)}"
    try:
        pack.fitting(file)
    except HotlineError as error:
        return error.message
    return ""


@prompts_group.command()
@LANGUAGE
@click.pass_context
def check(context: click.Context, language: str) -> None:
    """Look at every prompt: is it there, unchanged, of the right words, loud enough, and as long as its words."""
    pack = _pack(_settings(context), user_cache(), language)
    faults = list(inspect(pack))
    for fault in faults:
        click.echo(f"{fault.prompt}: {fault.says}; {fault.cure}")
    click.echo(f"{len(pack.prompts)} prompts, {len(faults)} faults", err=True)
    sys.exit(1 if faults else 0)


@prompts_group.command()
@click.argument("ids", nargs=-1)
@click.option(
    "--wrong",
    type=click.FloatRange(0, 1),
    default=WRONG_SHARE,
    show_default=True,
    help="The share that may be heard wrong.",
)
@LANGUAGE
@click.pass_context
def listen(context: click.Context, ids: tuple[str, ...], wrong: float, language: str) -> None:
    """Let an independent recogniser (Whisper) listen to IDS, or to all, and show what it heard beside the words."""
    cache = user_cache()
    pack = _pack(_settings(context), cache, language)
    folder, compared = ensure_whisper(cache, _say), syllables.letter_errors if language else syllables.errors
    ears = [Whisper(folder, settings) for settings in (_IN_ENGLISH if language else _IN_MANDARIN)]
    failed = 0
    for prompt in ids or pack.prompts:
        sound = Path(pack.media(prompt).removeprefix("sound:") + ".alaw").read_bytes()
        samples = from_telephone((g711.decode(sound) / 32768).astype(np.float32))
        for ear in ears:  # who was told what to expect hears nothing at times; then one who was told less listens too
            heard = ear.decode(samples).text
            missed, of = compared(pack.text(prompt), heard)
            if missed <= wrong * of:
                break
        share = missed / max(of, 1)
        failed += share > wrong
        click.echo(f"{'NOT ' if share > wrong else ''}understood\t{prompt}\t{share:.0%}\t{pack.text(prompt)}\t{heard}")
    click.echo(f"{failed} not understood", err=True)
    sys.exit(1 if failed else 0)


def _pack(settings: Settings, cache: Path, language: str) -> PromptPack:
    return open_english(settings, cache) if language == ENGLISH else open_prompts(settings, cache)


def _settings(context: click.Context) -> Settings:
    """Those that the command line has loaded, else `hotline.toml` of this directory, else the defaults."""
    file = Path("hotline.toml")
    return context.find_object(Settings) or load(file if file.is_file() else None)


def _progress(done: int, todo: int, name: str) -> None:
    _say(f"rendering {done}/{todo} {name}")


def _say(line: str) -> None:
    click.echo(line, err=True)
    sys.stderr.flush()
