"""Silent callers on agents' lines of the real PBX, with real sound and whole pauses: four agents at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from app.robot_voice import babble
from cti.ua import IncomingCall, OutgoingCall
from ivr.silence import PROMPTS
from speech.matching import HeardPrompt
from tests.e2e.heard import SLIP_S, come_to_state, heard, ids, pauses
from tests.phone import SeatPhone, caller, seat_phone
from tests.service import AGENTS, Service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.quiet, pytest.mark.asyncio(loop_scope="module")]

PAUSE_S = 5.0


@dataclass(slots=True)
class Line:
    """One caller with one agent: the caller's call, the agent's leg, and whose they are."""

    service: Service
    number: str
    agent: str
    call: OutgoingCall
    leg: IncomingCall
    call_id: str

    async def ask(self, verb: str, expect: int = 200) -> Any:
        return await self.service.request(self.agent, "POST", f"/calls/{self.call_id}/{verb}", {}, expect)

    async def refused(self, verb: str) -> str:
        return str((await self.ask(verb, 409))["error"]["code"])

    async def events(self) -> list[Any]:
        return await self.service.timeline(self.call_id)

    async def comes(self, event: str, timeout: float = 30, **data: Any) -> None:
        async def told() -> bool:
            found = [e["data"] for e in await self.events() if e["event"] == event]
            return any(each == {**each, **data} for each in found)

        await until(told, timeout, every=0.1, what=f"{self.number}: {event} {data}")

    async def free(self) -> None:
        """The agent is done with the call: the seat is free after the wrap-up."""

        async def wraps_up() -> bool:
            return (await self.service.agent(self.agent))["state"] == "wrap_up"

        await until(wraps_up, 5, what=f"{self.agent} is in wrap-up")

    async def script(self) -> list[HeardPrompt]:
        return [prompt for prompt in await heard(self.service, self.call) if prompt.prompt in PROMPTS]

    async def check_released(self) -> None:
        """The whole script was heard, and the end came after the third whole pause."""
        said = await self.script()
        assert ids(said) == list(PROMPTS)
        assert self.call.ended is not None
        silent = pauses(said, self.call.ended.at)
        assert all(PAUSE_S - SLIP_S <= pause < PAUSE_S + 3 for pause in silent), (silent, said)

    async def let_go(self) -> None:
        """Wait for the end; it was the script's."""
        ended = await self.call.wait_ended(90)
        assert ended.by == "them"
        await self.comes("CallEnded", 5, by="system", why="silent")
        assert self.leg.ended is not None or await self.leg.wait_ended(2)


async def silent_to_the_end(line: Line) -> None:
    """Offered after a while; the page may not hang up before, nor during the script."""
    assert await line.refused("hangup") == "silent_call"
    await line.comes("SilenceNoticed")
    await line.ask("silent-script")
    await line.comes("SilencePromptGiven", prompt=2)
    assert await line.refused("hangup") == "silent_script_running"
    await line.let_go()
    await line.check_released()
    await line.free()
    refused = [e["data"]["why"] for e in await line.events() if e["event"] == "SilenceHangUpRefused"]
    assert refused == ["silent_call", "silent_script_running"]


async def speaks_in_the_second_pause(line: Line) -> None:
    """Back in the talk at once, with sound both ways; the talk then ends as any other."""
    await line.ask("silent-script")
    await line.comes("SilencePromptGiven", prompt=2)
    await asyncio.sleep(4)  # the prompt takes less
    await line.call.play(babble(3, 180, 7))
    await line.comes("SilenceBroken", prompt=2, by="speech")
    began = line.call.now()
    line.leg.tone(700)
    await until(lambda: line.call.received.tone_power(700, began, line.call.now()) > -30, 10, what="the agent is heard")
    await line.ask("hangup")
    await line.free()
    await line.comes("IvrNodeEntered", node="survey")
    await line.call.hangup()
    assert ids(await line.script()) == ["silence_first", "silence_second"]


async def the_phone_hangs_up_in_the_script(line: Line) -> None:
    """The agent is free at once; the PBX keeps the caller and says the rest."""
    await line.ask("silent-script")
    await line.comes("SilencePromptGiven", prompt=2)
    await line.leg.hangup()
    await line.comes("SilenceKept", 5)
    await line.free()
    assert line.call.ended is None
    await line.let_go()
    await line.check_released()
    assert "survey_ask" not in ids(await heard(line.service, line.call))


async def presses_a_key(line: Line) -> None:
    """A key is a sign of life; a caller who spoke at the beginning of the talk is let go as ever."""
    await line.ask("silent-script")
    await line.comes("SilencePromptGiven", prompt=1)
    await line.call.send_digits("w1,5")
    await line.comes("SilenceBroken", prompt=1, by="key")
    await line.ask("hangup")
    await line.free()
    await line.call.hangup()


STORIES = [silent_to_the_end, speaks_in_the_second_pause, the_phone_hangs_up_in_the_script, presses_a_key]


async def connected(service: Service, phones: list[SeatPhone], number: str, call: OutgoingCall) -> Line:
    """The caller asks for a person, and whoever is rung answers."""
    await call.wait_answered(5)
    await call.send_digits("w0.3,0")

    def rung() -> SeatPhone | None:
        ringing = [p for p in phones if p.calls and p.calls[-1].times.answered is None and p.calls[-1].ended is None]
        return ringing[0] if ringing else None

    phone = await until(rung, 60, what=f"a seat rings for {number}")
    assert phone is not None
    leg = await phone.answer()
    call_id = await come_to_state(service, number, "talking")
    agent_id = (await service.calls(number))[0]["agent_id"]
    agents = {(await service.agent(who))["id"]: who for who in AGENTS}
    return Line(service, number, agents[agent_id], call, leg, call_id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phones(hotline: Service) -> AsyncIterator[list[SeatPhone]]:
    """All four seats' phones, unanswered."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(seat_phone(hotline.pbx, seat.sip_username, seat.sip_password))
            for seat in hotline.pbx.seats
        ]


async def test_a_silent_caller_is_let_go_by_the_script_alone(hotline: Service, phones: list[SeatPhone]) -> None:
    for who in AGENTS:
        await hotline.make_ready(who)
    async with contextlib.AsyncExitStack() as stack:
        lines = []
        for n in range(len(STORIES)):
            call = await stack.enter_async_context(caller(hotline.pbx, f"1390000070{n}"))
            call.silence()
            lines.append(await connected(hotline, phones, f"1390000070{n}", call))
        outcomes = await asyncio.gather(
            *(story(line) for story, line in zip(STORIES, lines, strict=True)), return_exceptions=True
        )
    failed = {story.__name__: outcome for story, outcome in zip(STORIES, outcomes, strict=True) if outcome is not None}
    assert not failed, failed


async def test_a_kill_in_the_script_on_a_line_shortens_nothing(hotline: Service, phones: list[SeatPhone]) -> None:
    await hotline.make_ready("anna")
    number = "13900000720"
    async with caller(hotline.pbx, number) as call:
        call.silence()
        line = await connected(hotline, phones, number, call)
        await line.ask("silent-script")
        await line.comes("SilencePromptGiven", prompt=2)
        await asyncio.sleep(3)
        await hotline.kill()
        killed = call.now()
        await hotline.start()
        await line.let_go()
        assert line.call.ended is not None
        said = await line.script()
        assert [prompt.prompt for prompt in said if prompt.at > killed] == ["silence_second", "silence_third"]
        assert said[-1].at - said[-2].until >= PAUSE_S - SLIP_S
        assert line.call.ended.at - said[-1].until >= PAUSE_S - SLIP_S
        await line.free()
