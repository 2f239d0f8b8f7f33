"""Puts sentences together from fragments cut out of carrier sentences, for when synthesis cannot keep up.

Isolated syllables of a synthetic voice are not understood, so a fragment is a digit with its unit (三百, 六元)
or a fixed phrase, cut from a sentence where it has the same neighbours, and there are two of many: one for the
inside of a clause and one for its end, where the pitch falls and the last syllable is long.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import ConfigError, NotFound
from speech.making import Cut, Work
from speech.prompts import Prompt, PromptPack, spoken_file

CARRIERS = Path(__file__).parent / "carriers"
_BRACKET = re.compile(r"\[([^\[\]]+)\]")
_OFFSETS = {"a": 0, "b": 2, "c": 4, "d": 7, "e": 5, "f": 3}
_DIGITS = "一二三四五六七八九"
_PAUSES = "，。！？；：、,.!?;:"
_WRONG_PLACE = 1.5
"""What a fragment of the wrong place in a clause costs, counted in fragments."""
_CUT = 5
"""Counts up when the way of cutting changes, so that old fragments are made again."""


PREFIX = "fragment_"
"""The ids of fragments begin with this, those of prompts never do."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of speech; `final`: cut before a pause."""

    text: str
    final: bool

    @property
    def kind(self) -> str:
        return "final" if self.final else "inside"

    @property
    def id(self) -> str:
        digest = hashlib.sha256(f"{self.text}|{self.final}".encode()).hexdigest()
        return f"{PREFIX}{digest[:12]}"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A sentence and its fragments, each from character `start` to `end`."""

    text: str
    fragments: tuple[tuple[Fragment, int, int], ...]


def carriers(language: str = "zh-CN") -> list[Carrier]:
    """Return the carriers of a language, patterns written out. Raises ConfigError."""
    return read_carriers(CARRIERS / f"{language}.yaml")


def read_carriers(file: Path) -> list[Carrier]:
    """Read {patterns: [...], carriers: [...]}. Raises ConfigError naming file and carrier."""
    try:
        data: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as YAML: {error}") from None
    if not isinstance(data, dict) or set(data) != {"patterns", "carriers"}:
        raise ConfigError(f"{file}: has exactly the lists patterns and carriers")
    marked = [line for pattern in data["patterns"] for line in written_out(str(pattern))] + list(data["carriers"])
    return [_carrier(file, str(line)) for line in marked]


def written_out(pattern: str) -> list[str]:
    """Return the nine carriers of a pattern, so that every letter meets every digit."""
    lines = []
    for step in range(9):
        line = pattern
        for letter, offset in _OFFSETS.items():
            line = line.replace(letter, _DIGITS[(step + offset) % 9])
        lines.append(re.sub("二(?=[千万])", "两", line))
    return lines


def _carrier(file: Path, marked: str) -> Carrier:
    fragments, text, at = [], "", 0
    for bracket in _BRACKET.finditer(marked):
        text += marked[at : bracket.start()]
        at = bracket.end()
        after = marked[at : at + 1]
        piece = Fragment(bracket[1], final=not after or after in _PAUSES)
        fragments.append((piece, len(text), len(text) + len(piece.text)))
        text += piece.text
    text += marked[at:]
    if not fragments or "[" in text or "]" in text:
        raise ConfigError(f"{file}: {marked}: a carrier holds at least one [fragment], and brackets in pairs")
    return Carrier(text, tuple(fragments))


class FragmentPack:
    """The fragments of one voice in one folder, and sentences put together from them."""

    def __init__(self, directory: Path, carried: Iterable[Carrier], *, settings_key: str, cache: Path) -> None:
        """Open the pack in `directory`; see PromptPack. Raises ConfigError."""
        self._carriers = list(carried)
        self._voice, self._cache = settings_key, cache
        self._fragments = dict.fromkeys(piece for each in self._carriers for piece, _, _ in each.fragments)
        self._longest = max((len(piece.text) for piece in self._fragments), default=0)
        digest = hashlib.sha256("|".join(f"{each}" for each in self._carriers).encode()).hexdigest()[:16]
        prompts = {p.id: Prompt(p.id, p.text, "cut from a carrier", ours=True, kind=p.kind) for p in self._fragments}
        key = f"{settings_key}|cut={_CUT}|carriers={digest}"
        self._pack = PromptPack(directory, prompts, settings_key=key, cache=cache)

    def __len__(self) -> int:
        return len(self._fragments)

    def cover(self, text: str) -> list[str]:
        """Return the media of the fewest fragments that say `text`.

        Raises NotFound with the place in the text that no fragment says, or when a fragment is not made yet.
        """
        return [self._pack.media(piece.id) for clause in self.clauses(text) for piece in clause]

    def clauses(self, text: str) -> list[list[Fragment]]:
        """Return the fragments that say each clause of `text`, fitting their places where such are. Raises NotFound."""
        return [self._clause(clause) for clause in re.split(f"[{re.escape(_PAUSES)}\\s]+", text) if clause]

    def missing(self) -> list[str]:
        """Return the ids of fragments that are not made yet."""
        return self._pack.missing()

    def take_cached(self, fragments: Iterable[str]) -> list[str]:
        """Link fragments out of the cache; return the ids that were there."""
        return self._pack.take_cached(fragments)

    def work(self, fragments: Iterable[str]) -> Iterator[tuple[list[str], Work]]:
        """Yield what a voice has to do for these fragments: one text for each carrier, cut into the cache."""
        wanted = set(fragments)
        for carrier in self._carriers:
            found = {piece.id: (piece, a, b) for piece, a, b in carrier.fragments if piece.id in wanted}
            if not found:
                continue
            wanted -= set(found)
            stem = self._pack.cache_stem
            cuts = tuple(Cut(str(stem(name)), a, b, piece.final) for name, (piece, a, b) in found.items())
            spoken = spoken_file(self._cache, carrier.text, self._voice)
            yield list(found), Work(carrier.text, cuts=cuts, spoken=str(spoken))

    def _clause(self, clause: str) -> list[Fragment]:
        """The cheapest way through the clause, by the cost of reaching each of its characters."""
        best: list[tuple[float, list[Fragment]] | None] = [(0.0, []), *[None] * len(clause)]
        for at in range(len(clause)):
            if (reached := best[at]) is None:
                continue
            for piece in self._fitting(clause, at):
                end = at + len(piece.text)
                cost = reached[0] + 1 + (_WRONG_PLACE if piece.final != (end == len(clause)) else 0)
                there = best[end]
                if there is None or cost < there[0]:
                    best[end] = (cost, [*reached[1], piece])
        found = best[-1]
        if found is None:
            far = max(at for at, way in enumerate(best) if way is not None)
            raise NotFound("no fragment says a part of the sentence", part=clause[far : far + 6])
        return found[1]

    def _fitting(self, clause: str, at: int) -> Iterator[Fragment]:
        for length in range(1, min(self._longest, len(clause) - at) + 1):
            for final in (False, True):
                piece = Fragment(clause[at : at + length], final)
                if piece in self._fragments:
                    yield piece
