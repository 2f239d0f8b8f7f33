"""Every task has an owner, who is told when it fails and who cancels what is left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from core import log
from core.errors import HotlineError

_log = log.get(__name__)
T = TypeVar("T")


class TaskOwner:
    """Starts tasks, logs the one that fails, and ends all of them in `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, T], name: str, *, awaited: bool = False) -> asyncio.Task[T]:
        """Run `work` as a task of this owner; a failure that is no error of Hotline's own is logged.

        `awaited`: somebody waits for it and gets the failure, so it is not told twice.
        """
        loop = asyncio.get_running_loop()
        task = loop.create_task(work, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard if awaited else self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is not None and not isinstance(error, HotlineError):
            _log.error("task failed", extra={"action": "task_failed", "task": task.get_name()}, exc_info=error)

    async def drain(self, patience: float = 5.0) -> None:
        """Wait for every task to end by itself, at most `patience` seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience)

    async def close(self, patience: float = 5.0) -> None:
        """Cancel every task still running and wait for them, at most `patience` seconds."""
        tasks = [t for t in self._tasks if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=patience)
            for task in stuck:
                _log.error("task did not end", extra={"action": "task_stuck", "task": task.get_name()})
