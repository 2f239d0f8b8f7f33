"""What callers' lines sound like, at 8 kHz: speech of our own voice near and far, silence, noise, coughs."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

from speech.g711 import Pcm
from speech.install import ensure_voice
from speech.kokoro import Kokoro
from speech.render import user_cache

RATE = 8000
Wave = npt.NDArray[np.float64]

SPEECH_DB = -20.0
"""Root mean square of a caller who speaks into the handset, below full scale."""


def pcm(wave: Wave) -> Pcm:
    """As a phone sends it."""
    return np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.int16)


def at_level(wave: Wave, db: float) -> Wave:
    """The same sound with a root mean square of `db` below full scale, measured where it sounds."""
    loud = wave[np.abs(wave) > 0.01 * np.abs(wave).max()]
    level: Wave = wave * 10 ** (db / 20) / np.sqrt(np.mean(loud**2))
    return level


@lru_cache(maxsize=1)
def _engine(voice: str) -> Kokoro:
    return Kokoro(ensure_voice(user_cache(), lambda _: None, name=voice))


@lru_cache(maxsize=2048)
def speech(text: str, voice: str = "zf_xiaoyi") -> Wave:
    """Somebody says `text` into the handset."""
    said = _engine(voice).speak(text)
    return at_level(soxr.resample(said.samples, said.rate, RATE).astype(np.float64), SPEECH_DB)


def silence(seconds: float) -> Wave:
    """Nothing at all."""
    return np.zeros(round(seconds * RATE))


def noise(seconds: float, db: float, seed: int = 0) -> Wave:
    """Noise of a street: falling by 3 dB an octave, rising and falling slowly."""
    n = round(seconds * RATE)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(0, 1, n))
    spectrum[1:] /= np.sqrt(np.fft.rfftfreq(n, 1 / RATE)[1:])
    spectrum[0] = 0
    swell = 1 + 0.5 * np.sin(2 * np.pi * 0.3 * np.arange(n) / RATE)
    return at_level(np.fft.irfft(spectrum, n) * swell, db)


def cough(seed: int = 0, db: float = SPEECH_DB + 6) -> Wave:
    """Two coughs: each a burst of noise through the resonances of a throat, and its fading after-sound."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(0.35 * RATE)) / RATE
    frequency = np.fft.rfftfreq(len(t), 1 / RATE)
    throat = sum(np.exp(-(((frequency - centre) / 500) ** 2)) for centre in (500, 1500, 2700))
    burst = np.where(t < 0.01, t / 0.01, np.exp(-(t - 0.01) / 0.05)) + 0.35 * np.exp(-(((t - 0.22) / 0.04) ** 2))
    once = np.fft.irfft(np.fft.rfft(rng.normal(0, 1, len(t))) * throat, len(t)) * burst
    return at_level(np.concatenate([once, np.zeros(RATE // 4), once]), db)


def far_away(wave: Wave, db: float = SPEECH_DB - 24, seed: int = 0) -> Wave:
    """The same, said across a room: quiet, dull and with its echoes."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(0.4 * RATE)) / RATE
    room = rng.normal(0, 0.15, len(t)) * np.exp(-t / 0.08)
    room[0] = 1.0
    n = len(wave) + len(room)
    spectrum = np.fft.rfft(wave, n) * np.fft.rfft(room, n)
    spectrum[np.fft.rfftfreq(n, 1 / RATE) > 2500] *= 0.1
    return at_level(np.fft.irfft(spectrum, n), db)


def together(*waves: Wave) -> Wave:
    """Sounds at the same time, as long as the longest."""
    whole = np.zeros(max(len(wave) for wave in waves))
    for wave in waves:
        whole[: len(wave)] += wave
    return whole


def after(seconds: float, wave: Wave) -> Wave:
    """The sound after so many seconds of silence, and a second of silence behind it."""
    return np.concatenate([silence(seconds), wave, silence(1)])
