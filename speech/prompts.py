"""Prompt packs: what the hotline says that holds no caller's own numbers, rendered once and played by id.

A pack is a folder with `<id>.alaw`, `<id>.sln16` and a manifest. The catalogue says what each id says; the
manifest says what the files hold. A prompt recorded in a studio takes the place of the rendered one.
"""

import difflib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import BadInput, ConfigError, NotFound
from speech import sound
from speech.making import Work, make
from speech.port import Samples, Speaker

CATALOGUES = Path(__file__).parent / "prompts"
RENDERED, RECORDED = "rendered", "recorded"
_ID = re.compile(r"[a-z][a-z0-9_]*")
_FINISH = 2
"""Counts up when the finishing of the sound changes, so that old files are rendered again."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One entry of the catalogue: its words, where they come from, whether they are ours or verbatim.

    `kind` tells sounds of the same words apart, such as the two kinds of a fragment.
    """

    id: str
    text: str
    source: str
    ours: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt that a pack holds: its words, `key` of text and voice, seconds, hash of each file, how it was made."""

    text: str
    key: str
    seconds: float
    files: dict[str, str]
    made: str


Catalogue = dict[str, Prompt]
Progress = Callable[[int, int, str], None]
"""Called with prompts done, prompts to do, and the id of the next."""


def catalogue(language: str = "zh-CN", *, site: str) -> Catalogue:
    """Return the prompts of a language with {site} filled in. Raises ConfigError naming file and entry."""
    file = CATALOGUES / f"{language}.yaml"
    if not file.exists():
        known = ", ".join(sorted(path.stem for path in CATALOGUES.glob("*.yaml")))
        raise ConfigError(f"there is no prompt catalogue for {language!r}; there is one for {known}")
    return read_catalogue(file, site=site)


def foreign(prompt: str) -> str:
    """Return the language in which alone a prompt is said, by the beginning of its id; empty: the site's own."""
    return "en" if prompt.startswith("en_") else ""


@lru_cache
def foreign_prompts() -> frozenset[str]:
    """Return the ids of prompts that are said in another language alone."""
    return frozenset(name for name in catalogue("en", site="") if foreign(name))


def read_catalogue(file: Path, *, site: str) -> Catalogue:
    """Read a catalogue file: {id: {text, source, ours}}. Raises ConfigError naming file, entry and cure."""
    try:
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: a catalogue is a mapping from prompt id to text, source and ours")
    return {str(name): _prompt(file, str(name), entry, site) for name, entry in data.items()}


def _prompt(file: Path, name: str, entry: Any, site: str) -> Prompt:
    if not _ID.fullmatch(name):
        raise ConfigError(f"{file}: {name!r}: an id holds only a-z, 0-9 and _, and begins with a letter")
    if not isinstance(entry, dict) or set(entry) != {"text", "source", "ours"}:
        raise ConfigError(f"{file}: {name}: a prompt has exactly text, source and ours")
    if not isinstance(entry["text"], str) or not entry["text"].strip():
        raise ConfigError(f"{file}: {name}: the text is empty")
    return Prompt(name, entry["text"].replace("{site}", site), str(entry["source"]), bool(entry["ours"]))


class Pack(Protocol):
    """Sound files known by id, which a voice can make: prompts, or fragments."""

    def missing(self) -> list[str]:
        """Return the ids that are not ready."""
        ...

    def take_cached(self, prompts: Iterable[str], /) -> list[str]:
        """Make ready what the cache holds; return these ids."""
        ...

    def work(self, prompts: Iterable[str], /) -> Iterator[tuple[list[str], Work]]:
        """Yield the work of a voice, each piece with the ids that it makes."""
        ...


