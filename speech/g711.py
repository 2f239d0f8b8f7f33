"""G.711 A-law and mu-law to and from 16-bit PCM, by lookup tables (ITU-T G.711)."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
Law = Literal["PCMA", "PCMU"]


def _alaw_levels() -> Pcm:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code >> 4) & 7
    mantissa = ((code & 0x0F) << 4) + 8
    level = np.where(exponent == 0, mantissa, (mantissa + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, level, -level).astype(np.int16)


def _ulaw_levels() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    level = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)


def _nearest_codes(levels: Pcm) -> npt.NDArray[np.uint8]:
    order = np.argsort(levels, kind="stable")
    known = levels[order].astype(np.int32)
    samples = np.arange(-32768, 32768, dtype=np.int32)
    borders = (known[:-1] + known[1:]) // 2
    codes = order[np.searchsorted(borders, samples, side="right")].astype(np.uint8)
    return np.where(codes == 0x7F, 0xFF, codes) if levels[0x7F] == 0 else codes  # mu-law has two zeros


_LEVELS: Final = {"PCMA": _alaw_levels(), "PCMU": _ulaw_levels()}
_CODES: Final = {law: _nearest_codes(levels) for law, levels in _LEVELS.items()}
SILENCE: Final = {"PCMA": 0xD5, "PCMU": 0xFF}


def decode(octets: bytes, law: Law = "PCMA") -> Pcm:
    """Return the samples (int16, 8 kHz when the octets are) of G.711 octets."""
    return _LEVELS[law][np.frombuffer(octets, dtype=np.uint8)]


def encode(samples: Pcm, law: Law = "PCMA") -> bytes:
    """Return the G.711 octets nearest to 16-bit samples."""
    return _CODES[law][samples.astype(np.int32) + 32768].tobytes()
