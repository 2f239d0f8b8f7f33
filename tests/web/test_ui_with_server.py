"""The desktop before our own server: both sides keep the same contract through a whole call."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from core.switches import STORM
from tests.browser import chromium
from tests.until import until
from tests.web.desk import WIDE, ZOOMED, axe, new_page, too_wide, watch, workshop
from tests.web.world import PASSWORD, World, open_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PICTURES = os.environ.get("HOTLINE_PICTURES")
"""Where to put the pictures of the documentation; unset: none are taken."""


@asynccontextmanager
async def signed_in(folder: Path, name: str, seat: str) -> AsyncIterator[tuple[World, Page]]:
    """A browser page of who has just signed in before a real server; nothing may have been wrong in the page."""
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
    async with signed_in(tmp_path, "1001", "1001") as (world, page):
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
        await until(lambda: world.state_of("1001") == "ready")
        await page.get_by_role("link", name="通话记录").click()
        await page.get_by_role("button", name="详情").click()
        await page.get_by_text("坐席备注").first.wait_for()
        await page.get_by_text("坐席接听").wait_for()
        assert "问电费" in await page.locator("main").inner_text()
        await expect(page.get_by_role("link", name="公告")).to_have_count(0)
        await page.goto(f"{world.base}/announcements")
        await page.get_by_text("公告由副班长、值长、主管和管理员管理").wait_for()


async def test_why_so_much_this_month_within_one_screen(tmp_path: Path) -> None:
    async with signed_in(tmp_path, "1001", "1001") as (world, page):
        await page.keyboard.press("Alt+r")
        await until(lambda: world.state_of("1001") == "ready")
        call_id = world.call("13800000002")
        world.pbx.pick_up(await world.rings(call_id))
        await page.locator("[data-test=why-bill]").click()
        answer = page.locator("[data-test=answer]")
        await expect(answer).to_contain_text("比上月（121度，66.17元）多33.83元。主要原因：用电多57度")
        await expect(page.locator("#note")).to_be_visible()
        for part in ("[data-test=answer]", "[data-test=causes] tfoot"):
            assert await page.locator(part).evaluate("e => e.getBoundingClientRect().bottom < innerHeight"), part
        bars = page.locator("[data-test=causes] tbody tr")
        await expect(bars.first).to_contain_text("+28.97")
        steps = page.locator("[data-test=steps]")
        await expect(steps).not_to_contain_text("此前累计电量")
        await steps.get_by_role("button", name=re.compile("第2档电度电费")).press("Enter")
        await steps.get_by_role("button", name=re.compile("第2档本档电量")).press("Enter")
        await expect(steps).to_contain_text("此前累计电量")
        await page.get_by_role("button", name="全部展开").click()
        await expect(steps).to_contain_text("本期表码")
        await page.get_by_role("button", name="短信发给客户").click()
        await expect(page.locator("[data-test=text]")).to_contain_text("尾号0002的户号")
        await page.get_by_role("button", name="发送", exact=True).click()
        await page.get_by_text("已发送到 138****0002").wait_for()
        await page.get_by_role("button", name="算一算").click()
        await page.get_by_text(re.compile("一年约少交")).wait_for()
        assert await axe(page) == []
        if PICTURES:
            await page.locator(".middle").evaluate("one => one.scrollTo(0, 0)")
            await page.screenshot(path=Path(PICTURES) / "bill.png")
        await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
        assert not await too_wide(page)
        await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        for account, told in (
            ("12", "平常每月约164度"),
            ("12", "请问家里是否新增了空调"),
            ("13", "请客户读出电能表现在的示数"),
            ("13", "总：8210 → 8021"),
            ("08", "已出 123.60 元"),
            ("11", "没有抄表数据"),
            ("18", "部分缴费，还欠 110.00 元"),
            ("18", "合计应缴"),
            ("99", "没有账单"),
        ):
            await page.goto(f"{world.base}/bill/32000000{account}")
            await expect(page.locator("[data-test=bill-page]")).to_contain_text(told)
        await page.goto(f"{world.base}/bill/3200000021")
        async with page.expect_download() as paper:
            await page.get_by_role("button", name="下载 PDF").click()
        assert (await paper.value).suggested_filename.startswith("3200000021-")


async def test_an_outage_and_a_number_that_nobody_has(tmp_path: Path) -> None:
    async with signed_in(tmp_path, "1001", "1001") as (world, page):
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
    async with signed_in(tmp_path, "1001", "1001") as (world, page):
        await world.phone("1001", there=False)
        await page.get_by_text("来电送不到您这里").wait_for()
        await page.keyboard.press("Alt+r")
        await page.get_by_text("话机没有注册，不能就绪").wait_for()
        await world.phone("1001")
        await expect(page.get_by_text("来电送不到您这里")).to_have_count(0)


async def _listens_whispers_and_goes(world: World, page: Page, call_id: str) -> None:
    """The lead's desk phone is rung from the page, hears the talk, and is heard by the agent alone."""
    row, watching = (
        page.locator("[data-test=agents] tbody tr", has_text="坐席1001"),
        page.locator("[data-test=watching]"),
    )
    await expect(page.get_by_text("要监听，请先选一个座席")).to_be_visible()
    await expect(row.get_by_role("button", name="监听")).to_be_disabled()
    await world.phone("1003")
    async with world.client("lead", seat="1003"):
        await expect(page.get_by_text("要监听，请先选一个座席")).to_have_count(0)
        await row.get_by_role("button", name="监听").click()
        await expect(watching).to_contain_text("请接听")
        leg = await until(
            lambda: next((one for one in world.pbx.live if "-watch-" in one), None), what="the lead's phone rings"
        )
        world.pbx.pick_up(leg)
        await expect(watching).to_contain_text("双方都听不到您")
        await watching.get_by_role("button", name="密语").click()
        await expect(watching).to_contain_text("只有坐席听得到您")
        assert world.pbx.sent[-1] == (f"{call_id}-seat-1", "whisper")
        await watching.get_by_role("button", name="退出监听").click()
        await until(lambda: leg not in world.pbx.live, what="the lead has left")


