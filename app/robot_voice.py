"""Sound that passes for a talking person: pulses of a voice through three resonances, in syllables with pauses."""

from typing import Final

import numpy as np

from speech.g711 import Pcm

RATE: Final = 8000
_VOWELS: Final = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""First three formants in Hz of five vowels, Peterson and Barney (1952)."""


def babble(seconds: float, pitch: float, seed: int) -> Pcm:
    """Return `seconds` of voice-like sound at `pitch` Hz, 8 kHz; the same seed gives the same sound."""
    dice = np.random.default_rng(seed)
    parts: list[Pcm] = []
    left = round(seconds * RATE)
    while left > 0:
        pause = dice.random() < 0.2
        part = np.zeros(round(RATE * dice.uniform(0.2, 0.6)), np.int16) if pause else _syllable(dice, pitch)
        parts.append(part[:left])
        left -= len(part)
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def _syllable(dice: np.random.Generator, pitch: float) -> Pcm:
    length = round(RATE * dice.uniform(0.12, 0.3))
    time = np.arange(length) / RATE
    glide = pitch * (1 + dice.uniform(-0.2, 0.2) * time / time[-1])
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    formants = np.array(_VOWELS[int(dice.integers(len(_VOWELS)))], dtype=np.float64)
    wave = np.zeros(length)
    for number in range(1, int(3400 / pitch)):
        weight = np.sum(1 / (1 + ((number * pitch - formants) / 90.0) ** 2) / (1, 2, 4))
        wave += weight * np.sin(number * phase)
    wave *= np.abs(np.sin(np.pi * time / time[-1])) ** 0.5
    sound: Pcm = (9000 * wave / np.max(np.abs(wave))).astype(np.int16)
    return sound
