"""Call control and the scripts beside the call, by keyboard, in a real browser."""

import re

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.desk import WIDE, ZOOMED, Desk, open_desk
from web.ui.mock import data

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ATTACK = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'


async def _talk(desk: Desk, pop: data.Json) -> None:
    await desk.centre.ring(pop)
    await desk.centre.answer()
    await desk.page.wait_for_selector("[data-control=hold]")


async def _said(desk: Desk, kind: str, **fields: object) -> None:
    """Wait until the newest command is this one."""
    wanted = {"type": kind, **fields}
    commands = desk.centre.commands
    await until(lambda: bool(commands) and wanted.items() <= commands[-1].items(), what=lambda: f"{commands[-1:]}")


async def _controls_are(desk: Desk, *wanted: str) -> None:
    """Wait until the call has exactly these buttons, in this order."""
    found: list[str] = []

    async def so() -> bool:
        found[:] = await desk.page.locator("[data-control]").evaluate_all("all => all.map(one => one.dataset.control)")
        return found == list(wanted)

    await until(so, what=lambda: f"{found} are {wanted}")


async def test_a_colleague_is_found_consulted_swapped_with_brought_in_and_left() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        await _talk(desk, data.pop("c1", "13800000002"))
        usual = ("hold", "mute", "transfer", "consult", "park", "silent", "survey", "nuisance", "hangup")
        await _controls_are(desk, *usual)
        keys, page = desk.page.keyboard, desk.page
        await keys.press("Alt+z")
        await expect(page.locator("#target-search")).to_be_focused()
        rows = page.locator("[role=option]")
        # Free colleagues first; who is not free says why and cannot be chosen; who is away is not there.
        await expect(rows.nth(2)).to_contain_text("王建国")
        busy = page.locator("[data-target='agent:ag4']")
        await expect(busy).to_contain_text("未就绪 · 用餐")
        await expect(busy).to_have_attribute("aria-disabled", "true")
        await expect(page.locator("[data-target='agent:ag5']")).to_contain_text("话机未注册")
        await expect(page.locator("[data-target='agent:ag7']")).to_have_count(0)
        await expect(page.locator("[data-target='queue:repair']")).to_contain_text("约等 0:25")
        assert await desk.axe() == []
        await busy.click(force=True)
        await expect(busy).to_have_attribute("aria-selected", "false")
        for _ in range(3):
            await keys.press("ArrowDown")
        await keys.press("Enter")
        await _said(desk, "consult", agent="ag2")
        await expect(page.locator("[data-test=third]")).to_contain_text("王建国")
        await _controls_are(desk, "cancel", "mute", "complete")
        await desk.centre.third_answers()
        await expect(page.locator("[data-test=third]")).to_contain_text("正与您通话，客户听等待音乐")
        await _controls_are(desk, "complete", "swap", "join", "mute", "cancel")
        await keys.press("Alt+w")
        await expect(page.locator("[data-test=third]")).to_have_attribute("data-state", "held")
        await keys.press("Alt+j")
        await expect(page.locator("[data-test=third]")).to_have_attribute("data-state", "joined")
        await _controls_are(desk, "leave", "mute", "hold", "cancel")
        await keys.press("Alt+t")
        await _said(desk, "conference", do="leave")
        await desk.see("话后整理")


