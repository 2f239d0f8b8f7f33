"""The service's hold on one worker process of the voice: start, give it a text, notice its death, start again."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core import log
from core.errors import Unavailable
from speech.install import VoiceFiles
from speech.kokoro import DEFAULT_SETTINGS, KokoroSettings
from speech.making import Work
from speech.worker import spec

_log = log.get(__name__)
_ROOT = Path(__file__).parents[1]
_BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class VoiceDown(Unavailable):
    """The voice does not answer."""

    code = "voice_down"


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits in seconds: loading the voice, saying one text, ending the process."""

    load: float = 60.0
    say: float = 40.0
    end: float = 3.0


@dataclass(slots=True)
class WorkerProcess:
    """One worker process; `say` may be called by one task at a time."""

    command: Sequence[str]
    niceness: int = 5
    patience: Patience = Patience()
    failures: int = 0
    starts: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Tell whether the voice is loaded and its process alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process, after a pause that grows with the failures before. Raises VoiceDown."""
        await asyncio.sleep(_BACK_OFF[min(self.failures, len(_BACK_OFF) - 1)])
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
        self._process = await asyncio.create_subprocess_exec(
            "nice", "-n", str(self.niceness), *self.command,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=environment,
        )  # fmt: skip
        self.starts += 1
        answer = await self._answer(self.patience.load)
        if not answer.get("ready"):
            await self._failed("voice worker did not load")
        _log.info("voice worker ready", extra={"action": "voice_ready", "starts": self.starts})

    async def say(self, work: Work) -> float:
        """Let the worker do `work`; return the seconds of speech.

        Starts the process when it is not running. Raises VoiceDown when it dies or takes too long,
        ValueError when the text cannot be said.
        """
        if not self.running:
            await self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(work)).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()
        answer = await self._answer(self.patience.say)
        if "seconds" not in answer:
            raise ValueError(str(answer.get("message")))
        self.failures = 0
        return float(str(answer["seconds"]))

    async def stop(self) -> None:
        """End the process and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        await _gone(process, self.patience.end)

    async def _answer(self, limit: float) -> dict[str, object]:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(limit):
                line = await self._process.stdout.readline()
        except TimeoutError:
            await self._failed("voice worker did not answer in time")
        except asyncio.CancelledError:
            await self._drop()
            raise
        if not line:
            await self._failed("voice worker died")
        answer: dict[str, object] = json.loads(line)
        return answer

    async def _failed(self, what: str) -> None:
        self.failures += 1
        _log.warning(what, extra={"action": "voice_worker_lost", "failures": self.failures})
        await self._drop()
        raise VoiceDown(what)

    async def _drop(self) -> None:
        """A worker in the middle of a text cannot be used again: its next answer would be the old one."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await _gone(process, 5.0)


async def _gone(process: asyncio.subprocess.Process, patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def kokoro_command(files: VoiceFiles, settings: KokoroSettings = DEFAULT_SETTINGS) -> list[str]:
    """Return the command of a worker with the Kokoro voice."""
    return [sys.executable, "-W", "ignore", "-m", "speech.worker", spec(files, settings)]
