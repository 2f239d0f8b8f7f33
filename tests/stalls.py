"""Tells when this process itself slept: what is measured by its clock then says nothing about the PBX."""

import asyncio
import time
from dataclasses import dataclass, field

from core.tasks import TaskOwner
from cti.ua import Gap

STEP_S = 0.005


@dataclass(slots=True)
class Stalls:
    """Watches the event loop while entered; `left_of` takes our own sleep out of the gaps of a call."""

    origin: float
    """`time.monotonic()` at which the call's clock is zero."""
    found: list[tuple[float, float]] = field(default_factory=list)
    tasks: TaskOwner = field(default_factory=lambda: TaskOwner("stalls"))

    async def __aenter__(self) -> "Stalls":
        self.tasks.start(self._watch(), "watch")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.tasks.close()

    async def _watch(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            if now - last > 3 * STEP_S:
                self.found.append((last - self.origin, now - self.origin))
            last = now

    def left_of(self, gaps: list[Gap], over_ms: float) -> list[Gap]:
        """Return the gaps that are still longer than `over_ms` without the time in which we slept."""
        left = []
        for gap in gaps:
            end = gap.at + gap.ms / 1000
            slept = sum(max(0.0, min(end, b) - max(gap.at, a)) for a, b in self.found)
            if gap.ms - slept * 1000 > over_ms:
                left.append(gap)
        return left
