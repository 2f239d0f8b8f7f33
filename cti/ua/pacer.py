"""One clock for all RTP streams: every 20 ms each stream may send its packet, whatever their number."""

import asyncio
import time
from typing import Final, Protocol

from core.tasks import TaskOwner

TICK: Final = 0.02  # seconds of audio in a packet, RFC 3551 §4.2
_CATCH_UP: Final = 5
"""Ticks sent at once after the loop was late; older ones are lost time, as in a real phone."""


class Ticked(Protocol):
    """A stream that the pacer drives."""

    def tick(self, send: bool, now: bool) -> None:
        """Let 20 ms pass, and send their packet unless `send` is false; `now` is false for time that is over."""
        ...


class Pacer:
    """Drives streams on absolute deadlines, so that lateness never adds up."""

    def __init__(self, tasks: TaskOwner) -> None:
        self._streams: dict[Ticked, None] = {}
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self.worst_late = 0.0
        """Largest delay of a tick so far, in seconds: how far our own sending can be trusted."""

    def add(self, stream: Ticked) -> None:
        """Start driving a stream; its first packet leaves with the next tick."""
        self._streams[stream] = None
        if self._task is None or self._task.done():
            self._task = self._tasks.start(self._run(), "pacer")

    def remove(self, stream: Ticked) -> None:
        """Stop driving a stream."""
        self._streams.pop(stream, None)

    async def _run(self) -> None:
        due = time.monotonic()
        while self._streams:
            late = time.monotonic() - due
            self.worst_late = max(self.worst_late, late)
            missed = int(late / TICK)
            for number in range(missed, -1, -1):
                for stream in list(self._streams):
                    stream.tick(number < _CATCH_UP, number == 0)
            due += (missed + 1) * TICK
            await asyncio.sleep(max(0.0, due - time.monotonic()))
