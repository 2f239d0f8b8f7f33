"""A new customer out of the call in a real browser: by keyboard alone, nothing typed lost, nobody made twice."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.until import until
from tests.web.desk import WIDE, ZOOMED, Desk, open_desk, too_wide
from tests.web.test_ui_with_server import signed_in
from tests.web.test_ui_work import lose_the_answer, talk
from web.ui.mock import data

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PICTURES = os.environ.get("HOTLINE_PICTURES")


async def _picture(desk: Desk, name: str) -> None:
    if PICTURES:
        await desk.page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def test_a_new_customer_by_keyboard_alone_outlives_a_reload_and_is_made_once() -> None:
    async with open_desk() as desk:
        page, customers = desk.page, desk.centre.customers
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1"))
        await expect(page.locator("[data-test=unknown]")).to_be_visible()
        await page.keyboard.press("Alt+,")
        form = page.locator("[data-test=customer-form]")
        await expect(form.locator("#new-name")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(form).to_contain_text("请写下客户的姓名")
        await page.keyboard.type("周<b>敏")
        await expect(form.locator("#new-phone")).to_have_value("13800000006")
        for _ in range(2):
            await page.keyboard.press("Tab")
        await page.keyboard.type("和平路 6 号")
        await page.reload()
        await expect(form.locator("#new-address")).to_have_value("和平路 6 号")
        await expect(form.locator("#new-name")).to_be_focused()
        await page.keyboard.press("Alt+o")
        await page.locator("[data-field=danger] input").last.check()
        await form.locator("#new-name").focus()
        await page.route("**/api/v1/customers", lose_the_answer, times=1)
        await page.keyboard.press("Enter")
        await until(lambda: len(customers.sent) == 1)
        await expect(form).to_contain_text("没有收到服务器的答复")
        await form.locator("#new-name").focus()
        await page.keyboard.press("Enter")
        await expect(form).to_have_count(0)
        assert len({told["key"] for told in customers.sent}) == len(customers.made) == 1
        told = {"call_id": "c1", "name": "周<b>敏", "phone": "13800000006", "address": "和平路 6 号", "area": ""}
        told |= {"category": "residential", "language": "", "although_known": False}
        assert customers.sent[-1] | {"key": ""} == told | {"key": ""}
        await expect(page.locator("[data-test=customer-name]")).to_have_text("周<b>敏")
        await expect(page.locator("[data-test=by-hand]")).to_contain_text("由您选定：周<b>敏")
        await expect(page.locator("#order-address")).to_have_value("和平路 6 号")
        await page.reload()
        await expect(page.locator("[data-test=customer-name]")).to_have_text("周<b>敏")
        await expect(form).to_have_count(0)


async def test_who_is_there_already_is_offered_and_the_number_is_added_only_when_asked() -> None:
    async with open_desk() as desk:
        page, customers = desk.page, desk.centre.customers
        customers.known = [data.customer("王芳", id="cu7", phones=["138****0002"])]
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1"))
        await page.keyboard.press("Alt+,")
        form = page.locator("[data-test=customer-form]")
        await page.keyboard.type("王芳")
        await page.keyboard.press("Enter")
        alike = form.locator("[data-test=alike]")
        await expect(alike).to_contain_text("这个号码已有客户")
        await expect(alike.get_by_role("button", name="就是这位")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(form).to_have_count(0)
        chosen = page.locator("[data-test=by-hand]")
        await expect(chosen).to_be_focused()
        sent = desk.centre.commands[-1]
        assert (sent["type"], sent["customer_id"], sent.get("add_number", False)) == ("identify", "cu7", False)
        await chosen.get_by_role("button", name="把来电号码 138 0000 0006 加到此客户").click()
        await expect(chosen.get_by_role("button", name=re.compile("把来电号码"))).to_have_count(0)
        assert desk.centre.commands[-1]["add_number"] is True
        await chosen.get_by_role("button", name="恢复自动识别").click()
        await expect(page.locator("[data-test=unknown]")).to_be_visible()
        await page.keyboard.press("Alt+,")
        await page.keyboard.type("王芳")
        await page.keyboard.press("Enter")
        await alike.get_by_role("button", name="不是，仍然新建").click()
        await expect(form).to_have_count(0)
        assert customers.sent[-1]["although_known"] is True


async def test_the_form_comes_into_sight_below_an_open_order_each_time_its_key_is_pressed() -> None:
    async with open_desk() as desk:
        page = desk.page
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1"))
        await page.keyboard.press("Alt+o")
        await page.locator("[data-test=order-form]").get_by_label("没有", exact=True).check()
        await page.locator("#order-text").wait_for()
        for _ in range(2):
            await page.keyboard.press("Alt+,")
            await expect(page.locator("#new-name")).to_be_focused()
            await expect(page.locator("[data-test=customer-form]")).to_be_in_viewport(ratio=0.99)
            await page.locator("#order-text").focus()


async def test_a_form_left_behind_is_found_again_and_may_be_discarded() -> None:
    async with open_desk() as desk:
        page = desk.page
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1", "anonymous"))
        await page.keyboard.press("Alt+,")
        form = page.locator("[data-test=customer-form]")
        await page.keyboard.type("周")
        await page.keyboard.press("Enter")
        await expect(form).to_contain_text("电话和地址至少写一项")
        await expect(form.locator("#new-phone")).to_be_focused()
        await page.keyboard.type("138")
        await page.keyboard.press("Escape")
        await expect(form).to_have_count(0)
        await desk.centre.finish(20)
        await desk.centre.be("ready")
        left = page.locator("[data-test=unfinished-customers]")
        await expect(left).to_contain_text("未知号码，周")
        await expect(page.locator("#dial-number")).to_be_visible()  # the call is over
        await page.keyboard.press("Alt+,")
        await expect(form).to_have_count(0)
        await left.get_by_role("button", name="继续填写").click()
        await expect(form.locator("#new-phone")).to_have_value("138")
        await form.get_by_role("button", name="放弃").click()
        await form.get_by_role("button", name="再按一次放弃").click()
        await expect(page.locator("[data-test=customers]")).to_have_count(0)


@pytest.mark.parametrize(("locale", "dark", "size"), [("zh-CN", False, WIDE), ("en", True, ZOOMED)])
async def test_the_form_fits_with_very_long_words_and_axe_finds_nothing(
    locale: str, dark: bool, size: tuple[int, int]
) -> None:
    async with open_desk(locale=locale, dark=dark, size=size) as desk:
        page, name = desk.page, f"form-{locale}"
        long = [data.customer(data.LONG_NAME * 2, id=f"cu{n}", address="无分隔" * 60) for n in range(5)]
        desk.centre.customers.known = long
        await desk.sign_in()
        await talk(desk, data.unknown_pop("c1"))
        await page.keyboard.press("Alt+,")
        await page.locator("#new-name").fill(data.LONG_NAME * 2)
        await page.locator("#new-address").fill("W" * 200)
        await page.locator("#new-language").scroll_into_view_if_needed()
        await _picture(desk, name)
        await page.locator("#new-name").press("Enter")
        await page.locator("[data-test=alike]").wait_for()
        assert await desk.axe() == []
        assert not await desk.is_too_wide()
        await page.locator("[data-test=alike]").scroll_into_view_if_needed()
        await _picture(desk, f"{name}-alike")
        await page.locator("[data-test=alike] button").last.click()
        await page.locator("[data-test=by-hand]").wait_for()
        assert await desk.axe() == []
        assert not await desk.is_too_wide()
        await page.locator("[data-test=by-hand]").scroll_into_view_if_needed()
        await _picture(desk, f"{name}-done")


async def test_the_whole_way_before_our_own_server(tmp_path: Path) -> None:
    async with signed_in(tmp_path, "1001", "1001") as (world, page):
        await page.keyboard.press("Alt+r")
        await until(lambda: world.state_of("1001") == "ready")
        call_id = world.call("13800000006")
        world.pbx.pick_up(await world.rings(call_id))
        await page.get_by_text("号码没有对应的客户").wait_for()
        await page.keyboard.press("Alt+,")
        await page.locator("#new-name").fill("周敏")
        await page.locator("#new-address").fill("和平路 6 号")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=customer-name]")).to_have_text("周敏")
        await page.reload()
        await expect(page.locator("[data-test=customer-name]")).to_have_text("周敏")
        await expect(page.locator("[data-test=by-hand]")).to_contain_text("周敏")
        await page.get_by_role("button", name="恢复自动识别").click()
        await page.get_by_text("这个号码对应").or_(page.locator("[data-test=customer-name]")).first.wait_for()
        assert not await too_wide(page)
