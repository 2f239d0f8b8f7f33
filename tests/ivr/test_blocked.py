"""A blocked caller hears why and is released; who says that somebody is in danger comes to a person at once."""

from dataclasses import replace

import pytest

from cti.events import CallEnded
from cti.messages import QueueGaveUp
from cti.model import CallState
from ivr.events import IvrNodeEntered
from ivr.flow import Flow
from routing.precedence import Cause
from tests.ivr.caller import Caller
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER = "13800000009"


def blocking(caller: Caller) -> None:
    caller.services = replace(caller.services, blocked=lambda number: number == NUMBER)


@pytest.mark.parametrize("keys", ["", "5"])
async def test_a_blocked_caller_hears_one_sentence(caller: Caller, shipped: Flow, keys: str) -> None:
    blocking(caller)
    caller.line.presses({"nuisance_blocked": [keys]})
    call = await caller.serve(shipped, await caller.arrives(NUMBER))
    assert caller.line.heard == ["nuisance_blocked"]
    assert (call.ended_by, call.end_cause) == ("system", "blocked")
    ends = [event for event in await caller.story() if isinstance(event, CallEnded)]
    assert [event.where for event in ends] == ["blocked"]


async def test_who_is_in_danger_goes_before_everybody(caller: Caller, shipped: Flow) -> None:
    blocking(caller)
    caller.line.presses({"nuisance_blocked": ["0"]})
    caller.places.answers.append(QueueGaveUp("too_long"))
    caller.line.leaves_after = "too_long_choice"
    session = await caller.arrives(NUMBER)
    caller.start(shipped, session)
    await until(lambda: caller.places.asked, what="the caller waits for a person")
    assert Cause.DANGER in caller.places.causes
    entered = [event.node for event in await caller.story() if isinstance(event, IvrNodeEntered)]
    assert entered[0] == "danger_person"
    caller.line.gone("call-1")


@pytest.mark.parametrize(("number", "known"), [("13800000001", True), (NUMBER, False)])
async def test_others_hear_the_menu(caller: Caller, shipped: Flow, number: str, known: bool) -> None:
    """Also a withheld number that says the same in words."""
    blocking(caller)
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives(number, known=known))
    assert "nuisance_blocked" not in caller.line.heard


async def test_a_kill_while_it_is_said_lets_nobody_in(caller: Caller, shipped: Flow) -> None:
    blocking(caller)
    session = await caller.arrives(NUMBER, CallState.MENU)
    await caller.serve(shipped, session)
    assert caller.line.heard == ["nuisance_blocked"]