class PromptPack:
    """The prompts of one language in one folder; `media` answers from memory and never touches the disk."""

    def __init__(self, directory: Path, prompts: Catalogue, *, settings_key: str, cache: Path) -> None:
        """Open the pack in `directory` (made when missing).

        `settings_key` names the voice; a prompt rendered by another voice counts as missing. `cache` keeps
        what voices have made, by content, for this and other packs. Raises ConfigError for a broken manifest.
        """
        self.directory = directory.absolute()
        self._media = f"sound:{self.directory}/"
        self.prompts = prompts
        self._settings_key = settings_key
        self._cache = cache
        self._entries = _read_manifest(self.directory / "manifest.json")

    def add(self, prompts: Catalogue) -> None:
        """Know these prompts too."""
        self.prompts = self.prompts | prompts

    def text(self, prompt: str) -> str:
        """Return the words of a prompt. Raises NotFound with the nearest ids."""
        return self._known(prompt).text

    def media(self, prompt: str) -> str:
        """Return what Asterisk plays: `sound:` and the path without suffix. Raises NotFound."""
        self._known(prompt)
        if not self._has(prompt):
            raise NotFound(f"prompt {prompt!r} is not rendered yet; run `hotline prompts render`", prompt=prompt)
        return self._media + prompt

    def has(self, prompt: str) -> bool:
        """Tell whether `media` can answer for a prompt. Raises NotFound for an id the catalogue lacks."""
        return self._has(self._known(prompt).id)

    def missing(self) -> list[str]:
        """Return the ids that have no file of the present text and voice, in the order of the catalogue."""
        return [prompt for prompt in self.prompts if not self._has(prompt)]

    def differing(self) -> list[str]:
        """Return the ids whose studio recording says other words than the catalogue does now."""
        recorded = [(p, e) for p, e in self._entries.items() if p in self.prompts and e.made == RECORDED]
        return [prompt for prompt, entry in recorded if entry.text != self.text(prompt)]

    def entries(self) -> dict[str, Entry]:
        """Return what the pack holds, by id."""
        return dict(self._entries)

    def key(self, prompt: str) -> str:
        """Return the key under which a prompt's sound is cached: its text, the voice and the finishing."""
        known = self._known(prompt)
        return content_key(known.text, f"{self._settings_key}|{known.kind}" if known.kind else self._settings_key)

    def cache_stem(self, prompt: str) -> Path:
        """Return where the cache keeps, or will keep, a prompt, without suffix. Raises NotFound."""
        return self._cache / self.key(prompt)

    def work(self, prompts: Iterable[str]) -> Iterator[tuple[list[str], Work]]:
        """Yield what a voice has to do for these prompts, each into the cache. Raises NotFound."""
        for prompt in dict.fromkeys(prompts):
            text = self.text(prompt)
            spoken = spoken_file(self._cache, text, self._settings_key)
            yield [prompt], Work(text, str(self.cache_stem(prompt)), spoken=str(spoken))

    def take_cached(self, prompts: Iterable[str]) -> list[str]:
        """Link prompts out of the cache, which makes them ready; return the ids that were there. Raises NotFound."""
        taken = []
        for prompt in prompts:
            kept = {f: _sibling(self.cache_stem(prompt), f) for f in sound.FORMATS}
            if all(file.exists() for file in kept.values()):
                for suffix, file in kept.items():
                    _link(file, self.directory / f"{prompt}.{suffix}")
                taken.append(prompt)
        self._enter(taken, RENDERED)
        return taken

    def render(self, prompts: Iterable[str], voice: Speaker, progress: Progress | None = None) -> list[str]:
        """Make the missing ones of `prompts` out of the cache or by `voice`; return their ids. Blocks.

        Raises NotFound for an unknown id before anything is made.
        """
        return render(self, [prompt for prompt in dict.fromkeys(prompts) if not self.has(prompt)], voice, progress)

    def record(self, prompt: str, wav: Path) -> None:
        """Let a studio recording (16-bit PCM WAV, any rate) take the place of a prompt.

        Raises NotFound for an unknown id, BadInput for a file that cannot be used.
        """
        self._known(prompt)
        samples, rate = self.fitting(wav)
        sound.write(samples, rate, self.directory / prompt)
        self._enter([prompt], RECORDED)

    @staticmethod
    def fitting(wav: Path) -> tuple[Samples, int]:
        """Return samples and rate of a recording that can be a prompt. Raises BadInput for one that cannot."""
        samples, rate = sound.read_wav(wav)
        if not 0.2 <= len(samples) / rate <= 120 or rate < 8000:
            raise BadInput(f"{wav}: a prompt lasts 0.2 to 120 s, at 8 kHz or more", rate=rate)
        return samples, rate

    def _known(self, prompt: str) -> Prompt:
        if prompt in self.prompts:
            return self.prompts[prompt]
        raise NotFound(unknown(prompt, self.prompts), prompt=prompt)

    def _has(self, prompt: str) -> bool:
        entry = self._entries.get(prompt)
        return entry is not None and (entry.made == RECORDED or entry.key == self.key(prompt))

    def _enter(self, prompts: list[str], made: str) -> None:
        """Note what was made, in memory and in the manifest."""
        if not prompts:
            return
        self._entries = {**self._entries, **{prompt: self._entry(prompt, made) for prompt in prompts}}
        data = {name: asdict(each) for name, each in sorted(self._entries.items())}
        text = json.dumps({"voice": self._settings_key, "prompts": data}, ensure_ascii=False, indent=1)
        sound.write_bytes(self.directory / "manifest.json", text.encode())

    def _entry(self, prompt: str, made: str) -> Entry:
        files = {suffix: (self.directory / f"{prompt}.{suffix}").read_bytes() for suffix in sound.FORMATS}
        return Entry(
            text=self.text(prompt),
            key=self.key(prompt),
            seconds=round(len(files["alaw"]) / sound.FORMATS["alaw"], 2),
            files={suffix: hashlib.sha256(data).hexdigest() for suffix, data in files.items()},
            made=made,
        )


