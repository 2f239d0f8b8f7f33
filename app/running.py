"""Runs the service beside a command, and stops it whatever ends first."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

from app.voices import Say
from app.wiring import Hotline
from core.tasks import TaskOwner

GARBAGE_AFTER = (10_000, 20, 20)
"""New objects between two looks for garbage, of each generation: what a call makes goes without one."""


async def run(hotline: Hotline, body: Callable[[], Awaitable[object]], until: asyncio.Event, say: Say) -> None:
    """Start, run `body` beside the service, stop when `until` is set or `body` ends; also in the middle of a start."""
    # What the imports have made stays: looking through it for garbage would hold up every call for tenths of a second.
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)

    async def whole() -> None:
        await hotline.start(say)
        gc.freeze()  # and what the start has made: flows, prompts, agents
        await body()

    tasks = TaskOwner("run")
    work, told = tasks.start(whole(), "work"), tasks.start(until.wait(), "until")
    try:
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        await tasks.close(patience=15.0)
        await hotline.stop()
