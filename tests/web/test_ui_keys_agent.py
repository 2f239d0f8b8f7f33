"""An agent's work without a mouse before our own server: bill, order, callbacks, messages; each told to the server."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.keyboard import Keys, open_page, working
from tests.web.test_api_callbacks import hangs_up_waiting
from tests.web.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def _takes_a_call(world: World, keys: Keys, number: str) -> str:
    await keys.press("Alt+r")
    await until(lambda: world.state_of("1001") == "ready")
    call_id = world.call(number)
    world.pbx.pick_up(await world.rings(call_id))
    await world.until_state(call_id, "talking")
    return call_id


async def test_a_bill_is_explained_and_sent_and_an_order_taken_in_one_call(tmp_path: Path) -> None:
    async with working(tmp_path, "1001", "1001") as (world, keys):
        page = keys.page
        call_id = await _takes_a_call(world, keys, "13800000002")
        await page.locator("[data-step=bill]").wait_for()
        await keys.press("Alt+b")
        await page.wait_for_url("**/bill/**")
        await page.locator("[data-test=answer]").wait_for()
        await _the_bill(world, keys)
        await keys.press("Shift+F6")
        await keys.do(page.locator("a.back"))
        await page.locator("[data-test=pop]").wait_for()
        await keys.is_somewhere("back in the pop")
        await _the_order(world, keys, call_id)


async def _the_bill(world: World, keys: Keys) -> None:
    """From the answer down: a text message, two steps of the reckoning, another tariff."""
    page = keys.page
    await keys.do(page.get_by_role("button", name="短信发给客户"))
    await expect(page.locator("[data-test=text]")).to_contain_text("尾号0002的户号")
    await keys.do(page.get_by_role("button", name="发送", exact=True))
    await page.get_by_text("已发送到 138****0002").wait_for()
    await world.outbox.send_due()
    assert "尾号0002" in (world.folder / "sms.jsonl").read_text("utf-8")
    steps = page.locator("[data-test=steps]")
    await keys.do(steps.get_by_role("button", name=re.compile("第2档电度电费")))
    await keys.do(steps.get_by_role("button", name=re.compile("第2档本档电量")))
    await expect(steps).to_contain_text("此前累计电量")
    form = page.locator("[data-test=what-if]")
    await keys.do(form.get_by_role("button", name="算一算"))
    await expect(form.locator(".effect")).to_contain_text(re.compile("一年约少交"))


async def _the_order(world: World, keys: Keys, call_id: str) -> None:
    """Filled from the call: only what the caller says is typed."""
    page, form = keys.page, keys.page.locator("[data-test=order-form]")
    await keys.press("Alt+o")
    await keys.to(form.locator("input[name=order-danger]").first)
    await keys.press("ArrowDown")
    await keys.to(form.locator("input[name=order-scope]").first)
    await keys.press("ArrowDown")
    await expect(form.get_by_label("全家")).to_be_checked()
    await keys.fill(form.locator("#order-text"), "开关没跳，邻居有电")
    await keys.press("Control+Enter")
    number = page.locator("[data-test=taken] [data-test=order-number]")
    await number.wait_for()
    await keys.is_somewhere("after the order")
    [order] = await world.orders.orders()
    assert (await number.inner_text()).replace(" ", "") == order.number
    told = order.report
    assert (told.call_id, told.account, told.scope, told.text) == (call_id, "3200000002", "home", "开关没跳，邻居有电")


async def test_callers_are_rung_back_put_off_and_closed_and_a_message_read(tmp_path: Path) -> None:
    async with working(tmp_path, "1001", "1001") as (world, keys), world.client("lead") as lead:
        page = keys.page
        for number in ("13800000001", "13800000004"):
            await hangs_up_waiting(world, number)
        await open_page(keys, "/callbacks")
        lost, booked = page.locator("[data-test=abandoned] tbody tr"), page.locator("[data-test=booked] tbody tr")
        await keys.part("main")
        await expect(lost).to_have_count(2)
        for left in (1, 0):
            await keys.do(lost.first.get_by_role("button", name="排入回拨"), most=8)
            await expect(lost).to_have_count(left)
        await keys.press("Shift+F6")
        await keys.do(booked.first.get_by_role("button", name="回拨"))
        await until(lambda: world.state_of("1001") == "ringing")
        await page.wait_for_url(re.compile(r"/$"))
        await open_page(keys, "/callbacks")
        await keys.part("main")
        await keys.do(page.get_by_role("button", name="稍后"))
        await expect(page.get_by_label("为什么推后")).to_be_focused()
        await keys.write("线路忙")
        await keys.press("Enter")
        await until(lambda: world.state_of("1001") == "not_ready")
        await keys.is_somewhere("after a caller was put off")
        await keys.do(booked.last.get_by_role("button", name="关闭"))
        await expect(page.get_by_label("为什么不再回拨")).to_be_focused()
        await keys.press("Escape")
        await expect(booked.last.get_by_role("button", name="关闭")).to_be_focused()
        await keys.press("Enter")
        await keys.write("已当面答复")
        await keys.press("Enter")
        await expect(booked).to_have_count(1)
        await keys.is_somewhere("after a caller was closed")
        rows = (await lead.ask("GET", "/callbacks?state=closed"))["items"]
        assert [(row["outcome"], row["reason"]) for row in rows] == [("dismissed", "已当面答复")]
        rows = (await lead.ask("GET", "/callbacks?state=booked"))["items"]
        assert [row["reason"] for row in rows] == ["线路忙"]

        await lead.ask("POST", "/messages", {"key": "form-0001", "text": "请优先接报修", "to": []}, expect=201)
        bar = page.locator("[data-test=message-bar]")
        await expect(bar).to_contain_text("请优先接报修")
        await keys.part("[data-test=message-bar]", "Shift+F6")
        await keys.press("Enter")
        await expect(bar.locator(".message")).to_have_count(0)
        await keys.is_somewhere("after a message was read")
        [sent] = (await lead.ask("GET", "/messages/sent"))["items"]
        assert sent["read"] == 1
