"""A queue node asks for the place that the caller has a right to, and never waits long to find it out."""

import asyncio
from collections.abc import Collection

import pytest
from pydantic import ValidationError

from core.errors import Unavailable
from cti.messages import QueueGaveUp
from cti.model import Call
from ivr.call import CustomerAnswers
from ivr.flow import Flow
from ivr.nodes.queue import Queue
from routing.precedence import Cause
from tests.ivr.caller import Caller

pytestmark = pytest.mark.integration


class Known:
    """What the books say of callers, in memory; with `hangs` they say nothing at all."""

    def __init__(self, *causes: Cause, hangs: bool = False, broken: bool = False) -> None:
        self.causes_told, self.hangs, self.broken = causes, hangs, broken
        self.asked: list[str | None] = []

    async def causes(self, call: Call, customer_id: str | None) -> Collection[Cause]:
        self.asked.append(customer_id)
        if self.broken:
            raise Unavailable
        if self.hangs:
            await asyncio.Event().wait()
        return self.causes_told


async def causes_of(caller: Caller, flow: Flow, known: Known, keys: dict[str, list[str]]) -> set[Cause]:
    """Serve a caller who presses `keys` to a person, and return why it asked to go ahead."""
    caller.services = caller.with_callers(known)
    caller.books.numbers["13800000001"] = CustomerAnswers("k1", ("3200000001",))
    caller.line.presses(keys)
    caller.line.leaves_after = "too_long_choice"
    caller.places.answers.append(QueueGaveUp("too_long"))
    await caller.serve(flow, await caller.arrives())
    assert caller.places.asked[0][:2] == ("request", "general")
    return caller.places.causes


async def test_the_customer_is_looked_up_and_goes_ahead(caller: Caller, shipped: Flow) -> None:
    known = Known(Cause.VIP, Cause.REPEAT)
    assert await causes_of(caller, shipped, known, {"menu": ["0"]}) == {Cause.VIP, Cause.REPEAT}
    assert known.asked == ["k1"]
    assert caller.places.customer_id == "k1", "for the account manager"


async def test_a_node_may_need_skills_beside_those_of_its_queue(caller: Caller, shipped: Flow) -> None:
    person = shipped.nodes["person"].model_copy(update={"skills": {"wu": 1, "cantonese": 3}})
    flow = shipped.model_copy(update={"nodes": {**shipped.nodes, "person": person}})
    await causes_of(caller, flow, Known(), {"menu": ["0"]})
    assert caller.places.skills == (("cantonese", 3), ("wu", 1))


@pytest.mark.unit
def test_a_skill_that_nobody_can_have_is_a_fault_of_the_flow() -> None:
    fits = {"do": "queue", "queue": "general", "nobody": "a", "too_long": "b", "next": "c"}
    assert Queue(**fits, skills={"english": 5}).skills == {"english": 5}
    for skills, says in (({"englisch": 1}, "did you mean 'english'"), ({"english": 6}, "levels go from 1 to 5")):
        with pytest.raises(ValidationError, match=says):
            Queue(**fits, skills=skills)


async def test_who_says_danger_goes_ahead_by_the_node_itself(caller: Caller, shipped: Flow) -> None:
    keys = {"menu": ["1"], "fault_danger": ["1"]}
    assert await causes_of(caller, shipped, Known(Cause.VIP), keys) == {Cause.DANGER, Cause.VIP}


async def test_who_waits_too_long_in_danger_is_told_so_and_may_wait_on_ahead_of_others(
    caller: Caller, shipped: Flow
) -> None:
    caller.line.presses({"menu": ["1"], "fault_danger": ["1"], "too_long_choice": ["0"]})
    caller.places.answers.extend([QueueGaveUp("too_long"), QueueGaveUp("no_agents")])
    caller.line.leaves_after = "danger_alone"
    await caller.serve(shipped, await caller.arrives())
    said = ["emergency", "queue_enter", "emergency", "too_long_choice", "queue_enter", "danger_alone"]
    assert caller.line.heard[-6:] == said
    assert caller.places.causes == {Cause.DANGER}
    (_, _, first), (_, _, again) = [asked for asked in caller.places.asked if asked[0] == "request"]
    assert again == first, "the place is kept"


@pytest.mark.parametrize("known", [Known(hangs=True), Known(broken=True)], ids=["slow", "down"])
async def test_books_that_do_not_answer_cost_the_rank_and_not_the_person(
    caller: Caller, shipped: Flow, known: Known
) -> None:
    assert await causes_of(caller, shipped, known, {"menu": ["1"], "fault_danger": ["1"]}) == {Cause.DANGER}


async def test_a_customer_system_that_hangs_leaves_what_the_number_tells(caller: Caller, shipped: Flow) -> None:
    caller.books.hangs = True
    assert await causes_of(caller, shipped, Known(Cause.REPEAT), {"apology_person": [""]}) == {Cause.REPEAT}
