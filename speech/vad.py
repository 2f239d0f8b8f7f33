"""When sound counts as speech: enough of it within a short while, so that a cough or a click does not.

An engine gives one probability of speech for each short window of sound; this is the rule over them.
"""

import math
from collections import deque

from core.errors import Unavailable

SPEECH = 0.5
"""Probability from which a window counts as speech: the engine's own default (Silero)."""
LEAST_S = 0.25
"""Speech needed before it is believed: the engine's own least length of speech (Silero, 250 ms)."""
WITHIN_S = 1.0
"""The speech may be in pieces within this time: syllables of a faint voice come and go."""


class VadDown(Unavailable):
    """The speech detection does not work."""

    code = "vad_down"


class SpeechRule:
    """Decides over windows of `window` seconds each, given one after the other."""

    def __init__(self, window: float, *, least: float = LEAST_S, within: float = WITHIN_S) -> None:
        self._needed = math.ceil(least / window)
        self._last: deque[bool] = deque(maxlen=max(1, round(within / window)))

    def hears(self, probability: float) -> bool:
        """Take in the next window; tell whether by now somebody speaks."""
        self._last.append(probability >= SPEECH)
        return sum(self._last) >= self._needed
