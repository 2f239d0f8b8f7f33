"""The desktop in a real browser: what an agent sees and does from signing in to the last recording."""

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.desk import WIDE, ZOOMED, Desk, open_desk
from web.ui.mock import data

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

LOOKS = [("zh-CN", False, WIDE), ("en", True, WIDE), ("zh-CN", True, ZOOMED), ("en", False, ZOOMED)]
"""The widths of all, the accessibility of the first two: the others have the same colours and words."""


async def _talk(desk: Desk, pop: data.Json) -> None:
    await desk.centre.ring(pop)
    await desk.centre.answer()
    await desk.see("通话时长")
    await desk.page.wait_for_selector(".controls")


async def test_sign_in_then_choose_the_seat() -> None:
    async with open_desk() as desk:
        page, centre = desk.page, desk.centre
        centre.bound = False
        await page.goto(centre.address)
        await page.wait_for_url("**/login**")
        await page.fill("#username", "1001")
        await page.fill("#password", "wrong")
        await page.keyboard.press("Enter")
        await desk.see("用户名或密码不正确")
        await page.fill("#password", "right")
        await page.keyboard.press("Enter")
        await expect(page.locator("input[value=seat1002]")).to_be_disabled()
        await page.check("input[value=seat1001]")
        await page.get_by_role("button", name="进入工作台").click()
        await desk.see("未就绪")
        assert centre.opened[-1]["seat"] == "seat1001"


async def test_ready_and_not_ready_with_a_reason() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.page.keyboard.press("Alt+r")
        await until(lambda: desk.centre.agent["state"] == "ready")
        await desk.page.get_by_role("button", name="未就绪").click()
        await desk.page.get_by_role("menuitem", name="用餐").click()
        await until(lambda: desk.centre.commands[-1] == {**desk.centre.commands[-1], "reason": "meal"})
        await expect(desk.page.locator(".pill")).to_contain_text("用餐")


async def test_the_pop_is_there_while_the_phone_rings() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.centre.ring(data.pop("c1", "13800000002"))
        await desk.see("请拿起话机接听")
        await expect(desk.page.locator("[data-test=customer-name]")).to_have_text("王芳")
        await expect(desk.page.locator("[data-test=arrears]")).to_contain_text("100.00")
        bill = desk.page.locator("[data-test=bill]")
        await expect(bill).to_contain_text("违约金1.00 元")
        await expect(bill).to_contain_text("应缴合计101.00 元")
        await expect(desk.page.locator("[data-test=caller]")).to_have_text("138 0000 0002")
        await desk.see(data.GREETING)
        assert await desk.page.title() == "● 来电 138 0000 0002"


async def test_a_ringing_call_comes_to_the_front() -> None:
    async with open_desk() as desk:
        await desk.sign_in("/calls")
        await desk.see("全部通话记录")
        await desk.centre.ring(data.pop("c1", "13800000002"))
        await desk.page.locator("[data-test=pop]").wait_for()


async def test_an_outage_is_said_first_and_in_words_to_read_out() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.plain_pop("c1"))
        banner = desk.page.locator("[data-test=outage]")
        await expect(banner).to_contain_text("您所在的城东片区今天")
        await expect(banner).to_contain_text("00:00")
        box = await banner.bounding_box()
        assert box is not None
        assert box["y"] < 150


async def test_call_control_by_keys() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        keys = desk.page.keyboard
        await keys.press("Alt+h")
        await desk.see("恢复通话")
        await keys.press("Alt+h")
        await until(lambda: [one["type"] for one in desk.centre.commands] == ["hold", "resume"])
        await keys.press("Alt+t")
        await desk.page.fill("#target-search", "报修")
        await keys.press("Alt+g")
        await desk.see("再按一次挂断")
        assert [one["type"] for one in desk.centre.commands] == ["hold", "resume"]
        await keys.press("Enter")
        await until(lambda: desk.centre.commands[-1]["type"] == "transfer")
        assert desk.centre.commands[-1]["to"] == "repair"


async def test_hanging_up_takes_two_presses() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        await desk.page.keyboard.press("Alt+g")
        await desk.page.keyboard.press("Alt+g")
        await until(lambda: [one["type"] for one in desk.centre.commands] == ["hangup"])


async def test_the_silent_call_script_is_offered_said_and_ended() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        assert desk.centre.call is not None
        await desk.centre.move({**desk.centre.call, "silence": "noticed"})
        await desk.see("接通后一直没有听到客户的声音")
        await desk.page.get_by_role("button", name="无声提示").click()
        await desk.see("正在播放无声提示：第 1 次，共 3 次")
        await expect(desk.page.get_by_role("button", name="保持")).to_have_count(0)
        desk.centre.refuse_next = {"code": "silent_script_running", "message": "no"}
        await desk.page.keyboard.press("Alt+g")
        await desk.page.keyboard.press("Alt+g")
        await desk.see("三次提示播完前不能挂断")
        await desk.page.keyboard.press("Alt+s")
        await until(lambda: [one["type"] for one in desk.centre.commands] == ["silent-script", "hangup", "resume"])
        await expect(desk.page.locator("[data-test=silence]")).to_have_count(0)


