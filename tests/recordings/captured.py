"""A PBX that records, as a fake: it writes real files of real samples, and can be down, refuse, or forget to stop."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.clock import FakeClock
from cti.port import PbxDown, PbxRefused

RATE = 8000


def sides(seconds: float, caller: int = 1000, agent: int = -2000) -> bytes:
    """Interleaved sound whose samples are `caller` on the left and `agent` on the right."""
    return np.tile(np.array([caller, agent], "<i2"), round(seconds * RATE)).tobytes()


@dataclass(slots=True)
class FakeCapture:
    """Captures channels into files; `clock` dates them as the PBX would."""

    clock: FakeClock
    down: bool = False
    refuses: bool = False
    stuck: bool = False
    """It obeys, but closes no file."""
    gate: asyncio.Event | None = None
    """It answers a start only once this is set."""
    stop_gate: asyncio.Event | None = None
    """It obeys a stop only once this is set."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, BinaryIO] = field(default_factory=dict)

    async def start(self, channel_id: str, path: str) -> None:
        self._answer()
        self.asked.append(("start", channel_id))
        if self.gate is not None:
            await self.gate.wait()
        self.files[channel_id] = _opened(path)

    async def stop(self, channel_id: str) -> None:
        self._answer()
        self.asked.append(("stop", channel_id))
        if self.stop_gate is not None:
            await self.stop_gate.wait()
        if not self.stuck:
            self.gone(channel_id)

    def _answer(self) -> None:
        if self.down:
            raise PbxDown
        if self.refuses:
            raise PbxRefused

    def hear(self, channel_id: str, seconds: float, samples: Sequence[int] = (1000, -2000)) -> None:
        """Write `seconds` of sound of both sides, without moving the clock."""
        self.files[channel_id].write(sides(seconds, *samples))

    async def talk(self, channel_id: str, seconds: float) -> None:
        """Let `seconds` pass and be recorded."""
        if channel_id in self.files:
            self.hear(channel_id, seconds)
        await self.clock.advance(seconds)

    def gone(self, channel_id: str) -> None:
        """Close the file of a channel, as when it ends."""
        if (file := self.files.pop(channel_id, None)) is not None:
            path = file.name
            file.close()
            if Path(path).exists():
                now = self.clock.now().timestamp()
                os.utime(path, (now, now))

    def close(self) -> None:
        """Close every file."""
        for channel_id in list(self.files):
            self.gone(channel_id)


def _opened(path: str) -> BinaryIO:
    return open(path, "wb", buffering=0)
