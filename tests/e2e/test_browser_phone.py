"""The desktop page as a phone, in a real Chromium over the real PBX: who hears whom is told by tones."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import Connection

from agents.events import PhoneChecked
from core.db import Database
from core.events import Event
from core.journal import since
from cti.ua import OutgoingCall
from tests.e2e.cable import Cable, laid_cable
from tests.e2e.heard import come_to_state
from tests.e2e.page_phone import PagePhone, browser_processes, crash, headset, open_page, stopped, talking_browser
from tests.pbx import LOOPBACK, started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.sound, pytest.mark.asyncio(loop_scope="module")]

CALLER, COLLEAGUE, AGENT = 440.0, 700.0, 1000.0
HEARD_DB = -30
LOOKED_AT_S = 0.5
MUSIC_RMS = 100
"""Of samples of 16 bits; silence in A-law is 8."""
BACK_WITHIN_S, SLACK = 5.0, 0.6
"""P9, P10; and what a machine that does something else takes more: a page is drawn and a phone registers meanwhile."""
AWAY_S = 10.0
"""How long the cable is cut; neither end is told, both find out by silence."""
BAD_HEADSET = """
if (navigator.mediaDevices) {
window.headset = { refused: true, gain: null };
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (headset.refused) throw new DOMException('no', 'NotAllowedError');
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  headset.gain = context.createGain();
  headset.gain.gain.value = 0;
  context.createMediaStreamSource(await real(wish)).connect(headset.gain).connect(out);
  return out.stream;
};
}
"""
"""A microphone that the browser refuses first, and that is muted at the headset afterwards."""


@pytest.fixture(scope="module")
def cable() -> Iterator[Cable | None]:
    """What joins the browser to this machine, where a test may lay one; else they share the machine."""
    with laid_cable() as laid:
        yield laid


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(cable: Cable | None) -> AsyncIterator[Service]:
    """PBX and service whose first seats are pages."""
    address = cable.here if cable else LOOPBACK
    async with started_pbx(browsers=2, address=address) as pbx, started_service(pbx, ui=True) as service:
        yield service


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sound of the microphone is."""
    return tmp_path_factory.mktemp("microphone")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(folder: Path, cable: Cable | None, hotline: Service) -> AsyncIterator[Browser]:
    """A Chromium whose microphone plays the agent's tone; it may be used though the page has no certificate."""
    trust, program = [], None
    if cable:
        trust = [f"--unsafely-treat-insecure-origin-as-secure=http://{cable.here}:{hotline.settings.web.port}"]
        program = cable.program(folder)
    async with talking_browser(folder, AGENT, trust, program) as running:
        yield running


async def test_a_page_takes_a_call_mutes_holds_says_the_script_consults_joins_and_hands_over(
    hotline: Service, browser: Browser
) -> None:
    number = "13800000002"
    desk = await open_page(await headset(browser), hotline)
    await no_call_before_the_phone_was_tested(hotline, desk)
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
        await desk.picture("phone-muted")
        await desk.page.get_by_role("button", name="取消静音").click()
        await hears(call, AGENT)
        await desk.page.keyboard.press("Alt+h")
        await come_to_state(hotline, number, "held")
        await hears(call, AGENT, not_any_more=True)
        await desk.page.get_by_role("button", name="恢复通话").click()
        await hears(call, AGENT)
        await desk.hears(CALLER)
        await presses_keys(desk, call)
        await call.send_digits("5")  # a tone is no speech: without a sign of life the caller is a silent one
        await says_the_silent_script(desk, call)
        await consults_joins_and_hands_over(hotline, desk, call)
    await desk.page.close()
    assert desk.problems == []


