"""Ways out of the Chinese menu: English by key 8, a number outside by a published flow; none by a voice that dies."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.robot_voice import babble
from asterisk_conf.spec import Trunk
from core.tasks import TaskOwner
from cti.ua import IncomingCall, OutgoingCall, UserAgent
from cti.ua.sound import write_wav
from speech.matching import HeardPrompt
from speech.prompts import PromptPack, catalogue
from speech.second import FOLDER
from tests.e2e.heard import come_to, come_to_state, heard, ids
from tests.e2e.test_publish import publish
from tests.e2e.test_self_service import come_to_next
from tests.pbx import started_pbx
from tests.phone import caller, seat_phone
from tests.service import Service, started_service
from tests.until import until

HERE = pytest.mark.asyncio(loop_scope="module")
pytestmark = [pytest.mark.e2e, pytest.mark.sound, HERE, pytest.mark.timeout(240)]

HURT, GUEST, LOCAL, OUT = "13900000081", "13900000082", "13900000084", "13900000083"
DUTY = "02112345678"


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
                await service.start()
                yield service, carrier


def record_english(var: Path) -> None:
    """Let people have spoken the English prompts, in a second and a half each."""
    prompts = catalogue("en", site="x")
    pack = PromptPack(var / "prompts" / FOLDER, prompts, settings_key="people", cache=var / "cache")
    for number, prompt in enumerate(prompts):
        write_wav(var / "take.wav", babble(1.5, 120 + 15 * number, number))
        pack.record(prompt, var / "take.wav")


def english(prompts: list[HeardPrompt]) -> list[str]:
    """Return what was heard, `en:` before what is English."""
    names = {prompt.text: name for name, prompt in catalogue("en", site="x").items()}
    return [f"en:{names[p.text]}" if p.text in names else name for p, name in zip(prompts, ids(prompts), strict=True)]


async def test_english_is_offered_leads_back_to_chinese_in_danger_to_a_person_and_to_one_anyhow(
    world: tuple[Service, Carrier],
) -> None:
    hotline, _ = world
    first, second = hotline.pbx.seats[:2]
    async with (
        seat_phone(hotline.pbx, first.sip_username, first.sip_password, answer_after=0.3) as anna,
        seat_phone(hotline.pbx, second.sip_username, second.sip_password, answer_after=0.3) as bert,
    ):
        await hotline.make_ready("anna")
        await hotline.make_ready("bert")
        async with caller(hotline.pbx, HURT) as hurt, caller(hotline.pbx, GUEST) as guest:
            await asyncio.gather(goes_back_and_is_hurt(hotline, hurt), wants_a_person(hotline, guest))
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
            await come_to_state(hotline, LOCAL, "queued")
            await local.hangup()
    assert english(await heard(hotline, local))[-1] == "queue_enter", "nobody hears English who has not asked for it"
    told = [english(await heard(hotline, call)) for call in (hurt, guest)]
    offered = ["en:en_offer", "en:en_menu"]
    assert [each[1:] for each in told] == [
        [*offered, "menu", "en:en_menu", "en:emergency", "en:queue_enter", "en:goodbye"],
        [*offered, "en:queue_enter", "en:goodbye"],
    ], "without the recording notice"
    stories = [await hotline.timeline((await hotline.calls(number))[0]["id"]) for number in (HURT, GUEST)]
    assert [of(story, "LanguageChosen", "language") for story in stories] == [["en", "zh-CN", "en"], ["en"]]
    assert [of(story, "NeedStated", "need") for story in stories] == [["english"], ["english"]]
    assert [of(story, "AgentRequested", "causes") for story in stories] == [[["danger"]], [[]]]


def of(story: list[Any], event: str, field_: str) -> list[Any]:
    return [e["data"][field_] for e in story if e["event"] == event]


async def answered(hotline: Service, number: str) -> bool:
    return "AgentAnswered" in await hotline.story(number)


async def goes_back_and_is_hurt(hotline: Service, call: OutgoingCall) -> None:
    await call.wait_answered(10)
    await come_to(hotline, HURT, "announcements", 40)
    await call.send_digits("8")
    await come_to(hotline, HURT, "english_menu")
    await call.send_digits("w2,*")
    await come_to(hotline, HURT, "chinese")
    await come_to_next(hotline, HURT, "main")
    await call.send_digits("w3,8")
    await come_to_next(hotline, HURT, "english_menu")
    await call.send_digits("w2,1")


async def wants_a_person(hotline: Service, call: OutgoingCall) -> None:
    await call.wait_answered(10)
    await come_to(hotline, GUEST, "announcements", 40)
    await call.send_digits("8")
    await come_to(hotline, GUEST, "english_menu")
    await call.send_digits("w2,0")


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
    for thread in Path(f"/proc/{hotline.process.pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
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
        await call.send_digits("w2,7")
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
