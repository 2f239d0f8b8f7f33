"""Renders a prompt pack from the command line: `python -m speech.render --out DIR [--only id,id]`."""

import argparse
import os
import sys
import time
from pathlib import Path

from core.errors import HotlineError
from speech.fragments import FragmentPack, carriers
from speech.install import VoiceFiles, ensure_voice
from speech.kokoro import Kokoro, settings_key
from speech.prompts import PromptPack, catalogue, render


def user_cache() -> Path:
    """Return the folder of the user's cache where voices and rendered prompts are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hotline"


def open_pack(out: Path, files: VoiceFiles, *, cache: Path, site: str, language: str = "zh-CN") -> PromptPack:
    """Open the pack in `out` for the voice in `files`; rendered prompts are kept in `cache`/prompts."""
    return PromptPack(
        out,
        catalogue(language, site=site),
        settings_key=settings_key(files.name),
        cache=cache / "prompts",
    )


def open_fragments(out: Path, files: VoiceFiles, *, cache: Path, language: str = "zh-CN") -> FragmentPack:
    """Open the fragments in `out` for the voice in `files`, cut out of the carriers of a language."""
    return FragmentPack(out, carriers(language), settings_key=settings_key(files.name), cache=cache / "prompts")


def main(arguments: list[str] | None = None) -> int:
    """Render what is missing; exit status 0 fine, 1 failed."""
    parser = argparse.ArgumentParser(prog="python -m speech.render", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pack")
    parser.add_argument("--only", default="", help="comma-separated prompt ids; all when left out")
    parser.add_argument("--site", default="供电服务热线", help="the name spoken in the greeting")
    parser.add_argument("--voice", default="zf_xiaoyi")
    parser.add_argument("--cache", type=Path, default=user_cache())
    chosen = parser.parse_args(arguments)
    try:
        return _render(chosen)
    except HotlineError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


def _render(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    files = ensure_voice(chosen.cache, _say, name=chosen.voice)
    pack = open_pack(chosen.out, files, cache=chosen.cache, site=chosen.site)
    wanted = [each for each in chosen.only.split(",") if each] or list(pack.prompts)
    voice = Kokoro(files)
    left = pack.render(wanted, voice, _progress)
    if not chosen.only:
        fragments = open_fragments(chosen.out / "fragments", files, cache=chosen.cache)
        left += render(fragments, fragments.missing(), voice, _progress)
    _say(f"{len(wanted)} prompts in {pack.directory}, {len(left)} were missing, {time.monotonic() - began:.1f} s")
    return 0


def _progress(done: int, todo: int, name: str) -> None:
    _say(f"{done}/{todo} {name}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
