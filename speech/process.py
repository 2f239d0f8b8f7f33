"""The service's hold on one worker process: start, give it work, notice its death, start again."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
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


class WorkerDown(Unavailable):
    """A worker process does not answer."""

    code = "worker_down"


class VoiceDown(WorkerDown):
    """The voice does not answer."""

    code = "voice_down"


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits in seconds: loading the model, one piece of work, ending the process."""

    load: float = 60.0
    work: float = 40.0
    end: float = 3.0


@dataclass(slots=True)
class WorkerProcess:
    """One worker process: a line of JSON in, a line out; by one task at a time.

    `name` is for the log, `down` what is raised when it dies or does not answer.
    """

    command: Sequence[str]
    niceness: int = 5
    patience: Patience = Patience()
    name: str = "voice"
    down: type[WorkerDown] = VoiceDown
    failures: int = 0
    starts: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process, after a pause that grows with the failures before. Raises `down`."""
        await asyncio.sleep(_BACK_OFF[min(self.failures, len(_BACK_OFF) - 1)])
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
        try:
            self._process = await asyncio.create_subprocess_exec(
                "nice", "-n", str(self.niceness), *self.command,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env=environment,
            )  # fmt: skip
        except OSError as error:
            await self._failed(f"could not be started ({type(error).__name__})")
        self.starts += 1
        answer = await self._answer(self.patience.load)
        if not answer.get("ready"):
            await self._failed("did not load")
        _log.info("worker ready", extra={"action": f"{self.name}_ready", "starts": self.starts})

    async def say(self, work: Work) -> float:
        """Let the worker do `work`; return the seconds of speech.

        Raises VoiceDown when it dies or takes too long, ValueError when the text cannot be said.
        """
        answer = await self.ask(asdict(work))
        if "seconds" not in answer:
            raise ValueError(str(answer.get("message")))
        return float(str(answer["seconds"]))

    async def ask(self, order: Mapping[str, object]) -> dict[str, object]:
        """Give the worker an order and return its answer, which may be an error of its own.

        Starts the process when it is not running. Raises `down` when it dies or takes too long.
        """
        if not self.running:
            await self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()
        answer = await self._answer(self.patience.work)
        if "error" not in answer:
            self.failures = 0
        return answer

    async def ended(self) -> None:
        """Wait until the process is gone; returns at once when there is none."""
        if self._process is not None:
            await self._process.wait()

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
            await self._failed("did not answer in time")
        except asyncio.CancelledError:
            await self._drop()
            raise
        if not line:
            await self._failed("died")
        answer: dict[str, object] = json.loads(line)
        return answer

    async def _failed(self, what: str) -> None:
        self.failures += 1
        told = f"{self.name} worker {what}"
        _log.warning(told, extra={"action": f"{self.name}_worker_lost", "failures": self.failures})
        await self._drop()
        raise self.down(told)

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
