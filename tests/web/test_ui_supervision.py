"""The shift lead's page in a real browser before the mock: find, listen, steer, ask why; fast with 500 agents."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.web.desk import WIDE, ZOOMED, Desk, open_desk
from web.ui.mock.floor import Floor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PICTURES = os.environ.get("HOTLINE_PICTURES")


async def _choose(desk: Desk, row: Locator, what: str) -> None:
    """Choose an entry of the menu of an agent's row, by keyboard."""
    await row.get_by_role("button", name="更多操作").press("Enter")
    await desk.page.get_by_role("menuitem", name=what).click()


async def _confirm(desk: Desk, button: str, text: str | None = None) -> None:
    box = desk.page.locator(".el-message-box, .el-dialog").filter(visible=True).last
    if text is not None:
        await box.locator("input").fill(text)
    await box.get_by_role("button", name=button, exact=True).click()


async def test_a_lead_finds_listens_steers_and_asks_why() -> None:
    async with open_desk() as desk:
        page, centre = desk.page, desk.centre
        centre.parked = centre.floor.parked()
        await desk.sign_in("/supervision")
        rows, watching = page.locator("[data-test=agents] tbody tr"), page.locator("[data-test=watching]")
        await expect(rows).to_have_count(50)  # of 60; the first is oneself
        await expect(page.locator("[data-test=agents] [role=status]")).to_have_text("60 / 60")
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / "floor.png")
        talks = next(one for one in centre.floor.agents[1:] if one["state"] == "talking")
        path = f"calls/{talks['call_id']}"
        await page.get_by_label("查找").fill(talks["job_number"])
        await expect(rows).to_have_count(1)
        row = page.locator(f"[data-agent={talks['id']}]")

        # Listening, and how; then leaving.
        await row.get_by_role("button", name="监听").press("Enter")
        await expect(watching).to_contain_text("双方都听不到您")
        await watching.get_by_role("button", name="密语").press("Enter")
        await expect(watching).to_contain_text("只有坐席听得到您")
        await _choose(desk, row, "强插")
        await expect(watching).to_contain_text("双方都听得到您")
        assert await desk.axe() == []
        await watching.get_by_role("button", name="退出监听").click()
        await expect(watching).to_have_count(0)
        assert [one for one in centre.steering.asked if one[1].startswith(path)] == [
            ("POST", f"{path}/monitor", {}),
            ("POST", f"{path}/whisper", {}),
            ("POST", f"{path}/barge", {}),
            ("POST", f"{path}/monitor", {"on": False}),
        ]
        centre.steering.refuse_next = "no_such_call"
        await row.get_by_role("button", name="监听").click()
        await desk.see("通话已经结束")
        centre.steering.refuse_next, centre.steering.refuse_details = "conflict", {"state": "wrap_up"}
        await row.get_by_role("button", name="监听").click()
        await desk.see("您的状态是“整理中”，先结束再做")

        # What cannot be undone is asked back; a reason is needed for ending a talk.
        await _choose(desk, row, "强制挂断")
        await _confirm(desk, "挂断")
        await desk.see("请写明原因")
        await _confirm(desk, "挂断", "客户辱骂坐席")
        await desk.see("通话已挂断")
        await _choose(desk, row, "发消息")
        form = page.locator("[data-test=write] form")
        await expect(form.get_by_label("内容")).to_be_focused()
        await page.keyboard.type("请优先接报修")
        await page.keyboard.press("Control+Enter")
        await desk.see("已发送")
        assert [(told["to"], told["text"]) for what, told in centre.shift.sent if what == "message"] == [
            ([talks["id"]], "请优先接报修")
        ]
        await page.locator("[data-test=write] summary").press("Enter")
        await expect(form).to_have_count(0)
        await _choose(desk, row, "设为未就绪")
        await page.get_by_label("开会").check()
        await _confirm(desk, "设为未就绪")
        await expect(row).to_contain_text("未就绪")
        await _choose(desk, row, "签出")
        await _confirm(desk, "签出")
        await expect(rows).to_have_count(0)
        assert centre.steering.asked[-3:] == [
            ("POST", f"{path}/hangup", {"reason": "客户辱骂坐席"}),
            ("POST", f"agents/{talks['id']}/state", {"state": "not_ready", "reason": "meeting"}),
            ("POST", f"agents/{talks['id']}/sign-out", {}),
        ]
        await page.get_by_role("button", name="清除筛选").click()
        await expect(rows).to_have_count(50)

        # Why a call waits; who is parked; storm mode and its triggers.
        await page.get_by_role("tab", name="在线通话").press("Enter")
        await page.locator("[data-test=calls] tbody tr").first.get_by_role("button", name="为什么在等").click()
        why = page.locator("[data-test=why]")
        await expect(why).to_contain_text("排在第 2 位，已等 0:41")
        await expect(why).to_contain_text("会处理的坐席有")
        await expect(why).to_contain_text("缺少技能：english")
        await expect(why).to_contain_text("因为VIP，比同时来电的人提前 0:30")
        assert await desk.axe() == []
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / "why.png")
        await page.keyboard.press("Escape")
        await page.get_by_role("tab", name="停放").click()
        await page.locator("[data-test=parked]").get_by_role("button", name="代接").click()
        await desk.see("请接听")
        assert centre.steering.asked[-1][1] == "calls/p1/pickup"
        await expect(page.locator("[data-test=triggers]")).to_contain_text("气象预警等级 已达到")
        await page.locator("[data-test=storm]").get_by_role("button", name="开启…").click()
        await _confirm(desk, "开启", "台风过境")
        await expect(page.locator("[data-test=storm] .tag")).to_have_text("已开启")
        assert centre.steering.asked[-1] == ("PUT", "storm", {"on": True, "why": "台风过境"})


async def test_the_floor_is_fast_and_fits_with_five_hundred_of_any_name() -> None:
    async with open_desk(locale="en", dark=True) as desk:
        page, centre = desk.page, desk.centre
        centre.floor = Floor(500, 40, ugly=True)
        centre.parked = centre.floor.parked()
        await desk.sign_in("/supervision")
        rows = page.locator("[data-test=agents] tbody tr")
        await expect(rows).to_have_count(50)
        await page.get_by_role("button", name="Next page").click()
        await expect(page.get_by_text("Page 2 of 10")).to_be_visible()
        await page.get_by_role("button", name="For", exact=True).click()
        await expect(page.locator("th[aria-sort=descending]")).to_have_text("For ▾")
        await expect(page.get_by_text("Page 1 of 10")).to_be_visible()
        await page.get_by_label("Find", exact=True).fill("1499")
        await expect(rows).to_have_count(1)
        await page.get_by_label("Find", exact=True).fill("")
        await page.get_by_label("State", exact=True).select_option("wrap_up")
        await expect(rows.first).to_contain_text("Wrap-up")
        for size in (WIDE, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            for tab in ("Live calls", "Parked", "Agents"):
                await page.get_by_role("tab", name=tab).click()
                await page.locator("#floor-list tbody tr").first.wait_for()
                assert not await desk.is_too_wide()
            assert await desk.axe() == []
        centre.closed = True
        await page.locator("[data-test=stale]", has_text="nothing new for").wait_for()
        centre.closed = False
        centre.floor = Floor(0, 0)
        await desk.see("Nobody is signed in")
