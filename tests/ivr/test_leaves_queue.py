"""`*` leaves the queue at any moment of the waiting: to the music, while a seat rings, before and after a kill."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.policy import Policy
from cti.events import CallDequeued, CallQueued
from cti.messages import DigitPressed, QueueGaveUp, SeatOffered
from cti.model import CallState
from ivr.events import IvrNodeEntered
from ivr.flow import Flow, load
from speech.prompts import catalogue
from tests.ivr.caller import CALL, POLICY, Caller
from tests.until import until

pytestmark = pytest.mark.integration

OFFER = SeatOffered("anna", "1001", "seat1001")
SEAT = f"{CALL}-seat-1"


def rules(**values: float) -> Policy:
    return replace(POLICY, rules=POLICY.rules | {n: replace(POLICY.rules[n], value=v) for n, v in values.items()})


async def left(caller: Caller) -> list[str]:
    return [event.why for event in await caller.story() if isinstance(event, CallDequeued)]


async def test_star_to_the_music_leads_to_message_callback_or_the_menu(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"], "too_long_choice": ["*"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="the caller waits")
    session.deliver(DigitPressed(CALL, "5"))
    session.deliver(DigitPressed(CALL, "*"))
    await until(lambda: caller.line.heard.count("menu") == 2, what="back in the menu")
    assert caller.places.asked[1:] == [("leave", "caller_left", None)]
    caller.line.gone(CALL)
    await task
    assert await left(caller) == ["caller_left"]


TWO = """
flow: two
version: 1
start: first
trouble: bye
nodes:
  first: {do: queue, queue: general, back: second, nobody: bye, too_long: bye, next: bye}
  second: {do: queue, queue: vip, nobody: bye, too_long: bye, next: bye}
  bye: {do: hangup}
"""


async def test_an_offer_that_is_told_while_the_caller_leaves_is_nobodys(caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TWO, "utf-8")
    session = await caller.arrives()
    task = caller.start(load(file, catalogue(site="x")), session)
    await until(lambda: caller.places.asked, what="the caller waits")
    session.deliver(DigitPressed(CALL, "*"))
    session.deliver(OFFER)
    await until(lambda: len(caller.places.asked) == 3, what="the caller waits in the other queue")
    session.deliver(QueueGaveUp("no_agents"))
    await task
    assert not [each for each in caller.line.asked if each.startswith("dial")]


@pytest.mark.parametrize("kept", [False, True])
async def test_star_while_a_seat_rings_makes_it_ring_no_more(caller: Caller, shipped: Flow, kept: bool) -> None:
    """`kept`: the service was started anew while it rang."""
    caller.services = replace(caller.services, policy=rules(ring_timeout=5.0))
    caller.line.presses({"menu": ["0"]})
    caller.line.leaves_after = "too_long_choice"
    caller.places.answers.append(OFFER)
    caller.line.seats.append("silent")
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: session.call.state is CallState.RINGING, what="the seat rings")
    if kept:
        session = caller.session(await caller.killed(task))
        task = caller.start(shipped, session)
    session.deliver(DigitPressed(CALL, "*"))
    await until(task.done)
    assert caller.line.heard[-1] == "too_long_choice"
    assert f"hang_up {SEAT} normal" in caller.line.asked
    assert caller.places.asked[-1] == ("leave", "caller_left", None)
    call = await caller.booked()
    assert (call.agent_id, call.seat_channel_id, await left(caller)) == (None, None, ["caller_left"])
    names = await caller.names()
    assert "AgentMissed" not in names, "the agent is not to blame"


async def test_star_to_the_words_before_the_queue_never_comes_to_it(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"], "queue_enter": ["!*"]})
    caller.line.leaves_after = "too_long_choice"
    await caller.serve(shipped, await caller.arrives())
    assert "CallQueued" not in await caller.names()
    assert caller.places.asked == []


async def test_who_waits_hears_how_to_leave_and_then_music_again(caller: Caller, shipped: Flow) -> None:
    caller.services = replace(caller.services, policy=rules(queue_comfort_interval=0.05))
    caller.line.presses({"menu": ["0"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.line.heard.count("queue_leave") == 2, what="it is said every so often")
    await until(lambda: caller.line.asked.count("music") >= 3, what="music again")
    caller.line.gone(CALL)
    await task
    music = [each for each in caller.line.asked if "music" in each]
    assert music[:5] == ["music", "no music", "music", "no music", "music"]


async def test_who_had_left_before_a_kill_is_not_queued_again(caller: Caller, shipped: Flow) -> None:
    session = await caller.arrives(state=CallState.MENU)
    now = caller.clock.now()
    await caller.journal.record(IvrNodeEntered(at=now, call_id=CALL, flow="hotline", node="person"))
    await session.record(CallQueued(at=now, call_id=CALL, queue="general"))
    await session.record(CallDequeued(at=now, call_id=CALL, queue="general", why="caller_left"))
    caller.line.leaves_after = "too_long_choice"
    await caller.serve(shipped, caller.session(await caller.booked()))
    assert caller.line.heard == ["too_long_choice"]
    assert (await caller.names()).count("CallQueued") == 1


async def test_in_danger_no_key_leads_away_from_the_person(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["1"], "fault_danger": ["1"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="the caller waits")
    session.deliver(DigitPressed(CALL, "*"))
    caller.line.seats.append("answer")
    session.deliver(OFFER)
    await until(task.done)
    assert "AgentAnswered" in await caller.names()
