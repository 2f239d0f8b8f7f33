"""A caller leaves a message or says an address: heard again, recorded anew, sent, or gets a person."""

import pytest

from cti.messages import QueueGaveUp, SeatOffered
from cti.model import CallState
from ivr.events import IvrNodeEntered
from ivr.flow import Flow
from ivr.port import Place
from recordings.events import RecordingStored
from tests.ivr.caller import CALL, Caller

pytestmark = pytest.mark.integration

NAME, ADDRESS = f"{CALL}-message-1", f"{CALL}-address-1"
OFFER = SeatOffered("agent1", "1001", "seat1001")


@pytest.fixture
def alone(caller: Caller) -> Caller:
    """A caller whom nobody can serve and who leaves a message."""
    caller.places.answers.append(QueueGaveUp("no_agents"))
    caller.line.presses({"menu": ["0"], "no_agent": ["4"]})
    return caller


def told(caller: Caller) -> list[str]:
    """Return what was heard after the menu of who finds nobody."""
    return caller.line.heard[caller.line.heard.index("no_agent") + 1 :]


async def test_a_message_is_heard_again_recorded_anew_and_sent(alone: Caller, shipped: Flow) -> None:
    alone.line.speaks.extend([3.0, 5.0])
    alone.line.presses({"menu": ["0"], "no_agent": ["4"], "message_choice": ["1", "2", "#"]})
    await alone.serve(shipped, await alone.arrives())
    take = ["message_ask", "tone:record", "(speaks)"]
    heard = [*take, "message_choice", f"recording:{NAME}", "message_choice", *take, "message_choice"]
    assert told(alone) == [*heard, "message_done", "goodbye"]
    assert alone.messages.story == [f"begins {NAME}"] * 2 + [f"send {NAME}"] * 2


async def test_who_presses_nothing_has_sent_it(alone: Caller, shipped: Flow) -> None:
    alone.line.speaks.append(3.0)
    await alone.serve(shipped, await alone.arrives())
    assert told(alone)[-3:] == ["message_choice", "message_done", "goodbye"]


async def test_silence_is_asked_for_again_and_then_given_up(alone: Caller, shipped: Flow) -> None:
    alone.line.speaks.extend([0.0] * 3)
    await alone.serve(shipped, await alone.arrives())
    assert told(alone).count("message_empty") == 3
    assert told(alone)[-2:] == ["message_empty", "goodbye"]
    assert alone.messages.story[-1] == f"drop {NAME}"


@pytest.mark.parametrize("full", [True, False])
async def test_without_room_or_where_the_pbx_refuses_there_is_an_apology_and_a_person(
    alone: Caller, shipped: Flow, full: bool
) -> None:
    alone.messages.full = full
    alone.line.speaks.append(None)
    alone.places.answers.append(OFFER)
    alone.line.seats.append("answer")
    await alone.serve(shipped, await alone.arrives())
    assert "apology_person" in told(alone)
    assert "AgentAnswered" in await alone.names()


async def test_who_wants_a_person_after_all_sends_nothing(alone: Caller, shipped: Flow) -> None:
    alone.line.speaks.append(3.0)
    alone.line.presses({"menu": ["0"], "no_agent": ["4"], "message_choice": ["0"]})
    alone.places.answers.append(OFFER)
    alone.line.seats.append("answer")
    await alone.serve(shipped, await alone.arrives())
    assert alone.messages.story[-1] == f"drop {NAME}"
    assert "AgentAnswered" in await alone.names()


async def test_what_was_said_before_a_restart_is_not_asked_for_again(alone: Caller, shipped: Flow) -> None:
    alone.messages.before = Place(NAME, said=True)
    await alone.serve(shipped, await alone.arrives())
    assert told(alone)[:2] == ["message_choice", "message_done"]
    assert "message_ask" not in alone.line.heard


async def test_what_was_sent_before_a_restart_is_not_asked_for_again(caller: Caller, shipped: Flow) -> None:
    caller.line.leaves_after = "goodbye"
    session = await caller.arrives(state=CallState.MENU)
    entered = IvrNodeEntered(at=caller.clock.now(), call_id=CALL, flow="hotline", node="leave_message")
    stored = RecordingStored(
        at=caller.clock.now(), call_id=CALL, recording_id=NAME, agent_id="", length_s=1.0, sha256="", verdict="ok"
    )
    await caller.journal.record(entered, stored)
    await caller.serve(shipped, session)
    assert caller.line.heard == ["message_done", "goodbye"]
    assert caller.messages.story == [f"send {NAME}"], "its order is made where it was not"


async def test_who_does_not_know_the_account_says_the_address_and_hears_the_number(
    caller: Caller, shipped: Flow
) -> None:
    caller.line.speaks.append(4.0)
    caller.line.presses(
        {
            "menu": ["1"],
            "fault_danger": ["2"],
            "account_ask_fault": ["#"],
            "message_choice": ["#"],
            "fault_scope": ["2"],
        }
    )
    caller.line.leaves_after = "fault_done"
    await caller.serve(shipped, await caller.arrives("13800000006"))
    said = ["account_ask_fault", "address_ask", "tone:record", "(speaks)", "message_choice", "fault_scope"]
    assert caller.line.heard[3:] == [*said, "工单号261122000001", "fault_done"]
    assert [(r.account, r.address_recording, r.scope) for r in caller.faults.taken] == [("", ADDRESS, "home")]
