"""Callers say what they want on the real PBX in another voice than ours; Whisper in a worker process understands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from cti.ua import OutgoingCall
from tests import sounds
from tests.e2e.heard import come_to, heard, ids
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import Service, started_service
from tests.sounds import SPEECH_DB
from tests.until import until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.alone,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

VOICE = "zm_yunxi"
CLEAR, UNCLEAR = "你好，我想查一下电费。", "昨天我们去看了一部讲人工智能的电影，特别好看。"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening() -> AsyncIterator[Service]:
    """PBX and service with the recogniser loaded."""
    async with started_pbx() as pbx, started_service(pbx, start=False) as service:
        text = service.config.read_text()
        service.config.write_text(text.replace('recogniser = "off"', 'recogniser = "whisper"\nworkers = 1'))
        await service.start()
        log = service.settings.var / "log" / "hotline.log"
        await until(lambda: "recogniser_ready" in log.read_text(), 90, what="the recogniser is loaded")
        yield service


async def spoken(service: Service, number: str) -> list[tuple[str, str | None]]:
    """Return what became of each spoken answer."""
    calls = await service.calls(number)
    story: list[dict[str, Any]] = await service.timeline(calls[0]["id"]) if calls else []
    lost = [("lost", e["data"]["why"]) for e in story if e["event"] == "SpeechLost"]
    return [(e["data"]["outcome"], e["data"]["intent"]) for e in story if e["event"] == "SpeechHeard"] + lost


async def asks(service: Service, number: str, call: OutgoingCall) -> None:
    """Come to the question."""
    await come_to(service, number, "main")
    await call.send_digits("6")
    await come_to(service, number, "speech_ask")


async def a_clear_request(service: Service, number: str, call: OutgoingCall) -> None:
    await asks(service, number, call)
    await call.play(sounds.pcm(sounds.after(1.5, sounds.speech(CLEAR, VOICE))))
    await come_to(service, number, "bill", 60)
    await call.hangup()
    assert await spoken(service, number) == [("sure", "bill")]
    told = await heard(service, call)
    asked = next(prompt for prompt in told if prompt.prompt == "speech_ask")
    assert not asked.complete, "the caller speaks, the hotline falls silent"


async def an_unclear_one(service: Service, number: str, call: OutgoingCall) -> None:
    await asks(service, number, call)
    await call.play(sounds.pcm(sounds.after(1.0, sounds.speech(UNCLEAR, VOICE))))

    async def unsure() -> bool:
        return ("unsure", "person") in await spoken(service, number)

    await until(unsure, 60, every=0.1, what="the caller is asked back")
    await call.send_digits("w2,1")
    await come_to(service, number, "person", 30)
    await call.hangup()
    names = ids(await heard(service, call))
    assert [name for name in names if name.startswith("speech_is")] == ["speech_is_person"]
    assert await spoken(service, number) == [("unsure", "person"), ("confirmed", "person")]


async def noise_alone(service: Service, number: str, call: OutgoingCall) -> None:
    await asks(service, number, call)
    await call.play(sounds.pcm(sounds.noise(90, SPEECH_DB - 10)))
    await come_to(service, number, "speech_keys", 90)
    await call.send_digits("w5,2")
    await come_to(service, number, "ask_account", 30)
    await call.hangup()
    names = [n for n in ids(await heard(service, call)) if n.startswith("speech")]
    assert [n for n in names if n != "speech_wait"] == ["speech_ask", "speech_again", "speech_keys"]
    assert {outcome for outcome, _ in await spoken(service, number)} <= {"silent", "unknown"}


async def a_key_during_the_question(service: Service, number: str, call: OutgoingCall) -> None:
    await asks(service, number, call)
    await call.send_digits("w1,2")
    await come_to(service, number, "bill", 30)
    await call.hangup()
    assert await spoken(service, number) == []


CALLERS = {
    "13800000001": a_clear_request,
    "13900000701": an_unclear_one,
    "13900000702": noise_alone,
    "13800000002": a_key_during_the_question,
}


async def test_callers_who_say_what_they_want_are_understood_asked_back_or_given_keys(listening: Service) -> None:
    made = [await asyncio.to_thread(sounds.speech, text, VOICE) for text in (CLEAR, UNCLEAR)]
    assert all(np.abs(wave).max() > 0 for wave in made)

    async def one(n: int, number: str) -> None:
        await asyncio.sleep(0.3 * n)
        async with caller(listening.pbx, number) as call:
            await call.wait_answered(5)
            await CALLERS[number](listening, number, call)

    outcomes = await asyncio.gather(*(one(n, number) for n, number in enumerate(CALLERS)), return_exceptions=True)
    failed = {call.__name__: out for call, out in zip(CALLERS.values(), outcomes, strict=True) if out is not None}
    assert not failed, failed
    for file in listening.settings.var.rglob("*.log"):
        assert "人工智能" not in file.read_text("utf-8"), "what callers say is not logged"
