"""A worker that hears text instead of sound: the true protocol, an engine that a test can steer.

The sound of an utterance is the UTF-16 of its text. 死 ends the process, 等 waits until the gate file is there.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from core.errors import BadInput
from speech.hearing_worker import TELEPHONE, serve
from speech.port import Heard


class Echo:
    """Hears what is written; each 。 in the stream ends a piece, as an engine's own endpoint does."""

    rate = TELEPHONE

    def __init__(self, gate: Path) -> None:
        self._gate = gate

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def listen(self, *, phrases: tuple[str, ...] = ()) -> "EchoListening":
        return EchoListening(self._gate, phrases)


class EchoListening:
    """One caller."""

    def __init__(self, gate: Path, phrases: tuple[str, ...]) -> None:
        self._gate = gate
        self._text = ""
        self._phrases = phrases

    async def accept(self, audio: bytes) -> Heard | None:
        text = audio.decode("utf-16-le")
        if "死" in text:
            os._exit(1)
        if "拒" in text:
            raise BadInput("this cannot be heard")
        while "等" in text and not self._gate.exists():
            time.sleep(0.005)  # noqa: ASYNC251 - this engine blocks, as a true one does
        if text.endswith("。"):
            said, self._text = self._text + text, ""
            return Heard(said, True, confidence=1.0)
        self._text += text
        return Heard(self._text, False)

    async def finish(self) -> Heard:
        return Heard(self._text + "".join(self._phrases), True, confidence=0.5 if self._text else 0.0)

    def abandon(self) -> None:
        self._gate.with_name("abandoned").write_text(self._text)


if __name__ == "__main__":
    asyncio.run(serve(Echo(Path(sys.argv[1])), sys.stdin, sys.stdout))
