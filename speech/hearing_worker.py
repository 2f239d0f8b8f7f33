"""The worker process of a recogniser: one JSON line of work in, one JSON line out; sound is linear at 8 kHz.

It ends when its standard input closes, so nothing is left behind when the service dies. What callers say comes by
standard input, goes by standard output and is never logged.
"""

import asyncio
import base64
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import soxr

from core.errors import HotlineError
from speech.port import Heard, Listening, Recogniser

TELEPHONE: int = 8000


@dataclass(frozen=True, slots=True)
class HearingSpec:
    """What a worker must know: the engine, its model, the model's hash, words that set the scene, threads."""

    engine: Literal["whisper", "vosk"]
    model: str
    sha256: str = ""
    prompt: str = ""
    threads: int = 1


def command(spec: HearingSpec) -> list[str]:
    """Return the command of a worker."""
    return [sys.executable, "-W", "ignore", "-m", "speech.hearing_worker", json.dumps(asdict(spec))]


def engine(spec: HearingSpec) -> Recogniser:
    """Return the recogniser that a specification names; not started."""
    if spec.engine == "vosk":
        from speech.vosk import Vosk, VoskSettings

        return Vosk(VoskSettings(Path(spec.model), spec.sha256, threads=1))
    from speech.whisper import Whisper, WhisperSettings

    settings = WhisperSettings(threads=spec.threads, words=False, prompt=spec.prompt, longest=15.0)
    return Whisper(Path(spec.model), settings)


class Hearings:
    """The callers whom a worker listens to, by number."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._open: dict[int, Listening] = {}

    async def do(self, order: dict[str, Any]) -> Heard | None:
        """Take in the sound of an order, then finish when it says so. Raises HotlineError."""
        for gone in order.get("abandoned", ()):
            if listening := self._open.pop(int(gone), None):
                listening.abandon()
        id_ = int(order["id"])
        if id_ not in self._open:
            self._open[id_] = self._recogniser.listen(phrases=tuple(order.get("phrases", ())))
        heard = None
        if sound := base64.b64decode(order.get("sound", "")):
            heard = await self._open[id_].accept(_at(self._recogniser.rate, sound))
        return await self._open.pop(id_).finish() if order.get("last") else heard


def _at(rate: int, sound: bytes) -> bytes:
    """Bring linear sound of the telephone to the rate of an engine."""
    if rate == TELEPHONE:
        return sound
    wave = np.frombuffer(sound, "<i2").astype(np.float32)
    resampled: bytes = np.clip(soxr.resample(wave, TELEPHONE, rate), -32768, 32767).astype("<i2").tobytes()
    return resampled


async def serve(recogniser: Recogniser, orders: TextIO, answers: TextIO) -> None:
    """Do what comes in until `orders` ends; the first answer, {"ready": true}, tells that the model is loaded."""
    await recogniser.start()
    hearings = Hearings(recogniser)
    _answer(answers, ready=True)
    while line := await asyncio.to_thread(orders.readline):
        try:
            heard = await hearings.do(json.loads(line))
        except HotlineError as error:
            _answer(answers, error=type(error).__name__, message=str(error))
        else:
            _answer(answers, heard=asdict(heard) if heard else None)
    await recogniser.stop()


def main(argument: str) -> None:
    """Load the recogniser of `argument` (see `command`) and serve standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    asyncio.run(serve(engine(HearingSpec(**json.loads(argument))), sys.stdin, answers))


def _answer(answers: TextIO, **fields: Any) -> None:
    answers.write(json.dumps(fields) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
