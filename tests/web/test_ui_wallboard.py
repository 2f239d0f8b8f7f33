"""The wallboard in a real browser: readable with nobody and with two hundred, and honest when it is old."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.desk import WIDE, ZOOMED, Desk, open_desk
from web.ui.mock import data
from web.ui.mock.data import now
from web.ui.mock.floor import Floor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PICTURES = os.environ.get("HOTLINE_PICTURES")
"""Where to put the pictures of the documentation; unset: none are taken."""
WALL = (1920, 1080)
ALARMS: list[data.Json] = [
    {"code": "wait_long", "level": "warning", "about": "general", "value": 83.2, "limit": 60.0, "since": None},
    {"code": "nobody_at_work", "level": "error", "about": "q1", "value": 4, "limit": None, "since": None},
    {"code": "talking_long", "level": "warning", "about": "ag3", "value": 1930, "limit": 1200, "since": None},
    {"code": "of_a_newer_server", "level": "new", "about": "", "value": None, "limit": None, "since": None},
    {"code": "storm", "level": "info", "about": "", "value": None, "limit": None, "since": "2026-11-23T07:00:00Z"},
]
INSIDE = """() => [...document.querySelectorAll('.lines > .line, [data-test=agents] li, [data-test=day] .chart')]
  .filter(one => {
    const box = one.closest('section').getBoundingClientRect(), own = one.getBoundingClientRect()
    return own.bottom > box.bottom || own.right > box.right || own.left < box.left
  }).length"""
"""How many rows, tiles or charts stick out of their box."""


async def _readable(desk: Desk, size: tuple[int, int]) -> None:
    await desk.page.set_viewport_size({"width": size[0], "height": size[1]})
    await expect(desk.page.locator("canvas")).to_have_count(1)
    await until(lambda: _nothing_sticks_out(desk), what="every row, tile and chart is inside its box")
    assert not await desk.is_too_wide()
    if size != ZOOMED:
        assert await desk.page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
    assert await desk.axe() == []


def _afternoon() -> str:
    """Return a zone in which it is three in the afternoon: a picture of a day that has been busy."""
    ahead = min(14, 15 - now().hour)  # there is no GMT+15
    return f"Etc/GMT{-ahead:+d}"


async def _nothing_sticks_out(desk: Desk) -> bool:
    return await desk.page.evaluate(INSIDE) == 0


async def _filled(desk: Desk, floor: Floor, agents: int, queues: int) -> None:
    """Let another floor be shown, and wait until it is."""
    desk.centre.floor = floor
    await expect(desk.page.locator("[data-test=agents] h2")).to_contain_text(str(agents))
    await expect(desk.page.locator("[data-test=queues]")).to_contain_text(str(queues) if queues else "写在配置文件里")


async def test_the_wall_is_readable_with_few_and_many_and_says_when_it_is_old() -> None:
    async with open_desk(size=WALL) as desk:
        page, centre = desk.page, desk.centre
        await page.goto(f"{centre.address}/wallboard")
        await page.wait_for_url("**/login?**")  # nobody is signed in; then straight back, without a seat
        await page.fill("#username", "1001")
        await page.fill("#password", "right")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/wallboard")
        assert centre.opened == []  # no desk, so no seat and no line of an agent is taken

        # What stands there is what the server says.
        if PICTURES:
            centre.floor = Floor(zone=_afternoon())
        centre.floor.queues[0] |= {"waiting": 8, "longest_wait_s": 83.2, "expected_wait_s": 96.0, "agents_ready": 0}
        centre.floor.agents[2] |= {"state": "talking", "since": data.ago(seconds=1930)}
        await expect(page.locator("[data-test=agents] li")).to_have_count(60)
        centre.floor.alarms = ALARMS
        figures, queues = page.locator("[data-test=figures]"), page.locator("[data-test=queues]")
        await expect(figures).to_contain_text("91.6%")
        await expect(figures).to_contain_text(f"接通 {centre.floor.answered} / {centre.floor.offered}")
        await expect(queues.locator(".lines .line").first).to_contain_text("综合服务")
        alarms = page.locator("[data-test=alarms] li")
        await expect(alarms.first).to_contain_text("故障报修：4 人在等，没有人在岗")
        await expect(alarms.nth(1)).to_contain_text("综合服务：最长已等 1:23（上限 1:00）")
        await expect(alarms.nth(3)).to_contain_text("of_a_newer_server")
        await expect(page.get_by_role("img", name="今天每半小时")).to_be_visible()
        await _readable(desk, WALL)
        if PICTURES:
            centre.floor.alarms = [ALARMS[0], ALARMS[2]]
            await expect(alarms).to_have_count(2)
            await page.screenshot(path=Path(PICTURES) / "wallboard.png")

        # It goes on by itself, and tells when it does not.
        before = await page.locator("[data-test=as-of]").inner_text()
        await expect(page.locator("[data-test=as-of]")).not_to_have_text(before)
        centre.closed = True
        await page.locator("[data-test=stale]", has_text="秒没有更新").wait_for()
        centre.closed, centre.uncounted = False, True  # a service that has just begun
        await page.locator("[data-test=stale]", has_text="正在统计").wait_for()
        centre.uncounted = False
        await expect(page.locator("[data-test=stale]")).to_have_count(0)
        await expect(alarms.first).to_be_visible()

        # Nobody and nothing yet; then far too many, with names of any length.
        empty = Floor(0, 0)
        empty.offered, empty.foretold = 0, False
        await _filled(desk, empty, 0, 0)
        await expect(page.locator("[data-test=agents]")).to_contain_text("没有人签入")
        await expect(page.locator("[data-test=day]")).to_contain_text("正在读取今天的预测")
        await _readable(desk, WIDE)
        many = Floor(200, 40, ugly=True)
        many.alarms = ALARMS * 3
        await _filled(desk, many, 200, 40)
        await expect(alarms.last).to_contain_text("另有 10 条告警")
        first = page.locator("[data-test=agents] .turned")
        shown = await first.text_content()
        for size in (WALL, WIDE, ZOOMED):
            await _readable(desk, size)
        await page.get_by_role("button", name="EN").click()
        await page.get_by_role("button", name="light or dark").click()
        await expect(figures).to_contain_text("last half hour 91.6%")
        for size in (ZOOMED, WIDE):
            await _readable(desk, size)

        # Pages turn by themselves until somebody stops them; full screen, and a session that ends.
        await expect(first).not_to_have_text(shown or "")
        await page.get_by_role("button", name="Stop turning pages").press("Enter")
        await expect(page.get_by_role("button", name="Turn pages", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        await page.get_by_role("button", name="Full screen").click()
        await until(lambda: page.evaluate("document.fullscreenElement !== null"), what="it fills the screen")
        centre.signed_in = False
        await page.wait_for_url("**/login?**")
