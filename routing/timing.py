"""What happens in the queues by time alone: one alarm for the next change of the core, and the limit of each wait."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from core.clock import Clock
from core.tasks import TaskOwner
from routing.model import Entry


class Alarm:
    """Calls `ring` at the earliest moment that was asked for; one task, however many calls wait."""

    def __init__(self, clock: Clock, tasks: TaskOwner, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._tasks = tasks
        self._ring = ring
        self._at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, seconds: float | None) -> None:
        """Ring in so many seconds unless it will ring before; None asks for nothing."""
        if seconds is None:
            return
        at = self._clock.monotonic() + seconds
        if self._at is not None and self._at <= at:
            return
        if self._task is not None:
            self._task.cancel()
        self._at, self._task = at, self._tasks.start(self._wait(seconds), "alarm")

    async def _wait(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._at = self._task = None
        self._ring()


class WaitLimits:
    """Lets each waiting call go after `limit_s`, counted from when it came into the queue."""

    def __init__(
        self, clock: Clock, limit_s: float, tasks: TaskOwner, then: Callable[[Entry], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._limit = timedelta(seconds=limit_s)
        self._tasks = tasks
        self._then = then
        self._running: dict[str, asyncio.Task[None]] = {}

    def arm(self, entry: Entry) -> None:
        """Watch the limit of a call."""
        self.drop(entry)
        self._running[entry.call.call_id] = self._tasks.start(self._wait_out(entry), "wait limit")

    def drop(self, entry: Entry) -> None:
        """Watch it no more."""
        if (limit := self._running.pop(entry.call.call_id, None)) is not None:
            limit.cancel()

    async def _wait_out(self, entry: Entry) -> None:
        left = entry.entered_at + self._limit - self._clock.now()
        await self._clock.sleep(max(left.total_seconds(), 0.0))
        self._running.pop(entry.call.call_id, None)
        await self._then(entry)
