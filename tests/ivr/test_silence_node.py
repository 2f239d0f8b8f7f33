"""The silence guard: who gets the script and who a person, what ends it, and that a restart shortens nothing."""

import asyncio
from collections import deque
from dataclasses import replace

import pytest

import cti.listening
from cti.model import CallState
from cti.session import CallSession
from ivr.call import IvrCall
from ivr.engine import Engine, OneFlow
from ivr.events import (
    DigitsCollected,
    IvrNodeEntered,
    SilenceBroken,
    SilencePromptGiven,
    SilenceReleased,
    SilenceUnheard,
)
from ivr.flow import Flow
from ivr.nodes.silence import Silence
from ivr.silence import PROMPTS
from tests.ivr.caller import CALL, POLICY, Caller, Ears
from tests.until import until

pytestmark = pytest.mark.integration

GUARD = Silence(do="silence", person="person", heard="heard", pressed="pressed")
PAUSE = POLICY.number("silence_pause")
SPEECH = b"\1" * 320
NIGHT, DAY = 23, 9


async def led(caller: Caller) -> str | None:
    """Where the guard alone led; None: the call was over."""
    session = await caller.arrives(state=CallState.MENU)
    ways: list[str | None] = []

    async def program(_: CallSession) -> None:
        ways.append(await GUARD.run(IvrCall(session, caller.services), "silent_caller"))
        assert caller.line.hearing == 0, "nobody listens any longer"
        assert not session.spoke
        assert session.deaf is None

    await caller.runs(session, program)
    return ways[0]


async def told(caller: Caller) -> list[str]:
    """The events of the script in short."""
    short = []
    for event in await caller.story():
        match event:
            case SilencePromptGiven(prompt=prompt):
                short.append(f"given {prompt}")
            case SilenceBroken(prompt=prompt, by=by):
                short.append(f"broken {prompt} {by}")
            case SilenceReleased():
                short.append("released")
            case SilenceUnheard(why=why):
                short.append(f"unheard {why}")
    return short


async def test_at_night_a_silent_caller_hears_three_prompts_with_pauses_and_is_let_go(caller: Caller) -> None:
    caller.hour = NIGHT
    began = asyncio.get_running_loop().time()
    assert await led(caller) is None
    assert asyncio.get_running_loop().time() - began >= 3 * PAUSE
    assert caller.line.heard == list(PROMPTS)
    assert await told(caller) == ["given 1", "given 2", "given 3", "released"]
    call = await caller.booked()
    assert (call.state, call.ended_by, call.end_cause) == (CallState.ENDED, "system", "silent")


@pytest.mark.parametrize(
    ("hour", "storm", "script"),
    [(21, False, False), (22, False, True), (0, False, True), (5, False, True), (6, False, False), (12, True, True)],
)
async def test_the_script_runs_at_night_and_in_a_storm(caller: Caller, hour: int, storm: bool, script: bool) -> None:
    caller.hour, caller.storm.there = hour, storm
    assert await led(caller) == (None if script else "person")
    assert bool(await told(caller)) is script


@pytest.mark.parametrize("pieces_before", [0, 2, 7, 10])
async def test_speech_at_any_moment_is_normal_service(caller: Caller, pieces_before: int) -> None:
    caller.hour = NIGHT
    caller.line.sound = deque([bytes(320)] * pieces_before + [SPEECH])
    assert await led(caller) == "heard"
    *given, last = await told(caller)
    assert last == f"broken {len(given)} speech"
    assert caller.line.heard == list(PROMPTS[: len(given)])