async def test_p09_p10_p11_whatever_happens_to_the_page_the_talk_goes_on(
    hotline: Service, browser: Browser, folder: Path, cable: Cable | None
) -> None:
    number = "13800000004"
    profile = await headset(browser)
    desk = await open_page(profile, hotline)
    await desk.sign_in("bert", "1002")
    await ready(desk)
    async with caller(hotline.pbx, number) as call:
        await call.wait_answered(5)
        await call.send_digits("w0.3,0")
        call_id = await come_to_state(hotline, number, "talking", 60)
        call.tone(CALLER)
        await hears(call, AGENT)
        took = {}

        began = time.monotonic()
        await desk.page.reload(wait_until="commit")
        await hears(call, AGENT, 3, not_any_more=True)
        await hears_music(call)
        await both_hear(desk, call)
        took["refresh"] = time.monotonic() - began

        second = await open_page(profile, hotline)
        began = time.monotonic()
        await second.page.goto(desk.base)
        await desk.page.locator("[data-status=elsewhere]").wait_for()
        await both_hear(second, call)
        await desk.picture("phone-elsewhere")
        took["second tab"] = time.monotonic() - began
        assert await desk.page.locator("[data-status=elsewhere]").is_visible()

        await crash(second.page)
        await hears(call, AGENT, 5, not_any_more=True)
        await hears_music(call)
        await second.page.close()
        began = time.monotonic()
        third = await open_page(profile, hotline)
        await third.page.goto(desk.base)
        await both_hear(third, call)
        took["crash"] = time.monotonic() - began

        began = time.monotonic()
        with away(cable, folder):
            await hears(call, AGENT, 6, not_any_more=True)
            await hears_music(call)
            took["music"] = time.monotonic() - began
            await asyncio.sleep(began + AWAY_S - time.monotonic())
        began = time.monotonic()
        await both_hear(third, call, 15)
        took["network" if cable else "closed lid"] = time.monotonic() - began

        assert [one["id"] for one in await hotline.calls(number)] == [call_id], "it is one call all the while"
        story = [one["event"] for one in await hotline.timeline(call_id)]
        assert story.count("AgentAnswered") == 1
        assert "CallReleased" not in story
        await call.send_digits("5")  # a tone is no speech, and a silent caller is kept
        await until(lambda: wants_to_hang_up(third), 10, every=0.2, what="the talk can be ended by key")
        await third.page.get_by_label("咨询查询").wait_for()
    print({what: round(seconds, 1) for what, seconds in took.items()})
    assert max(took.values()) <= BACK_WITHIN_S * (1 + SLACK), took


async def says_the_silent_script(desk: PagePhone, call: OutgoingCall) -> None:
    """Have the first prompt of the script said in the agent's line, and take the caller back."""
    await desk.page.keyboard.press("Alt+s")
    await desk.page.get_by_text("正在播放无声提示：第 1 次，共 3 次").wait_for()
    await hears(call, AGENT, not_any_more=True)
    await expect(desk.page.locator("[data-test=lines] li.saying")).to_contain_text("欢迎您的来电")
    await desk.picture("silent-script")
    await desk.page.keyboard.press("Alt+s")
    await hears(call, AGENT)


async def consults_joins_and_hands_over(hotline: Service, desk: PagePhone, call: OutgoingCall) -> None:
    """Find a colleague by name, ask first, talk as three, and leave the two to each other: all by keyboard."""
    page, seat = desk.page, hotline.pbx.seats[2]
    async with seat_phone(hotline.pbx, seat.sip_username, seat.sip_password) as phone:
        await hotline.make_ready("carl")
        await page.keyboard.press("Alt+z")
        await page.fill("#target-search", "carl")
        await page.locator("[role=option][aria-selected=true][data-target^=agent]").wait_for()
        await page.keyboard.press("Enter")
        carl = await phone.answer()
        carl.tone(COLLEAGUE)
        await page.locator("[data-test=third][data-state=talking]").wait_for()
        await desk.hears(COLLEAGUE)
        await hears(call, AGENT, not_any_more=True)
        await page.keyboard.press("Alt+w")
        await desk.hears(CALLER)
        await page.keyboard.press("Alt+j")
        await hears(call, AGENT)
        await hears(call, COLLEAGUE)
        await desk.picture("conference")
        await page.keyboard.press("Alt+t")
        await page.get_by_label("咨询查询").wait_for()
        await hears(call, AGENT, not_any_more=True)
        await hears(call, COLLEAGUE)


