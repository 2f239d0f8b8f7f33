"""A desktop in a real browser before the mock centre, with everything that went wrong noted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request

from asterisk_conf.install import default_cache
from tests.browser import chromium
from web.build import ensure_workshop
from web.ui.mock.server import MockCentre

SLOWEST_MS = 20_000
"""How long a page may take to draw on a machine that does something else; no promise to anyone."""
WIDE = (1366, 768)
ZOOMED = (911, 512)
"""What 1366 x 768 leaves at 150 %."""


def workshop() -> Path:
    """Return where the desktop was built; it is built when it is not there."""
    return ensure_workshop(default_cache(), print)


@dataclass
class Desk:
    """One browser page and the centre that it talks to."""

    page: Page
    centre: MockCentre
    problems: list[str] = field(default_factory=list)

    async def sign_in(self, path: str = "/") -> None:
        """Sign in as an agent who sits at seat1001 already, and wait for the desktop."""
        self.centre.signed_in = True
        await self.page.goto(self.centre.address + path)
        await self.page.wait_for_selector(".control")

    async def see(self, text: str) -> None:
        """Wait until the text is on the page."""
        await self.page.get_by_text(text).first.wait_for(timeout=SLOWEST_MS)

    async def is_too_wide(self) -> bool:
        """Tell whether the page scrolls sideways."""
        return await too_wide(self.page)

    async def axe(self) -> list[str]:
        """Return what axe-core finds wrong, one line a rule."""
        return await axe(self.page)


async def too_wide(page: Page) -> bool:
    """Tell whether the page scrolls sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


async def axe(page: Page) -> list[str]:
    """Return what axe-core finds wrong on the page, one line a rule: WCAG 2.2 A and AA, and good practice."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate((workshop().parent / "node_modules/axe-core/axe.min.js").read_text())
    found: list[dict[str, Any]] = await page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
        ".then(r => r.violations)"
    )
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}" for one in found]


@asynccontextmanager
async def open_desk(*, locale: str = "zh-CN", dark: bool = False, size: tuple[int, int] = WIDE) -> AsyncIterator[Desk]:
    """Open a browser before a fresh centre; at the end nothing may have been wrong in the page."""
    async with MockCentre(workshop() / "dist") as centre, chromium() as browser:
        desk = Desk(await new_page(browser, locale, dark, size), centre)
        watch(desk.page, centre.address, desk.problems)
        yield desk
        assert desk.problems == []


def watch(page: Page, home: str, problems: list[str]) -> None:
    """Note in `problems` what goes wrong in the page, and every request that leaves `home`."""
    page.on("console", lambda message: _note(problems, message))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: _stay_home(home, problems, request))


async def new_page(browser: Browser, locale: str = "zh-CN", dark: bool = False, size: tuple[int, int] = WIDE) -> Page:
    """A page of an agent whose machine has another zone than the site."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="en-US" if locale == "en" else locale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        timezone_id="America/New_York",
    )
    await context.add_init_script(f"localStorage.setItem('hotline.locale', '{locale}')")
    return await context.new_page()


def _note(problems: list[str], message: ConsoleMessage) -> None:
    # The browser itself writes a line for a refused request; what the page says of that is tested.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        problems.append(message.text)


def _stay_home(home: str, problems: list[str], request: Request) -> None:
    if not request.url.startswith((home, home.replace("http", "ws"), "data:", f"blob:{home}")):
        problems.append(f"asked elsewhere: {request.url}")
