"""What the wallboard costs the machine of the large screen: time of its main thread and memory of its page.

A real Chromium shows `/wallboard` at 1920 x 1080 before a centre whose agents and queues move ten times a second.
Time is Chromium's own count of its main thread's tasks (CDP `Performance.getMetrics`, TaskDuration): once by the clock
of the thread, which is what the page costs, once by the clock on the wall, in which others' turns on a busy machine
are counted too. Memory is the JavaScript heap after a forced collection. An hour; a minute with `--quick`.
"""

import asyncio
import gzip
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import CDPSession, Page, ViewportSize, async_playwright

from asterisk_conf.install import default_cache
from core.tasks import TaskOwner
from web.build import ensure_ui
from web.ui.mock.floor import Floor
from web.ui.mock.server import MockCentre

AGENTS, QUEUES, EVENTS_A_SECOND = 60, 5, 10
LONG_S, SHORT_S, LOOK_EVERY_S = 3600.0, 60.0, 20.0
WARM_UP_S = 5.0
SIZE = ViewportSize(width=1920, height=1080)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MEGABYTE = 1e6


async def run(*, quick: bool = False) -> dict[str, object]:
    """Measure, and return the figures."""
    async with MockCentre(ensure_ui(default_cache(), lambda _: None)) as centre, _page(centre) as (page, loaded):
        tasks = TaskOwner("events")
        tasks.start(_events(centre.floor), "events")
        try:
            return {
                "what": f"/wallboard with {AGENTS} agents, {QUEUES} queues, {EVENTS_A_SECOND} events/s, 1920 x 1080",
                "first_load": await loaded,
                **await _watch(page, SHORT_S if quick else LONG_S),
            }
        finally:
            await tasks.close()


@asynccontextmanager
async def _page(centre: MockCentre) -> AsyncIterator[tuple[Page, Any]]:
    program = next((found for one in CHROMIUM if (found := shutil.which(one))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = await (await browser.new_context(viewport=SIZE, locale="zh-CN")).new_page()
            centre.signed_in, centre.floor = True, Floor(AGENTS, QUEUES)
            yield page, _load(page, centre)
        finally:
            await browser.close()


async def _load(page: Page, centre: MockCentre) -> dict[str, float]:
    """Open the page with an empty cache: until its figures stand there, and the bytes it took, compressed."""
    answers: list[Any] = []
    page.on("response", lambda one: answers.append(one))  # playwright marks the function it is given
    began = time.monotonic()
    await page.goto(f"{centre.address}/wallboard")
    await page.locator("[data-test=figures]").wait_for()
    seconds = time.monotonic() - began
    bodies = [await one.body() for one in answers if one.ok]
    return {"seconds": round(seconds, 2), "kB_compressed": round(sum(len(gzip.compress(one)) for one in bodies) / 1e3)}


async def _events(floor: Floor) -> None:
    while True:
        floor.beat()
        await asyncio.sleep(1 / EVENTS_A_SECOND)


async def _watch(page: Page, seconds: float) -> dict[str, object]:
    await asyncio.sleep(WARM_UP_S)
    thread, wall = await _session(page, "threadTicks"), await _session(page, "timeTicks")
    cpu, busy, heaps, began = (
        await _task_seconds(thread),
        await _task_seconds(wall),
        [await _heap(thread)],
        time.monotonic(),
    )
    highest = 0.0
    while (passed := time.monotonic() - began) < seconds:
        await asyncio.sleep(min(LOOK_EVERY_S, seconds - passed))
        highest = max(highest, (await _metrics(thread))["JSHeapUsedSize"] / MEGABYTE)
        heaps.append(await _heap(thread))
    passed = time.monotonic() - began
    return {
        "seconds": round(passed),
        "main_thread_percent": round(100 * (await _task_seconds(thread) - cpu) / passed, 2),
        "main_thread_percent_by_the_wall_clock": round(100 * (await _task_seconds(wall) - busy) / passed, 2),
        "heap_MB_first": round(heaps[0], 1),
        "heap_MB_last": round(heaps[-1], 1),
        "heap_MB_most": round(max(heaps), 1),
        "heap_MB_most_before_collection": round(highest, 1),
        "nodes_last": int((await _metrics(thread))["Nodes"]),
        "as_of_moves": await _moves(page),
    }


async def _session(page: Page, clock: str) -> CDPSession:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": clock})
    return session


async def _metrics(session: CDPSession) -> dict[str, float]:
    found = await session.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in found["metrics"]}


async def _task_seconds(session: CDPSession) -> float:
    return (await _metrics(session))["TaskDuration"]


async def _heap(session: CDPSession) -> float:
    """Return the JavaScript heap after a forced collection, in megabytes."""
    await session.send("HeapProfiler.collectGarbage")
    return (await _metrics(session))["JSHeapUsedSize"] / MEGABYTE


async def _moves(page: Page) -> bool:
    """Tell whether the page still follows at the end."""
    shown = page.locator("[data-test=as-of]")
    before = await shown.inner_text()
    await asyncio.sleep(2.5)
    return await shown.inner_text() != before
