"""What the service does around its life: nobody looks for garbage in what the imports have made while calls run."""

import asyncio
import gc
from typing import Any, cast

import pytest

from app.running import run
from app.wiring import Hotline

pytestmark = pytest.mark.unit


class Idle:
    """A service that does nothing."""

    async def start(self, _say: Any) -> None: ...

    async def stop(self) -> None: ...


async def test_what_was_imported_is_frozen_while_the_service_runs() -> None:
    frozen: list[int] = []

    async def body() -> None:
        frozen.append(gc.get_freeze_count())

    gc.unfreeze()
    try:
        await run(cast(Hotline, Idle()), body, asyncio.Event(), print)
    finally:
        gc.unfreeze()
    assert frozen[0] > 10_000
