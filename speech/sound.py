"""Finishes speech for the telephone and writes it as the raw files that Asterisk plays.

Chain: a high-pass at 200 Hz, peak at -3 dB, a set silence on both sides, resampling. Formats: `.alaw`, 8 kHz
G.711 A-law, and `.sln16`, 16 kHz signed linear 16 bit.
"""

import os
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from core.errors import BadInput
from speech import g711
from speech.port import Samples

FRAME = 0.02
"""Seconds in one telephone frame; every file holds whole frames."""
FORMATS = {"alaw": 8000, "sln16": 16000}
_WINDOW = 0.005


@dataclass(frozen=True, slots=True)
class Finish:
    """How speech is finished: high-pass in Hz, peak in dB below full scale, silence in seconds at both ends.

    `floor_db`: the level below the peak from which on there is speech. The first consonants of 服, 户 and 是
    take up to 0.1 s to rise from -50 dB, of which -30 dB would cut off most.
    """

    high_pass: float = 200.0
    peak_db: float = -3.0
    before: float = 0.02
    after: float = 0.18
    floor_db: float = -50.0


def finish(samples: Samples, rate: int, how: Finish) -> Samples:
    """Return `samples` at the same rate, high-passed, at the wanted peak, with the wanted silence at both ends."""
    passed = high_pass(samples, rate, how.high_pass)
    peak = float(np.max(np.abs(passed), initial=0.0))
    level = passed * (10 ** (how.peak_db / 20) / peak) if peak > 0 else passed
    first, last = _sounding(passed, rate, peak * 10 ** (how.floor_db / 20))
    before, after = round(how.before * rate), round(how.after * rate)
    padded = np.concatenate([np.zeros(before, np.float32), level.astype(np.float32), np.zeros(after, np.float32)])
    return padded[first : last + before + after]


def _sounding(samples: Samples, rate: int, floor: float) -> tuple[int, int]:
    """Return from which sample to which the speech is louder than `floor`, by windows of 5 ms; all when none is."""
    window = round(_WINDOW * rate)
    power = np.concatenate([samples, np.zeros(-len(samples) % window, np.float32)]).reshape(-1, window) ** 2
    loud = np.flatnonzero(power.mean(axis=1) > floor**2)
    return (int(loud[0]) * window, min(int(loud[-1] + 1) * window, len(samples))) if len(loud) else (0, len(samples))


def high_pass(samples: Samples, rate: int, cutoff: float) -> Samples:
    """Take away what lies below `cutoff` Hz, without moving anything in time; half an octave is the slope."""
    if not len(samples) or cutoff <= 0:
        return samples
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / rate)
    slope = np.clip((frequency - cutoff / 2**0.5) / (cutoff - cutoff / 2**0.5), 0, 1)
    gain = 0.5 - 0.5 * np.cos(np.pi * slope)
    return np.fft.irfft(spectrum * gain, len(samples)).astype(np.float32)


def encode(samples: Samples, rate: int, suffix: str) -> bytes:
    """Return the bytes of a file of format `suffix` (a key of FORMATS), padded to whole frames."""
    wanted = FORMATS[suffix]
    heard = samples if rate == wanted else soxr.resample(samples, rate, wanted)
    frame = round(FRAME * wanted)
    heard = np.concatenate([heard, np.zeros(-len(heard) % frame, np.float32)])
    linear = np.clip(np.rint(heard * 32767), -32768, 32767).astype(np.int16)
    return g711.encode(linear) if suffix == "alaw" else linear.tobytes()


def write(samples: Samples, rate: int, stem: Path, *, mode: int = 0o644) -> dict[str, Path]:
    """Write `stem`.alaw and `stem`.sln16, each appearing whole or not at all; return them by format."""
    written = {}
    for suffix in FORMATS:
        file = stem.parent / f"{stem.name}.{suffix}"
        write_bytes(file, encode(samples, rate, suffix), mode=mode)
        written[suffix] = file
    return written


def write_bytes(file: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that appears whole or not at all, with the permissions `mode` from its first byte."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.parent / f".{file.name}.{os.getpid()}.part"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    part.replace(file)


def read_wav(file: Path) -> tuple[Samples, int]:
    """Read a 16-bit WAV file as mono samples and its rate. Raises BadInput naming what is wrong with it."""
    try:
        with wave.open(str(file), "rb") as source:
            width, rate, channels = source.getsampwidth(), source.getframerate(), source.getnchannels()
            data = source.readframes(source.getnframes())
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
    except (wave.Error, EOFError) as error:
        why = str(error) or "it is cut off"
        raise BadInput(f"{file}: not a WAV file that can be read: {why}; save it as 16-bit PCM WAV") from None
    if width != 2:
        raise BadInput(f"{file}: {8 * width}-bit samples; save it as 16-bit PCM WAV")
    linear = np.frombuffer(data, "<i2").reshape(-1, channels).mean(axis=1)
    return (linear / 32768).astype(np.float32), rate
