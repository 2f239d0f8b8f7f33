"""Where a caller goes who was done with the queue: also when the service was killed before it could say so."""

from collections.abc import Mapping, Sequence

import pytest

from cti.events import CallDequeued, CallReleased
from cti.messages import DigitPressed, QueueGaveUp, SeatOffered
from cti.model import Call
from desk.surveys.model import Reason, Survey
from desk.surveys.store import SurveyFilter
from ivr.flow import Flow
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

OFFER = SeatOffered("anna", "1001", "seat1001")


async def stopped_in(caller: Caller, flow: Flow, asked: str) -> Call:
    """Serve a caller who asks for a person until the PBX was asked `asked`, stop the service, and return the call."""
    caller.line.presses({"menu": ["0"]})
    caller.line.stays_on = True
    task = caller.start(flow, await caller.arrives())
    await until(lambda: asked in caller.line.asked, what=asked)
    return await caller.killed(task)


async def test_a_caller_whose_agent_had_hung_up_before_the_kill_is_not_queued_again(
    caller: Caller, shipped: Flow
) -> None:
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    session = caller.session(await stopped_in(caller, shipped, f"join {CALL}-talk"))
    await session.record(CallReleased(at=caller.clock.now(), call_id=CALL, agent_id="anna", by="agent", why="hung_up"))
    await caller.serve(shipped, caller.session(await caller.booked()))
    assert caller.line.heard == ["survey_ask", "goodbye"]
    names = await caller.names()
    assert names.count("CallQueued") == 1
    assert names[-2:] == ["IvrNodeEntered", "CallEnded"]


@pytest.mark.parametrize(("why", "told"), [("no_agents", "no_agent"), ("too_long", "too_long_choice")])
async def test_a_caller_given_up_before_the_kill_is_told_so_and_not_queued_again(
    caller: Caller, shipped: Flow, why: str, told: str
) -> None:
    session = caller.session(await stopped_in(caller, shipped, "music"))
    await session.record(CallDequeued(at=caller.clock.now(), call_id=CALL, queue="general", why=why))
    caller.line.leaves_after = told
    await caller.serve(shipped, caller.session(await caller.booked()))
    assert caller.line.heard == [told]
    assert (await caller.names()).count("CallQueued") == 1


async def test_keys_pressed_to_the_music_choose_nothing_afterwards(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"]})
    caller.line.leaves_after = "no_agent"
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="the caller waits")
    for key in "2323#0":
        session.deliver(DigitPressed(CALL, key))
    session.deliver(QueueGaveUp("no_agents"))
    await task
    assert caller.line.heard[-1] == "no_agent"


async def talked_then(caller: Caller, flow: Flow, keys: Mapping[str, Sequence[str]]) -> list[Survey]:
    """Serve a caller whose agent answers and hangs up, who then presses `keys`, and return what was taken down."""
    caller.line.presses({"menu": ["0"], **keys})
    caller.places.answers.append(OFFER)
    caller.line.seats.append("answer")
    await caller.serve(flow, await caller.arrives())
    return await caller.surveys.find(SurveyFilter())


async def test_a_caller_says_how_satisfied_they_are(caller: Caller, shipped: Flow) -> None:
    (answer,) = await talked_then(caller, shipped, {"survey_ask": ["5"]})
    assert (answer.agent_id, answer.queue, answer.score, answer.reason) == ("anna", "general", 5, None)
    assert caller.line.heard[-3:] == ["survey_ask", "survey_thanks", "goodbye"]


async def test_who_is_not_satisfied_is_asked_why(caller: Caller, shipped: Flow) -> None:
    (answer,) = await talked_then(caller, shipped, {"survey_ask": ["9", "1"], "survey_reason": ["4"]})
    assert (answer.score, answer.reason) == (1, Reason.NOT_SOLVED)
    assert caller.line.heard[-5:] == ["survey_ask", "survey_ask", "survey_reason", "survey_thanks", "goodbye"]


async def test_a_score_without_a_reason_counts(caller: Caller, shipped: Flow) -> None:
    caller.line.leaves_after = "survey_reason"
    (answer,) = await talked_then(caller, shipped, {"survey_ask": ["2"]})
    assert (answer.score, answer.reason) == (2, None)


async def test_who_says_nothing_is_not_pressed(caller: Caller, shipped: Flow) -> None:
    assert await talked_then(caller, shipped, {}) == []
    assert caller.line.heard[-2:] == ["survey_ask", "goodbye"]


async def test_an_answer_given_before_a_kill_stands(caller: Caller, shipped: Flow) -> None:
    await caller.surveys.answer(CALL, "anna", "general", 5)
    (answer,) = await talked_then(caller, shipped, {"survey_ask": ["1"]})
    assert answer.score == 5
    assert caller.line.heard[-2:] == ["survey_ask", "goodbye"]
