"""A person without a mouse before a page: keys only, each press counted, the focus never lost."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.browser import chromium
from tests.until import until
from tests.web.desk import new_page, watch, workshop
from tests.web.world import PASSWORD, World, open_world

PARTS = 8
MOST = 16
"""So often at the most the Tab key is pressed on the way from one thing to the next."""
NO_MOUSE = "addEventListener('pointerdown', () => console.error('a mouse was used'), true)"
BEHIND = (
    "path => Boolean(document.activeElement.compareDocumentPosition(document.querySelector("
    "`header nav a[href='${path}']`)) & Node.DOCUMENT_POSITION_PRECEDING)"
)
"""Whether the link stands before what has the focus."""
LOST = "document.activeElement === null || document.activeElement === document.body"


@dataclass
class Keys:
    """Hands on the keyboard, eyes on the page."""

    page: Page
    was_somewhere: bool = False
    """Whether the focus was on something yet: a page that is loaded begins with it nowhere."""

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        """Type into what has the focus, over what is marked there."""
        await self.press("Control+a")
        await self.page.keyboard.type(text)

    async def part(self, where: str, key: str = "F6") -> None:
        """Go to the part of the page that is, or holds, `where`."""
        for _ in range(PARTS):
            if await self.page.locator(f"{where}:focus-within").count():
                return
            await self.press(key)
        raise AssertionError(f"{key} does not come to {where}; now at {await self.at()}")

    async def to(self, where: Locator, key: str = "Tab", most: int = MOST) -> None:
        """Press `key` until the focus is there; more than `most` times is more than can be asked of anybody."""
        await expect(where).to_have_count(1)
        await self.is_somewhere(f"before {where}")
        for _ in range(most + 1):
            if await where.and_(self.page.locator(":focus")).count():
                await expect(where).to_be_in_viewport()
                self.was_somewhere = True
                return
            await self.press(key)
        raise AssertionError(f"{where} is not there after {most} times {key}; now at {await self.at()}")

    async def do(self, where: Locator, key: str = "Tab", most: int = MOST) -> None:
        """Go there and press Enter."""
        await self.to(where, key, most)
        await self.press("Enter")

    async def fill(self, where: Locator, text: str, key: str = "Tab", most: int = MOST) -> None:
        """Go to a field and type."""
        await self.to(where, key, most)
        await self.write(text)

    async def pick(self, where: Locator, option: str, most: int = MOST) -> None:
        """Choose in a pick list of the browser by arrow keys."""
        await self.to(where, most=most)
        names = await where.locator("option").all_inner_texts()
        wanted = next(n for n, name in enumerate(names) if option in name)
        at = int(await where.evaluate("one => one.selectedIndex"))
        await self.press(*["ArrowDown" if wanted > at else "ArrowUp"] * abs(wanted - at))
        await expect(where.locator("option:checked")).to_have_text(re.compile(re.escape(option)))

    async def at(self) -> str:
        """What has the focus, as the page writes it."""
        return str(await self.page.evaluate("document.activeElement?.outerHTML.slice(0, 200)"))

    async def is_somewhere(self, when: str) -> None:
        """The focus is on something, soon: after a deed that took away what had it, too."""

        async def kept() -> bool:
            return not self.was_somewhere or not await self.page.evaluate(LOST)

        await until(kept, 3, what=f"the focus is somewhere {when}")


@asynccontextmanager
async def working(
    folder: Path, name: str, seat: str = "", *, locale: str = "zh-CN", path: str = "", **more: object
) -> AsyncIterator[tuple[World, Keys]]:
    """Somebody signs in before our own server, by keys, and goes to the page in the bar named `path`."""
    problems: list[str] = []
    async with open_world(folder, ui_dir=workshop() / "dist", **more) as world, chromium() as browser:
        if seat:
            await world.phone(seat)
        page = await new_page(browser, locale)
        await page.add_init_script(NO_MOUSE)
        watch(page, world.base, problems)
        keys = Keys(page)
        await page.goto(world.base)
        await expect(page.locator("#username")).to_be_focused()
        await page.keyboard.type(name)
        await keys.press("Tab")
        await page.keyboard.type(PASSWORD)
        await keys.press("Enter")
        await page.get_by_role("radiogroup").wait_for()
        if seat:
            await expect(page.locator("[role=radiogroup] :focus")).to_have_count(1)
            for _ in range(PARTS):
                if await page.locator(f"input[value='{seat}']").is_checked():
                    break
                await keys.press("ArrowDown")
            await keys.press("Enter")
        else:
            await keys.do(page.get_by_role("button", name=re.compile("不使用座席|Without a seat")))
        await page.locator(".control, .floor").first.wait_for()
        if path:
            await open_page(keys, path)
        yield world, keys
        assert problems == []


async def open_page(keys: Keys, path: str) -> None:
    """Open a page of the bar, by the menu of what has no room in it where that is so."""
    page = keys.page
    link, more = page.locator(f"header nav a[href='{path}']"), page.locator("[data-test=more-pages]")
    await link.wait_for(state="attached")
    if await link.is_visible():
        await keys.part("header", "Shift+F6")
        await keys.do(link, "Shift+Tab" if await page.evaluate(BEHIND, path) else "Tab")
    else:
        await keys.part("header", "Shift+F6")
        await keys.do(more)
        await page.get_by_role("menuitem").first.wait_for()
        await keys.do(page.get_by_role("menuitem", name=await link.inner_text()), "ArrowDown")
    await page.wait_for_url(f"**{path}**")
