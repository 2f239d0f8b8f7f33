"""The work area in a real browser: orders out of the call, callbacks, all of it in both languages and at both sizes."""

import pytest
from playwright.async_api import Route, expect

from tests.until import until
from tests.web.desk import WIDE, ZOOMED, Desk, open_desk
from web.ui.mock import data
from web.ui.mock.shift import duty, message
from web.ui.mock.work import callback, left, order

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def talk(desk: Desk, pop: data.Json) -> None:
    """Take a call with this pop."""
    await desk.centre.ring(pop)
    await desk.centre.answer()
    await desk.page.wait_for_selector(".controls")


async def lose_the_answer(route: Route) -> None:
    """Let the server do it, and the page not hear of it."""
    await route.fetch()
    await route.abort()


async def test_a_fault_is_taken_once_out_of_the_call_and_nothing_typed_is_lost() -> None:
    async with open_desk() as desk:
        page, work = desk.page, desk.centre.work
        work.open = [order("261123000001")]
        await desk.sign_in()
        path = [{"node": "fault_scope", "digits": "2", "at": data.ago(seconds=30)}]
        await talk(desk, data.pop("c1", "13800000002", ivr_path=path))
        await page.keyboard.press("Alt+o")
        form = page.locator("[data-test=order-form]")
        await expect(form).to_contain_text("有没有电线断落")
        await expect(form.locator("#order-address")).to_have_count(0)
        await form.get_by_label("没有", exact=True).check()
        await expect(form.locator("#order-account")).to_have_value("3200000002")
        await expect(form.locator("#order-phone")).to_have_value("13800000002")
        await expect(form.locator("#order-area")).to_have_value("城东片区")
        await expect(form.get_by_label("全家")).to_be_checked()
        await form.locator("[data-test=known-orders]").get_by_role("button", name="催办").click()
        await expect(form.locator("[data-test=urge-told]")).to_contain_text("2611 2300 0001")
        await form.locator("#order-text").fill("开关没跳 <b>邻居有电</b>")
        await page.reload()
        await expect(form.locator("#order-text")).to_have_value("开关没跳 <b>邻居有电</b>")
        await desk.centre.finish(20)
        await desk.centre.be("ready")
        await expect(form.locator("#order-text")).to_have_value("开关没跳 <b>邻居有电</b>")
        await page.route("**/api/v1/work-orders", lose_the_answer, times=1)
        await form.get_by_role("button", name="提交工单").click()
        await desk.see("没有收到服务器的答复")
        await form.get_by_role("button", name="提交工单").dblclick()
        await expect(form).to_have_count(0)
        sent = [told for what, told in work.sent if what == "order"]
        assert len({told["key"] for told in sent}) == len(work.made) == 1
        assert sent[0] | {"key": ""} == {
            "key": "",
            "call_id": "c1",
            "kind": "fault",
            "scope": "home",
            "danger": False,
            "account": "3200000002",
            "customer_id": "cu2",
            "phone": "13800000002",
            "area": "城东片区",
            "address": "城东区建设路 2 号",
            "text": "开关没跳 <b>邻居有电</b>",
        }


async def test_the_next_caller_does_not_get_into_the_order_of_the_last_one() -> None:
    async with open_desk() as desk:
        page = desk.page
        await desk.sign_in()
        await talk(desk, data.pop("c1", "13800000002"))
        await page.keyboard.press("Alt+o")
        form, other = page.locator("[data-test=order-form]"), page.locator("[data-test=other-call]")
        await form.get_by_label("没有", exact=True).check()
        await form.locator("#order-text").fill("开关没跳")
        await desk.centre.finish(20)
        await desk.centre.be("ready")
        await expect(form.locator("#order-text")).to_have_value("开关没跳")
        await talk(desk, data.unknown_pop("c2", "13800000009"))
        await expect(form).to_have_count(0)
        await page.keyboard.press("Alt+o")
        await expect(form).to_contain_text("138 0000 0009")
        await expect(other).to_have_count(0)
        await form.get_by_role("button", name="先收起").click()
        await page.locator("[data-test=unfinished] li", has_text="138 0000 0002").get_by_role("button").click()
        await expect(form.locator("#order-text")).to_have_value("开关没跳")
        await expect(other).to_have_text("这是另一个来电的工单，不是当前来电的。")


