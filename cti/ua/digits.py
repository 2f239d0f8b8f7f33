"""Keys pressed during a call: the script that says which and when, and their RTP events (RFC 4733)."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import BadInput

KEYS: Final = "0123456789*#ABCD"  # event codes 0-15, RFC 4733 §3.2
TICK_SAMPLES: Final = 160
_TONE_TICKS: Final = 5  # 100 ms, above the 40 ms of ITU-T Q.24
_END_TICKS: Final = 3  # RFC 4733 §2.5.1.4: the end is sent three times
_PAUSE_TICKS: Final = 4
_VOLUME: Final = 10  # -10 dBm0


class BadDigits(BadInput):
    """Digits are keys 0-9 * # A-D and waits like w3, separated by commas: 1,w3,2#"""

    code = "bad_digits"


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in which no key is pressed."""

    seconds: float


def parse(script: str) -> list[str | Wait]:
    """Read a script such as ``1,w3,2#``: runs of keys, and waits in seconds; raises BadDigits."""
    steps: list[str | Wait] = []
    for part in (p.strip() for p in script.split(",") if p.strip()):
        wait = re.fullmatch(r"[wW](\d+(?:\.\d+)?)", part)
        if wait:
            steps.append(Wait(float(wait.group(1))))
        elif all(key in KEYS for key in part.upper()):
            steps.append(part.upper())
        else:
            raise BadDigits(f"'{part}' is no key and no wait: write digits like 1,w3,2#", part=part)
    return steps


@dataclass(frozen=True, slots=True)
class EventTick:
    """One packet of a key being held: its payload, and whether it opens the event."""

    payload: bytes
    first: bool
    last: bool


def ticks(key: str) -> Iterator[EventTick | None]:
    """Yield what each 20 ms of one key press sends; None is the pause before the next key."""
    code = KEYS.index(key)
    for number in range(_TONE_TICKS + _END_TICKS):
        duration = min(number + 1, _TONE_TICKS) * TICK_SAMPLES
        ended = number >= _TONE_TICKS
        octets = struct.pack("!BBH", code, (0x80 if ended else 0) | _VOLUME, duration)
        yield EventTick(octets, first=number == 0, last=number == _TONE_TICKS + _END_TICKS - 1)
    for _ in range(_PAUSE_TICKS):
        yield None


def key_of(payload: bytes) -> str | None:
    """Return the key of a received event payload, or None when it is not a key."""
    return KEYS[payload[0]] if len(payload) >= 4 and payload[0] < len(KEYS) else None
