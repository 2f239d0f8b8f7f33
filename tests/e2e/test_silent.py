"""Silent callers on the real PBX, with real sound and the whole five seconds: who is let go, and who is served."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cti.ua import OutgoingCall
from ivr.silence import PROMPTS
from speech.matching import HeardPrompt
from tests import sounds
from tests.e2e.heard import SLIP_S, come_to, heard, ids, pauses
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import Service, started_service
from tests.sounds import SPEECH_DB
from tests.until import until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.quiet,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PAUSE_S = 5.0
SAID = "喂，我家里停电了。"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def storm() -> AsyncIterator[Service]:
    """PBX and service in storm mode: the script runs in the menu at every hour."""
    async with started_pbx() as pbx, started_service(pbx) as service:
        turned = await service.request("lead", "PATCH", "/settings", {"site": {"storm": True}})
        assert turned["settings"]["site"]["storm"] is True
        yield service


async def events(service: Service, number: str) -> list[Any]:
    calls = await service.calls(number)
    return await service.timeline(calls[0]["id"]) if calls else []


async def given(service: Service, number: str, prompt: int) -> None:
    """Wait until the script has begun to say a prompt to a caller."""

    async def so() -> bool:
        story = await events(service, number)
        return any(e["event"] == "SilencePromptGiven" and e["data"]["prompt"] == prompt for e in story)

    await until(so, 110, every=0.1, what=f"{number} is given prompt {prompt}")


def script(told: list[HeardPrompt]) -> list[HeardPrompt]:
    return [prompt for prompt in told if prompt.prompt in PROMPTS]


async def check_released(service: Service, call: OutgoingCall) -> None:
    """The caller heard menu, menu, and the script in full, and was let go after the third whole pause."""
    told = await heard(service, call)
    names = [name for name in ids(told) if name in ("menu", *PROMPTS)]
    assert names == ["menu", "menu", *PROMPTS]
    said = script(told)
    assert call.ended is not None
    silent = pauses(said, call.ended.at)
    assert all(PAUSE_S - SLIP_S <= pause < PAUSE_S + 3 for pause in silent), (silent, said)


async def released(service: Service, number: str, call: OutgoingCall) -> None:
    ended = await call.wait_ended(90)
    assert ended.by == "them"
    await check_released(service, call)

    async def over() -> bool:
        return (await events(service, number))[-1]["event"] == "CallEnded"

    await until(over, 5, what="the end is journaled")
    names = [e["event"] for e in await events(service, number)]
    assert [n for n in names if n.startswith("Silence")] == ["SilencePromptGiven"] * 3 + ["SilenceReleased"]
    assert (await service.calls(number))[0]["end_cause"] == "silent"


async def served(service: Service, number: str, call: OutgoingCall, prompt: int, by: str, node: str) -> None:
    """The caller was heard at a prompt and came back to normal service."""
    await come_to(service, number, node, 10)
    broken = [e["data"] for e in await events(service, number) if e["event"] == "SilenceBroken"]
    assert [(b["prompt"], b["by"]) for b in broken] == [(prompt, by)]
    assert call.ended is None
    await call.hangup()
    assert len(script(await heard(service, call))) == prompt


async def nothing_at_all(service: Service, number: str, call: OutgoingCall) -> None:
    call.silence()
    await released(service, number, call)


async def a_phone_that_sends_no_packets(service: Service, number: str, call: OutgoingCall) -> None:
    call.stop_rtp()
    await released(service, number, call)


async def noise_ten_decibels_below_speech(service: Service, number: str, call: OutgoingCall) -> None:
    await call.play(sounds.pcm(sounds.noise(100, SPEECH_DB - 10)))
    await released(service, number, call)


async def coughs(service: Service, number: str, call: OutgoingCall) -> None:
    for prompt in (1, 2, 3):
        await given(service, number, prompt)
        await call.play(sounds.pcm(sounds.after(prompt, sounds.cough(prompt))))
    await released(service, number, call)


async def a_late_speaker(service: Service, number: str, call: OutgoingCall) -> None:
    await given(service, number, 2)
    await asyncio.sleep(4)
    await call.play(sounds.pcm(sounds.speech(SAID)))
    await served(service, number, call, 2, "speech", "person")


async def a_speaker_in_the_last_pause_in_noise(service: Service, number: str, call: OutgoingCall) -> None:
    await given(service, number, 3)
    said = sounds.after(7, sounds.speech(SAID))
    await call.play(sounds.pcm(sounds.together(said, sounds.noise(12, SPEECH_DB - 10))))
    await served(service, number, call, 3, "speech", "person")


async def a_far_away_speaker(service: Service, number: str, call: OutgoingCall) -> None:
    await given(service, number, 1)
    await call.play(sounds.pcm(sounds.after(5, sounds.far_away(sounds.speech(SAID)))))
    await served(service, number, call, 1, "speech", "person")


async def a_key(service: Service, number: str, call: OutgoingCall) -> None:
    await given(service, number, 3)
    await call.send_digits("w1,0")
    await served(service, number, call, 3, "key", "main")


CALLERS = [
    nothing_at_all,
    a_phone_that_sends_no_packets,
    noise_ten_decibels_below_speech,
    coughs,
    a_late_speaker,
    a_speaker_in_the_last_pause_in_noise,
    a_far_away_speaker,
    a_key,
]


async def test_only_who_is_silent_through_three_prompts_and_pauses_is_let_go(storm: Service) -> None:
    await asyncio.to_thread(sounds.speech, SAID)

    async def one(n: int) -> None:
        number = f"1390000060{n}"
        await asyncio.sleep(0.3 * n)
        async with caller(storm.pbx, number) as call:
            await call.wait_answered(5)
            await CALLERS[n](storm, number, call)

    outcomes = await asyncio.gather(*(one(n) for n in range(len(CALLERS))), return_exceptions=True)
    failed = {CALLERS[n].__name__: outcome for n, outcome in enumerate(outcomes) if outcome is not None}
    assert not failed, failed


async def test_a_kill_in_the_script_shortens_nothing(storm: Service) -> None:
    number = "13900000620"
    async with caller(storm.pbx, number) as call:
        await call.wait_answered(5)
        await given(storm, number, 2)
        await asyncio.sleep(3)
        await storm.kill()
        killed = call.now()
        await storm.start()
        settings = (await storm.request("lead", "GET", "/settings"))["settings"]
        assert settings["site"]["storm"] is True, "a switch stays as it was turned"
        ended = await call.wait_ended(60)
    said = script(await heard(storm, call))
    assert [prompt.prompt for prompt in said if prompt.at > killed] == ["silence_second", "silence_third"]
    assert said[-1].at - said[-2].until >= PAUSE_S - SLIP_S
    assert ended.at - said[-1].until >= PAUSE_S - SLIP_S
