"""How soon the menu falls silent after a key, from the packets that the caller receives.

One caller after the other listens to the menu and presses 2 somewhere in it; what follows is another prompt. The menu
has stopped with the last packet that holds a piece of its file. Told from the key's begin; the PBX tells a key only
when it is over (RFC 4733), so the length of the key is in it.
"""

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cti.ua import UserAgent
from speech.g711 import decode
from tests.pbx import Pbx, started_pbx
from tests.service import started_service
from tests.until import until

HOTLINE, CALLER, PACKET = "95598", "13900000077", 160
LOUD = 64
"""A piece of the file counts when it is louder than this (16 bit): silence is in every prompt."""
LIMIT_S = 20.0


def pieces(prompt: Path) -> frozenset[bytes]:
    """Return the packets as which the PBX sends a prompt, without the silent ones."""
    sound = prompt.read_bytes()
    cut = (sound[at : at + PACKET] for at in range(0, len(sound) - PACKET, PACKET))
    return frozenset(piece for piece in cut if np.abs(decode(piece, "PCMA")).max(initial=0) > LOUD)


async def _one(ua: UserAgent, pbx: Pbx, menu: frozenset[bytes], after: float) -> float | None:
    """Return the seconds from the key's begin to the last of the menu; None: the menu was over before."""
    host, port = pbx.sip
    async with ua.call(f"sip:{HOTLINE}@{host}:{port}", CALLER) as call:
        await call.wait_answered(LIMIT_S)
        await until(lambda: any(p.payload in menu for p in call.received.packets), LIMIT_S, what="the menu")
        await asyncio.sleep(after)
        begin = time.monotonic()
        await call.send_digits("2")
        await asyncio.sleep(0.8)
        last = max(p.at for p in call.received.packets if p.payload in menu)
        return last - begin if last > begin else None


def _figures(seconds: list[float]) -> dict[str, float]:
    return {f"p{p}_ms": round(float(np.percentile(seconds, p)) * 1000, 1) for p in (50, 95, 99)}


async def run(calls: int = 100) -> dict[str, Any]:
    """Return p50, p95 and p99 of `calls` callers, in ms from the key's begin."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        var, load_before = Path(folder), os.getloadavg()[0]
        async with started_pbx(var) as pbx, started_service(pbx), UserAgent() as ua:
            menu = await asyncio.to_thread(pieces, var / "prompts" / "menu.alaw")
            dice = random.Random(95598)
            stopped = []
            for _ in range(calls):
                if (took := await _one(ua, pbx, menu, dice.uniform(0.3, 2.5))) is not None:
                    stopped.append(took)
    return {
        "calls": calls,
        "measured": len(stopped),
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "menu_stops_after_key": _figures(stopped),
    }
