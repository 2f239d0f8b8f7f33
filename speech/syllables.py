"""Compares what was said with what was heard: Mandarin by pinyin syllables without tones, English by letters."""

import re
from collections.abc import Sequence

from pypinyin import lazy_pinyin

from speech import mandarin
from speech.whisper import normalise


def syllables(text: str) -> list[str]:
    """Return the pinyin of a sentence without tones, its numbers read as the hotline reads them."""
    plain = re.sub(r"(?<=\d)[,，](?=\d{3}(?!\d))", "", normalise(text))
    plain = re.sub(r"\d{4}(?=年)", lambda run: "".join(mandarin.DIGITS[int(char)] for char in run[0]), plain)
    plain = re.sub(r"\d+", lambda run: mandarin.cardinal(int(run[0])), plain).replace("两", "二")
    spelt: list[str] = lazy_pinyin(re.sub(r"[^一-鿿]", "", plain))
    return spelt


def errors(said: str, heard: str) -> tuple[int, int]:
    """Return how many syllables of `said` were heard wrong, left out or put in, and how many it has."""
    wanted = syllables(said)
    return distance(wanted, syllables(heard)), len(wanted)


def letter_errors(said: str, heard: str) -> tuple[int, int]:
    """Return how many letters and digits of an English sentence were heard wrong, and how many it has."""
    wanted, got = (re.sub(r"[^a-z0-9]", "", text.lower()) for text in (said, heard))
    return distance(wanted, got), len(wanted)


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the edit distance of two sequences."""
    row = list(range(len(heard) + 1))
    for at, one in enumerate(said, 1):
        corner, row[0] = row[0], at
        for place, other in enumerate(heard, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (one != other))
    return row[-1]