async def test_the_work_of_an_agent_beside_and_after_a_call(tmp_path: Path) -> None:
    async with signed_in(tmp_path, "1001", "1001") as (world, page), world.client("lead") as lead:
        lost = world.call("13800000004")
        await world.until_state(lost, "queued")
        world.pbx.gone(lost)
        await until(lambda: not world.calls.live())
        await page.keyboard.press("Alt+r")
        await until(lambda: world.state_of("1001") == "ready")
        call_id = world.call("13800000001")
        world.pbx.pick_up(await world.rings(call_id))
        await world.until_state(call_id, "talking")
        await page.get_by_role("button", name="登记工单").click()
        form = page.locator("[data-test=order-form]")
        await form.get_by_label("没有", exact=True).check()
        await expect(form.locator("#order-account")).to_have_value("3200000001")
        await form.get_by_label("全家").check()
        await form.get_by_role("button", name="提交工单").dblclick()
        taken = page.locator("[data-test=taken]")
        await expect(taken).to_contain_text("您的报修工单号是")
        await expect(
            page.locator("section.panel", has=page.get_by_role("heading", name="在途工单")).locator("li")
        ).to_have_count(1)
        [order] = await world.orders.orders()
        number = await taken.locator("[data-test=order-number]").inner_text()
        assert (number.replace(" ", ""), order.report.account, order.report.call_id) == (
            order.number,
            "3200000001",
            call_id,
        )
        await page.keyboard.press("Alt+o")
        await form.get_by_label("没有", exact=True).check()
        await form.locator("[data-test=known-orders]").get_by_role("button", name="催办").click()
        await expect(form.locator("[data-test=urge-told]")).to_contain_text("共 1 次")
        await lead.ask("POST", "/messages", {"key": "form-0001", "text": "请优先接报修", "to": []}, expect=201)
        bar = page.locator("[data-test=message-bar]")
        await expect(bar).to_contain_text("请优先接报修")
        world.pbx.gone(call_id)
        await page.get_by_role("button", name="延长").click()
        await page.locator("input[name=result][value=fault]").check()
        await page.locator("#wrap-note").press("Control+Enter")
        await until(lambda: world.state_of("1001") == "ready")
        await bar.get_by_role("button", name="知道了").click()
        await expect(bar.locator(".message")).to_have_count(0)
        await page.get_by_role("link", name="班次").click()
        await expect(page.locator("[data-test=answered]")).to_have_text("1")
        await expect(page.locator("[data-test=backup]")).to_contain_text("备班没有启动")
        [sent] = (await lead.ask("GET", "/messages/sent"))["items"]
        assert [one["agent_id"] for one in sent["people"]] == [world.users["1001"].id]
        await page.get_by_role("link", name="回拨").click()
        await page.locator("[data-test=abandoned]").get_by_role("button", name="排入回拨").click()
        await until(lambda: world.state_of("1001") == "ringing", what="the caller who hung up is rung back in turn")


