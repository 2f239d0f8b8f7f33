"""A shift lead's floor without a mouse before our own server: each deed told to the server."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from core.switches import STORM
from tests.until import until
from tests.web.keyboard import Keys, open_page, working

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def _choose(keys: Keys, row: Locator, what: str) -> None:
    """Choose in the menu of an agent's row."""
    await keys.do(row.get_by_role("button", name="更多操作"))
    item = keys.page.get_by_role("menuitem", name=what)
    await item.wait_for()
    await keys.do(item, "ArrowDown")


async def _answer(keys: Keys, button: str, text: str = "") -> None:
    """Answer what is asked back, with a reason; afterwards the focus is where it was."""
    box = keys.page.locator(".el-message-box, .el-dialog").filter(visible=True).last
    await box.wait_for()
    if text:
        await expect(box.locator("input")).to_be_focused()
        await keys.write(text)
    await keys.do(box.get_by_role("button", name=button, exact=True))
    await expect(keys.page.locator(".el-overlay").filter(visible=True)).to_have_count(0)
    await keys.is_somewhere(f"after {button}")


async def test_a_lead_listens_whispers_forces_a_state_and_ends_a_talk(tmp_path: Path) -> None:
    async with working(tmp_path, "lead", "1003", path="/supervision") as (world, keys):
        page, rows = keys.page, keys.page.locator("[data-test=agents] tbody tr")
        await world.ready("1001", "1001")
        await world.ready("1002", "1002")
        for number in ("13800000001", "13800000002"):
            await world.talking(number)
        call_id = next(s.call.id for s in world.calls.live() if s.call.agent_id == world.users["1001"].id)
        await expect(rows.filter(has_text="通话中")).to_have_count(2)
        await keys.part(".list")
        await keys.fill(page.get_by_label("查找"), "1001")
        row, watching = rows.filter(has_text="坐席1001"), page.locator("[data-test=watching]")
        await expect(rows).to_have_count(1)
        await keys.do(row.get_by_role("button", name="监听"))
        await expect(watching).to_contain_text("请接听")
        await keys.is_somewhere("while the lead's phone rings")
        leg = await until(lambda: next((one for one in world.pbx.live if "-watch-" in one), None))
        world.pbx.pick_up(leg)
        await expect(watching).to_contain_text("双方都听不到您")
        await keys.do(watching.get_by_role("button", name="密语"), "Shift+Tab")
        await expect(watching).to_contain_text("只有坐席听得到您")
        assert world.pbx.sent[-1] == (f"{call_id}-seat-1", "whisper")
        await keys.do(watching.get_by_role("button", name="退出监听"))
        await until(lambda: leg not in world.pbx.live, what="the lead has left")
        await expect(watching).to_have_count(0)
        await keys.is_somewhere("after listening")

        await keys.part(".list")
        await _choose(keys, row, "设为未就绪")
        await keys.to(page.locator("input[name=rest]:checked"))
        await page.keyboard.press("ArrowDown")
        chosen = await page.locator("input[name=rest]:checked").get_attribute("value")
        await _answer(keys, "设为未就绪")
        agent = world.users["1001"].id
        wish = await until(lambda: (one := world.agents.roster.get(agent)) and one.wish, what="kept for after the talk")
        assert (wish.state, wish.reason) == ("not_ready", chosen)
        await _choose(keys, row, "强制挂断")
        await _answer(keys, "挂断", "客户辱骂坐席")
        await until(lambda: all(one.call.id != call_id for one in world.calls.live()), what="the talk is over")
        written = [one.event for one in await world.journal.of_call(call_id)]
        assert any("客户辱骂坐席" in str(one) for one in written)


async def test_a_lead_asks_why_a_call_waits_writes_and_turns_storm_mode(tmp_path: Path) -> None:
    async with working(tmp_path, "lead", "1003", path="/supervision") as (world, keys):
        page = keys.page
        await world.phone("1001")
        await world.agents.sign_in(world.users["1001"].id, "1001")
        call_id = world.call("13800000001")
        await world.until_state(call_id, "queued")
        await keys.part(".list")
        await keys.do(page.get_by_role("tab", name="在线通话"))
        why = page.locator("[data-test=why]")
        await keys.do(page.get_by_role("button", name="为什么在等"))
        await expect(why).to_contain_text("排在第 1 位")
        await keys.press("Escape")
        await expect(why).to_be_hidden()
        await expect(page.get_by_role("button", name="为什么在等")).to_be_focused()

        await keys.part(".side")
        await keys.do(page.locator("[data-test=write] summary"))
        form = page.locator("[data-test=write] form")
        await keys.to(form.locator("input[name=message-to]:checked"))
        await keys.fill(form.locator("#message-text"), "全体：请优先接报修")
        await keys.press("Control+Enter")
        await expect(form).to_contain_text("已发送")
        await keys.is_somewhere("after a message to all")
        await keys.to(form.locator("input[name=message-to]:checked"), "Shift+Tab")
        await keys.press("ArrowDown")
        await keys.to(form.get_by_label("坐席1001"))
        await keys.press("Space")
        await keys.fill(form.locator("#message-text"), "请回座席")
        await keys.press("Control+Enter")
        await expect(form).to_contain_text("已发送")
        async with world.client("lead") as lead:
            sent = (await lead.ask("GET", "/messages/sent"))["items"]
        assert sorted((one["text"], one["to_all"]) for one in sent) == [
            ("全体：请优先接报修", True),
            ("请回座席", False),
        ]

        storm = page.locator("[data-test=storm]")
        await keys.do(storm.get_by_role("button"))
        await _answer(keys, "开启", "台风过境")
        await expect(storm).to_contain_text("原因：台风过境")
        assert world.switches.on(STORM)
        await keys.do(storm.get_by_role("button"))
        await _answer(keys, "关闭")
        await expect(storm.locator(".tag")).to_have_text("已关闭")
        assert not world.switches.on(STORM)


async def test_blocked_numbers_are_prolonged_and_lifted(tmp_path: Path) -> None:
    async with working(tmp_path, "lead", path="/supervision", locale="en") as (world, keys):
        page, lead = keys.page, world.users["lead"].id
        for number in (8, 9):
            await world.nuisance.block(f"1380000000{number}", lead, days=3, note="反复骚扰")
        await keys.part(".list")
        await keys.do(page.get_by_role("tab", name="Blocked numbers"))
        prolong, lift = (page.get_by_role("button", name=f"{one} 138 0000 0009") for one in ("Prolong…", "Lift…"))
        await keys.do(prolong)
        await expect(page.locator("#block-days")).to_be_focused()
        await keys.press("Escape")
        await expect(prolong).to_be_focused()
        await keys.press("Enter")
        await keys.write("30")
        await keys.press("Enter")
        await expect(page.locator("[data-test=block-form]")).to_have_count(0)
        await keys.do(lift)
        await expect(page.locator("#block-note")).to_be_focused()
        await keys.write("客户道歉")
        await keys.press("Enter")
        await expect(lift).to_have_count(0)
        await keys.is_somewhere("after a number was lifted")
        (kept,) = [one for one in await world.nuisance.blocks() if one.phone == "13800000009"]
        assert (kept.until - kept.since).days == 30
        assert not world.nuisance.blocked("13800000009")
        await open_page(keys, "/calls")
        await expect(page.get_by_role("heading", level=1).first).to_be_attached()