def render(pack: Pack, missing: list[str], voice: Speaker, progress: Progress | None = None) -> list[str]:
    """Make `missing` of a pack out of its cache or by `voice`; return their ids. Blocks."""
    taken = pack.take_cached(missing)
    left = [each for each in missing if each not in set(taken)]
    done = 0
    for ids, work in pack.work(left):
        if progress:
            progress(done, len(left), ids[0])
        make(voice, work)
        pack.take_cached(ids)
        done += len(ids)
    if progress and left:
        progress(done, len(left), "")
    return missing


def unknown(prompt: str, known: Iterable[str]) -> str:
    """Say that an id is unknown, and which known ones are nearest."""
    near = difflib.get_close_matches(prompt, list(known), n=3, cutoff=0.5)
    return f"there is no prompt {prompt!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")


@lru_cache(maxsize=4096)
def content_key(text: str, settings_key: str) -> str:
    """Return the hash that names the sound of `text` spoken with these settings and the present finishing."""
    return hashlib.sha256(f"{settings_key}|finish={_FINISH}|{text}".encode()).hexdigest()


def spoken_file(cache: Path, text: str, settings_key: str) -> Path:
    """Return where the cache keeps what the voice of these settings said for `text`, before any finishing."""
    return cache / "spoken" / f"{hashlib.sha256(f'{settings_key}|{text}'.encode()).hexdigest()}.npz"


def _sibling(stem: Path, suffix: str) -> Path:
    return stem.parent / f"{stem.name}.{suffix}"


def _read_manifest(file: Path) -> dict[str, Entry]:
    """Read the manifest and leave out entries whose files are gone."""
    if not file.exists():
        return {}
    try:
        entries = {name: Entry(**entry) for name, entry in json.loads(file.read_bytes())["prompts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: not a prompt manifest ({error}); remove the folder and render again") from None
    return {name: entry for name, entry in entries.items() if _files_there(file.parent, name, entry)}


def _files_there(folder: Path, name: str, entry: Entry) -> bool:
    return all((folder / f"{name}.{suffix}").is_file() for suffix in entry.files)


def _link(source: Path, target: Path) -> None:
    """Link `source` as `target`, or copy it where the file system cannot link; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.{os.getpid()}.part"
    part.unlink(missing_ok=True)
    try:
        part.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, part)
    part.replace(target)
