"""From INVITE to the answer and to the first sound of the greeting: the hotline beside a bare dialplan.

One PBX, calls one at a time, in turn to the hotline and to `Answer` + `Playback` of the same greeting, from a caller
that sends RTP all the time. The ratio is what our control adds; both suffer alike from what else the machine does.
"""

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from core import policy
from core.config import load
from cti.ua import OutgoingCall, UserAgent
from speech.g711 import decode
from tests.pbx import Pbx, started_pbx
from tests.service import started_service
from tests.until import until

BARE, HOTLINE, CALLER = "95500", "95598", "13900000077"
SILENT_BELOW = 64
"""Samples (16 bit) below this are silence, also after A-law."""
LIMIT_S = 10.0
Times = tuple[float, float, float]


def greeting(var: Path) -> Path:
    """Return the greeting of this hour as the service plays it, without its ending."""
    site = load(None, {}).site
    morning = datetime.now(site.zone).hour < policy.load(site.policy).number("morning_until")
    return var / "prompts" / ("greeting_morning" if morning else "greeting_day")


def dialplan(var: Path) -> str:
    """Answer and play the greeting, with nothing between."""
    return f"[from-trunk](+)\nexten => {BARE},1,Answer()\n same => n,Playback({greeting(var)})\n same => n,Hangup()\n"


async def _one(ua: UserAgent, pbx: Pbx, number: str) -> Times:
    """Return the seconds from the INVITE to 200, to the first packet, and to the first that is not silence."""
    host, port = pbx.sip
    async with ua.call(f"sip:{number}@{host}:{port}", CALLER) as call:
        await call.wait_answered(LIMIT_S)
        heard = await until(lambda: _first_sound(call), LIMIT_S, what="sound")
        assert heard is not None
        assert call.times.answered is not None
        assert call.received.first_at is not None
        return call.times.answered, call.received.first_at, heard


def _first_sound(call: OutgoingCall) -> float | None:
    for packet in call.received.packets:
        if np.abs(decode(packet.payload, "PCMA")).max(initial=0) >= SILENT_BELOW:
            return packet.at - call.received.origin
    return None


def _figures(seconds: list[float]) -> dict[str, float]:
    return {f"p{p}_ms": round(float(np.percentile(seconds, p)) * 1000, 1) for p in (50, 95, 99)}


def _beside(hotline: list[Times], bare: list[Times], which: int) -> dict[str, Any]:
    ours, theirs = _figures([t[which] for t in hotline]), _figures([t[which] for t in bare])
    ratio = {name.removesuffix("_ms"): round(ours[name] / theirs[name], 2) for name in ours}
    return {"hotline": ours, "bare": theirs, "ratio": ratio}


def _after_answer(times: list[Times]) -> list[Times]:
    return [(0.0, packet - answered, sound - answered) for answered, packet, sound in times]


async def run(calls: int = 200, *, quick: bool = False) -> dict[str, Any]:
    """Return p50, p95 and p99 of both, each of `calls` calls (`quick`: 10), and their ratios."""
    calls = 10 if quick else calls
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        var, load_before = Path(folder), os.getloadavg()[0]
        async with started_pbx(var, dialplan=dialplan(var)) as pbx, started_service(pbx), UserAgent() as ua:
            times: dict[str, list[Times]] = {BARE: [], HOTLINE: []}
            for number in (BARE, HOTLINE) * 3:
                await _one(ua, pbx, number)  # the first calls read files and fill caches
            for _ in range(calls):
                for number, taken in times.items():
                    taken.append(await _one(ua, pbx, number))
    return {
        "calls_each": calls,
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "invite_to_200": _beside(times[HOTLINE], times[BARE], 0),
        "invite_to_first_packet": _beside(times[HOTLINE], times[BARE], 1),
        "invite_to_first_sound": _beside(times[HOTLINE], times[BARE], 2),
        "answer_to_first_sound": _beside(_after_answer(times[HOTLINE]), _after_answer(times[BARE]), 2),
    }
