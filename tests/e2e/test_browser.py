"""A real Chromium at a real call: the customer is on the page before the phone is answered."""

import pytest
from playwright.async_api import expect

from tests.browser import chromium
from tests.e2e.heard import come_to_state
from tests.pbx import started_pbx
from tests.phone import caller, seat_phone
from tests.service import PASSWORD, started_service
from tests.until import until
from tests.web.desk import new_page, watch

pytestmark = [pytest.mark.e2e, pytest.mark.sound]


async def test_the_page_shows_the_customer_before_the_phone_is_answered() -> None:
    number, problems = "13800000002", list[str]()
    async with started_pbx() as pbx, started_service(pbx, ui=True) as hotline, chromium() as browser:
        seat = pbx.seats[0]
        async with seat_phone(pbx, seat.sip_username, seat.sip_password) as phone:
            page = await new_page(browser)
            watch(page, hotline.base, problems)
            await page.goto(hotline.base)
            await page.fill("#username", "anna")
            await page.fill("#password", PASSWORD)
            await page.keyboard.press("Enter")
            await page.check(f"input[value='{seat.id}']")
            await page.get_by_role("button", name="进入工作台").click()
            await page.locator(".control").wait_for()
            await page.keyboard.press("Alt+r")
            await until(lambda: is_ready(hotline.request("lead", "GET", "/agents")), 10, every=0.1)
            async with caller(pbx, number) as call:
                await call.wait_answered(5)
                await call.send_digits("w0.3,0")
                leg = await phone.ringing(60)
                await expect(page.locator("[data-test=customer-name]")).to_have_text("王芳")
                assert leg.times.answered is None, "nobody has taken the phone off yet"
                await expect(page.locator("[data-test=bill]")).to_contain_text("101.00 元")
                await leg.answer()
                await come_to_state(hotline, number, "talking")
                await page.locator("[data-control=hold]").wait_for()  # the key counts once the page knows of the talk
                await page.keyboard.press("Alt+h")
                await come_to_state(hotline, number, "held")
                await page.get_by_role("button", name="恢复通话").click()
                await come_to_state(hotline, number, "talking")
                await leg.hangup()
            await page.get_by_label("咨询查询").wait_for()
        assert problems == []


async def is_ready(asked) -> bool:  # type: ignore[no-untyped-def]
    """Whether one of the agents is ready."""
    return any(agent["state"] == "ready" for agent in (await asked)["items"])