async def no_call_before_the_phone_was_tested(hotline: Service, desk: PagePhone) -> None:
    """P26: without a microphone, with one that is silent, and before the echo was heard nobody becomes ready."""
    await desk.page.add_init_script(BAD_HEADSET)
    await desk.sign_in("anna", "1001", connected=False)
    alert = desk.page.get_by_role("alert")
    await alert.get_by_text("浏览器不允许使用麦克风").wait_for()
    await desk.page.get_by_text("请点地址栏左侧的图标").wait_for()
    await desk.picture("phone-refused")
    assert await refused_ready(hotline) == "phone_not_registered"
    await desk.page.evaluate("headset.refused = false")
    await desk.page.get_by_role("button", name="再试一次").click()
    await desk.page.get_by_text("请对着话筒说一句话").wait_for()
    await desk.picture("phone-voice")
    assert await refused_ready(hotline) == "phone_not_checked"
    await desk.page.evaluate("headset.gain.gain.value = 1")
    await desk.connected()

    async def told() -> bool:
        return await journal_of_phones(hotline) == [{"how": "echo", "faults": []}]

    await until(told, 5, every=0.2, what="the journal tells of one test, by echo, without a fault")
    await desk.page.keyboard.press("Alt+p")
    settings = desk.page.locator("[data-test=phone-settings]")
    await settings.get_by_label("麦克风", exact=True).wait_for()
    assert await settings.get_by_label("振铃设备").locator("option").count() > 1
    await settings.get_by_label("音量", exact=True).fill("80")
    await desk.picture("phone-settings")
    assert await desk.page.evaluate("JSON.parse(localStorage['hotline.phone']).volume") == 0.8
    await desk.page.keyboard.press("Escape")
    await settings.wait_for(state="hidden")


async def refused_ready(hotline: Service) -> str:
    """Ask for ready as the agent and return why that is refused."""
    answer = await hotline.request("anna", "POST", "/agents/me/state", {"state": "ready"}, expect=409)
    return str(answer["error"]["code"])


async def journal_of_phones(hotline: Service) -> list[dict[str, object]]:
    """Return what the journal holds of the tests of phones, without whose and when."""

    def read(connection: Connection) -> list[Event]:
        return [one.event for one in since(connection, 0, (PhoneChecked,))]

    db = Database(hotline.settings.database_url)
    try:
        told = await db.read(read)
    finally:
        await db.close()
    return [{"how": one.how, "faults": one.faults} for one in told if isinstance(one, PhoneChecked)]


async def presses_keys(desk: PagePhone, call: OutgoingCall) -> None:
    """The keys of the page reach the caller's phone as RFC 4733, and are shown."""
    await desk.page.keyboard.press("Alt+k")
    pad = desk.page.locator("[data-test=keypad]")
    await pad.get_by_role("button", name="按键 4").click()
    for key in ("2", "#"):
        await desk.page.keyboard.press(key)
    await until(lambda: call.received.digits == "42#", 10, every=0.1, what=lambda: f"keys: {call.received.digits}")
    await desk.picture("phone-keypad")
    await desk.page.keyboard.press("Alt+k")


def away(cable: Cable | None, folder: Path) -> AbstractContextManager[None]:
    """Cut the browser off; where no cable is, stop the browser, as a closed lid does."""
    return cable.cut() if cable else stopped(browser_processes(folder))


async def wants_to_hang_up(desk: PagePhone) -> bool:
    """Press the key for hanging up, twice as it needs, and tell whether the wrap-up has come."""
    await desk.page.keyboard.press("Alt+g")
    return await desk.page.get_by_label("咨询查询").is_visible()


async def both_hear(desk: PagePhone, call: OutgoingCall, timeout: float = 10.0) -> None:
    """Wait until caller and agent hear each other, and packets go both ways."""
    await hears(call, AGENT, timeout)
    await desk.hears(CALLER, timeout)
    await desk.flows_both_ways()


async def hears_music(call: OutgoingCall) -> None:
    """Wait until the caller hears something that is not the agent."""

    def so() -> bool:
        now = call.now()
        sound = call.received.pcm()[-int(LOOKED_AT_S * 8000) :].astype(float)
        return level(call, AGENT) < HEARD_DB and now > 0 and float(np.sqrt(np.mean(sound**2))) > MUSIC_RMS

    await until(so, 5, every=0.05, what="the caller hears music")


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
