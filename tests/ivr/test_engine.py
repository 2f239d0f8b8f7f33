"""The shipped flow from end to end for one caller, its troubles, and going on after a restart."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from core.errors import Unavailable
from cti.messages import ChannelEntered, QueueGaveUp, SeatOffered
from cti.model import CallState
from ivr.call import CustomerAnswers
from ivr.engine import Engine
from ivr.events import CallerIdentified, IvrFailed, IvrNodeEntered
from ivr.flow import Flow
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

ACCOUNT, PIN = "3200000001", "000001"
NUMBER = "13800000001"
AFTER = ("bill_more", "after_bill")
BILL = ("您的电费是一元。",)
KNOWN = CustomerAnswers("C1", (ACCOUNT,), (BILL,))
OFFER = SeatOffered("agent1", "1001", "seat1001")


async def nodes_of(caller: Caller) -> list[str]:
    return [node for e in await caller.story() if isinstance(e, IvrNodeEntered) for node in e.way]


def knows(caller: Caller, outages: Sequence[str] = ()) -> None:
    caller.books.numbers[NUMBER] = CustomerAnswers("C1", (ACCOUNT,), (BILL,), tuple(outages))
    caller.books.accounts[ACCOUNT] = KNOWN
    caller.books.pins[ACCOUNT] = PIN


async def test_a_known_caller_hears_the_bill(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["2"], "after_bill": ["", "", ""]})
    call = await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == [
        *("greeting_morning", "menu", *BILL),
        *[*AFTER, "input_nothing"] * 3,
        "goodbye",
    ]
    assert caller.speaker.prepared == list(BILL)
    assert (call.state, call.ended_by) == (CallState.ENDED, "system")
    way = [
        "welcome",
        "english_offer",
        "announcements",
        "outage_first",
        "speech_or_keys",
        "main",
        "bill",
        "after",
        "bye",
    ]
    assert await nodes_of(caller) == way
    names = await caller.names()
    assert [n for n in names if n != "CallerIdentified"][:2] == ["CallAnswered", "IvrNodeEntered"]
    assert names[-1] == "CallEnded"
    assert [e.how for e in await caller.story() if isinstance(e, CallerIdentified)] == ["number"]


async def test_the_hash_key_says_the_bill_again(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["2"], "after_bill": ["#", "*"]})
    session = await caller.arrives()
    caller.start(shipped, session)
    await until(lambda: caller.line.heard.count("menu") == 2, what="back in the menu")
    assert caller.line.heard[1:] == ["menu", *BILL, *AFTER, *BILL, *AFTER, "menu"]


async def test_who_lives_where_the_power_is_out_hears_so_before_any_menu(caller: Caller, shipped: Flow) -> None:
    knows(caller, outages=["您家今天停电。"])
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", "您家今天停电。", "menu"]
    assert caller.speaker.prepared == ["您家今天停电。", *BILL], "what is said first is made first"


async def test_an_unknown_number_is_asked_for_account_and_pin(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["2"], "account_ask": [f"{ACCOUNT}#"], "pin_ask": [PIN]})
    caller.line.leaves_after = "after_bill"
    await caller.serve(shipped, await caller.arrives("13800000006"))
    assert caller.line.heard == ["greeting_morning", "menu", "account_ask", "pin_ask", *BILL, *AFTER]
    assert PIN not in repr([e for e in await caller.story() if not isinstance(e, IvrNodeEntered)]).replace(ACCOUNT, "")
    assert all("pin" not in e.known for e in await caller.story() if isinstance(e, IvrNodeEntered))


async def test_a_withheld_number_is_not_looked_up(caller: Caller, shipped: Flow) -> None:
    caller.books.numbers["unknown"] = KNOWN
    caller.line.presses({"menu": ["2"]})
    caller.line.leaves_after = "account_ask"
    await caller.serve(shipped, await caller.arrives("unknown", known=False))
    assert caller.line.heard[-1] == "account_ask"


@pytest.mark.parametrize("press", ["0", "", "7"])
async def test_key_0_silence_and_wrong_keys_all_reach_a_person(caller: Caller, shipped: Flow, press: str) -> None:
    caller.line.presses({"menu": [press] * 3})
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    await caller.serve(shipped, await caller.arrives())
    assert "recording_notice" in caller.line.heard
    assert {"AgentRang", "AgentAnswered", "CallReleased"} <= set(await caller.names())


async def test_nobody_signed_in_is_told_with_what_can_be_done(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["0"], "no_agent": ["2"]})
    caller.line.leaves_after = "after_bill"
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[-4:] == ["no_agent", *BILL, *AFTER]


# --- troubles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["slow", "down"])
async def test_a_customer_system_in_trouble_costs_an_apology_not_the_call(
    caller: Caller, shipped: Flow, how: str
) -> None:
    caller.books.hangs = how == "slow"
    caller.books.broken = Unavailable() if how == "down" else None
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    caller.line.presses({"menu": ["2"]})
    began = time.monotonic()
    await caller.serve(shipped, await caller.arrives())
    assert time.monotonic() - began < 5
    failed = [e for e in await caller.story() if isinstance(e, IvrFailed)]
    what = "TimeoutError" if how == "slow" else "Unavailable"
    assert [(e.node, e.what, e.to) for e in failed] == [("outage_first", what, "main"), ("bill", what, "trouble")]
    assert caller.line.heard[:3] == ["greeting_morning", "menu", "apology_person"]
    assert "AgentAnswered" in await caller.names()


async def test_trouble_while_a_pin_is_checked_leads_to_a_person(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["2"], "account_ask": [ACCOUNT], "pin_ask": [PIN]})
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    session = await caller.arrives("13800000006")
    task = caller.start(shipped, session)
    await until(lambda: "pin_ask" in caller.line.heard)
    caller.books.hangs = True
    await task
    assert [(e.node, e.what) for e in await caller.story() if isinstance(e, IvrFailed)] == [("check", "TimeoutError")]
    assert "AgentAnswered" in await caller.names()


async def test_a_fault_of_our_own_ends_in_an_apology(caller: Caller, shipped: Flow) -> None:
    caller.books.broken = ZeroDivisionError("ours")
    call = await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", "apology"]
    assert (call.state, call.ended_by, call.end_cause) == (CallState.ENDED, "system", "error")


async def test_a_caller_who_hangs_up_ends_the_call_where_it_stood(caller: Caller, shipped: Flow) -> None:
    caller.line.leaves_after = "menu"
    call = await caller.serve(shipped, await caller.arrives())
    assert (call.ended_by, call.end_cause) == ("caller", "hung_up")
    assert (await caller.story())[-1].where == "main"  # type: ignore[attr-defined]
    assert not any(asked.startswith("hang_up") for asked in caller.line.asked)


# --- after a restart ----------------------------------------------------------------------------------------


async def stopped_at(caller: Caller, flow: Flow, prompt: str, number: str = "13800000006") -> None:
    """Serve a caller until `prompt` is heard, then stop the service in the middle of it."""
    caller.line.keys.setdefault(prompt, type(caller.line.keys["menu"])(["!"]))
    task = caller.start(flow, await caller.arrives(number))
    await until(lambda: prompt in caller.line.heard)
    await caller.killed(task)
    caller.line.asked.clear()


async def test_a_call_in_the_menu_goes_on_at_the_same_node(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["2"], "account_ask": [ACCOUNT]})
    await stopped_at(caller, shipped, "pin_ask")
    assert (await caller.booked()).state is CallState.MENU

    caller.line.presses({"pin_ask": [PIN]})
    caller.line.leaves_after = "after_bill"
    await caller.serve(shipped, caller.session(await caller.booked()))
    assert caller.line.heard == ["pin_ask", *BILL, *AFTER], "the account is still known"
    assert "answer" not in caller.line.asked
    assert {f"stop {CALL}-play-{n}" for n in range(4)} <= set(caller.line.asked)


async def test_a_caller_who_was_verified_stays_so(caller: Caller, shipped: Flow) -> None:
    knows(caller)
    caller.line.presses({"menu": ["2"], "account_ask": [ACCOUNT], "pin_ask": [PIN]})
    await stopped_at(caller, shipped, "after_bill")
    caller.line.presses({"after_bill": ["*"], "menu": ["2"]})
    caller.line.leaves_after = BILL[0]
    await caller.serve(shipped, caller.session(await caller.booked()))
    assert caller.line.heard == [*AFTER, "menu", *BILL]


@dataclass(frozen=True)
class Versions:
    """The flow that is live, and those that can still be had."""

    live: Flow
    kept: tuple[Flow, ...]

    async def version(self, number: int) -> Flow | None:
        return next((flow for flow in self.kept if flow.version == number), None)


async def test_a_call_goes_on_with_the_version_it_began_with(caller: Caller, shipped: Flow) -> None:
    old = shipped.numbered(7)
    main = shipped.node("main").model_copy(update={"prompts": ("faint",)})
    new = shipped.model_copy(update={"nodes": shipped.nodes | {"main": main}}).numbered(8)
    caller.line.presses({"menu": ["2"]})
    await stopped_at(caller, old, "account_ask")
    caller.line.presses({"account_ask": ["*"]})
    caller.line.leaves_after = "menu"
    engine = Engine(Versions(new, (old,)), caller.services, caller.db)
    await caller.runs(caller.session(await caller.booked()), engine.serve)
    assert caller.line.heard == ["account_ask", "menu"]
    assert {e.version for e in await caller.story() if isinstance(e, IvrNodeEntered)} == {7}


async def test_a_version_that_is_not_to_be_had_gives_way_to_the_live_one(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["2"]})
    await stopped_at(caller, shipped.numbered(7), "account_ask")
    caller.line.presses({"account_ask": ["*"]})
    caller.line.leaves_after = "menu"
    engine = Engine(Versions(shipped.numbered(8), ()), caller.services, caller.db)
    await caller.runs(caller.session(await caller.booked()), engine.serve)
    assert caller.line.heard == ["account_ask", "menu"]
    assert [e.version for e in await caller.story() if isinstance(e, IvrNodeEntered)][-1] == 8


async def test_a_node_that_the_new_flow_has_no_more_begins_anew(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["2"]})
    await stopped_at(caller, shipped, "account_ask")
    smaller = shipped.model_copy(update={"nodes": {k: v for k, v in shipped.nodes.items() if k != "ask_account"}})
    caller.line.presses({})
    caller.line.leaves_after = "menu"
    await caller.serve(smaller, caller.session(await caller.booked()))
    assert caller.line.heard == ["greeting_morning", "menu"]


async def test_a_call_in_the_queue_keeps_its_place(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"]})
    task = caller.start(shipped, await caller.arrives())
    await until(lambda: caller.places.asked)
    before = await caller.booked()
    task.cancel()
    await until(task.done)
    await caller.clock.advance(3)
    assert before.state is CallState.QUEUED
    assert before.queued_at is not None

    caller.line.heard.clear()
    caller.line.asked.clear()
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    await caller.serve(shipped, caller.session(before))
    assert caller.places.asked[-1] == ("request", "general", before.queued_at)
    assert caller.line.asked[0] == "music"
    assert caller.line.heard == ["survey_ask", "goodbye"], "nothing is said twice"
    assert (await caller.names()).count("CallQueued") == 1


async def test_a_ringing_seat_goes_on_ringing(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"]})
    caller.places.answers.append(OFFER)
    caller.line.seats.append("silent")
    task = caller.start(shipped, await caller.arrives())
    await until(lambda: any(asked.startswith("dial") for asked in caller.line.asked))
    task.cancel()
    await until(task.done)
    before = await caller.booked()
    assert before.state is CallState.RINGING
    caller.line.asked.clear()

    session = caller.session(before)
    session.deliver(ChannelEntered(f"{CALL}-seat-1"))
    await caller.serve(shipped, session)
    assert not any(asked.startswith("dial") for asked in caller.line.asked)
    assert f"join {CALL}-talk" in caller.line.asked
    assert (await caller.names()).count("AgentRang") == 1


async def test_a_talk_goes_on_untouched(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"]})
    caller.line.stays_on = True
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    task = caller.start(shipped, await caller.arrives())
    await until(lambda: f"join {CALL}-talk" in caller.line.asked)
    task.cancel()
    await until(task.done)
    before = await caller.booked()
    assert before.state is CallState.TALKING
    caller.line.asked.clear()
    caller.line.heard.clear()

    resumed = caller.start(shipped, caller.session(before, bridged=True))
    caller.line.gone(f"{CALL}-seat-1")
    await resumed
    assert caller.line.asked[0] == f"leave {CALL}-talk", "nothing was done to the two before the agent hung up"
    assert caller.line.heard == ["survey_ask", "goodbye"]