async def test_danger_is_asked_first_a_number_is_read_out_and_what_is_missing_is_said() -> None:
    async with open_desk() as desk:
        page, work = desk.page, desk.centre.work
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1"))
        await page.get_by_role("button", name="登记工单").click()
        form = page.locator("[data-test=order-form]")
        await form.get_by_role("button", name="提交工单").click()
        await expect(form).to_contain_text("请先问安全问题")
        await form.get_by_label("有危险").check()
        await expect(form).to_contain_text("火灾请拨 119")
        await form.get_by_label("整条街").check()
        await page.keyboard.press("Control+Enter")
        await form.get_by_role("button", name="提交工单").click()
        await expect(form).to_contain_text("没有户号时要写地址")
        await expect(form.locator("#order-address")).to_be_focused()
        await page.keyboard.type("建设路 9 号")
        work.refusal = {"code": "order_made", "message": "x", "details": {"number": "261123000009"}}
        await form.get_by_role("button", name="提交工单").click()
        await expect(form).to_contain_text("此单已登记为 261123000009")
        work.refusal = None
        await form.get_by_role("button", name="提交工单").click()
        taken = page.locator("[data-test=taken]")
        await expect(taken.locator("[data-test=order-number]")).to_have_text("2611 2300 0007")
        await expect(taken).to_contain_text("紧急")
        await page.reload()
        await expect(taken.locator("[data-test=order-number]")).to_have_text("2611 2300 0007")


async def test_callbacks_are_rung_put_off_and_closed_with_a_reason_and_abandoned_callers_rung_back() -> None:
    async with open_desk() as desk:
        page, work = desk.page, desk.centre.work
        later = callback(
            2, due_at=data.ago(minutes=-30), not_before=data.ago(minutes=-30), not_after=data.ago(hours=-2)
        )
        work.callbacks, work.abandoned = [later, callback(1), callback(3)], [left(1), left(2)]
        await desk.sign_in("/callbacks")
        booked = page.locator("[data-test=booked]")
        await expect(booked).to_contain_text("到时间 2，共 3")
        rows = booked.locator("tbody tr")
        await expect(rows.nth(2)).to_contain_text("未到时间")
        await rows.nth(0).get_by_role("button", name="回拨").click()
        await expect(rows.nth(0)).to_contain_text("正在回拨")
        await rows.nth(0).get_by_role("button", name="稍后").click()
        await page.get_by_label("为什么推后").fill("线路忙")
        await page.keyboard.press("Enter")
        await until(lambda: ("skip", {"id": work.sent[0][1]["id"], "reason": "线路忙"}) in work.sent)
        await rows.nth(1).get_by_role("button", name="关闭").click()
        await page.get_by_label("为什么不再回拨").fill("已当面答复")
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(2)
        await page.get_by_role("button", name="显示已结束的回拨").click()
        await expect(page.locator("[data-test=closed]")).to_contain_text("人工关闭")
        lost = page.locator("[data-test=abandoned]")
        await lost.get_by_role("button", name="排入回拨").first.click()
        await expect(lost.locator("tbody tr")).to_have_count(1)
        await lost.get_by_role("button", name="回拨", exact=True).click()
        await until(lambda: work.sent[-1] == ("take", {"call_id": "left2", "dial": True}))
        await desk.see("没有需要联系的来电")
        work.refusal = {"code": "conflict", "message": "x", "details": {}}
        await rows.nth(0).get_by_role("button", name="回拨").click()
        await desk.see("这个回拨刚刚变化了")


