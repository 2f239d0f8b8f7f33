"""From the seat being chosen to the screen pop drawn in a real Chromium, with 19 more agents signed in.

The real web server with the built desktop and the services of `bench.screen_pop`; the page is one of 20 open desktops.
Clocked by the machine's clock, from `reserve` being called to the frame after the one in which the customer's name
stands in the page; server, browser and the other sockets share the machine.
"""

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from playwright.async_api import BrowserContext, Page

from agents.model import State
from asterisk_conf.install import default_cache
from bench.screen_pop import AGENT, Installation, figures
from core.tasks import TaskOwner
from tests.browser import chromium
from tests.until import until
from web.auth import COOKIE
from web.build import ensure_ui
from web.route import DESKTOPS

LOOP = uvloop.new_event_loop
OTHERS = 19
WATCH = """
(() => {
  window.drawn = {};
  let last = '';
  const look = () => {
    const name = document.querySelector('[data-test=customer-name]')?.textContent?.trim() ?? '';
    if (name === last) return;
    last = name;
    const after = () => { window.drawn[name] ??= performance.timeOrigin + performance.now(); };
    const channel = new MessageChannel();
    channel.port1.onmessage = after;
    if (name) requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
})();
"""
"""Put into the page before its own script: notes when each customer's name is on the screen, ms since 1970."""


async def run(times: int = 200, quick: bool = False) -> dict[str, Any]:
    """Return how long it takes, in ms, for a caller who waited and for one whose agent was free at once."""
    pages = await asyncio.to_thread(ensure_ui, default_cache(), lambda line: print(line, file=sys.stderr))  # noqa: T201
    count = 5 if quick else times
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        hotline = Installation(Path(folder), pages, OTHERS)
        token = await hotline.open()
        stack.push_async_callback(hotline.close)
        await _others(stack, hotline)
        browser = await stack.enter_async_context(chromium())
        page = await _desk(
            await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN"), hotline.base, token
        )
        await _measured(hotline, page, range(10, 15), waited=True)  # the page compiles what it has not run yet
        waited = await _measured(hotline, page, range(100, 100 + count), waited=True)
        at_once = await _measured(hotline, page, range(1000, 1000 + count), waited=False)
        return {
            "calls": count,
            "sockets": 1 + OTHERS,
            "waited": figures(waited),
            "agent_free_at_once": figures(at_once),
            "chromium": browser.version,
        }


async def _others(stack: AsyncExitStack, hotline: Installation) -> None:
    """Open the desktops of the other agents, which hear what there is to hear."""
    session = await stack.enter_async_context(aiohttp.ClientSession())
    tasks = TaskOwner("desktops")
    stack.push_async_callback(tasks.close)
    for token in await hotline.open_others():
        headers = {"Authorization": f"Bearer {token}"}
        socket = await stack.enter_async_context(session.ws_connect(f"{hotline.base}/api/v1/desktop", headers=headers))
        tasks.start(_hear(socket), "desktop")


async def _hear(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _desk(context: BrowserContext, base: str, token: str) -> Page:
    await context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
    await context.add_init_script(WATCH)
    page = await context.new_page()
    await page.goto(base)
    await page.locator(".control").wait_for()
    return page


async def _measured(hotline: Installation, page: Page, customers: range, *, waited: bool) -> list[float]:
    """Return the seconds of one call of each customer."""
    took = []
    for customer in customers:
        call_id = f"{customer}.1"
        await hotline.agents.set_state(AGENT, State.READY)
        await hotline.queue(call_id, customer)
        if waited:
            await hotline.app[DESKTOPS].pops.fetched(call_id)
        chosen = time.time()
        await hotline.agents.reserve(AGENT, call_id)
        took.append(await _drawn(page, f"客户{customer}") - chosen)
        await hotline.end(call_id)
    return took


async def _drawn(page: Page, name: str) -> float:
    """Return when the page showed this customer, seconds since 1970; it notes that itself, so asking is not timed."""
    shown = await until(lambda: page.evaluate("name => window.drawn[name] ?? null", name), 10, what=name)
    return float(shown) / 1000
