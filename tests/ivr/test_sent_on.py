"""An agent sends the caller to the menu or to the survey, who is asked is a setting, and the agent's number is told."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.errors import BadInput
from core.policy import Policy
from cti.events import CallDequeued, CallQueued, CallReleased
from cti.inbox import Asked
from cti.messages import Command, HangUp, LetGo, SeatOffered, ToMenu, Warn
from cti.model import CallState
from cti.session import CallSession
from ivr.flow import Flow
from ivr.nodes.queue import Queue
from routing.precedence import Cause
from tests.ivr.caller import CALL, POLICY, Caller
from tests.until import until

pytestmark = pytest.mark.integration

ANNA = SeatOffered("anna", "1001", "seat1001")
NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
NUMBER = "工号幺零零幺，为您服务。"


def rules(**values: float) -> Policy:
    return replace(POLICY, rules=POLICY.rules | {n: replace(POLICY.rules[n], value=v) for n, v in values.items()})


async def talking(
    caller: Caller, flow: Flow, number: str = "", **numbers: float
) -> tuple[CallSession, "asyncio.Task[None]"]:
    async def job_number(agent_id: str) -> str:
        assert agent_id == "anna"
        return number

    caller.services = replace(caller.services, policy=rules(**numbers), job_number=job_number, detector=None)
    caller.line.presses({"menu": ["0"]})
    caller.line.stays_on = True
    caller.line.seats.append("answer")
    caller.places.answers.append(ANNA)
    session = await caller.arrives()
    task = caller.start(flow, session)
    await until(lambda: session.call.state is CallState.TALKING, what="the talk")
    return session, task


async def do(session: CallSession, command: Command) -> None:
    asked = Asked(command, asyncio.get_running_loop().create_future())
    assert session.deliver(asked)
    await asyncio.wait_for(asked.outcome, 5)


async def test_a_caller_sent_to_the_menu_hears_it_again(caller: Caller, shipped: Flow) -> None:
    session, task = await talking(caller, shipped)
    with pytest.raises(BadInput, match="menu, survey"):
        await do(session, ToMenu("anna", "nowhere"))
    caller.line.leaves_after = "menu"
    await do(session, ToMenu("anna", "menu"))
    await task
    assert caller.line.heard.count("menu") == 2
    assert "survey_ask" not in caller.line.heard


@pytest.mark.parametrize(
    ("asked", "command", "heard"),
    [
        (2, HangUp("anna"), True),
        (2, ToMenu("anna", "survey"), True),
        (1, HangUp("anna"), False),
        (1, ToMenu("anna", "survey"), True),
        (0, ToMenu("anna", "survey"), False),
    ],
)
async def test_who_is_asked_for_a_score_is_a_setting(
    caller: Caller, shipped: Flow, asked: float, command: Command, heard: bool
) -> None:
    session, task = await talking(caller, shipped, survey_asked=asked)
    await do(session, command)
    await task
    assert ("survey_ask" in caller.line.heard) is heard


async def test_a_kill_after_sending_leads_the_caller_where_the_agent_said(caller: Caller, shipped: Flow) -> None:
    session, task = await talking(caller, shipped)
    await do(session, ToMenu("anna", "menu"))
    call = await caller.killed(task)
    session = caller.session(call)
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, session)
    assert caller.line.heard[-1] == "menu"


@pytest.mark.parametrize(
    ("command", "asked", "last", "end"),
    [
        (HangUp("anna"), 2, "survey_ask", ("system", "finished")),
        (HangUp("anna"), 1, "goodbye", ("system", "finished")),
        (ToMenu("anna", "survey"), 1, "survey_ask", ("system", "finished")),
        (LetGo("anna"), 2, "nuisance_goodbye", ("agent", "nuisance")),
    ],
)
async def test_a_kill_right_after_the_release_changes_nothing_for_the_caller(
    caller: Caller, shipped: Flow, command: Command, asked: float, last: str, end: tuple[str, str]
) -> None:
    session, task = await talking(caller, shipped, survey_asked=asked)
    await do(session, command)
    call = await caller.killed(task, after=CallReleased)
    assert call.state is CallState.MENU
    session = caller.session(call)
    await caller.serve(shipped, session)
    said = [one for one in caller.line.heard if one.startswith(("survey", "nuisance"))] or caller.line.heard
    assert said[0 if last == "survey_ask" else -1] == last
    assert ("survey_ask" in caller.line.heard) is (last == "survey_ask")
    assert (session.call.ended_by, session.call.end_cause) == end


@pytest.mark.parametrize(
    ("told", "number", "play"), [(0, "1001", ""), (1, "1001", CALL), (2, "1001", "all"), (2, "", "")]
)
async def test_the_number_is_told_once_the_two_hear_each_other(
    caller: Caller, shipped: Flow, told: float, number: str, play: str
) -> None:
    session, task = await talking(caller, shipped, number, agent_number_told=told)
    await until(lambda: any(one.startswith("join") for one in caller.line.asked), what="joined")
    await do(session, HangUp("anna"))
    await task
    said = [one for one in caller.line.heard if one.startswith("工号")]
    assert said == ([NUMBER] if play else [])
    if play:
        joined = next(n for n, one in enumerate(caller.line.asked) if one.startswith("join"))
        plays = [one for one in caller.line.asked[joined:] if one.startswith("play")]
        assert plays[0].endswith("to all") is (play == "all")
        assert NUMBER in caller.speaker.prepared, "made while the phone rings"


async def test_a_nuisance_caller_is_warned_to_both_and_released_without_a_survey(caller: Caller, shipped: Flow) -> None:
    session, task = await talking(caller, shipped)
    await do(session, Warn("anna"))
    assert caller.line.heard[-1] == "nuisance_warning"
    assert [one for one in caller.line.asked if one.startswith("play")][-1].endswith("to all")
    await do(session, LetGo("anna"))
    await task
    assert caller.line.heard[-1] == "nuisance_goodbye"
    assert (session.call.ended_by, session.call.end_cause) == ("agent", "nuisance")


@pytest.mark.parametrize(
    ("why", "known"), [("no_agents", {"in_danger": "yes"}), ("shed", {"in_danger": "yes", "shed": "yes"})]
)
def test_what_became_known_in_a_queue_outlives_a_kill_at_its_end(
    shipped: Flow, why: str, known: dict[str, str]
) -> None:
    queue = next(node for node in shipped.nodes.values() if isinstance(node, Queue) and Cause.DANGER in node.causes)
    story = [CallQueued(at=NOW, call_id=CALL, queue="q"), CallDequeued(at=NOW, call_id=CALL, queue="q", why=why)]
    after: dict[str, str] = {}
    assert queue.left(story, after) is not None
    assert after == known
