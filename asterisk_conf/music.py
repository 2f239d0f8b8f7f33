"""Music on hold of our own making: a soft slow pattern of tones, written as WAV and raw A-law."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
_NOTE_S = 0.75
_C, _D, _E, _G, _A, _HIGH_C, _HIGH_D = 261.63, 293.66, 329.63, 392.00, 440.00, 523.25, 587.33
# A pentatonic walk and its return: the file repeats without a seam. Pitches in Hz.
_PATTERN = (_C, _E, _G, _A, _HIGH_C, _A, _G, _E, _D, _G, _A, _HIGH_D, _HIGH_C, _G, _E, _D)


def write_music(directory: Path) -> None:
    """Write `hold.wav` and `hold.alaw` (8 kHz) into `directory`, unless they are there."""
    wav, alaw = directory / "hold.wav", directory / "hold.alaw"
    if wav.is_file() and alaw.is_file():
        return
    directory.mkdir(parents=True, exist_ok=True)
    sound = compose()
    fresh = directory / ".hold"
    with wave.open(str(fresh), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    fresh.replace(wav)
    fresh.write_bytes(encode_alaw(sound).tobytes())
    fresh.replace(alaw)


def compose() -> NDArray[np.int16]:
    """The whole pattern as 16-bit samples at 8 kHz, peak about -15 dBFS so that it stays behind a voice."""
    length = int(RATE * _NOTE_S)
    total = length * len(_PATTERN)
    sound = np.zeros(total)
    tail = length * 3
    seconds = np.arange(tail) / RATE
    fade = np.minimum(seconds / 0.03, 1.0) * np.exp(-seconds * 1.8) * np.clip((tail / RATE - seconds) / 0.1, 0.0, 1.0)
    for position, pitch in enumerate(_PATTERN):
        tone = sum(np.sin(2 * np.pi * pitch * n * seconds) / n**2 for n in (1, 2, 3)) * fade
        places = (np.arange(tail) + position * length) % total
        sound[places] += tone
    return np.asarray(np.round(sound / np.abs(sound).max() * 5800), dtype=np.int16)


def encode_alaw(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """A-law bytes of 16-bit samples (ITU-T G.711, even bits inverted)."""
    positive = samples >= 0
    magnitude = np.where(positive, samples.astype(np.int32), -samples.astype(np.int32) - 1) >> 3
    exponent = np.clip(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0, 7)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    code = (exponent << 4 | mantissa) ^ 0x55
    return np.asarray(np.where(positive, code | 0x80, code & 0x7F), dtype=np.uint8)
