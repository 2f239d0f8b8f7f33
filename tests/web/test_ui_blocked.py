"""Blocked numbers in a real browser before our own server: looked at, prolonged and lifted by who leads the shift."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.browser import chromium
from tests.web.desk import WIDE, ZOOMED, axe, new_page, too_wide, watch, workshop
from tests.web.world import PASSWORD, open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

UGLY = "<img src=x onerror=alert(1)>" + "没有空格的很长的原因" * 40


async def test_a_lead_sees_prolongs_and_lifts_blocks_by_keyboard(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        page = await new_page(browser)
        watch(page, world.base, problems)
        await page.goto(world.base)
        await page.fill("#username", "lead")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="不使用座席").click()
        await page.goto(f"{world.base}/supervision")
        await page.locator("#tab-blocked").click()
        table = page.locator("[data-test=blocked]")
        await expect(table).to_contain_text("没有限制的号码")

        lead = world.users["lead"].id
        await world.nuisance.block("13800000009", lead, days=3, note="反复骚扰")
        for number in range(40):
            await world.nuisance.block(f"1390000{number:04}", lead, days=1, note=UGLY[:500])
        await page.reload()
        await page.locator("#tab-blocked").click()
        rows = table.locator("tbody")
        await expect(rows).to_have_count(41)
        first = rows.filter(has_text="反复骚扰")
        await expect(first).to_contain_text("坐席lead")
        await first.get_by_role("button", name="延长").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#block-days")).to_be_focused()
        await page.fill("#block-days", "0")
        await page.focus("#block-note")
        await page.keyboard.press("Enter")
        await expect(table.get_by_role("alert")).to_contain_text("天数要大于 0")
        await page.fill("#block-days", "30")
        await page.focus("#block-note")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=block-form]")).to_have_count(0)
        (kept,) = [one for one in await world.nuisance.blocks() if one.phone == "13800000009"]
        assert ((kept.until - kept.since).days, kept.note) == (30, "反复骚扰")

        answered = asyncio.Event()

        async def late(route: Route) -> None:
            await answered.wait()
            await route.continue_()

        await page.route("**/prolong", late)
        await rows.nth(5).get_by_role("button", name="延长").click()
        await page.focus("#block-note")
        await page.keyboard.press("Enter")
        await first.get_by_role("button", name="解除").click()
        await expect(page.locator("#block-note")).to_be_focused()
        await page.fill("#block-note", "未写完")
        answered.set()
        await expect(page.get_by_text("已延长")).to_have_count(2)
        async with page.expect_response("**/blocked-numbers"):
            pass
        async with page.expect_response("**/blocked-numbers"):
            pass
        await expect(page.locator("#block-note")).to_have_value("未写完")
        await expect(page.locator("#block-note")).to_be_focused()
        await page.fill("#block-note", "")
        await page.focus("#block-note")
        await page.keyboard.press("Enter")
        await expect(table.get_by_role("alert")).to_contain_text("请写明为什么解除")
        assert await axe(page) == []
        await page.fill("#block-note", "客户道歉")
        await page.keyboard.press("Enter")
        await expect(first).to_contain_text("坐席lead 于")
        await expect(first.get_by_role("button")).to_have_count(0)
        assert not world.nuisance.blocked("13800000009")
        for size in (WIDE, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not await too_wide(page)
            await page.screenshot(path=tmp_path / f"blocked-{size[0]}.png")
            await page.get_by_role("button", name="EN").or_(page.get_by_role("button", name="中文")).first.click()
    assert problems == []
