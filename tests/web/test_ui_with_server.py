"""The desktop before our own server: both sides keep the same contract through a whole call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import chromium
from tests.until import until
from tests.web.desk import new_page, watch, workshop
from tests.web.world import PASSWORD, World, open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@asynccontextmanager
async def _signed_in(folder: Path, name: str, seat: str) -> AsyncIterator[tuple[World, Page]]:
    problems: list[str] = []
    async with open_world(folder, ui_dir=workshop() / "dist") as world, chromium() as browser:
        await world.phone(seat)
        page = await new_page(browser)
        watch(page, world.base, problems)
        await page.goto(world.base)
        await page.fill("#username", name)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.check(f"input[value='{seat}']")
        await page.get_by_role("button", name="进入工作台").click()
        await page.locator(".control").wait_for()
        yield world, page
        assert problems == []


async def test_a_whole_call(tmp_path: Path) -> None:
    async with _signed_in(tmp_path, "1001", "1001") as (world, page):
        await page.keyboard.press("Alt+r")
        await until(lambda: world.state_of("1001") == "ready")
        call_id = world.call("13800000002")
        await expect(page.locator("[data-test=customer-name]")).to_have_text("王芳")
        await expect(page.locator("[data-test=bill]")).to_contain_text("逾期未缴")
        await expect(page.locator("[data-test=bill]")).to_contain_text("101.00 元")
        world.pbx.pick_up(await world.rings(call_id))
        await page.locator("#note").fill("问电费")
        await page.keyboard.press("Control+Enter")
        await page.get_by_text("备注已保存").wait_for()
        await page.keyboard.press("Alt+h")
        await page.get_by_role("button", name="恢复通话").wait_for()
        await page.reload()
        await page.get_by_role("button", name="恢复通话").click()
        await world.until_state(call_id, "talking")
        await expect(page.locator("[data-test=customer-name]")).to_have_text("王芳")
        world.pbx.gone(call_id)
        await page.get_by_label("咨询查询").check()
        await page.keyboard.press("Control+Enter")
        await page.locator("#wrap-note").press("Control+Enter")
        await until(lambda: world.state_of("1001") == "ready")
        await page.get_by_role("link", name="通话记录").click()
        await page.get_by_role("button", name="详情").click()
        await page.get_by_text("坐席备注").first.wait_for()
        await page.get_by_text("坐席接听").wait_for()
        assert "问电费" in await page.locator("main").inner_text()


async def test_an_outage_and_a_number_that_nobody_has(tmp_path: Path) -> None:
    async with _signed_in(tmp_path, "1001", "1001") as (world, page):
        await page.keyboard.press("Alt+r")
        await until(lambda: world.state_of("1001") == "ready")
        call_id = world.call("13800000003")
        await expect(page.locator("[data-test=outage]")).to_contain_text("计划停电")
        await expect(page.locator("[data-test=bill]")).to_contain_text("未到期")
        await expect(page.locator("[data-test=arrears]")).to_have_count(0)
        world.pbx.pick_up(await world.rings(call_id))
        await page.locator("#note").wait_for()
        await page.keyboard.press("Alt+g")
        await page.keyboard.press("Alt+g")
        await page.get_by_label("其他").check()
        await page.locator("#wrap-note").press("Control+Enter")
        await until(lambda: world.state_of("1001") == "ready")
        other = world.call("13800000006")
        world.pbx.pick_up(await world.rings(other))
        await page.get_by_text("号码没有对应的客户").wait_for()
        await page.fill("#find-customer", "3200000007")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="选择").click()
        await expect(page.locator("[data-test=customer-name]")).to_have_text("陈静")
        await page.get_by_text("欠费停电").first.wait_for()


async def test_a_lost_phone_keeps_the_agent_from_ready(tmp_path: Path) -> None:
    async with _signed_in(tmp_path, "1001", "1001") as (world, page):
        await world.phone("1001", there=False)
        await page.get_by_text("来电送不到您这里").wait_for()
        await page.keyboard.press("Alt+r")
        await page.get_by_text("话机没有注册，不能就绪").wait_for()
        await world.phone("1001")
        await expect(page.get_by_text("来电送不到您这里")).to_have_count(0)


async def test_a_shift_lead_without_a_seat_begins_at_the_live_calls(tmp_path: Path) -> None:
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        page = await new_page(browser)
        await page.goto(world.base)
        await page.fill("#username", "lead")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="不使用座席").click()
        await page.wait_for_url("**/live")


async def test_the_shift_lead_sees_live_calls(tmp_path: Path) -> None:
    async with _signed_in(tmp_path, "lead", "1002") as (world, page):
        await world.ready("1001", "1001")
        await world.talking("13800000001")
        await page.get_by_role("link", name="在线通话").click()
        await expect(page.locator("tbody tr")).to_contain_text("138 0000 0001")
        await expect(page.locator("tbody tr")).to_contain_text("坐席1001")
        await page.reload()
        await expect(page.locator("tbody tr")).to_contain_text("通话")