async def test_a_key_during_a_prompt_cuts_it_and_is_read_by_the_next_node(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.line.presses({"silence_second": ["!2"]})
    assert await led(caller) == "pressed"
    assert await told(caller) == ["given 1", "given 2", "broken 2 key"]
    assert caller.line.session is not None
    assert await caller.line.session.digit(0) == "2"


async def test_a_key_in_the_last_pause_is_still_heard(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.line.presses({"silence_third": ["0"]})
    assert await led(caller) == "pressed"
    assert await told(caller) == ["given 1", "given 2", "given 3", "broken 3 key"]


async def test_where_the_caller_cannot_be_heard_nobody_is_let_go(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.line.can_hear = False
    assert await led(caller) == "person"
    assert await told(caller) == ["unheard pbx_refused"]


async def test_without_a_detector_nobody_is_let_go(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.services = replace(caller.services, detector=None)
    assert await led(caller) == "person"
    assert await told(caller) == ["unheard no_detector"]


async def test_a_sound_that_breaks_off_is_no_silence(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.line.sound_ends = True
    assert await led(caller) == "person"
    assert await told(caller) == ["given 1", "unheard no_more_sound"]


async def test_who_hangs_up_during_the_script_is_gone_and_no_longer_listened_to(caller: Caller) -> None:
    caller.hour = NIGHT
    caller.line.leaves_after = "silence_second"
    session = await caller.arrives(state=CallState.MENU)

    async def program(_: CallSession) -> None:
        await GUARD.run(IvrCall(session, caller.services), "silent_caller")

    await caller.runs(session, program)
    assert caller.line.hearing == 0
    assert await told(caller) == ["given 1", "given 2"]
    assert (await caller.booked()).ended_by == "caller"


async def test_by_day_a_silent_caller_hears_the_menu_again_and_then_gets_a_person(
    caller: Caller, shipped: Flow
) -> None:
    caller.line.leaves_after = "queue_enter"
    await caller.serve(shipped, await caller.arrives())
    menus = [said for said in caller.line.heard if said in ("menu", "input_give_up", *PROMPTS)]
    assert menus == ["menu", "menu", "input_give_up"]


async def test_at_night_a_silent_caller_hears_the_menu_again_and_then_the_script(caller: Caller, shipped: Flow) -> None:
    caller.hour = NIGHT
    call = await caller.serve(shipped, await caller.arrives())
    menus = [said for said in caller.line.heard if said in ("menu", "input_give_up", *PROMPTS)]
    assert menus == ["menu", "menu", *PROMPTS]
    assert (call.ended_by, call.end_cause) == ("system", "silent")


async def test_who_ever_pressed_a_key_is_no_silent_caller(caller: Caller, shipped: Flow) -> None:
    caller.hour = NIGHT
    caller.line.presses({"menu": ["9"]})
    caller.line.leaves_after = "queue_enter"
    await caller.serve(shipped, await caller.arrives())
    assert not set(PROMPTS) & set(caller.line.heard)
    assert caller.line.heard.count("menu") == POLICY.number("menu_tries")


async def test_a_key_in_the_script_chooses_from_the_menu(caller: Caller, shipped: Flow) -> None:
    caller.hour = NIGHT
    caller.line.presses({"silence_second": ["!0"]})
    caller.line.leaves_after = "queue_enter"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[-3:] == ["silence_second", "recording_notice", "queue_enter"]


async def stands(caller: Caller, given: list[int], *, pressed: bool = False) -> CallSession:
    """A call that a killed service left in the guard after some prompts."""
    session = await caller.arrives(state=CallState.MENU)
    now = caller.clock.now()
    before = [DigitsCollected(at=now, call_id=CALL, node="main", digits="9", length=1)] if pressed else []
    await caller.journal.record(
        *before,
        IvrNodeEntered(at=now, call_id=CALL, flow="hotline", node="silent_caller"),
        *(SilencePromptGiven(at=now, call_id=CALL, node="silent_caller", prompt=n) for n in given),
    )
    return session


@pytest.mark.parametrize("given", [[], [1], [1, 2], [1, 2, 3]])
async def test_a_restart_goes_on_with_the_same_prompt_and_shortens_nothing(
    caller: Caller, shipped: Flow, given: list[int]
) -> None:
    caller.hour = NIGHT
    began = asyncio.get_running_loop().time()
    session = await stands(caller, given)
    await caller.serve(shipped, session)
    first = given[-1] if given else 1
    assert caller.line.heard == list(PROMPTS[first - 1 :])
    assert asyncio.get_running_loop().time() - began >= (4 - first) * PAUSE
    assert (await told(caller))[-1] == "released"


async def test_a_script_begun_at_night_is_finished_in_the_morning(caller: Caller, shipped: Flow) -> None:
    caller.hour = DAY
    await caller.serve(shipped, await stands(caller, [1, 2]))
    assert caller.line.heard == ["silence_second", "silence_third"]


async def test_a_second_script_in_one_call_begins_at_the_beginning(caller: Caller, shipped: Flow) -> None:
    """What was given before the caller came back to the guard counts for nothing."""
    caller.hour = NIGHT
    session = await stands(caller, [1, 2, 3])
    now = caller.clock.now()
    await caller.journal.record(
        IvrNodeEntered(at=now, call_id=CALL, flow="hotline", node="main"),
        IvrNodeEntered(at=now, call_id=CALL, flow="hotline", node="silent_caller"),
    )
    await caller.serve(shipped, session)
    assert caller.line.heard == list(PROMPTS)


async def test_a_service_that_stops_leaves_the_caller_to_the_next_one(caller: Caller, shipped: Flow) -> None:
    caller.hour = NIGHT
    session = await stands(caller, [1, 2])
    task = caller.tasks.start(session.run(Engine(OneFlow(shipped), caller.services, caller.db).serve), "call")
    await until(lambda: "silence_second" in caller.line.heard, what="the script goes on")
    task.cancel()
    await asyncio.wait([task])
    assert caller.line.hearing == 0
    assert (await caller.booked()).state is CallState.MENU


class SlowEars(Ears):
    """A detector that takes `wait` seconds for each 20 ms."""

    def __init__(self, wait: float) -> None:
        self._wait = wait

    def listen(self) -> "SlowEars":
        return self

    async def accept(self, audio: bytes) -> bool:
        await asyncio.sleep(self._wait)
        return False


@pytest.mark.parametrize(("wait", "why"), [(0.03, "behind"), (60.0, "TimeoutError")])
async def test_a_detector_that_cannot_keep_up_lets_nobody_go(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, wait: float, why: str
) -> None:
    monkeypatch.setattr(cti.listening, "BEHIND_S", 0.05)
    monkeypatch.setattr(cti.listening, "NO_SOUND_S", 0.15)
    caller.hour = NIGHT
    caller.services = replace(caller.services, detector=SlowEars(wait))
    assert await led(caller) == "person"
    assert (await told(caller))[-1] == f"unheard {why}"
