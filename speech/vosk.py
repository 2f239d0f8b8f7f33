"""Vosk as the streaming recogniser: partial results while the caller speaks, word times, confidence, 8 kHz.

No Chinese model comes as a package: the installation configures a folder and its hash. The model is shared,
each caller has a recogniser of its own, and decoding runs in threads because the library lets go of the GIL.
"""

import asyncio
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vosk

from core.errors import BadInput, ConfigError, Unavailable
from speech.port import Heard, Word

RATE = 8000


@dataclass(frozen=True, slots=True)
class VoskSettings:
    """Folder of the model, the hash of its files (`folder_sha256`; empty: not checked), threads and limits.

    `waiting` is how many pieces of audio may wait for a thread, `patience` seconds for one of them.
    """

    model: Path
    sha256: str = ""
    threads: int = 2
    waiting: int = 256
    patience: float = 5.0


class Vosk:
    """A recogniser on one shared model."""

    rate = RATE

    def __init__(self, settings: VoskSettings) -> None:
        self._settings = settings
        self._model: Any = None
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="vosk")
        self._waiting = 0

    async def start(self) -> None:
        """Check and load the model. Raises ConfigError with what is wrong and the cure."""
        self._model = await asyncio.to_thread(_load, self._settings)

    async def stop(self) -> None:
        """Let the model go when the decoding in hand has ended."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._model = None

    def listen(self, *, phrases: tuple[str, ...] = ()) -> "VoskListening":
        """Begin to listen to one caller; `phrases` are the only ones that will be heard.

        Raises BadInput naming words that the model does not know: the library would drop them silently.
        """
        if self._model is None:
            raise Unavailable("the recogniser is not started")
        unknown = {w for phrase in phrases for w in phrase.split() if self._model.vosk_model_find_word(w) < 0}
        if unknown:
            raise BadInput("the recogniser's model does not know some of the words", words=sorted(unknown))
        grammar = [json.dumps([*phrases, "[unk]"], ensure_ascii=False)] if phrases else []
        decoder = vosk.KaldiRecognizer(self._model, RATE, *grammar)
        decoder.SetWords(True)
        return VoskListening(self, decoder)

    async def run(self, work: Any, *given: Any) -> Any:
        """Run a call of the library in a thread. Raises Unavailable when too much waits or it takes too long."""
        if self._waiting >= self._settings.waiting:
            raise Unavailable("too much audio waits for the recogniser")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.patience):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        except TimeoutError:
            raise Unavailable("the recogniser did not answer in time") from None
        finally:
            self._waiting -= 1


class VoskListening:
    """One caller: 8 kHz, 16-bit little-endian mono goes in."""

    def __init__(self, engine: Vosk, decoder: Any) -> None:
        self._engine = engine
        self._decoder = decoder
        self._partial = ""

    async def accept(self, audio: bytes) -> Heard | None:
        """Take in audio; return a final result at a pause, a partial one when it has changed, else None."""
        final, text = await self._engine.run(self._take, audio)
        if final:
            self._partial = ""
            heard = _heard(text)
            return heard if heard.text else None
        partial = str(json.loads(text)["partial"])
        if not partial or partial == self._partial:
            return None
        self._partial = partial
        return Heard(partial, final=False)

    async def finish(self) -> Heard:
        """Say that the caller has stopped; return what was heard since the last final result."""
        return _heard(await self._engine.run(self._decoder.FinalResult))

    def abandon(self) -> None:
        """The decoder goes with this object."""

    def _take(self, audio: bytes) -> tuple[bool, str]:
        if self._decoder.AcceptWaveform(audio):
            return True, self._decoder.Result()
        return False, self._decoder.PartialResult()


def folder_sha256(folder: Path) -> str:
    """Return one hash over the names and contents of all files of a model."""
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as source:
            total.update(hashlib.file_digest(source, "sha256").digest())
    return total.hexdigest()


def _load(settings: VoskSettings) -> Any:
    """The library loads by path only: its other ways download, and end the process when they fail."""
    if not (settings.model / "am").is_dir() or not (settings.model / "conf").is_dir():
        raise ConfigError(f"{settings.model}: no Vosk model here (it has folders am, conf, graph); name its folder")
    if settings.sha256 and folder_sha256(settings.model) != settings.sha256:
        raise ConfigError(f"{settings.model}: not the configured model (its hash is wrong); unpack it again")
    vosk.SetLogLevel(-1)
    return vosk.Model(model_path=str(settings.model))


def _heard(text: str) -> Heard:
    found = json.loads(text)
    words = tuple(Word(w["word"], w["start"], w["end"], w["conf"]) for w in found.get("result", ()))
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    return Heard(found["text"], final=True, words=words, confidence=round(confidence, 3))
