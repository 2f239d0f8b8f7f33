"""What a number means that an agent dials on the desk phone to hand a caller on."""

from datetime import UTC, datetime

import pytest

from core import policy
from core.errors import BadInput
from cti.messages import Command, HandOver, Outsider, Park, Transfer
from cti.model import Call, CallState
from routing.dialled import NumberNotPermitted, NumberPlan
from tests.web.world import World

pytestmark = pytest.mark.integration


async def meant(world: World, dialled: str) -> Command:
    plan = NumberPlan(world.agents, lambda: world.routing.queues, world.settings.trunk.permits, policy.load("seed"))
    call = Call("c1", "13800000001", True, "95598", CallState.TALKING, datetime.now(UTC), agent_id="me")
    return await plan(call, dialled)


async def test_seats_queues_numbers_and_the_parking_place(world: World) -> None:
    await world.ready("1002", "1002")
    colleague = await meant(world, "1002")
    assert isinstance(colleague, HandOver)
    assert colleague.to.agent_id == world.users["1002"].id  # type: ignore[union-attr]
    assert world.state_of("1002") == "reserved"
    assert await meant(world, "general") == Transfer("me", "general")
    assert await meant(world, "700") == Park("me")
    assert await meant(world, "021-12345678") == HandOver("me", Outsider("02112345678"))


@pytest.mark.parametrize(
    ("dialled", "error"), [("1003", BadInput), ("0018005551234", NumberNotPermitted), ("nobody", BadInput)]
)
async def test_what_means_nothing_is_refused(world: World, dialled: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await meant(world, dialled)