async def test_a_shift_lead_sees_the_calls_of_all_announces_and_steers(tmp_path: Path) -> None:
    problems: list[str] = []
    async with open_world(tmp_path, ui_dir=workshop() / "dist") as world, chromium() as browser:
        page = await new_page(browser)
        watch(page, world.base, problems)
        await world.ready("1001", "1001")
        call_id = await world.talking("13800000001")
        await page.goto(world.base)
        await page.fill("#username", "lead")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="不使用座席").click()
        await page.wait_for_url("**/supervision")
        row, watching = page.locator("[data-test=agents] tbody tr"), page.locator("[data-test=watching]")
        await expect(row).to_contain_text("138 0000 0001")
        await expect(row).to_contain_text("坐席1001")
        await _listens_whispers_and_goes(world, page, call_id)
        await expect(watching).to_have_count(0)
        await page.goto(f"{world.base}/calls")
        await expect(page.locator("tbody tr")).to_contain_text("坐席1001")  # of all, without a click

        await page.get_by_role("link", name="公告").click()
        now, planned, ended = (page.locator(f"[data-test={name}]") for name in ("now", "planned", "ended"))
        write, storm = page.locator("[data-test=write]"), page.locator("[data-test=storm]")
        await expect(now).to_contain_text("就写一条")
        await write.get_by_role("button", name="开始播报").click()
        await expect(write.get_by_role("alert")).to_contain_text("1 到 300 个字")
        await page.get_by_label("到", exact=True).fill("2020-01-01T00:00")
        await page.get_by_label("播报内容").fill("受台风影响，部分线路停电，我们正在抢修。")
        await write.get_by_role("button", name="开始播报").click()
        await expect(write.get_by_role("alert")).to_contain_text("也要晚于现在")
        await page.get_by_label("到", exact=True).fill("")

        # It is spoken first, then heard; whoever ends it, the page follows by itself.
        world.speech.awake.clear()
        await write.get_by_role("button", name="开始播报").click()
        await expect(now.locator("[data-test=state]")).to_have_text("正在生成语音")
        world.speech.awake.set()
        await expect(now.locator("[data-test=state]")).to_have_text("播报中")
        await expect(now).to_contain_text("坐席lead 最后改动")
        assert len(world.announcements.current([])) == 1
        await now.get_by_role("button", name="立即停止").click()
        await page.get_by_role("button", name="不停止").click()
        await now.get_by_role("button", name="立即停止").click()
        await page.locator(".el-message-box").get_by_role("button", name="立即停止").click()
        await expect(ended.locator("[data-test=state]")).to_have_text("已停止")
        assert world.announcements.current([]) == []
        async with world.client("admin") as admin:
            body = {"kind": "emergency", "text": "台风 Typhoon", "areas": ["城东片区"]}
            made = await admin.ask("POST", "/announcements", body, expect=201)
            await expect(now.locator("[data-test=state]")).to_have_text("语音没有生成")
            await expect(now).to_contain_text("片区：城东片区")
            await admin.ask("PATCH", f"/announcements/{made['id']}", {"on": False})
            await expect(now.locator("[data-test=state]")).to_have_count(0)

        await write.get_by_label("节日问候").check()
        await write.get_by_label("节日", exact=True).select_option("spring_festival")
        await expect(page.get_by_label("播报内容")).to_have_value(re.compile("^新年好！"))
        await write.get_by_role("button", name="安排播报").click()
        await expect(planned.locator("[data-test=state]")).to_have_text("到时间播报")
        await expect(planned).to_contain_text("春节")

        await expect(storm).to_contain_text("还没有人切换过")
        await storm.get_by_role("button", name="开启…").click()
        await page.locator(".el-message-box input").fill("台风过境")
        await page.locator(".el-message-box").get_by_role("button", name="开启").click()
        await expect(storm).to_contain_text("原因：台风过境。坐席lead 于")
        assert world.switches.on(STORM)
        await world.switches.turn(STORM, world.users["admin"].id, on=False)
        await expect(storm).to_contain_text("坐席admin 于")
        await expect(storm.locator(".tag")).to_have_text("已关闭")

        body = {"kind": "emergency", "text": "长" * 300, "areas": ["城东片区"], "place": -1}
        async with world.client("admin") as admin:
            for number in range(7):
                made = await admin.ask("POST", "/announcements", body | {"text": f"长{number}" * 150}, expect=201)
                if number:
                    await admin.ask("PATCH", f"/announcements/{made['id']}", {"on": False})
        await expect(ended.locator("[data-announcement]")).to_have_count(5)
        await expect(page.locator(".el-message, .el-overlay:visible")).to_have_count(0)
        for size in (WIDE, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not await too_wide(page)
            assert await axe(page) == []
            await page.get_by_role("button", name=re.compile("EN|中文")).click()
            await page.get_by_role("button", name=re.compile("深浅色|light or dark")).click()
            assert not await too_wide(page)
            assert await axe(page) == []
        assert problems == []
