"""WAV files to and from the 8 kHz 16-bit mono PCM of a call."""

import wave
from pathlib import Path

import numpy as np
import soxr

from cti.ua.received import RATE
from speech import sound
from speech.g711 import Pcm


def read_wav(path: Path) -> Pcm:
    """Return a 16-bit WAV file as 8 kHz mono samples; raises BadInput naming what is wrong with it."""
    samples, rate = sound.read_wav(path)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write 8 kHz mono samples as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.astype("<i2").tobytes())
