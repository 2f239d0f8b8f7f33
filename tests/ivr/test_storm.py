"""A caller of a storm: the outages first, a callback at once, no room in a full queue; and the plain menu after it."""

from dataclasses import replace
from pathlib import Path

import pytest

from cti.events import CallDequeued
from cti.messages import QueueGaveUp
from cti.model import CallState
from ivr.call import CustomerAnswers
from ivr.flow import Flow, load
from ivr.storm import Full
from routing.precedence import Cause
from routing.storm.events import CallShed
from speech.prompts import catalogue
from tests.ivr.caller import Caller
from tests.ivr.test_returning import WAYS, Agents, do, talking
from tests.until import until

pytestmark = pytest.mark.integration

OUT = "城东片区十五时停电。"
FULL = Full(waiting=200, wait_p50_s=None)


async def test_the_outages_of_the_moment_come_before_everything(caller: Caller, shipped: Flow) -> None:
    caller.storm.told = [OUT]
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", "menu"], "no storm: nothing of it"
    caller.line.heard.clear()


async def test_in_a_storm_its_notice_is_the_greeting(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.told = True, [OUT]
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["storm_notice", OUT, "menu"]


async def test_a_voice_that_cannot_say_it_costs_only_that(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.told = True, [OUT]
    caller.speaker.unsaid = {OUT}
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["storm_notice", "menu"]


async def test_a_key_cuts_it_short_and_counts_for_the_menu(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.told = True, [OUT]
    caller.line.presses({"storm_notice": ["!1"]})
    caller.line.leaves_after = "fault_danger"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["storm_notice", "fault_danger"]


async def test_who_finds_the_queue_full_hears_so_and_may_be_rung_back(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0"], "storm_full": ["5"], "号码13800000001": ["1"]})
    call = await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[:4] == ["storm_notice", "menu", "recording_notice", "queue_enter"]
    assert caller.line.heard[4] == "storm_full"
    assert [number for _, number, _, _ in caller.callbacks.booked] == ["13800000001"]
    assert caller.callbacks.booked[0][3] == call.queued_at, "the place is that of the moment a person was asked for"
    assert caller.places.asked == [], "it never stood in the line"
    story = await caller.story()
    (shed,) = [e for e in story if isinstance(e, CallShed)]
    assert (shed.queue, shed.waiting) == ("general", 200)
    assert [e.why for e in story if isinstance(e, CallDequeued)] == ["shed"], "figures count one that flowed out"


async def test_who_does_nothing_there_is_let_go_politely(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0"]})
    call = await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[-1] == "queue_full"
    assert (call.ended_by, call.end_cause) == ("system", "shed")


async def test_back_in_the_menu_a_caller_who_found_no_room_finds_none_again(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0", "0"], "storm_full": ["*"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.line.heard.count("storm_full") >= 2, what="no room again")
    assert caller.places.asked == []
    task.cancel()


async def test_danger_always_finds_room_also_later_in_the_call(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0"], "storm_full": ["1"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="in the line because of danger")
    assert Cause.DANGER in caller.places.causes
    session.deliver(QueueGaveUp("no_agents"))
    await until(lambda: "danger_alone" in caller.line.heard)
    task.cancel()


async def test_who_was_sent_away_and_then_reported_danger_finds_room_for_anything(
    caller: Caller, shipped: Flow
) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0", "0"], "storm_full": ["1"], "too_long_choice": ["*"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: len(caller.places.asked) == 1, what="in the line because of danger")
    session.deliver(QueueGaveUp("too_long"))
    await until(lambda: len(caller.places.asked) == 2, what="in the line again, by the plain way")
    assert caller.line.heard.count("storm_full") == 1
    task.cancel()


async def test_who_waited_before_the_storm_and_waits_on_is_let_in(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"], "too_long_choice": ["0"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: len(caller.places.asked) == 1, what="waits")
    caller.storm.there, caller.storm.filled = True, FULL
    session.deliver(QueueGaveUp("too_long"))
    await until(lambda: len(caller.places.asked) == 2, what="waits on")
    assert "storm_full" not in caller.line.heard
    task.cancel()


HANDED_ON = """
flow: small
version: 1
start: first
trouble: bye
nodes:
  first: {do: queue, queue: general, nobody: bye, too_long: bye, full: bye, next: bye}
  bye: {do: hangup}
"""


async def test_whom_an_agent_has_handed_on_waits_although_the_queue_is_full(caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(HANDED_ON, "utf-8")
    agents = Agents(there=False)
    session, _ = await talking(caller, load(file, catalogue(site="x")), agents, "busy", "busy")
    caller.storm.there, caller.storm.filled = True, FULL
    await do(session, WAYS["agent"])
    await until(lambda: len(caller.places.asked) == 2, what="the queue is asked")
    assert session.call.state is CallState.QUEUED


async def test_killed_after_no_room_was_found_the_same_is_said_again(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.filled = True, FULL
    caller.line.presses({"menu": ["0"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: "storm_full" in caller.line.heard)
    call = await caller.killed(task)
    caller.storm.filled = None
    task = caller.start(shipped, caller.session(call))
    await until(lambda: "storm_full" in caller.line.heard)
    assert caller.places.asked == []
    task.cancel()


async def test_the_way_out_of_the_queue_is_told_at_once_in_a_storm(caller: Caller, shipped: Flow) -> None:
    number = caller.services.policy.rules["queue_tell_first"]
    rules = replace(
        caller.services.policy, rules=caller.services.policy.rules | {"queue_tell_first": replace(number, value=3600)}
    )
    quick = replace(rules, rules=rules.rules | {"storm_callback_after": replace(number, value=0.05)})
    caller.services = replace(caller.services, policy=quick)
    caller.storm.there = True
    caller.line.presses({"menu": ["0"]})
    task = caller.start(shipped, await caller.arrives())
    await until(lambda: "queue_leave" in caller.line.heard, what="hears how to leave the queue")
    task.cancel()


async def test_a_known_callers_own_outage_is_still_told(caller: Caller, shipped: Flow) -> None:
    caller.storm.there, caller.storm.told = True, [OUT]
    caller.books.numbers["13800000001"] = CustomerAnswers("k1", ("3200000001",), outages=("您家今天停电。",))
    caller.line.leaves_after = "您家今天停电。"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["storm_notice", OUT, "您家今天停电。"]
