"""The first load of the desktop in a real Chromium with nothing in its cache: bytes on the wire and time.

The real web server with the built pages on loopback; each load is a new browser profile. What the wire itself costs
is not in it: 900 kB need 72 ms at 100 Mbit/s.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop
from playwright.async_api import Browser

from asterisk_conf.install import default_cache
from bench.screen_pop import Installation, figures
from tests.browser import chromium
from web.auth import COOKIE
from web.build import ensure_ui

LOOP = uvloop.new_event_loop
LARGEST = """
new PerformanceObserver(list => { window.largest = list.getEntries().at(-1).startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
"""
FIGURES = """() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  return {
    loaded: performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
    largest: window.largest ?? 0,
    usable: performance.now(),
    sent: all.reduce((sum, one) => sum + one.encodedBodySize, 0),
    whole: all.reduce((sum, one) => sum + one.decodedBodySize, 0),
    requests: all.length,
  };
}"""


async def run(times: int = 20, quick: bool = False) -> dict[str, Any]:
    """Return figures of signing in and of the desk: ms until loaded, until the largest paint, until usable; bytes."""
    pages = await asyncio.to_thread(ensure_ui, default_cache(), lambda line: print(line, file=sys.stderr))  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        hotline = Installation(Path(folder), pages)
        token = await hotline.open()
        try:
            async with chromium() as browser:
                count = 2 if quick else times
                await _load(browser, f"{hotline.base}/login", "", "#username")
                return {
                    "loads": count,
                    "sign_in": _told(
                        [await _load(browser, f"{hotline.base}/login", "", "#username") for _ in range(count)]
                    ),
                    "desk": _told([await _load(browser, f"{hotline.base}/", token, ".control") for _ in range(count)]),
                    "chromium": browser.version,
                }
        finally:
            await hotline.close()


async def _load(browser: Browser, address: str, token: str, until: str) -> dict[str, float]:
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    try:
        if token:
            await context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
        await context.add_init_script(LARGEST)
        page = await context.new_page()
        await page.goto(address)
        await page.locator(until).wait_for()
        return dict(await page.evaluate(FIGURES))
    finally:
        await context.close()


def _told(loads: list[dict[str, float]]) -> dict[str, Any]:
    times = {name: figures([one[name] / 1000 for one in loads]) for name in ("loaded", "largest", "usable")}
    return times | {name: int(max(one[name] for one in loads)) for name in ("sent", "whole", "requests")}
