"""`*` leaves the queue at any moment of the waiting: to the music, while a seat rings, before and after a kill."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.policy import Policy
from cti.events import CallDequeued, CallQueued
from cti.messages import DigitPressed, QueueGaveUp, SeatOffered
from cti.model import CallState
from ivr import places
from ivr.events import IvrNodeEntered
from ivr.flow import Flow, load
from routing.announcing import Announcement
from routing.forecast import Told, Words
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
    caller.services = replace(caller.services, policy=rules(queue_comfort_interval=0.05, queue_tell_first=0.05))
    caller.line.presses({"menu": ["0"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.line.heard.count("queue_leave") == 2, what="it is said every so often")
    await until(lambda: caller.line.asked.count("music") >= 3, what="music again")
    caller.line.gone(CALL)
    await task
    music = [each for each in caller.line.asked if "music" in each]
    assert music[:5] == ["music", "no music", "music", "no music", "music"]


async def test_who_waits_hears_place_and_wait_before_how_to_leave(caller: Caller, shipped: Flow) -> None:
    caller.services = replace(caller.services, policy=rules(queue_comfort_interval=0.05, queue_tell_first=0.05))
    caller.places.announcements += [
        Announcement(24, Told(Words.OVER, 10)),
        Announcement(3, Told(Words.ABOUT, 2)),
        None,
        Announcement(1, None),
    ]
    caller.line.presses({"menu": ["0"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.line.heard.count("queue_leave") == 4, what="told four times")
    caller.line.gone(CALL)
    await task
    said = caller.line.heard[caller.line.heard.index("queue_enter") + 1 :]
    assert said[:8] == [
        *("queue_ahead_over_20", "queue_wait_over_10", "queue_leave"),
        *("queue_ahead_2", "queue_wait_about_2", "queue_leave"),
        "queue_leave",
        "queue_ahead_0",
    ]


async def test_an_offer_cuts_short_what_is_told(caller: Caller, shipped: Flow) -> None:
    """Nobody waits for the end of a sentence: it is stopped and the seat is dialled, whatever is left of it."""
    caller.services = replace(caller.services, policy=rules(queue_comfort_interval=30.0, queue_tell_first=0.05))
    caller.places.announcements.append(Announcement(1, Told(Words.UNDER, 1)))
    caller.line.presses({"menu": ["0"], "queue_leave": ["!"]})
    caller.line.seats.append("answer")
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: "queue_leave" in caller.line.heard, what="it is being said, and does not end")
    session.deliver(OFFER)
    await until(lambda: [each for each in caller.line.asked if each.startswith("dial")], what="the seat is dialled")
    order = [each.split()[0] for each in caller.line.asked]
    assert order.index("stop") < order.index("dial")
    assert order[order.index("stop") + 1 : order.index("dial")] in (["music"], [])
    caller.line.gone(CALL)
    await task


@pytest.mark.parametrize(
    ("position", "prompt"),
    [
        (1, "0"),
        (2, "1"),
        (11, "10"),
        (12, "over_10"),
        (21, "over_10"),
        (22, "over_20"),
        (51, "over_20"),
        (102, "over_100"),
    ],
)
def test_a_place_is_told_exactly_or_as_more_than_a_round_number(position: int, prompt: str) -> None:
    assert places.prompts(Announcement(position, None)) == (f"queue_ahead_{prompt}",)


def test_there_is_a_prompt_for_whatever_may_be_told() -> None:
    known = catalogue(site="x")
    assert set(places.PROMPTS) <= set(known)
    told = [Told(words, minutes) for words in Words for minutes in range(1, 40)]
    said = {prompt for n, wait in enumerate([None, *told], 1) for prompt in places.prompts(Announcement(n, wait))}
    assert said <= set(places.PROMPTS)
    assert places.prompts(Announcement(1, Told(Words.OVER, 7)))[1] == "queue_wait_over_5"
    assert places.prompts(Announcement(1, Told(Words.OVER, 3))) == ("queue_ahead_0",), "no sentence says over three"


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


async def test_who_is_to_be_rung_back_and_calls_in_takes_the_own_place(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"]})
    session = await caller.arrives()
    since = caller.clock.now() - timedelta(minutes=20)
    caller.callbacks.places[session.call.caller, "general"] = since
    task = caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="the caller waits")
    assert caller.places.asked == [("request", "general", since)]
    caller.line.gone(CALL)
    await task
