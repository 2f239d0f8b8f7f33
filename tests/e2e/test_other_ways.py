"""Ways out of the Chinese menu: English by key 8, a number outside by a published flow; none by a voice that dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from app.demo_data import demo_data
from app.robot_voice import babble
from asterisk_conf.spec import Trunk
from core import policy
from core.clock import SystemClock
from core.tasks import TaskOwner
from cti.ua import IncomingCall, OutgoingCall, UserAgent
from cti.ua.sound import write_wav
from desk.billing import english as bill_english
from desk.billing.model import summary
from speech.kokoro import settings_key
from speech.matching import HeardPrompt
from speech.prompts import PromptPack, catalogue
from speech.second import ENGLISH_VOICE, FOLDER, SENTENCES
from speech.synthesis import Voice
from tests.e2e import babbler
from tests.e2e.heard import come_to, heard, hears, ids, is_sentence
from tests.e2e.test_publish import publish
from tests.e2e.test_self_service import come_to_next
from tests.pbx import started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.until import until

HERE = pytest.mark.asyncio(loop_scope="module")
pytestmark = [pytest.mark.e2e, pytest.mark.sound, HERE, pytest.mark.timeout(240)]

HURT, GUEST, LOCAL, OUT = "13900000081", "13800000010", "13900000084", "13900000083"
"""The guest is a customer whose bill is short: nothing was used."""
ACCOUNT, PIN = "3200000003", "000003"
"""Of somebody else, where the power is out today."""
DUTY = "02112345678"
READ = 3.0
"""Seconds after which the agents answer: the caller has heard the whole sentence before it."""


@dataclass
class Carrier:
    """The far side of the trunk, where everybody answers."""

    rung: list[IncomingCall] = field(default_factory=list)

    async def comes(self, call: IncomingCall) -> None:
        self.rung.append(call)
        call.ring()
        await call.answer()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[tuple[Service, Carrier]]:
    """A site that offers English, spoken by people, and has its recording notice elsewhere; its trunk goes out too."""
    carrier = Carrier()
    async with UserAgent() as far:
        far.on_call(carrier.comes)
        host, port = far.address
        trunk = Trunk(("127.0.0.1",), ("95598",), 100, "95598", outbound_to=f"{host}:{port}")
        with pytest.MonkeyPatch.context() as settings:
            settings.setenv("HOTLINE_SITE__OFFER_ENGLISH", "true")
            settings.setenv("HOTLINE_SITE__RECORDING_NOTICE", "false")
            async with started_pbx(trunk=trunk) as pbx, started_service(pbx, start=False) as service:
                record_english(service.settings.var)
                await say_english_ahead(service.settings.var)
                await service.start()
                yield service, carrier


def record_english(var: Path) -> None:
    """Let people have spoken the English prompts, in two and a half seconds each."""
    prompts = catalogue("en", site="x")
    pack = PromptPack(var / "prompts" / FOLDER, prompts, settings_key="people", cache=var / "cache")
    for number, prompt in enumerate(prompts):
        write_wav(var / "take.wav", babble(2.5, 120 + 15 * number, number))
        pack.record(prompt, var / "take.wav")


OUTAGE = [
    "The power at your address is off because of planned work on the grid.",
    "It should be back by the end of today.",
]


async def say_english_ahead(var: Path) -> None:
    """Lay there what the story hears of figures, as an earlier run would have left it: no processor to spare here."""
    clock, zone, rules = SystemClock(), ZoneInfo("Asia/Shanghai"), policy.load("seed")
    bills = sorted((b for b in demo_data(clock.now(), zone).bills if b.account == "3200000010"), key=lambda b: b.period)
    today = clock.now().astimezone(zone).date()
    bill = bill_english.bill(summary(bills[-1], [], bills[-2], today, rules), today, cut_off=False, policy=rules)
    command = [sys.executable, babbler.__file__]
    voice = Voice(var / "prompts" / SENTENCES, command, settings_key=settings_key(ENGLISH_VOICE), clock=clock)
    await voice.start()
    try:
        for sentence in [*OUTAGE, *(said.text for said in bill)]:
            await voice.media(sentence, within=30)
    finally:
        await voice.stop()


def english(prompts: list[HeardPrompt]) -> list[str]:
    """Return what was heard, `en:` before what is English."""
    names = {prompt.text: name for name, prompt in catalogue("en", site="x").items()}
    return [f"en:{names[p.text]}" if p.text in names else name for p, name in zip(prompts, ids(prompts), strict=True)]


async def test_english_tells_an_outage_and_a_bill_leads_back_to_chinese_in_danger_to_a_person_and_to_one_anyhow(
    world: tuple[Service, Carrier],
) -> None:
    hotline, _ = world
    first, second = hotline.pbx.seats[:2]
    async with (
        seat_phone(hotline.pbx, first.sip_username, first.sip_password, answer_after=READ) as anna,
        seat_phone(hotline.pbx, second.sip_username, second.sip_password, answer_after=READ) as bert,
    ):
        await hotline.make_ready("anna")
        await hotline.make_ready("bert")
        async with contextlib.AsyncExitStack() as calls:
            hurt = await calls.enter_async_context(caller(hotline.pbx, HURT))
            hurting = TaskOwner("hurt").start(goes_back_and_is_hurt(hotline, hurt), "hurt")
            await come_to(hotline, HURT, "english_outage_account", 90)
            guest = await calls.enter_async_context(caller(hotline.pbx, GUEST))
            await asyncio.gather(hurting, wants_a_person(hotline, guest))
            await until(lambda: bool(anna.calls and bert.calls), 30, what="both come to a person")
            for number in (HURT, GUEST):
                await until(lambda n=number: answered(hotline, n), 20, what="they talk")  # type: ignore[misc]
            await asyncio.sleep(1)
            for phone in (anna, bert):
                await phone.calls[-1].hangup()
            await hurt.wait_ended(30)
            await guest.wait_ended(30)
        async with caller(hotline.pbx, LOCAL) as local:
            await local.wait_answered(5)
            await local.send_digits("w0.3,0")
            await come_to(hotline, LOCAL, "person")
            await hears(local, 2.5)
            await local.hangup()
    names = english(await heard(hotline, local))
    assert "queue_enter" in names, names
    assert not [name for name in names if name.startswith("en:") and name != "en:en_offer"], "nobody who has not asked"
    told = [told_in_order(await heard(hotline, call)) for call in (hurt, guest)]
    offered = ["en:en_offer", "en:en_menu"]
    bill = [
        "used nothing.",
        "The bill is zero yuan.",
        "less than the month before, and",
        "This bill is paid. Thank you.",
    ]
    asked = ["en:account_ask", "en:pin_ask"]
    again = ["en:outage_more", "en:after_bill", "en:en_menu", "en:emergency", "en:queue_enter", "en:goodbye"]
    assert told[0][1:] == [*offered, "menu", "en:en_menu", *asked, *OUTAGE, *again], "without the recording notice"
    after = ["en:en_usage", "en:after_bill", "en:queue_enter", "en:goodbye"]
    assert [len(told[1]), *told[1][1:3], *told[1][7:]] == [11, *offered, *after]
    assert all(part in said for part, said in zip(bill, told[1][3:7], strict=True)), told[1]
    stories = [await hotline.timeline((await hotline.calls(number))[0]["id"]) for number in (HURT, GUEST)]
    assert [of(story, "LanguageChosen", "language") for story in stories] == [["en", "zh-CN", "en"], ["en"]]
    assert [of(story, "NeedStated", "need") for story in stories] == [["english"], ["english"]]
    assert [of(story, "AgentRequested", "causes") for story in stories] == [[["danger"]], [[]]]


def told_in_order(prompts: list[HeardPrompt]) -> list[str]:
    """Return ids of prompts and words of sentences, without the asking to wait, which only a busy machine says."""
    told = [p.text if is_sentence(p) else name for p, name in zip(prompts, english(prompts), strict=True)]
    return [each for each in told if each != "en:please_wait"]


def of(story: list[Any], event: str, field_: str) -> list[Any]:
    return [e["data"][field_] for e in story if e["event"] == event]


async def answered(hotline: Service, number: str) -> bool:
    return "AgentAnswered" in await hotline.story(number)


async def goes_back_and_is_hurt(hotline: Service, call: OutgoingCall) -> None:
    await call.wait_answered(10)
    await come_to(hotline, HURT, "announcements", 40)
    await call.send_digits("8")
    await come_to(hotline, HURT, "english_menu")
    await hears(call, 1.3)
    await call.send_digits("*")
    await come_to(hotline, HURT, "chinese")
    await come_to_next(hotline, HURT, "main")
    await hears(call, 1.3)
    await call.send_digits("8")
    await come_to_next(hotline, HURT, "english_menu")
    await hears(call, 1.3)
    await call.send_digits("3")
    await come_to(hotline, HURT, "english_outage_account")
    await hears(call, 1.3)
    await call.send_digits(f"{ACCOUNT}#")
    await come_to(hotline, HURT, "ask_pin")
    await hears(call, 1.3)
    await call.send_digits(f"{PIN}#")
    await come_to(hotline, HURT, "english_after_outage", 60)
    await hears(call, 1.3)
    await call.send_digits("*")
    await come_to_next(hotline, HURT, "english_menu")
    await hears(call, 1.3)
    await call.send_digits("1")


async def wants_a_person(hotline: Service, call: OutgoingCall) -> None:
    await call.wait_answered(10)
    await come_to(hotline, GUEST, "announcements", 40)
    await call.send_digits("8")
    await come_to(hotline, GUEST, "english_menu")
    await hears(call, 1.3)
    await call.send_digits("2")
    await come_to(hotline, GUEST, "english_after_bill", 60)
    # Who has long nothing to say to an agent would be taken for a silent caller.
    await asyncio.gather(come_to(hotline, HURT, "english_danger", 60), asyncio.sleep(3.5))
    await call.send_digits("0")


def with_new_words(main: dict[str, Any]) -> None:
    main["nodes"]["main"]["keys"]["7"] = "news"
    main["nodes"]["news"] = {"do": "say", "text": "这句话谁也没有听到过，因为声音总是停下来。", "next": "bye"}


def with_a_way_out(main: dict[str, Any]) -> None:
    main["outside_numbers"] = [DUTY]
    main["nodes"]["main"]["keys"]["7"] = "duty"
    ways = dict.fromkeys(("busy", "no_answer", "failed"), "person")
    main["nodes"]["duty"] = {"do": "transfer", "name": "duty", "number": DUTY, **ways, "next": "main"}


def kill_voices(hotline: Service) -> int:
    """Kill the processes in which the voice of the service works; return how many there were."""
    assert hotline.process is not None
    killed = 0
    children: list[str] = []
    for thread in Path(f"/proc/{hotline.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # threads come and go
            children += (thread / "children").read_text().split()
    for child in children:
        with contextlib.suppress(OSError):
            if b"speech.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
                killed += 1
    return killed


async def test_a_voice_that_dies_publishes_nothing_and_a_published_way_leads_outside_twice(
    world: tuple[Service, Carrier],
) -> None:
    hotline, carrier = world
    publishing = TaskOwner("publishing").start(publish(hotline, 1, with_new_words, 409), "publish")
    killed = 0
    while not publishing.done():
        killed += kill_voices(hotline)
        await asyncio.sleep(0.1)
    refused = (await publishing)["error"]
    assert killed >= 3
    assert refused["code"] == "prompts_failed", refused
    assert len(refused["details"]["missing"]) == 1
    assert (await hotline.request("admin", "GET", "/flows"))["items"][0]["live_version"] == 1

    assert (await publish(hotline, 1, with_a_way_out))["state"] == "live"
    async with caller(hotline.pbx, OUT) as call:
        await call.wait_answered(5)
        await come_to(hotline, OUT, "main", 40)
        await call.send_digits("w0.5,7")
        far = await talks_outside(carrier, call, 1)
        await far.hangup()
        await come_to_next(hotline, OUT, "main")
        await hears(call, 1.3)
        await call.send_digits("7")
        far = await talks_outside(carrier, call, 2)
        await call.hangup()
        await far.wait_ended(10)
    assert far.called == DUTY
    await until(lambda: hotline.calls(OUT, "ended"), 20, what="the call is over")
    names = ids(await heard(hotline, call))
    assert [name for name in names if name in ("transfer", "menu")][:3] == ["transfer", "menu", "transfer"], names
    story = await hotline.timeline((await hotline.calls(OUT))[0]["id"])
    assert of(story, "CallPutThrough", "to") == ["duty", "duty"]
    assert of(story, "CallReturned", "why") == ["hung_up"]
    assert of(story, "CallEnded", "by") == ["caller"]


async def talks_outside(carrier: Carrier, call: OutgoingCall, number: int) -> IncomingCall:
    """Wait until the caller is put through for the `number`th time and each hears the other's tone."""
    await until(lambda: len(carrier.rung) == number and carrier.rung[-1].first_rtp is not None, 20, what="they talk")
    far = carrier.rung[-1]
    call.tone(440)
    far.tone(700)

    def both() -> bool:
        sides = ((call, 700), (far, 440))
        return all(one.received.tone_power(hz, one.now() - 1, one.now() - 0.2) > -20 for one, hz in sides)

    await until(both, 15, what="tones both ways")
    call.silence()
    return far