async def test_a_wrap_up_is_extended_and_what_it_left_behind_is_sent_later() -> None:
    async with open_desk() as desk:
        page, centre = desk.page, desk.centre
        await desk.sign_in()
        await talk(desk, data.pop("c1", "13800000002"))
        await centre.finish(30)
        await page.get_by_label("咨询查询").check()
        await page.fill("#wrap-note", "没写完的话")
        await page.get_by_role("button", name="延长").click()
        await until(lambda: centre.commands[-1]["type"] == "extend-wrap-up")
        centre.refuse_next = {"code": "wrap_up_long_enough", "message": "no"}
        await page.get_by_role("button", name="延长").click()
        await desk.see("整理时间已经延长到上限")
        await centre.be("ready")
        await page.reload()
        unsent = page.locator("[data-test=unsent]")
        await expect(unsent).to_contain_text("没写完的话")
        await talk(desk, data.pop("c2", "13800000003"))
        await page.fill("#note", "第二通")
        await expect(unsent).to_contain_text("没写完的话")
        await unsent.get_by_role("button", name="提交").click()
        await expect(unsent).not_to_contain_text("没写完的话")
        sent = centre.commands[-1]
        told = (sent["type"], sent["call_id"], sent["result_code"], sent["note"])
        assert told == ("wrap-up", "c1", "consult", "没写完的话")


async def test_a_result_that_is_no_longer_in_the_list_loses_no_wrap_up() -> None:
    async with open_desk() as desk:
        page, centre = desk.page, desk.centre
        await desk.sign_in()
        await talk(desk, data.pop("c1", "13800000002"))
        await centre.finish(60)
        await page.get_by_label("咨询查询").check()
        await page.fill("#wrap-note", "问违约金")
        centre.removed_results = {"consult"}
        await page.reload()
        await expect(page.locator("#wrap-note")).to_have_value("问违约金")
        await expect(page.get_by_label("故障报修")).to_be_visible()
        await expect(page.get_by_label("咨询查询")).to_have_count(0)
        await page.locator("#wrap-note").press("Control+Enter")
        await desk.see("请选择业务类型")
        assert [one["type"] for one in centre.commands if one["type"] == "wrap-up"] == []
        await centre.be("ready")
        unsent = page.locator("[data-test=unsent]")
        await unsent.get_by_role("button", name="提交").press("Enter")
        await expect(unsent).not_to_contain_text("问违约金")
        sent = centre.commands[-1]
        assert (sent["type"], sent["call_id"], sent["text"]) == ("note", "c1", "consult · 问违约金")


async def test_messages_stay_until_they_are_read_and_come_after_a_break() -> None:
    async with open_desk() as desk:
        page, shift = desk.page, desk.centre.shift
        shift.messages = [message(3, "十点开始雷雨，<i>优先接报修</i>")]
        desk.centre.user["role"] = "agent"
        await desk.sign_in()
        bar = page.locator("[data-test=message-bar]")
        await expect(bar).to_contain_text("<i>优先接报修</i>")
        shift.messages.insert(0, message(1, "十二点换班"))
        await desk.centre.drop_sockets()
        await desk.centre.say("message", id="m1")
        await expect(bar.locator(".message")).to_have_count(2)
        await bar.get_by_role("button", name="知道了").first.click()
        await expect(bar.locator(".message")).to_have_count(1)
        await page.reload()
        await expect(bar).to_contain_text("十二点换班")
        await expect(bar.locator(".message")).to_have_count(1)
        await page.locator("nav a[href='/shift']").click()
        await expect(page.locator("[data-test=messages]")).to_contain_text("已读")
        await expect(page.locator("[data-test=message-form]")).to_have_count(0)
        await expect(page.locator("[data-test=plan]").get_by_role("button")).to_have_count(0)


