"""A silent caller on an agent's line: the script is offered, said, broken off, never cut short."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import cti.listening
import ivr.silent_talk
from core.errors import Conflict, HotlineError
from cti.events import CallReleased
from cti.inbox import Asked
from cti.listening import Ears
from cti.messages import (
    Command,
    DigitPressed,
    HangUp,
    Hold,
    QueueGaveUp,
    Resume,
    SeatOffered,
    SendDigits,
    SilentScript,
    Transfer,
)
from cti.model import Call, CallState
from cti.port import PbxDown
from ivr.events import IvrNodeEntered, SilenceKept, SilenceNoticed, SilencePromptGiven, SilenceScriptBegun
from ivr.flow import Flow
from ivr.silence import PROMPTS
from tests.ivr.caller import CALL, POLICY, Caller
from tests.until import until

pytestmark = pytest.mark.integration

PAUSE = POLICY.number("silence_pause")
SPEECH = b"\1" * 320
SEAT = f"{CALL}-seat-1"
OFFER = SeatOffered("anna", "1001", "seat1001")


class Talk:
    """One caller with the agent anna; `ask` is what her page does."""

    def __init__(self, caller: Caller, task: "asyncio.Task[None]") -> None:
        self.caller = caller
        self.task = task

    async def ask(self, command: Command) -> None:
        session = self.caller.line.session
        assert session is not None
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        assert session.deliver(Asked(command, outcome))
        await asyncio.wait_for(outcome, 5)

    async def refused(self, command: Command) -> str:
        with pytest.raises(Conflict) as refused:
            await self.ask(command)
        return refused.value.code

    async def over(self) -> Call:
        async with asyncio.timeout(10):
            await self.task
        return await self.caller.booked()

    async def comes(self, name: str) -> None:
        """Wait until an event is in the story."""

        async def told() -> bool:
            return name in await self.caller.names()

        await until(told, what=name)

    async def said(self, prompt: str) -> None:
        await until(lambda: prompt in self.caller.line.heard, what=prompt)

    async def story(self) -> list[str]:
        """The events about silence, and the ends, in order."""
        ends = ("CallReleased", "CallEnded", "CallQueued")
        return [name for name in await self.caller.names() if name.startswith("Silence") or name in ends]


async def talks(caller: Caller, shipped: Flow) -> Talk:
    """A caller asks for a person, and anna answers."""
    caller.line.presses({"menu": ["0"]})
    caller.line.stays_on = True
    caller.line.seats.append("answer")
    caller.places.answers.append(OFFER)
    talk = Talk(caller, caller.start(shipped, await caller.arrives()))
    await until(lambda: f"join {CALL}-talk" in caller.line.asked, what="the talk")
    return talk


async def test_a_silent_caller_hears_the_script_on_the_line_and_is_let_go_after_the_third_pause(
    caller: Caller, shipped: Flow
) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    began = asyncio.get_running_loop().time()
    call = await talk.over()
    assert asyncio.get_running_loop().time() - began >= 3 * PAUSE
    assert caller.line.heard[-3:] == list(PROMPTS), "no survey, no goodbye"
    assert (call.ended_by, call.end_cause) == ("system", "silent")
    assert f"hang_up {SEAT} normal" in caller.line.asked, "the seat is free"
    assert (await talk.story())[1:] == [
        "SilenceScriptBegun",
        *["SilencePromptGiven"] * 3,
        "SilenceReleased",
        "CallReleased",
        "CallEnded",
    ]
    assert caller.line.hearing == 0


@pytest.mark.parametrize("prompt", PROMPTS)
async def test_a_caller_who_speaks_in_the_script_is_back_in_the_talk_which_then_ends_as_any_other(
    caller: Caller, shipped: Flow, prompt: str
) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    await talk.said(prompt)
    caller.line.sound.append(SPEECH)
    await talk.comes("SilenceBroken")
    await until(lambda: caller.line.asked.count(f"join {CALL}-talk") == 2, what="back in the talk")
    await talk.ask(HangUp("anna"))
    await talk.over()
    assert "survey_ask" in caller.line.heard
    assert caller.line.hearing == 0


async def test_a_key_in_the_script_is_a_sign_of_life_too(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    caller.line.presses({"silence_second": ["!5"]})
    await talk.ask(SilentScript("anna"))
    await talk.comes("SilenceBroken")
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_the_script_is_offered_to_the_agent_of_a_caller_who_is_not_heard(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await talk.comes("SilenceNoticed")
    caller.line.sound.append(SPEECH)
    await talk.comes("SilenceOver")
    await until(lambda: caller.line.hearing == 0, what="no longer listened to")
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_a_talk_in_which_the_caller_speaks_is_as_ever(caller: Caller, shipped: Flow) -> None:
    caller.line.sound = deque([SPEECH])
    talk = await talks(caller, shipped)
    await until(lambda: "hear" in caller.line.asked and caller.line.hearing == 0, what="heard once, enough")
    await talk.ask(HangUp("anna"))
    await talk.over()
    assert not [name for name in await caller.names() if name.startswith("Silence")]


async def test_the_page_may_not_hang_up_on_a_silent_caller(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await until(lambda: caller.line.hearing == 1, what="listened to")
    assert await talk.refused(HangUp("anna")) == "silent_call"
    await talk.ask(SilentScript("anna"))
    assert await talk.refused(HangUp("anna")) == "silent_script_running"
    for command in (Hold("anna"), Transfer("anna", "vip"), SendDigits("anna", "1"), SilentScript("anna")):
        assert await talk.refused(command) == "silent_script_running"
    assert await talk.refused(HangUp("bert")) == "conflict"
    await talk.over()
    assert (await talk.story()).count("SilenceHangUpRefused") == 2
    assert caller.line.heard[-3:] == list(PROMPTS)


async def test_the_agent_may_take_the_caller_back_but_not_let_them_go(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    await talk.said("silence_second")
    await talk.ask(Resume("anna"))
    await talk.comes("SilenceRecalled")
    await until(lambda: caller.line.asked.count(f"join {CALL}-talk") == 2, what="back in the talk")
    assert await talk.refused(HangUp("anna")) == "silent_call"
    caller.line.sound.append(SPEECH)
    await talk.comes("SilenceOver")
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_when_the_phone_hangs_up_the_script_is_finished_all_the_same(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    await talk.said("silence_second")
    caller.line.gone(SEAT)
    call = await talk.over()
    assert caller.line.heard[-3:] == list(PROMPTS)
    assert (call.ended_by, call.end_cause) == ("system", "silent")
    ends = [name for name in await talk.story() if name in ("SilenceKept", "CallReleased", "CallEnded")]
    assert ends == ["CallReleased", "SilenceKept", "CallEnded"], "anna is free, the caller is not let go"


async def test_who_speaks_after_the_phone_hung_up_gets_another_agent(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    await talk.said("silence_second")
    caller.line.gone(SEAT)
    await talk.comes("SilenceKept")
    caller.places.answers.append(QueueGaveUp("no_agents"))
    caller.line.leaves_after = "no_agent"
    caller.line.sound.append(SPEECH)
    await talk.over()
    assert [each[0] for each in caller.places.asked] == ["request", "request"]
    assert "survey_ask" not in caller.line.heard


async def test_a_phone_that_hangs_up_on_a_silent_caller_leaves_them_to_the_script(
    caller: Caller, shipped: Flow
) -> None:
    talk = await talks(caller, shipped)
    await talk.comes("SilenceNoticed")
    caller.line.gone(SEAT)
    call = await talk.over()
    assert caller.line.heard[-3:] == list(PROMPTS)
    assert call.end_cause == "silent"


async def test_a_phone_that_hangs_up_before_anything_is_known_ends_the_talk(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    caller.line.gone(SEAT)
    await talk.over()
    assert "survey_ask" in caller.line.heard


@pytest.mark.parametrize("why", ["pbx", "detector", "ears"])
async def test_who_cannot_be_listened_to_is_not_silent(caller: Caller, shipped: Flow, why: str) -> None:
    if why == "pbx":
        caller.line.can_hear = False
    elif why == "detector":
        caller.services = replace(caller.services, detector=None)
    else:
        caller.services = replace(caller.services, ears=Ears(0))
    talk = await talks(caller, shipped)
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_a_sound_that_breaks_off_ends_the_script_and_the_agent_decides(caller: Caller, shipped: Flow) -> None:
    talk = await talks(caller, shipped)
    await talk.ask(SilentScript("anna"))
    caller.line.sound_ends = True
    await talk.comes("SilenceUnheard")
    await until(lambda: caller.line.asked.count(f"join {CALL}-talk") == 2, what="back in the talk")
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_every_ear_is_given_back(caller: Caller, shipped: Flow) -> None:
    ears = Ears(1)
    caller.services = replace(caller.services, ears=ears)
    talk = await talks(caller, shipped)
    await until(lambda: caller.line.hearing == 1, what="listened to")
    assert not ears.take()
    caller.line.gone(CALL)
    await talk.over()
    assert ears.take()


async def test_nobody_is_listened_to_without_an_end(
    caller: Caller, shipped: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cti.listening, "BEHIND_S", 1000.0)  # nothing else ends it on a busy machine
    talk = await talks(caller, shipped)
    await until(lambda: caller.line.hearing == 1, what="listened to")
    await until(lambda: caller.line.hearing == 0, what="for long enough")
    await talk.ask(HangUp("anna"))
    await talk.over()


Before = Callable[[Caller], Awaitable[None]]


async def killed_in(caller: Caller, shipped: Flow, before: Before) -> Talk:
    """The service dies in the talk of a silent caller, `before` having been journaled; the next one takes up."""
    talk = await talks(caller, shipped)
    await caller.killed(talk.task)
    await before(caller)
    return Talk(caller, caller.start(shipped, caller.session(await caller.booked())))


async def begun(caller: Caller) -> None:
    """The script is at its second prompt."""
    now = caller.clock.now()
    await caller.journal.record(
        SilenceScriptBegun(at=now, call_id=CALL, agent_id="anna"),
        *(SilencePromptGiven(at=now, call_id=CALL, node="person", prompt=n) for n in (1, 2)),
    )


async def test_a_restart_says_the_same_prompt_again_and_shortens_nothing(caller: Caller, shipped: Flow) -> None:
    began = asyncio.get_running_loop().time()
    talk = await killed_in(caller, shipped, begun)
    call = await talk.over()
    assert caller.line.heard == list(PROMPTS[1:])
    assert asyncio.get_running_loop().time() - began >= 2 * PAUSE
    assert (call.ended_by, call.end_cause, call.state) == ("system", "silent", CallState.ENDED)
    assert f"hang_up {SEAT} normal" in caller.line.asked


async def test_a_phone_that_went_while_nobody_was_there_does_not_end_the_script(caller: Caller, shipped: Flow) -> None:
    talk = await killed_in(caller, shipped, begun)
    caller.line.gone(SEAT)
    await talk.over()
    assert caller.line.heard == list(PROMPTS[1:])
    assert "SilenceKept" in await talk.story()


async def kept(caller: Caller) -> None:
    """The phone has hung up in the second prompt."""
    await begun(caller)
    session = caller.session(await caller.booked())
    now = caller.clock.now()
    await session.record(
        CallReleased(at=now, call_id=CALL, agent_id="anna", by="agent", why="hung_up"),
        told=[SilenceKept(at=now, call_id=CALL, agent_id="anna")],
    )


async def test_a_caller_who_was_kept_is_kept_over_a_restart(caller: Caller, shipped: Flow) -> None:
    call = await (await killed_in(caller, shipped, kept)).over()
    assert caller.line.heard == list(PROMPTS[1:]), "neither survey nor goodbye"
    assert call.end_cause == "silent"


async def test_after_a_restart_only_who_was_known_to_be_silent_is(caller: Caller, shipped: Flow) -> None:
    async def nothing(caller: Caller) -> None: ...

    talk = await killed_in(caller, shipped, nothing)
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_after_a_restart_a_caller_noticed_as_silent_still_is(caller: Caller, shipped: Flow) -> None:
    async def noticed(caller: Caller) -> None:
        await caller.journal.record(SilenceNoticed(at=caller.clock.now(), call_id=CALL, agent_id="anna"))

    talk = await killed_in(caller, shipped, noticed)
    assert await talk.refused(HangUp("anna")) == "silent_call"
    caller.line.sound.append(SPEECH)
    await talk.comes("SilenceOver")
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_a_script_of_an_earlier_visit_counts_for_nothing(caller: Caller, shipped: Flow) -> None:
    async def earlier(caller: Caller) -> None:
        await begun(caller)
        entered = IvrNodeEntered(at=caller.clock.now(), call_id=CALL, flow="hotline", node="person")
        await caller.journal.record(entered)

    talk = await killed_in(caller, shipped, earlier)
    caller.line.presses({})
    await talk.ask(HangUp("anna"))
    await talk.over()
    assert not set(PROMPTS) & set(caller.line.heard)


async def test_without_a_detector_there_is_no_script(caller: Caller, shipped: Flow) -> None:
    caller.services = replace(caller.services, detector=None)
    talk = await talks(caller, shipped)
    with pytest.raises(HotlineError) as refused:
        await talk.ask(SilentScript("anna"))
    assert refused.value.code == "unavailable"
    caller.line.sound_ends = True
    caller.line.tell(DigitPressed(CALL, "1"))
    await talk.ask(HangUp("anna"))
    await talk.over()


async def test_an_ear_is_given_back_when_the_pbx_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise PbxDown("away")

    monkeypatch.setattr(ivr.silent_talk, "listening", away)
    ears = Ears(1)
    services = SimpleNamespace(detector=object(), ears=ears)
    call: Any = SimpleNamespace(
        id=CALL,
        since=(),
        services=services,
        session=SimpleNamespace(forget_digits=lambda: None, call=SimpleNamespace(agent_id=None)),
    )
    with pytest.raises(PbxDown):
        await ivr.silent_talk.SilentTalk(call, "queue").joined()
    assert ears.take()