async def test_a_number_outside_a_queue_the_survey_and_a_parking_place() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        page, keys = desk.page, desk.page.keyboard
        await _talk(desk, data.pop("c1", "13800000002"))
        await keys.press("Alt+t")
        await page.fill("#target-search", "021 1234 5678")
        desk.centre.refuse_next = {"code": "number_not_permitted", "message": "no"}
        await keys.press("Enter")
        await desk.see("这个号码不允许从这里拨打")
        await keys.press("Control+Enter")
        await _said(desk, "consult", number="02112345678")
        await expect(page.locator("[data-control=cancel]")).to_be_visible()
        await keys.press("Alt+q")
        await _said(desk, "consult", do="cancel")
        await expect(page.locator("[data-control=survey]")).to_be_visible()
        await keys.press("Alt+v")
        await _said(desk, "transfer", menu="survey")
        await desk.see("话后整理")

        # Somebody parked a caller meanwhile; whoever waits longest comes by key, also out of the wrap-up.
        desk.centre.parked = [data.parked(702, "138****0009", 5), data.parked(701, "138****0008", 40)]
        await desk.centre.say("parked", items=desk.centre.parked)
        parked = page.locator("[data-test=parked]")
        await expect(parked.locator("li").first).to_contain_text("停放号 701")
        await expect(parked).to_contain_text("王建国 停放")
        assert await desk.axe() == []
        await page.reload()
        await expect(parked.locator("li")).to_have_count(2)
        await keys.press("Alt+u")
        await _said(desk, "pickup", call_id="p701")
        await expect(parked.locator("li")).to_have_count(1)

        # Dialling out, where the server allows it.
        await desk.centre.be("ready")
        await expect(page.locator("#dial-number")).to_be_visible()
        await keys.press("Alt+c")
        await expect(page.locator("#dial-number")).to_be_focused()
        await keys.type("0018005551234")
        await keys.press("Enter")
        await desk.see("这个号码不允许从这里拨打")
        await expect(page.locator("[data-test=dial]")).to_contain_text("对方看到 95598")
        await page.fill("#dial-number", "13800000002")
        await keys.press("Enter")
        await desk.see("请先接起您的话机，然后呼叫客户")
        await _controls_are(desk, "answer", "reject")
        assert desk.centre.posted[-1] == {"number": "13800000002"}
        await keys.press("Alt+a")
        await _said(desk, "answer", call_id="out2")
        await expect(page.locator("[data-control=hold]")).to_be_visible()
        await _controls_are(desk, "hold", "mute", "consult", "hangup")


async def test_the_words_beside_the_call_follow_it_and_a_nuisance_caller_is_warned() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        page, keys = desk.page, desk.page.keyboard
        await _talk(desk, data.pop("c1", "13800000002", customer=data.customer(ATTACK), outage=data.outage()))
        await expect(page.locator("[data-test=customer-name]")).to_have_text(ATTACK)
        assert await page.evaluate("window.hit") is None
        lines = page.locator("[data-test=lines]")
        await expect(lines.locator("li")).to_have_text([data.GREETING])

        # What is needed next is one key away: the bill that was asked for, and back; the words to read out.
        assert await page.locator("[data-step]").evaluate_all("all => all.map(one => one.dataset.step)") == [
            *("bill", "outage", "lines")
        ]
        await keys.press("Alt+i")
        await expect(page.locator("[data-test=outage]")).to_be_focused()
        await keys.press("Alt+b")
        await page.wait_for_url("**/bill/3200000001?period=2026-10")
        await expect(lines).to_be_visible()
        await page.go_back()
        await page.locator("[data-test=pop]").wait_for()
        await keys.press("Alt+l")
        await expect(lines.get_by_role("tab", selected=True)).to_be_focused()
        for _ in range(2):
            await keys.press("ArrowRight")
        await expect(lines.get_by_role("tab", selected=True)).to_have_text("声音小")
        await expect(lines.locator("li").first).to_have_text("非常抱歉，我这边听不清楚，请您大声一点，好吗？")
        assert desk.centre.call is not None
        await keys.press("Alt+h")
        await expect(lines).to_contain_text("请您稍等，我马上为您查询，好吗？")
        await keys.press("Alt+h")
        await expect(lines).to_contain_text("感谢您的耐心等待")
        await desk.centre.move({**desk.centre.call, "silence": "noticed"})
        await expect(lines.locator("li")).to_have_count(3)
        await _controls_are(desk, "silent", "hold", "mute", "transfer", "consult", "park", "nuisance", "hangup")
        await desk.centre.move({**desk.centre.call, "silence": "script", "silent_prompt": 2})
        await expect(lines.locator("li.saying")).to_contain_text("您好！请问有什么可以帮您？")
        await _controls_are(desk, "silentBack")
        await desk.centre.move({**desk.centre.call, "silence": None})

        await expect(page.locator("[data-control=nuisance]")).to_be_visible()
        await keys.press("Alt+y")
        box = page.locator("[data-test=nuisance]")
        await expect(box).to_contain_text("请文明用语")
        await box.get_by_role("button", name="播放警告").click()
        await _said(desk, "nuisance", do="warn")
        await expect(box).to_contain_text("警告已播放")
        await page.fill("#nuisance-note", "多次辱骂")
        await page.fill("#block-days", "3")
        await box.get_by_role("button", name="限呼").click()
        await expect(box).to_contain_text("已限呼到")
        assert desk.centre.posted[-1] == {"number": "13800000002", "days": 3, "note": "多次辱骂"}
        assert await desk.axe() == []
        await box.get_by_role("button", name="结束通话并上报").click()
        await _said(desk, "nuisance", do="release", note="多次辱骂")
        await keys.press("Alt+Slash")
        await expect(page.locator("[data-test=keys]")).to_contain_text("三方通话")
        await keys.press("Escape")
        await expect(page.locator("[data-test=keys]")).to_be_hidden()


