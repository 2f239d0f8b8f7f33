"""The Kokoro-82M voice: Mandarin text to 24 kHz speech on one CPU thread, with the time of every word.

The published int8 model gives only sound; its duration predictor is made a second output (speech.voice_model).
The engine's libraries are imported when it speaks, so that the service, which leaves that to a worker, stays small.
"""

import json
import os
import re
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from speech import english
from speech.install import MODEL_SHA256, STYLES, VoiceFiles
from speech.mandarin import DIGITS
from speech.port import Samples, Utterance

RATE = 24000
_HOP = 600
"""Samples for one unit of the duration predictor."""
_LEAD = 0.09
"""Seconds by which a token sounds before the place that the duration predictor gives it, as measured on the onsets
of s and sh (0.07 to 0.11)."""
_DURATIONS = "/encoder/Clip_output_0"
_MAX_TOKENS = 500
_ENGLISH = ("a", "b")
"""How the names of English voices begin, American and British."""
_PARTS = re.compile(r"[一-鿿]+|[A-Za-z]+|[0-9]+|[^一-鿿A-Za-z0-9]+")
_SENTENCES = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")
_GAP = 0.25
"""Seconds of silence between two sentences that are spoken one by one."""
_PUNCTUATION = str.maketrans({"，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "　": " "})
_DOMAIN_WORDS = ("电费", "欠费", "停电", "供电", "抢修", "户号", "井号键", "星号键", "计划停电", "复电", "座席")
# fmt: off
_LETTERS = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf", "G": "ʤˈi",
    "H": "ˈAʧ", "I": "ˈI", "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn",
    "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ", "S": "ˈɛs", "T": "tˈi", "U": "jˈu",
    "V": "vˈi", "W": "dˈʌbᵊlju", "X": "ˈɛks", "Y": "wˈI", "Z": "zˈi",
}
# fmt: on
"""English letter names in the phonemes of the model's own vocabulary."""


@dataclass(frozen=True, slots=True)
class KokoroSettings:
    """Speed 0.95 keeps short first syllables clear; one thread leaves the other core to the telephone."""

    speed: float = 0.95
    threads: int = 1


DEFAULT_SETTINGS = KokoroSettings()
RENDERING = KokoroSettings(threads=min(2, os.cpu_count() or 1))
"""For prompts, which a first start waits for: two threads need half the time of one. It sounds the same."""


class Kokoro:
    """One loaded voice (some 700 MB); loading takes about two seconds."""

    def __init__(self, files: VoiceFiles, settings: KokoroSettings = DEFAULT_SETTINGS) -> None:
        self._files = files
        self._settings = settings
        self._vocabulary: dict[str, int] = json.loads(files.vocabulary.read_text(encoding="utf-8"))
        self._styles = np.fromfile(files.style, np.float32).reshape(-1, 256)

    @property
    def settings_key(self) -> str:
        return settings_key(self._files.name, self._settings)

    def speak(self, text: str) -> Utterance:
        """Say `text`, sentence by sentence; each mark of the result is one character, letter or pause.

        Raises BadInput when nothing in `text` can be said.
        """
        sounds: list[Samples] = []
        marks: list[tuple[str, float, float]] = []
        at = 0.0
        for sentence in _SENTENCES.findall(text):
            pieces = self._pieces(sentence)
            if not any(char.isalnum() for piece, _ in pieces for char in piece):
                continue
            samples, found = self._say(pieces)
            if sounds:
                sounds.append(np.zeros(round(_GAP * RATE), np.float32))
                at += _GAP
            marks += [(piece, at + start, at + end) for piece, start, end in found]
            sounds.append(samples)
            at += len(samples) / RATE
        if not sounds:
            raise BadInput("there is nothing in the text that can be said", length=len(text))
        return Utterance(np.concatenate(sounds), RATE, tuple(marks))

    def phonemes(self, text: str) -> str:
        """Return what the voice will say, in the phonemes of its vocabulary."""
        return "".join(sound for _, sound in self._pieces(text))

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        from speech import voice_model

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._settings.threads
        options.inter_op_num_threads = 1
        model = voice_model.prepared(self._files.model, [_DURATIONS])
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def load(self) -> None:
        """Load the model now rather than at the first sentence."""
        self.speak("Hello." if self._files.name.startswith(_ENGLISH) else "您好。")

    @cached_property
    def _cutter(self) -> Any:
        """Cuts text into words, which decides how a polyphone is read; knows the words of the trade."""
        jieba, _ = _text_libraries()
        jieba.setLogLevel("WARNING")
        cutter = jieba.Tokenizer()
        for word in _DOMAIN_WORDS:
            cutter.add_word(word)
        return cutter

    @cached_property
    def _g2p(self) -> Any:
        return _text_libraries()[1].ZHG2P()

    def _pieces(self, text: str) -> list[tuple[str, str]]:
        """Cut `text` into characters, letters and pauses, each with its phonemes."""
        if self._files.name.startswith(_ENGLISH):
            return self._english(text)
        pieces: list[tuple[str, str]] = []
        for part in _PARTS.findall(text.strip()):
            if part.isascii() and part.isalpha():
                pieces += [(letter, " " + _LETTERS[letter]) for letter in part.upper()] + [("", " ")]
            elif part.isascii() and part.isdigit():
                pieces += self._words("".join(DIGITS[int(digit)] for digit in part))
            elif "一" <= part[0] <= "鿿":
                pieces += self._words(part)
            else:
                pieces += [(mark, mark + " ") for mark in part.translate(_PUNCTUATION) if mark in self._vocabulary]
        return pieces

    def _english(self, text: str) -> list[tuple[str, str]]:
        """Cut English text into words and pauses, each with its phonemes."""
        pieces: list[tuple[str, str]] = []
        for part in english.PARTS.findall(text.strip()):
            if part[0].isalpha():
                pieces.append((part, english.phonemes(part)))
            else:
                pieces += [(mark, mark) for mark in part if mark in self._vocabulary]
        return pieces

    def _words(self, text: str) -> list[tuple[str, str]]:
        """The phonemes of Chinese characters, read as words so that polyphones fit, with a space between words."""
        pieces: list[tuple[str, str]] = []
        for word in self._cutter.lcut(text):
            sounds = [self._g2p.py2ipa(syllable) for syllable in _syllables(word)]
            pieces += [(char, sound.replace(chr(815), "")) for char, sound in zip(word, sounds, strict=True)]
            pieces.append(("", " "))
        return pieces[:-1]

    def _say(self, pieces: list[tuple[str, str]]) -> tuple[Samples, list[tuple[str, float, float]]]:
        tokens, owners = [], []
        for index, (_, sound) in enumerate(pieces):
            ids = [self._vocabulary[symbol] for symbol in sound if symbol in self._vocabulary]
            tokens += ids
            owners += [index] * len(ids)
        if len(tokens) > _MAX_TOKENS:
            raise BadInput("a sentence is too long for the voice; put a full stop into it", tokens=len(tokens))
        style = self._styles[min(len(tokens), len(self._styles) - 1)]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style.reshape(1, 256),
            "speed": np.array([self._settings.speed], np.float32),
        }
        audio, durations = self._session.run(["audio", _DURATIONS], feed)
        return _trimmed(audio.ravel(), _times(durations.ravel(), owners, pieces))


