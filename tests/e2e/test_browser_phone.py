"""The desktop page as a phone, in a real Chromium over the real PBX: who hears whom is told by tones."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from cti.ua import OutgoingCall
from tests.e2e.heard import come_to_state
from tests.e2e.page_phone import PagePhone, headset, open_page, talking_browser
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

CALLER, AGENT = 440.0, 1000.0
HEARD_DB = -30
LOOKED_AT_S = 0.5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Service]:
    """PBX and service whose first seats are pages."""
    async with started_pbx(browsers=2) as pbx, started_service(pbx, ui=True) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A Chromium whose microphone plays the agent's tone."""
    async with talking_browser(tmp_path_factory.mktemp("microphone"), AGENT) as running:
        yield running


async def test_a_page_takes_a_call_holds_it_mutes_itself_and_ends_it(hotline: Service, browser: Browser) -> None:
    number = "13800000002"
    desk = await open_page(await headset(browser), hotline)
    await desk.sign_in("anna", "1001")
    await ready(desk)
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        await come_to_state(hotline, number, "talking", 60)
        call.tone(CALLER)
        await hears(call, AGENT)
        await desk.hears(CALLER)
        await desk.flows_both_ways()
        await desk.page.keyboard.press("Alt+m")
        await hears(call, AGENT, not_any_more=True)
        await desk.page.get_by_role("button", name="取消静音").click()
        await hears(call, AGENT)
        await desk.page.keyboard.press("Alt+h")
        await come_to_state(hotline, number, "held")
        await hears(call, AGENT, not_any_more=True)
        await desk.page.get_by_role("button", name="恢复通话").click()
        await hears(call, AGENT)
        await desk.hears(CALLER)
        await call.send_digits("5")  # a tone is no speech: without a sign of life the caller is a silent one, and kept
        await until(lambda: wants_to_hang_up(desk), 10, every=0.2, what="the talk can be ended by key")
        await desk.page.get_by_label("咨询查询").wait_for()
    await desk.page.close()
    assert desk.problems == []


async def wants_to_hang_up(desk: PagePhone) -> bool:
    """Press the key for hanging up, twice as it needs, and tell whether the wrap-up has come."""
    await desk.page.keyboard.press("Alt+g")
    return await desk.page.get_by_label("咨询查询").is_visible()


async def ready(desk: PagePhone) -> None:
    """Be ready by key."""
    await desk.page.keyboard.press("Alt+r")
    await desk.page.get_by_role("status").get_by_text("就绪", exact=True).wait_for()


def level(call: OutgoingCall, hz: float) -> float:
    """How loud the caller heard a tone in the last half second, in dB."""
    now = call.now()
    return call.received.tone_power(hz, now - LOOKED_AT_S, now - 0.05)


async def hears(call: OutgoingCall, hz: float, timeout: float = 10.0, *, not_any_more: bool = False) -> None:
    """Wait until the caller hears this tone, or hears it no more."""

    def so() -> bool:
        return (level(call, hz) > HEARD_DB) is not not_any_more

    await until(so, timeout, every=0.05, what=lambda: f"{hz} Hz: {level(call, hz)} dB")
