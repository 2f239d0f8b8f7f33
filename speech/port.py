"""What speech needs from the outside: an engine that speaks, an engine that listens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech in mono samples from -1 to 1, and where each piece of its text sounds.

    `marks` holds (piece, start, end) in seconds, in the order of the text; empty when the engine cannot tell.
    """

    samples: Samples
    rate: int
    marks: tuple[tuple[str, float, float], ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class Speaker(Protocol):
    """An engine that turns text into sound; it blocks, so it belongs in a worker process or a thread."""

    @property
    def settings_key(self) -> str:
        """Name everything that decides how a text sounds: engine, model, voice, speed."""
        ...

    def speak(self, text: str) -> Utterance:
        """Say `text`. Raises BadInput when it holds nothing that can be said."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """A word heard, from `start` to `end` seconds of the stream, with a confidence from 0 to 1."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard so far (`final` false: may still change) or for good."""

    text: str
    final: bool
    words: tuple[Word, ...] = ()
    confidence: float = 0.0


class Listening(Protocol):
    """One caller being listened to: 16-bit little-endian mono goes in, what was heard comes out."""

    async def accept(self, audio: bytes) -> Heard | None:
        """Take in audio; return a new partial or final result when there is one."""
        ...

    async def finish(self) -> Heard:
        """Say that the caller has stopped speaking; return the final result."""
        ...

    def abandon(self) -> None:
        """Let go what was heard so far: nobody wants the result."""
        ...


class Recogniser(Protocol):
    """An engine that listens to many callers at once, one `Listening` each."""

    @property
    def rate(self) -> int:
        """The sample rate in Hz of the audio it wants."""
        ...

    async def start(self) -> None:
        """Load the model. Raises ConfigError naming what is missing and the cure."""
        ...

    async def stop(self) -> None:
        """Let the model go."""
        ...

    def listen(self, *, phrases: tuple[str, ...] = ()) -> Listening:
        """Begin to listen to one caller; `phrases` are expected words that the engine may favour."""
        ...


class SpeechListening(Protocol):
    """One caller of whom only one thing is asked: does somebody speak?"""

    async def accept(self, audio: bytes) -> bool:
        """Take in 16-bit little-endian mono; tell whether the caller speaks by now. Raises Unavailable."""
        ...


class SpeechMeasuring(Protocol):
    """One caller whose speech is followed from window to window."""

    async def accept(self, audio: bytes) -> list[float]:
        """Take in 16-bit little-endian mono; return how likely each window that is now whole is speech.

        A window is `SpeechDetector.window` seconds long. Raises Unavailable.
        """
        ...


class SpeechDetector(Protocol):
    """An engine that tells speech from silence, noise and coughs, for many callers at once."""

    @property
    def rate(self) -> int:
        """The sample rate in Hz of the audio it wants."""
        ...

    async def start(self) -> None:
        """Load the model. Raises ConfigError naming what is missing and the cure."""
        ...

    async def stop(self) -> None:
        """Let the model go."""
        ...

    @property
    def window(self) -> float:
        """The length in seconds of what it decides at once."""
        ...

    def listen(self) -> SpeechListening:
        """Begin to listen to one caller. Raises Unavailable when the engine does not work."""
        ...

    def measure(self) -> SpeechMeasuring:
        """Begin to follow the speech of one caller. Raises Unavailable when the engine does not work."""
        ...


async def recognise(recogniser: Recogniser, audio: AsyncIterator[bytes]) -> Heard:
    """Listen to a whole stream and return its final result."""
    listening = recogniser.listen()
    async for part in audio:
        await listening.accept(part)
    return await listening.finish()