async def test_a_refused_command_is_told() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        desk.centre.refuse_next = {"code": "illegal_state", "message": "no"}
        await desk.page.keyboard.press("Alt+h")
        await desk.see("通话现在的状态不允许这个操作")


async def test_several_customers_then_one() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.several_pop("c1"))
        await desk.see("这个号码对应 3 位客户")
        await desk.page.get_by_role("button", name="选择").nth(1).click()
        await desk.see("由您选定")
        await desk.page.get_by_role("button", name="恢复自动识别").click()
        await desk.see("这个号码对应 3 位客户")


async def test_an_unknown_caller_is_asked_for_the_account() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.unknown_pop("c1"))
        await desk.see("号码没有对应的客户")
        await desk.page.fill("#find-customer", "3200 0000 99")
        await desk.page.keyboard.press("Enter")
        await desk.see("没有找到")
        await desk.page.fill("#find-customer", "3200 0000 02")
        await desk.page.keyboard.press("Enter")
        await desk.page.get_by_role("button", name="选择").click()
        await desk.see("由您选定:王芳".replace(":", "\uff1a"))


async def test_a_withheld_number_is_said() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.unknown_pop("c1", "anonymous"))
        await desk.see("来电没有显示号码")
        await expect(desk.page.locator("[data-test=caller]")).to_have_text("号码未知")


async def test_a_missed_call_is_plain_and_one_click_from_ready() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.centre.ring(data.pop("c1", "13800000002"))
        await desk.centre.miss()
        await desk.see("无人接听")
        await desk.see("来电 138 0000 0002")
        await desk.page.reload()
        await desk.page.get_by_role("button", name="恢复就绪").click()
        await until(lambda: desk.centre.agent["state"] == "ready")
        await expect(desk.page.get_by_role("button", name="恢复就绪")).to_have_count(0)


async def test_a_lost_phone_is_said_loudly() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.centre.phone(False)
        await desk.see("来电送不到您这里")
        await desk.centre.phone(True)
        await expect(desk.page.get_by_text("来电送不到您这里")).to_have_count(0)


async def test_wrap_up_needs_a_kind_and_survives_a_reload() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        await desk.page.fill("#note", "客户问违约金")
        await desk.centre.finish(60)
        await expect(desk.page.locator("#wrap-note")).to_have_value("客户问违约金")
        await desk.page.keyboard.press("Control+Enter")
        await desk.see("请选择业务类型")
        await desk.page.get_by_label("咨询查询").check()
        await desk.page.reload()
        await expect(desk.page.get_by_label("咨询查询")).to_be_checked()
        await desk.page.locator("#wrap-note").press("Control+Enter")
        await until(lambda: desk.centre.agent["state"] == "ready")
        sent = desk.centre.commands[-1]
        assert (sent["type"], sent["result_code"], sent["note"]) == ("wrap-up", "consult", "客户问违约金")


async def test_wrap_up_that_runs_out_loses_nothing() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        await desk.centre.finish(6)
        await desk.page.fill("#wrap-note", "没写完")
        await until(lambda: desk.centre.commands, timeout=10)
        assert (desk.centre.commands[0]["type"], desk.centre.commands[0]["text"]) == ("note", "没写完")


async def test_a_lost_line_is_said_and_resumed_without_doubles_or_gaps() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.centre.say("notice", level="info", code="x1", text="第一条")
        await desk.see("第一条")
        seen = desk.centre.seq
        desk.centre.closed = True
        await desk.centre.drop_sockets()
        await desk.see("与服务器的连接已中断")
        await expect(desk.page.get_by_role("button", name="Alt+R")).to_be_disabled()
        await desk.centre.say("notice", level="info", code="x2", text="第二条")
        desk.centre.closed = False
        await desk.see("第二条")
        assert desk.centre.opened[-1]["since"] == str(seen)
        await expect(desk.page.get_by_text("第一条")).to_have_count(1)
        await expect(desk.page.get_by_text("与服务器的连接已中断")).to_have_count(0)
        desk.problems = [one for one in desk.problems if "WebSocket connection" not in one]