async def test_own_figures_roster_hand_over_backup_shift_and_a_message_of_who_leads() -> None:
    async with open_desk() as desk:
        page, shift = desk.page, desk.centre.shift
        shift.counts, shift.figures = {"A": 41, "D": 1, "M": 1, "ACW": 840_000_000}, {"AHT-1": "195.2", "OCC-1": "71.2"}
        shift.duties = [
            duty("李晓梅", "early", -2),
            duty("张华", "early", -2),
            duty("赵敏", "middle", 6, kind="backup"),
        ]
        shift.on_backup = [shift.duties[2]]
        await desk.sign_in("/shift")
        own = page.locator("[data-test=own-day]")
        await expect(own.locator("[data-test=answered]")).to_have_text("42")
        await expect(own.locator("[data-test=handle]")).to_have_text("3:15")
        await expect(own.locator("[data-test=wrapUp]")).to_have_text("0:20")
        await expect(own.locator("[data-test=satisfied]")).to_have_text("–")
        await expect(own.locator("[data-test=next-duty]")).to_contain_text("正在上班")
        assert ("kpi", {"agent": "me", "variant": "AHT-1,OCC-1,CSAT-1"}) in shift.sent
        early = page.locator("[data-test=shift-early]")
        await expect(early).to_contain_text("李晓梅、张华")
        await early.get_by_role("button", name="开班").click()
        await early.get_by_role("button", name="交班").click()
        note = page.get_by_label("交班记录")
        await note.fill("两张故障工单未闭环")
        await page.reload()
        await early.get_by_role("button", name="交班").click()
        await expect(note).to_have_value("两张故障工单未闭环")
        shift.refusal = {"code": "note_needed", "message": "x", "details": {}}
        await early.locator("form").get_by_role("button", name="交班").click()
        await desk.see("交班记录太短")
        shift.refusal = None
        await early.locator("form").get_by_role("button", name="交班").click()
        await expect(page.locator("[data-test=notes]")).to_contain_text("两张故障工单未闭环")
        await early.get_by_role("button", name="接班").click()
        await expect(early).to_contain_text("已接班")
        backup = page.locator("[data-test=backup]")
        await expect(backup).to_contain_text("现在可叫到： 赵敏")
        await backup.get_by_label("原因").fill("雷雨")
        await backup.get_by_role("button", name="启动备班").click()
        await expect(backup).to_contain_text("备班已启动（人工）：雷雨")
        form = page.locator("[data-test=message-form]")
        await form.get_by_role("button", name="发送").click()
        await expect(form).to_contain_text("请写下要说的话")
        await form.get_by_label("内容").fill("请优先接报修")
        await form.get_by_role("button", name="发送").dblclick()
        await expect(page.locator("[data-test=sent]")).to_contain_text("请优先接报修")
        assert [told["to"] for what, told in shift.sent if what == "message"] == [[]]


@pytest.mark.parametrize(("locale", "dark", "size"), [("en", True, WIDE), ("zh-CN", False, ZOOMED)])
async def test_the_work_area_fits_and_axe_finds_nothing(locale: str, dark: bool, size: tuple[int, int]) -> None:
    async with open_desk(locale=locale, dark=dark, size=size) as desk:
        page, work = desk.page, desk.centre.work
        work.open = [order(f"26112300000{n}", urges=n, priority="urgent") for n in range(1, 5)]
        for one in work.open:
            one["account_no"] = "3200000009"
        work.callbacks = [callback(n, reason="客户要求晚上再打" * 6) for n in range(200)]
        work.abandoned = [left(n) for n in range(60)]
        await desk.sign_in()
        await talk(desk, data.ugly_pop("c1"))
        await page.keyboard.press("Alt+o")
        await page.locator("[data-field=danger] input").first.check()
        await page.locator("[data-test=known-orders]").wait_for()
        assert await desk.axe() == []
        assert not await desk.is_too_wide()
        await page.locator("nav a[href='/callbacks']").click()
        await page.locator("[data-test=booked] tbody tr").first.wait_for()
        assert await desk.axe() == []
        assert not await desk.is_too_wide()
        desk.centre.shift.messages = [message(n, "雷雨预警，优先接报修，" * 20) for n in range(40)]
        desk.centre.shift.duties = [duty(f"{data.LONG_NAME[:20]}{n}", "early", -1) for n in range(60)]
        await desk.centre.say("message", id="m0")
        await page.locator("nav a[href='/shift']").click()
        await page.locator("[data-test=plan] li").first.wait_for()
        await page.locator("[data-test=message-bar] .message").first.wait_for()
        assert await desk.axe() == []
        assert not await desk.is_too_wide()
