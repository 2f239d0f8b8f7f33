"""The sign-in page before our own server: which seats there are, and which one is proposed."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agents.model import SeatKind
from tests.browser import chromium
from tests.web.desk import ZOOMED, axe, new_page, too_wide, watch, workshop
from tests.web.world import PASSWORD, World, open_world
from web.ui.mock.server import MockCentre

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PICTURES = os.environ.get("HOTLINE_PICTURES")


async def _sign_in(world: World, page: Page, name: str) -> None:
    await page.goto(f"{world.base}/login?why=expired")
    await page.locator("#username").press_sequentially(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("radiogroup").wait_for()


async def test_a_phone_in_the_page_is_no_fault_and_the_usual_seat_is_proposed_unless_taken(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        await world.accounts.add_seat("1101", kind=SeatKind.BROWSER)
        await world.accounts.change_user(world.users["1001"].id, seat_id="1101")
        await world.accounts.change_user(world.users["1002"].id, seat_id="1101")
        await world.phone("1002")
        page = await new_page(browser)
        watch(page, world.base, problems)

        await _sign_in(world, page, "1001")
        seats = page.locator("label.seat")
        await expect(seats.filter(has_text="1101")).to_contain_text("网页话机")
        await expect(seats.filter(has_text="1101")).not_to_contain_text("未注册")
        await expect(seats.filter(has_text="1002")).to_contain_text("话机已注册")
        await expect(seats.filter(has_text="1003")).to_contain_text("话机未注册")
        await expect(page.locator("input[value='1101']")).to_be_checked()
        await expect(page.locator("input[value='1101']")).to_be_focused()
        await expect(page.locator("input[value='1101']")).to_be_in_viewport()
        assert await axe(page) == []
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / "seats.zh.png")

        # This browser stood at another desk last time: that says more than where the person mostly sits.
        for _ in range(5):
            await page.keyboard.press("ArrowUp")
        await expect(page.locator("input[value='1002']")).to_be_checked()
        await page.keyboard.press("Enter")
        await page.locator(".control").wait_for()
        async with world.client("1001") as agent:
            await agent.ask("DELETE", "/session", expect=204)
        await _sign_in(world, page, "1001")
        await expect(page.locator("input[value='1002']")).to_be_checked()

        # Nobody is sent to a seat at which somebody sits, be it kept or usual.
        async with world.client("lead", seat="1002"), world.client("1002", seat="1101"):
            other = await new_page(browser, "en", True, ZOOMED)
            watch(other, world.base, problems)
            await _sign_in(world, other, "1001")
            await expect(other.locator("input[value='1101']")).to_be_disabled()
            await expect(other.get_by_role("radio", checked=True)).to_have_count(0)
            await expect(other.locator("label.seat").filter(has_text="1101")).to_contain_text("phone in this page")
            assert not await too_wide(other)
            assert await axe(other) == []
            if PICTURES:
                await other.screenshot(path=Path(PICTURES) / "seats.en.png")
            await other.evaluate("localStorage.setItem('hotline.seat', '1002')")
            await _sign_in(world, other, "1001")
            await expect(other.get_by_role("radio", checked=True)).to_have_count(0)
        assert problems == []


async def test_the_language_is_the_browsers_own_until_another_one_is_chosen() -> None:
    async with MockCentre(workshop() / "dist") as centre, chromium() as browser:
        for locale, word in (("zh-TW", "登录"), ("en-GB", "Sign in"), ("de-DE", "Sign in")):
            context = await browser.new_context(locale=locale)
            page = await context.new_page()
            await page.goto(f"{centre.address}/login")
            await expect(page.get_by_role("button", name=word, exact=True)).to_be_visible()
            assert await page.evaluate("document.documentElement.lang") == ("zh-CN" if word == "登录" else "en")
        await page.get_by_role("button", name="中文").press("Enter")
        await page.reload()
        await expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
