"""CPU of a menu call of 2.2 s (answer, greeting, one key, prompt, hang-up), beside the least ARI program for it.

Calls arrive at a steady rate from SIPp, in turn to the hotline, to a program without journal and database
(`bench.load.minimal`), and to a bare dialplan. The ratio of the first two is what journal, database, flow, desktops
and figures cost; it depends little on the machine. A call of the hotline is served when its menu took the key.
"""

import asyncio
import os
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench.load import sipp, site
from bench.load.site import BARE, HOTLINE, MINIMAL, Site
from core.db import Database
from core.journal import since
from ivr.events import DigitsCollected

PROGRAMS = {HOTLINE: "hotline", MINIMAL: "minimal", BARE: "bare"}
SETTLE_S = 0.5


async def served(at: Site, load: sipp.Load) -> tuple[sipp.Outcome, int]:
    """Let callers come; returns what SIPp says, and how many were served: for the hotline only who was heard."""
    began = datetime.now(UTC)
    outcome = await at.call(load)
    await asyncio.sleep(SETTLE_S)
    if load.number != HOTLINE:
        return outcome, outcome.ended_well
    return outcome, min(outcome.ended_well, await _keys_heard(at, began))


async def _keys_heard(at: Site, began: datetime) -> int:
    db = Database(at.service.settings.database_url)
    try:
        rows = await db.read(lambda connection: since(connection, 0, (DigitsCollected,), 1_000_000))
    finally:
        await db.close()
    return sum(row.event.at >= began for row in rows)


async def rate(at: Site, number: str, per_second: float, seconds: float) -> dict[str, Any]:
    """Let calls to `number` arrive at a steady rate and return what they cost, in CPU ms a call."""
    calls, before = round(per_second * seconds), at.cpu_s()
    _, well = await served(at, sipp.Load(number, calls, per_second))
    cost = {name: round((used - before[name]) * 1000 / calls, 2) for name, used in at.cpu_s().items()}
    return {"calls": calls, "served": well, "program_ms": cost.get(PROGRAMS[number]), "asterisk_ms": cost["asterisk"]}


async def run(
    rates: tuple[float, ...] = (20,), seconds: float = 6.0, rounds: int = 5, *, quick: bool = False
) -> dict[str, Any]:
    """Return for each rate the rounds of all three, and the median ratio of our CPU to that of the least program."""
    if quick:
        rates, seconds, rounds = (20,), 5.0, 1
    load_before, found = os.getloadavg()[0], {}
    async with site.opened() as at:
        for number in PROGRAMS:
            await rate(at, number, 5, 3)
        for per_second in rates:
            turns = [
                {PROGRAMS[number]: await rate(at, number, per_second, seconds) for number in PROGRAMS}
                for _ in range(rounds)
            ]
            found[f"{per_second:g}_per_second"] = {"rounds": turns, **_figures(turns)}
    return {"load": [round(load_before, 1), round(os.getloadavg()[0], 1)], **found}


def _figures(turns: list[dict[str, dict[str, Any]]]) -> dict[str, float]:
    ours, least = ([turn[who]["program_ms"] for turn in turns] for who in ("hotline", "minimal"))
    ratio = median(a / b for a, b in zip(ours, least, strict=True))
    return {"hotline_ms": median(ours), "minimal_ms": median(least), "ratio": round(ratio, 2)}
