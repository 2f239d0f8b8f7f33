"""How well an independent recogniser understands whole sentences and sentences put together from fragments.

A hundred sentences, half with a random amount and half with a random date, are spoken both ways through G.711 and
heard by Whisper base. Counted are amounts and dates understood exactly and the error rate of pinyin syllables.
"""

import datetime as dt
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from speech import g711, mandarin, sound, syllables
from speech.install import ensure_voice, ensure_whisper
from speech.kokoro import Kokoro
from speech.port import Samples
from speech.prompts import render
from speech.render import open_fragments, user_cache
from speech.whisper import Whisper, WhisperSettings, from_telephone, normalise

SEED = 95598
_NUMERAL = "零一二两三四五六七八九十百千万亿"
_VALUES = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "幺": 1}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MONEY = {"元": 100, "块": 100, "圆": 100, "角": 10, "毛": 10, "分": 1}


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence and the amount in fen, or the date, that has to be understood."""

    text: str
    meaning: int | dt.date


def cases(count: int, seed: int) -> list[Case]:
    """Return amounts, spread evenly over their orders of magnitude (0.01 to 99999.99 yuan), and dates in turn."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        if number % 2:
            date = dt.date(2026, 1, 1) + dt.timedelta(days=chance.randrange(4 * 365))
            made.append(Case(f"请于{mandarin.date(date)}前缴纳。", date))
        else:
            fen = round(10 ** chance.uniform(0, 7))
            fen = min(fen - fen % chance.choice((1, 1, 10, 100)) or fen, 9_999_999)
            made.append(Case(f"本期电费{mandarin.money(Decimal(fen) / 100)}。", fen))
    return made


def run() -> dict[str, Any]:
    """Return the figures of a hundred sentences."""
    return speech_understood()


def speech_understood(count: int = 100, seed: int = SEED, cache: Path | None = None) -> dict[str, Any]:
    """Measure and return the figures; takes about ten minutes on one core."""
    cache = cache or user_cache()
    files = ensure_voice(cache, _say)
    voice, ears = Kokoro(files), Whisper(ensure_whisper(cache, _say), WhisperSettings(words=False))
    folder = tempfile.TemporaryDirectory(prefix="hotline-bench-")
    with folder as name:
        pack = open_fragments(Path(name), files, cache=cache)
        render(pack, pack.missing(), voice, lambda done, todo, _: _say(f"fragments {done}/{todo}"))
        todo = cases(count, seed)
        ways: dict[str, Callable[[str], Samples]] = {
            "whole": lambda text: _whole(voice, text),
            "fragments": lambda text: _joined(pack.cover(text)),
        }
        results = {way: _measure(way, todo, speak, ears) for way, speak in ways.items()}
    figures = {way: _summary(each) for way, each in results.items()}
    return {
        "sentences": count,
        "seed": seed,
        "fragments_in_pack": len(pack),
        **figures,
        "fragments_minus_whole": _difference(results["whole"], results["fragments"]),
    }


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one sentence, with an amount or `dated`: understood, syllables wrong of how many, seconds."""

    dated: bool
    understood: bool
    errors: int
    syllables: int
    seconds: float


def _measure(way: str, todo: Sequence[Case], speak: Callable[[str], Samples], ears: Whisper) -> list[Result]:
    results = []
    for number, case in enumerate(todo, 1):
        heard_from = speak(case.text)
        heard = ears.decode(from_telephone(heard_from)).text
        result = judge(case, heard, len(heard_from) / 8000)
        results.append(result)
        _say(f"{way} {number}/{len(todo)} {'+' if result.understood else '-'} {case.text} -> {heard}")
    return results


def judge(case: Case, heard: str, seconds: float) -> Result:
    """Compare what was heard with what was said."""
    errors, spoken = syllables.errors(case.text, heard)
    dated = isinstance(case.meaning, dt.date)
    meaning = date_heard(heard) if dated else amount_heard(heard)
    return Result(dated, meaning == case.meaning, errors, spoken, seconds)


def amount_heard(text: str) -> int | None:
    """Return the amount in a heard sentence in fen, however it is written (156元4角1分, 156.41元, 156元4.1分)."""
    plain = arabic(text)
    if exact := re.search(r"(\d+)\.(\d\d?)(?:元|块|圆)", plain):
        return int(exact[1]) * 100 + int(exact[2].ljust(2, "0"))
    found = re.findall(r"(\d+)([元块圆角毛分]?)", plain)
    fen, unit = 0, 0
    for number, name in reversed(found):
        unit = _MONEY.get(name, unit * 10)
        if unit not in (1, 10, 100):
            return None
        fen += int(number) * unit
    return fen if found else None


def date_heard(text: str) -> dt.date | None:
    """Return the date in a heard sentence."""
    found = re.search(r"(\d{4})年(\d\d?)月(\d\d?)", arabic(text))
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def arabic(text: str) -> str:
    """Return text with every number in Arabic digits."""
    text = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", normalise(text))
    return re.sub(f"[{_NUMERAL}幺]+", lambda run: str(_number(run[0])), text)


def _number(words: str) -> int:
    if not set(words) & set("十百千万亿"):
        return int("".join(str(_VALUES[char]) for char in words))
    total = section = digit = 0
    for char in words:
        if char in _VALUES:
            digit = _VALUES[char]
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            total = (total + section + digit) * (10**4 if char == "万" else 10**8)
            section = digit = 0
    return total + section + digit


def _whole(voice: Kokoro, text: str) -> Samples:
    said = voice.speak(text)
    finished = sound.finish(said.samples, said.rate, sound.Finish())
    return _decoded(sound.encode(finished, said.rate, "alaw"))


def _joined(media: Sequence[str]) -> Samples:
    octets = b"".join(Path(f"{each.removeprefix('sound:')}.alaw").read_bytes() for each in media)
    return _decoded(octets)


def _decoded(octets: bytes) -> Samples:
    return (g711.decode(octets) / 32768).astype(np.float32)


def _summary(results: Sequence[Result]) -> dict[str, float]:
    return {
        "amounts_understood": round(float(np.mean([r.understood for r in results if not r.dated])), 4),
        "dates_understood": round(float(np.mean([r.understood for r in results if r.dated])), 4),
        "understood": round(float(np.mean([r.understood for r in results])), 4),
        "syllable_error_rate": round(sum(e.errors for e in results) / sum(e.syllables for e in results), 4),
        "seconds_a_sentence": round(sum(each.seconds for each in results) / len(results), 2),
    }


def _difference(whole: Sequence[Result], fragments: Sequence[Result]) -> dict[str, Any]:
    """Differences with the 95 % interval of a paired bootstrap."""
    measures: dict[str, Callable[[Result], float]] = {
        "understood": lambda result: result.understood,
        "syllable_error_rate": lambda result: result.errors / result.syllables,
    }
    chance = np.random.default_rng(SEED)
    found = {}
    for name, measure in measures.items():
        gaps = np.array([measure(f) - measure(w) for w, f in zip(whole, fragments, strict=True)], float)
        means = gaps[chance.integers(0, len(gaps), (2000, len(gaps)))].mean(axis=1)
        low, high = np.percentile(means, [2.5, 97.5])
        found[name] = {"mean": round(float(gaps.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
    return found


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    began = time.monotonic()
    figures = speech_understood(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    sys.stdout.write(json.dumps({**figures, "took_s": round(time.monotonic() - began)}, indent=1) + "\n")
