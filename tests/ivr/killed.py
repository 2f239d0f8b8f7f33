"""A process that publishes and kills itself after a certain line: `python -m tests.ivr.killed URL FILE NUMBER LINE`."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import core.journal
import ivr.flow
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.journal import Journal
from ivr.flow import Flow
from ivr.versions import store
from ivr.versions.service import FlowService

AT = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)


class Ready:
    """Every prompt is there."""

    def know(self, flow: Flow) -> None: ...

    async def make_ready(self, flow: Flow) -> None: ...


def die_after(line: str) -> None:
    """Have the function `line`, of those that check and write, be the last thing this process does."""
    for module in (store, core.journal, ivr.flow):
        if (real := getattr(module, line, None)) is not None:

            def last(*given: Any, real: Any = real, **named: Any) -> None:
                real(*given, **named)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(module, line, last)


async def publish(url: str, shipped: str, number: int, line: str) -> None:
    """Publish the version; killed after `line`, or when all is done."""
    db = Database(url)
    service = FlowService(db, Journal(db, Bus()), FakeClock(AT), Ready(), prompts={"menu", "input_wrong"}, rules=())
    await service.open(Path(shipped))
    die_after(line)
    await service.publish("small", number, by="boss")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(publish(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