async def test_a_number_is_one_press_from_being_rung_where_that_is_possible_now() -> None:
    async with open_desk() as desk:
        page, keys = desk.page, desk.page.keyboard
        desk.centre.past[1]["caller"] = "139****0009"
        desk.centre.past[2]["caller"] = "unknown"
        await desk.sign_in("/calls")
        rows = page.locator("tbody tr")
        await expect(rows.nth(2).locator("[data-test=dial-number]")).to_have_count(0)
        await rows.nth(0).get_by_role("button", name="拨打 138 0000 0000").click()
        await expect(page.locator("#dial-number")).to_be_focused()
        await expect(page.locator("#dial-number")).to_have_value("13800000000")
        await rows.nth(1).locator("[data-test=dial-number]").focus()
        await keys.press("Enter")
        await expect(page.locator("#dial-number")).to_have_value("139****0009")
        await page.fill("#dial-number", "0018005551234")
        await keys.press("Enter")
        await desk.see("这个号码不允许从这里拨打")
        await rows.nth(1).locator("[data-test=dial-number]").click()
        assert await desk.axe() == []
        await keys.press("Enter")
        await until(lambda: desk.centre.posted[-1] == {"call_id": "past1"})
        assert desk.centre.posted[0] == {"number": "0018005551234"}
        await expect(rows.nth(0).locator("[data-test=dial-number]")).to_have_count(0)

        # In a talk another number of the customer is consulted, never that of who is on the line.
        await desk.centre.be("ready")
        await page.locator("nav a[href='/']").first.click()
        await _talk(desk, data.plain_pop("c1"))
        phones = page.locator(".phones")
        await expect(phones.locator("[data-test=dial-number]")).to_have_count(1)
        await phones.get_by_role("button", name="咨询 139 0000 1234").click()
        await expect(page.locator("#target-search")).to_have_value("13900001234")
        await expect(page.locator("#target-search")).to_be_focused()
        await keys.press("Enter")
        await _said(desk, "consult", call_id="c1", number="13900001234")
        await expect(phones.locator("[data-test=dial-number]")).to_have_count(0)


async def test_a_key_that_can_do_nothing_says_why_and_the_buttons_stay_when_the_agent_is_muted() -> None:
    async with open_desk() as desk:
        await desk.sign_in()
        page, keys, why = desk.page, desk.page.keyboard, desk.page.locator("[data-test=why-not]")
        await _talk(desk, data.unknown_pop("c1"))
        await keys.press("Alt+b")
        await expect(why).to_contain_text("先选定客户，才有电费可说明")
        await keys.press("Alt+i")
        await expect(why).to_contain_text("先选定客户，才查得到停电信息")
        assert await desk.axe() == []
        hold, muted = page.locator("[data-control=hold]"), page.locator("[data-test=muted]")
        for size in (WIDE, ZOOMED):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            for _ in ("zh-CN", "en"):
                before = await hold.bounding_box()
                await keys.press("Alt+m")
                await expect(muted).to_be_visible()
                assert await hold.bounding_box() == before
                await keys.press("Alt+m")
                await expect(muted).to_have_count(0)
                await page.get_by_role("button", name=re.compile("^(EN|中文)$")).press("Enter")
        assert desk.centre.call is not None
        await desk.centre.finish(20)
        await desk.centre.be("ready")
        await _talk(desk, data.pop("c2", "13800000002"))
        await expect(why).to_have_count(0)
        await keys.press("Alt+i")
        await expect(why).to_have_text("这位客户的地址没有停电信息。")
