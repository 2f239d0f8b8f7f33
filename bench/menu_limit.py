"""How much the machine carries: the hotline's menu beside a bare dialplan that plays the same prompts.

One PBX, callers from SIPp who send RTP, all in one run on one machine. First the highest rate of a short call (2.2 s:
answer, greeting, one key, prompt, hang-up), then the most callers who hear a long prompt at once. Both are sought from
a guess by strides, then by halves; the highest that passed counts. `found` is false where nothing failed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.load import sipp, site
from bench.load.site import BARE, HOTLINE, MINIMAL, Site
from bench.menu_load import served
from cti.ua import UserAgent

STRIDE = 1.5
NEAR = 1.1
"""The limit is known when a load that passes and one that fails lie no farther apart than this."""
MOST_STEPS = 9
ANSWER_P99_MS = 500.0
"""Where the 200 takes longer than this, calls pile up: the box is full although none has failed yet."""
LATE_MS, LATE_SHARE = 60.0, 0.01
"""A long prompt is whole while at most this share of its packets comes later than this after the one before."""
RAMP_PER_SECOND = 40.0
SETTLE_S = 1.5
LONG_PROMPT_S = 120
Step = Callable[[float], Awaitable["Tried"]]


@dataclass(frozen=True, slots=True)
class Tried:
    """One step: what was asked for (calls/s or calls at once), whether it passed, and by what figures."""

    load: float
    passed: bool
    failed: int
    answer_p50_ms: float
    answer_p99_ms: float
    late: float | None = None
    """Share of late packets, as a caller among the others hears it."""


async def climbed(step: Step, guess: float) -> list[Tried]:
    """Stride from `guess` up or down until the limit lies between two loads, then halve; the tries in order."""
    tries = [await step(guess)]
    while len(tries) < MOST_STEPS:
        passed = [each.load for each in tries if each.passed]
        failed = [each.load for each in tries if not each.passed]
        if not failed or not passed:
            tries.append(await step(max(passed) * STRIDE if passed else min(failed) / STRIDE))
        elif min(failed) / max(passed) > NEAR:
            tries.append(await step((min(failed) * max(passed)) ** 0.5))
        else:
            break
    return tries


async def short(at: Site, number: str, seconds: float, per_second: float) -> Tried:
    """Short calls at a steady rate: passes when each is served and the answers keep up."""
    calls = round(per_second * seconds)
    outcome, well = await served(at, sipp.Load(number, calls, per_second))
    await asyncio.sleep(SETTLE_S)
    p50, p99 = _answers(outcome)
    return Tried(round(per_second, 1), well == calls and p99 <= ANSWER_P99_MS, calls - well, p50, p99)


async def long(at: Site, number: str, hold_s: float, at_once: float) -> Tried:
    """Callers who all hear a long prompt at once: passes when all are there and one among them hears it whole."""
    calls = round(at_once)
    ramp = calls / RAMP_PER_SECOND
    load = sipp.Load(number, calls, RAMP_PER_SECOND, length_ms=round((ramp + hold_s) * 1000), key_at_ms=None)
    outcome, late = await asyncio.gather(at.call(load), _listen(at, number, ramp, hold_s))
    await asyncio.sleep(SETTLE_S)
    p50, p99 = _answers(outcome)
    failed = calls - outcome.ended_well
    passed = failed == 0 and p99 <= ANSWER_P99_MS and late <= LATE_SHARE
    return Tried(calls, passed, failed, p50, p99, round(late, 4))


async def _listen(at: Site, number: str, after_s: float, seconds: float) -> float:
    """Call in among the others, hear for a while, and return the share of late or missing packets."""
    await asyncio.sleep(after_s)
    host, port = at.pbx.sip
    async with UserAgent() as ua, ua.call(f"sip:{number}@{host}:{port}", "13900000077") as call:
        try:
            await call.wait_answered(5)
        except TimeoutError:
            return 1.0
        await asyncio.sleep(seconds - 2)
        arrived = np.array([packet.at for packet in call.received.packets])
    if len(arrived) < 2:
        return 1.0
    gaps = np.diff(arrived) * 1000
    missing = max(0.0, (arrived[-1] - arrived[0]) * 50 - len(gaps))
    return float((np.sum(gaps > LATE_MS) + missing) / len(gaps))


def _answers(outcome: sipp.Outcome) -> tuple[float, float]:
    if not outcome.answered_ms:
        return float("inf"), float("inf")
    p50, p99 = np.percentile(outcome.answered_ms, (50, 99))
    return round(float(p50), 1), round(float(p99), 1)


def _lengthen(at: Site) -> None:
    """Let the greeting be a prompt that no caller hears to its end; the cache that it is linked from stays as it is."""
    for name in ("greeting_morning", "greeting_day"):
        for file in (at.var / "prompts").glob(f"{name}.*"):
            sound = file.read_bytes()
            if file.suffix == ".alaw":
                whole = sound * (LONG_PROMPT_S * 8000 // len(sound) + 1)
                part = file.with_suffix(".part")
                part.write_bytes(whole)
                part.replace(file)
            else:
                file.unlink()


async def run(
    guess_per_second: float = 90, guess_at_once: float = 300, seconds: float = 6.0, *, quick: bool = False
) -> dict[str, Any]:
    """Return the limits, each try, and the ratios of hotline (and the least ARI program) to the bare dialplan.

    `quick` only shows that it works: one small step of each.
    """
    load_before = os.getloadavg()[0]
    async with site.opened() as at:
        await served(at, sipp.Load(HOTLINE, 20, 10))
        shorts, longs = {}, {}
        for who, number, share in (("bare", BARE, 1.0), ("minimal", MINIMAL, 0.8), ("hotline", HOTLINE, 0.65)):
            begin = 5.0 if quick else guess_per_second * share
            step = partial(short, at, number, 2.0 if quick else seconds)
            shorts[who] = [await step(begin)] if quick else await climbed(step, begin)
        await asyncio.to_thread(_lengthen, at)
        for who, number in (("bare", BARE), ("hotline", HOTLINE)):
            begin = 20.0 if quick else guess_at_once
            step = partial(long, at, number, 4.0 if quick else 6.0)
            longs[who] = [await step(begin)] if quick else await climbed(step, begin)
    return {
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "calls_per_second": _limits(shorts),
        "long_prompts_at_once": _limits(longs),
    }


def _limits(tried: dict[str, list[Tried]]) -> dict[str, Any]:
    most = {who: max((t.load for t in tries if t.passed), default=0.0) for who, tries in tried.items()}
    found_end = {who: not all(each.passed for each in tries) for who, tries in tried.items()}
    ratio = {who: round(found / most["bare"], 2) for who, found in most.items() if who != "bare" and most["bare"]}
    return {
        "limit": most,
        "of_bare": ratio,
        "found": found_end,
        "tries": {who: [asdict(t) for t in ts] for who, ts in tried.items()},
    }
