"""Work that calls must not wait for: in processes of low priority, few at once, each with limits of time and memory."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Unavailable

AT_ONCE = 2
MEMORY_MOST = 2 * 1024**3
_ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Aside:
    """Runs `module` for each asking: its `main` ends in `answer`. `what` is its name in errors.

    `limit_s`: seconds that the asker waits; `output_most`: bytes of an answer; `busy` is raised when there are too many
    already, `failed` when there is no answer; `cure`: what to do about one that takes too long; `nice`: how far it
    gives way to calls, more where nobody waits beside a customer.
    """

    module: str
    what: str
    limit_s: float
    output_most: int
    busy: type[Unavailable]
    failed: type[Unavailable]
    cure: str
    nice: int = 10
    _under_way: int = field(default=0)

    async def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to `asked`, which goes through stdin: it may hold secrets. Raises `busy`, `failed`."""
        if self._under_way >= AT_ONCE:
            raise self.busy
        self._under_way += 1
        try:
            return await self._run(asked)
        finally:
            self._under_way -= 1

    async def _run(self, asked: dict[str, Any]) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            "nice", "-n", str(self.nice), sys.executable, "-m", self.module,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, limit=self.output_most,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.limit_s):
                out, _ = await process.communicate(json.dumps(asked).encode())
        except TimeoutError:
            raise self.failed(f"the {self.what} took longer than {self.limit_s:.0f} s: {self.cure}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == -signal.SIGXCPU:
            raise self.failed(f"the {self.what} took too much processor time: {self.cure}")
        if process.returncode != 0:
            raise self.failed(f"the process of the {self.what} ended with {process.returncode}")
        answer: dict[str, Any] = json.loads(out)
        return answer


def answer(work: Callable[[dict[str, Any]], dict[str, Any]], *, cpu_s: int) -> None:
    """Read one asking from stdin, do `work` within so many seconds of processor time, write its answer to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    json.dump(work(json.load(sys.stdin)), sys.stdout)