async def test_a_session_that_ends_in_mid_call_is_signed_in_again_in_place() -> None:
    async with open_desk() as desk:
        page, centre = desk.page, desk.centre
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        await centre.say("notice", level="info", code="x1", text="第一条")
        await desk.see("第一条")
        await page.fill("#note", "客户问违约金")
        await centre.expire()
        again = page.locator("[data-test=sign-in-again]")
        await expect(again).to_contain_text("通话不受影响")
        await expect(page.locator("[data-test=customer-name]")).to_have_text("王芳")
        assert await desk.axe() == []
        await centre.say("notice", level="info", code="x2", text="第二条")
        await again.get_by_label("的密码").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(again).to_contain_text("用户名或密码不正确")
        await again.get_by_label("的密码").fill("right")
        await page.keyboard.press("Enter")
        await expect(again).to_have_count(0)
        await desk.see("第二条")
        await expect(page.get_by_text("第一条")).to_have_count(1)
        await expect(page.locator("#note")).to_have_value("客户问违约金")
        await page.keyboard.press("Alt+h")
        await desk.see("恢复通话")
        assert page.url == f"{centre.address}/"
        assert centre.opened[-1].get("since")


async def test_a_gap_is_closed_by_asking_again() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await desk.centre.say("notice", level="info", code="x0", text="零")
        await desk.see("零")
        desk.centre.silent = True
        await desk.centre.say("notice", level="info", code="x1", text="一")
        desk.centre.silent = False
        await desk.centre.say("notice", level="info", code="x2", text="二")
        await desk.see("二")
        shown = await desk.page.locator("aside li").all_inner_texts()
        assert [text.split()[-1] for text in shown] == ["二", "一", "零"]


async def test_a_silent_line_is_called_stale() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        desk.centre.silent = True
        await desk.page.get_by_text("数据可能不是最新").wait_for(timeout=15000)
        desk.centre.silent = False
        await expect(desk.page.get_by_text("数据可能不是最新")).to_have_count(0, timeout=15000)


async def test_history_recording_and_story() -> None:
    async with open_desk() as desk:
        await desk.sign_in("/calls")
        rows = desk.page.locator("tbody tr")
        await expect(rows).to_have_count(50)
        await desk.page.get_by_role("button", name="再显示").click()
        await expect(rows).to_have_count(100)
        await desk.page.fill("#filter-caller", "13800000003")
        await desk.page.keyboard.press("Enter")
        await expect(rows).to_have_count(1)
        await desk.page.get_by_role("button", name="详情").click()
        await desk.see("客户按键 2")
        await desk.see("6 位")
        await desk.see("SomethingNewer")
        await desk.page.wait_for_function("document.querySelector('audio').duration === 4")
        async with desk.page.expect_download() as download:
            await desk.page.get_by_role("link", name="下载").click()
        assert (await download.value).suggested_filename == "past3.wav"


async def test_who_leads_the_shift_sees_the_calls_of_all() -> None:
    async with open_desk() as desk:
        others = data.call("o1", "13800000009", state="ended", agent_id="ag9", seat_id="seat1002")
        desk.centre.past = [{**others, "ended_at": data.now().isoformat(), "ended_by": "caller"}]
        await desk.sign_in("/calls")
        await expect(desk.page.locator("tbody tr")).to_have_count(1)
        await expect(desk.page.locator("tbody tr")).to_contain_text("seat1002")
        await desk.page.get_by_text("全部坐席").click()
        await desk.see("没有通话记录")


async def test_the_floor_is_for_who_leads_the_shift() -> None:
    async with open_desk() as desk:
        desk.centre.user["role"] = "agent"
        await desk.sign_in()
        await expect(desk.page.get_by_role("link", name="现场管理")).to_have_count(0)


@pytest.mark.parametrize(("locale", "dark", "size"), LOOKS)
async def test_every_screen_is_accessible_and_fits(locale: str, dark: bool, size: tuple[int, int]) -> None:
    async with open_desk(locale=locale, dark=dark, size=size) as desk:
        centre = desk.centre
        await desk.page.goto(centre.address + "/login")
        await desk.page.wait_for_selector("#username")
        await _fits(desk)
        await desk.sign_in()
        await _fits(desk)
        for pop in (data.plain_pop("c1"), data.ugly_pop("c2"), data.several_pop("c3"), data.unknown_pop("c4")):
            await centre.be("ready")
            await centre.ring(pop)
            await desk.page.locator("[data-test=pop]").wait_for()
            await _fits(desk)
            await centre.answer()
            await desk.page.locator("#note").wait_for()
            await _fits(desk)
        await centre.finish(60)
        await desk.page.locator("#wrap-note").wait_for()
        await _fits(desk)
        await centre.be("ready")
        await centre.ring(data.pop("c5", "13800000002"))
        await centre.miss()
        await centre.phone(False)
        await desk.page.locator(".missed").wait_for()
        await _fits(desk)
        await desk.page.locator("nav a").nth(1).click()
        await desk.page.locator("tbody td:last-child button").first.click()
        await desk.page.locator("ol li").first.wait_for()
        await _fits(desk)


async def _fits(desk: Desk) -> None:
    assert not await desk.is_too_wide()
    if desk.page.viewport_size == {"width": WIDE[0], "height": WIDE[1]}:
        assert await desk.axe() == []