def settings_key(voice: str, settings: KokoroSettings = DEFAULT_SETTINGS) -> str:
    """Name everything that decides how this engine sounds."""
    return f"kokoro:{MODEL_SHA256[:12]}:{voice}:{STYLES[voice][:12]}:speed={settings.speed}:g2p=1"


def _text_libraries() -> tuple[Any, Any]:
    """Import jieba and misaki; the sources of jieba hold escapes that newer Pythons warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
        from misaki import zh
    return jieba, zh


def _syllables(word: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    syllables: list[str] = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    return syllables


def _times(
    durations: NDArray[np.float32], owners: list[int], pieces: list[tuple[str, str]]
) -> list[tuple[str, float, float]]:
    """Add up the durations of the tokens of each piece; the first and last token are the model's own silence."""
    ends = np.cumsum(durations) * _HOP / RATE - _LEAD
    spans: dict[int, tuple[float, float]] = {}
    for position, owner in enumerate(owners, start=1):
        start = spans[owner][0] if owner in spans else float(ends[position - 1])
        spans[owner] = (start, float(ends[position]))
    return [(pieces[owner][0], start, end) for owner, (start, end) in spans.items()]


def _trimmed(
    audio: Samples, marks: list[tuple[str, float, float]], floor: float = 0.01, keep: float = 0.03
) -> tuple[Samples, list[tuple[str, float, float]]]:
    """Take away the silence round a sentence, but for `keep` seconds, and move the marks along."""
    loud = np.flatnonzero(np.abs(audio) > floor)
    if not len(loud):
        return audio, marks
    first = max(0, int(loud[0]) - round(keep * RATE))
    last = min(len(audio), int(loud[-1]) + round(keep * RATE))
    length = (last - first) / RATE
    moved = [(p, _within(s - first / RATE, length), _within(e - first / RATE, length)) for p, s, e in marks]
    return audio[first:last], moved


def _within(value: float, length: float) -> float:
    return min(max(value, 0.0), length)
