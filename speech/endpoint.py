"""When a caller begins to say something and when they have finished: rules over windows of sound.

A VAD gives one probability of speech for each short window (`speech.vad`); `Endpoint` follows one utterance. Pure.
"""

from enum import StrEnum
from typing import Final

from speech.vad import SPEECH, SpeechRule

BEGIN_S: Final = 0.16
"""Speech needed before an utterance is believed: 是 alone lasts little more."""
BEGIN_WITHIN_S: Final = 0.5
ON: Final = SPEECH - 0.15
"""Below this a window is a pause: the engine's own lower threshold (Silero), so that faint ends are not cut."""


class Stage(StrEnum):
    """Where an utterance stands."""

    WAITING = "waiting"
    SPEAKING = "speaking"
    ENDED = "ended"


class Endpoint:
    """One utterance: it ends with a `pause` in seconds without speech, or after `longest` seconds."""

    def __init__(self, window: float, *, pause: float, longest: float) -> None:
        """`window` is the length in seconds of what each probability stands for."""
        self._window = window
        self._pause = pause
        self._longest = longest
        self._begin = SpeechRule(window, least=BEGIN_S, within=BEGIN_WITHIN_S)
        self._spoken = 0.0
        self._still = 0.0
        self.stage = Stage.WAITING

    def hears(self, probability: float) -> Stage:
        """Take in the next window and return the stage after it; an utterance that has ended stays so."""
        if self.stage is Stage.WAITING and self._begin.hears(probability):
            self.stage = Stage.SPEAKING
        elif self.stage is Stage.SPEAKING:
            self._spoken += self._window
            self._still = 0.0 if probability >= ON else self._still + self._window
            if self._still >= self._pause or self._spoken >= self._longest:
                self.stage = Stage.ENDED
        return self.stage
