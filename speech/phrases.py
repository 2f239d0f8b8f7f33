"""The closed set of things a caller may say to the menu, and which of them an utterance sounds like.

Pure. Sound is compared, not writing: a recogniser writes 店费 for 电费. Syllables are compared by initial, final and
tone, with less weight for what telephones and dialects mix up; a phrase may stand inside a longer utterance.
"""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pypinyin import Style, lazy_pinyin
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import ConfigError

SETS: Final = Path(__file__).parent / "phrases"
YES, NO = "yes", "no"
LONGEST: Final = 40
"""Syllables of an utterance that are looked at; who says more is asked to say it shortly."""
_INITIAL, _FINAL, _TONE = 0.5, 0.4, 0.1
"""What a wrong part of a syllable weighs: vowels are heard better than consonants over 8 kHz, tones are often lost."""
_NEAR: Final = 0.3
"""Share of that weight for pairs that are mixed up."""
_MISSING, _EXTRA = 1.0, 0.6
_UNCOVERED: Final = 0.25
"""Weight of the share of an utterance that is not the phrase: a word by chance in a long sentence is no wish."""
_INITIALS = ("zh z", "ch c", "sh s", "n l", "f h", "r l", "b p", "d t", "g k", "j q", "y w")
_FINALS = ("an ang", "en eng", "in ing", "ian iang", "uan uang", "en in", "eng ing", "eng ong", "o uo", "ian an")
_CONFUSED: Final = frozenset(frozenset(pair.split()) for pair in (*_INITIALS, *_FINALS))
_DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
_HAN = re.compile(r"[^一-鿿]")


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable of Mandarin: initial consonant, final, tone 1 to 5."""

    initial: str
    final: str
    tone: str


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing to ask for: its `name` completes 您是要…吗？, `phrases` are ways to say it."""

    id: str
    name: str
    phrases: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Match:
    """What an utterance sounds like: the nearest intent (None: nothing of ours), how far from it (0: the same),
    and how much farther the next other one is."""

    intent: str | None
    distance: float
    margin: float


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrase set of a language; `scene` tells a recogniser who speaks."""

    intents: Mapping[str, Intent]
    answers: Mapping[str, Intent]
    elsewhere: tuple[str, ...]
    fillers: tuple[str, ...]
    scene: str

    def match(self, text: str, among: Collection[str]) -> Match:
        """Return which of the intents and answers `among` a heard text is nearest to; a few ms of computing."""
        heard = syllables(bare(text, self.fillers))[:LONGEST]
        if not heard:
            return Match(None, 1.0, 0.0)
        known = {**self.intents, **self.answers}
        distances = {id_: self._nearest(known[id_].phrases, heard) for id_ in among}
        distances[""] = self._nearest(self.elsewhere, heard)
        first, *others = sorted(distances.items(), key=lambda item: item[1])
        margin = others[0][1] - first[1] if others else 1.0
        return Match(first[0] or None, round(first[1], 3), round(margin, 3))

    def expected(self) -> tuple[str, ...]:
        """Return words that a recogniser may expect: the name of each intent."""
        return tuple(intent.name for intent in self.intents.values())

    def yes_or_no(self) -> tuple[str, ...]:
        """Return words that a recogniser may expect after a question."""
        return tuple(phrase for answer in self.answers.values() for phrase in answer.phrases[:2])

    def _nearest(self, phrases: tuple[str, ...], heard: Sequence[Syllable]) -> float:
        return min((within(spoken, heard) for spoken in _spoken(phrases, self.fillers)), default=1.0)


@lru_cache
def _spoken(phrases: tuple[str, ...], fillers: tuple[str, ...]) -> tuple[tuple[Syllable, ...], ...]:
    return tuple(syllables(bare(phrase, fillers)) for phrase in phrases)


def bare(text: str, fillers: tuple[str, ...]) -> str:
    """Return a text without polite and empty words; as it is when nothing else is in it."""
    plain = _HAN.sub("", text.translate(_DIGITS))
    return _any_of(fillers).sub("", plain) or plain


@lru_cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)")


def syllables(text: str) -> tuple[Syllable, ...]:
    """Return the syllables of Chinese text, with the tones as they are said."""
    plain = _HAN.sub("", text.translate(_DIGITS))
    initials = lazy_pinyin(plain, style=Style.INITIALS, strict=False)
    finals = lazy_pinyin(plain, style=Style.FINALS, strict=False)
    tones = lazy_pinyin(plain, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)
    return tuple(Syllable(*parts[:2], parts[2][-1]) for parts in zip(initials, finals, tones, strict=True))


@lru_cache(maxsize=65536)
def apart(one: Syllable, other: Syllable) -> float:
    """Return how different two syllables sound: 0 the same, 1 nothing in common."""
    if one == other:
        return 0.0
    tone = _TONE if one.tone != other.tone and "5" not in (one.tone, other.tone) else 0.0
    return _part(one.initial, other.initial, _INITIAL) + _part(one.final, other.final, _FINAL) + tone


def _part(one: str, other: str, weight: float) -> float:
    if one == other:
        return 0.0
    return weight * (_NEAR if frozenset((one, other)) in _CONFUSED else 1.0)


def within(phrase: Sequence[Syllable], heard: Sequence[Syllable]) -> float:
    """Return how far the part of `heard` nearest to `phrase` is from it, 0 to 1, and more for what lies beside it."""
    row = [(0.0, start) for start in range(len(heard) + 1)]
    for said in phrase:
        before, row = row, [(row[0][0] + _MISSING, 0)]
        for at, sound in enumerate(heard, 1):
            row.append(
                min(
                    (before[at - 1][0] + apart(said, sound), before[at - 1][1]),
                    (before[at][0] + _MISSING, before[at][1]),
                    (row[at - 1][0] + _EXTRA, row[at - 1][1]),
                )
            )
    return min(
        min(1.0, cost / len(phrase)) + _UNCOVERED * (1 - (end - start) / len(heard))
        for end, (cost, start) in enumerate(row)
    )


@lru_cache
def load(language: str = "zh-CN") -> Phrases:
    """Return the shipped phrase set of a language. Raises ConfigError naming file and entry."""
    return read(SETS / f"{language}.yaml")


def read(file: Path) -> Phrases:
    """Read a phrase set. Raises ConfigError naming file, entry and cure."""
    try:
        data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as YAML: {error}") from None
    if not isinstance(data, dict) or set(data) != {"scene", "intents", "answers", "elsewhere", "fillers"}:
        raise ConfigError(f"{file}: a phrase set has exactly scene, intents, answers, elsewhere and fillers")
    intents = {str(id_): _intent(file, str(id_), entry) for id_, entry in data["intents"].items()}
    answers = {str(id_): _intent(file, str(id_), {"name": id_, **entry}) for id_, entry in data["answers"].items()}
    if set(answers) != {YES, NO}:
        raise ConfigError(f"{file}: answers: there are exactly yes and no")
    return Phrases(intents, answers, tuple(data["elsewhere"]), tuple(data["fillers"]), str(data["scene"]))


def _intent(file: Path, id_: str, entry: Any) -> Intent:
    if not isinstance(entry, dict) or set(entry) != {"name", "source", "phrases"}:
        raise ConfigError(f"{file}: {id_}: an intent has exactly name, source and phrases")
    for phrase in entry["phrases"] or [""]:
        if not isinstance(phrase, str) or not syllables(phrase):
            raise ConfigError(f"{file}: {id_}: {phrase!r} is no phrase in Chinese characters")
    return Intent(id_, str(entry["name"]), tuple(entry["phrases"]), str(entry["source"]))


def nearest_name(id_: str, known: Collection[str]) -> str:
    """Return a question that names the known intent nearest to a mistyped one, or nothing."""
    close = difflib.get_close_matches(id_, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
