"""A page lets go of its seat's phone when its agent does, gives it to one page of several, and needs its microphone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from tests.e2e.heard import come_to_state
from tests.e2e.page_phone import PagePhone, headset, open_page, talking_browser
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

MICROPHONE = """
if (navigator.mediaDevices) {
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.plugged = true;
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (!plugged) throw new DOMException('none', 'NotFoundError');
  return window.microphone = await real(wish);
};
window.pullOut = () => {
  window.plugged = false;
  const track = microphone.getAudioTracks()[0];
  track.stop();
  track.dispatchEvent(new Event('ended'));
};
}
"""
"""A microphone that can be pulled out."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Service]:
    """PBX and service whose first seats are pages."""
    async with started_pbx(browsers=2) as pbx, started_service(pbx, ui=True) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory, hotline: Service) -> AsyncIterator[Browser]:
    async with talking_browser(Path(tmp_path_factory.mktemp("microphone")), 1000.0) as running:
        yield running


async def test_a_page_whose_agent_signed_out_elsewhere_leaves_the_seat_to_who_sits_there_next(
    hotline: Service, browser: Browser
) -> None:
    old = await open_page(await headset(browser), hotline)
    await old.sign_in("anna", "1001")
    await hotline.request("anna", "DELETE", "/session")  # of another machine
    hotline.tokens.pop("anna")
    await until(lambda: is_registered(hotline, "1001", False), 10, every=0.2, what="the page has left the seat")

    fresh = await open_page(await headset(browser), hotline)
    await fresh.sign_in("carl", "1001")
    await takes_a_call(hotline, fresh, "13800000002")
    assert await old.page.locator("[data-test=phone]").count() == 0
    await old.page.locator("[href*='/login']").click()
    await old.page.check("input[value='1002']")
    await old.page.get_by_role("button", name="进入工作台").click()
    await old.connected()
    await until(
        lambda: is_registered(hotline, "1002", True), 10, every=0.2, what="the page is the phone of its new seat"
    )
    for desk, who in ((old, "anna"), (fresh, "carl")):
        await signs_out(desk)
        await desk.page.close()
        assert desk.problems == [], who


async def test_of_two_pages_that_open_at_once_one_is_the_phone_and_the_other_says_so(
    hotline: Service, browser: Browser
) -> None:
    profile = await headset(browser)
    first = await open_page(profile, hotline)
    await first.sign_in("anna", "1001")
    second = await open_page(profile, hotline)
    held: list[Route] = []
    await first.page.route("**/assets/line*.js", lambda route: held.append(route))
    await first.page.reload()
    await until(lambda: held, 10, what="the first page asks for its phone's code")
    await second.page.goto(second.base)
    await second.connected()
    await held[0].continue_()
    await first.page.locator("[data-status=elsewhere]").wait_for()
    await takes_a_call(hotline, second, "13800000004")
    await first.page.get_by_role("button", name="改在这里接听").click()
    await first.connected()
    await second.page.locator("[data-status=elsewhere]").wait_for()
    await second.page.close()
    await signs_out(first)
    await first.page.close()


async def test_p26_a_microphone_lost_in_mid_call_takes_the_phone_off_the_line_after_it(
    hotline: Service, browser: Browser
) -> None:
    desk = await open_page(await headset(browser), hotline)
    await desk.page.add_init_script(MICROPHONE)
    await desk.sign_in("anna", "1001")
    await desk.page.keyboard.press("Alt+r")
    async with caller(hotline.pbx, "13800000005") as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await come_to_state(hotline, "13800000005", "talking", 60)
        await desk.page.evaluate("pullOut()")
        await desk.page.locator("[data-status=deaf]").wait_for()
        assert await is_registered(hotline, "1001", True), "the caller can still be told so"
    await until(lambda: is_registered(hotline, "1001", False), 10, every=0.2, what="no caller can be rung here")
    await desk.page.get_by_label("咨询查询").check()
    await desk.page.keyboard.press("Control+Enter")
    await desk.page.get_by_role("status").get_by_text("未就绪").wait_for()
    await desk.page.evaluate("plugged = true")
    await desk.connected(30)
    await signs_out(desk)
    await desk.page.close()


async def takes_a_call(hotline: Service, desk: PagePhone, number: str) -> None:
    """The agent of this page is ready, and a caller is heard by it."""
    await desk.page.keyboard.press("Alt+r")
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await come_to_state(hotline, number, "talking", 60)
        call.tone(440.0)
        await desk.hears(440.0)
    await desk.page.get_by_label("咨询查询").check()
    await desk.page.keyboard.press("Control+Enter")
    await desk.page.get_by_role("status").get_by_text("就绪", exact=True).wait_for()


async def signs_out(desk: PagePhone) -> None:
    await desk.page.get_by_role("button", name="退出").click()
    await desk.page.locator("#username").wait_for()


async def is_registered(hotline: Service, seat: str, wanted: bool) -> bool:
    """Tell whether the phone of a seat is registered, as `wanted`."""
    rows = (await hotline.request("lead", "GET", "/seats"))["items"]
    return next(row["registered"] for row in rows if row["id"] == seat) is wanted
