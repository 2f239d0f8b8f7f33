"""An event loop on which waiting takes no time: what the flow does in minutes is seen in milliseconds.

Nothing else changes: time-outs fire in their order, threads are waited for, and the code that runs does not know.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
_FOREVER_S = 24 * 3600.0
"""asyncio waits at most this long at a time; a longer wait is several of these."""


class NothingFollows(RuntimeError):
    """Everything waits, and nothing will ever happen: on a telephone this would be silence for ever."""


class _Selector(selectors.DefaultSelector):
    """Leaps to the next timer where the real one would sleep."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.loop.idle is None:
            began = time.monotonic()
            ready = super().select(timeout)
            self.loop.leap(time.monotonic() - began)
            return ready
        if timeout == 0 or self.loop.threads:
            return super().select(timeout)
        ready = super().select(0)
        if not ready and not self.loop.idle():
            self.loop.leap(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything runs and leaps when all is quiet.

    `idle` is asked before each leap and tells whether it made something happen; without it waiting takes real time.
    """

    def __init__(self) -> None:
        self._elapsed = 0.0
        self.threads = 0
        """Pieces of work under way in threads: they take real time, so no leap goes past them."""
        self.idle: Callable[[], bool] | None = None
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._elapsed

    def leap(self, seconds: float | None) -> None:
        """Move time on. Raises NothingFollows when there is no timer to move to."""
        if seconds is None:
            raise NothingFollows("nothing is under way, and nobody will say or press anything")
        self._elapsed += min(seconds, _FOREVER_S)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self.waits_for(future)
        return future

    def waits_for(self, future: asyncio.Future[Any]) -> None:
        """Take no leap until `future` is done: a thread works on it."""
        self.threads += 1
        future.add_done_callback(self._thread_done)

    def _thread_done(self, _: object) -> None:
        self.threads -= 1


class LoopClock:
    """The clock of a virtual loop: `start` plus the seconds that have passed on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start.astimezone(UTC)
        self._began = loop.time()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._loop.time() - self._began

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a virtual loop of its own to the end, as `asyncio.run` does on an ordinary one."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        try:
            return runner.run(work)
        finally:
            loop.idle = None  # what tidies up waits for threads that are not counted
