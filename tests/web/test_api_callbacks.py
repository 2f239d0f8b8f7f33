"""Callbacks through the API: who may do what, whose numbers are shown, what agents hear of it."""

import pytest

from desk.callbacks.events import AbandonedTaken
from tests.routing.ringing import soon
from tests.web.world import World

pytestmark = pytest.mark.integration

CALLER, OTHER = "13800000001", "13800000004"


async def hangs_up_waiting(world: World, number: str) -> str:
    """A caller waits and hangs up; returns the call's id."""
    call_id = world.call(number)
    await world.until_state(call_id, "queued")
    world.pbx.gone(call_id)
    await soon(lambda: not world.calls.live(), what="the caller is gone")
    await world.journal.settle()
    return call_id


async def not_ready(world: World, name: str) -> None:
    """Somebody is at work, so that callers wait, and takes no call."""
    await world.phone(name)
    await world.agents.sign_in(world.users[name].id, name)


async def test_an_abandoned_caller_is_listed_masked_taken_once_rung_and_popped(world: World) -> None:
    await not_ready(world, "1001")
    call_id = await hangs_up_waiting(world, CALLER)
    async with world.client("lead") as lead, world.client("quality") as quality:
        [shown] = (await lead.ask("GET", "/callbacks/abandoned"))["items"]
        assert (shown["call_id"], shown["number"], shown["queue"]) == (call_id, CALLER, "general")
        assert shown["waited_s"] >= 0
        assert await quality.refused("POST", "/callbacks", {"call_id": call_id}, status=403) == "forbidden"
    async with world.client("1001", seat="1001") as agent, agent.desktop() as desk:
        [masked] = (await agent.ask("GET", "/callbacks/abandoned"))["items"]
        assert masked["number"] == "138****0001"
        taken = await agent.ask("POST", "/callbacks", {"call_id": call_id, "dial": True}, expect=201)
        assert taken["call_id"] == f"out-{taken['id']}-1"
        assert await agent.refused("POST", "/callbacks", {"call_id": call_id}, status=404) == "not_abandoned"
        pop = await desk.next("screen_pop")
        assert (pop["call_id"], pop["caller"], pop["customer"]["name"]) == (taken["call_id"], CALLER, "张伟")
        assert (await agent.ask("GET", "/callbacks/abandoned"))["items"] == []
        world.pbx.pick_up(f"dials-{taken['call_id']}")
        await soon(lambda: world.pbx.outside, what="the customer is rung")
        assert [dial.number for dial in world.pbx.outside] == [CALLER]
        world.pbx.gone(taken["call_id"], 17)
        found: list[dict[str, object]] = []

        async def missed() -> bool:
            found[:] = (await agent.ask("GET", "/callbacks?state=booked"))["items"]
            return bool(found) and found[0]["misses"] == 1

        await soon(missed, what=lambda: f"missed: {found}")
        assert found[0]["agent_id"] == world.users["1001"].id
        assert await agent.refused("POST", f"/callbacks/{taken['id']}/skip", {"reason": "x"}, status=409) == "conflict"
        await agent.ask("POST", f"/callbacks/{taken['id']}/close", {"reason": "wrote to them"})
        [closed] = (await agent.ask("GET", "/callbacks?state=closed"))["items"]
        assert (closed["outcome"], closed["reason"]) == ("dismissed", "wrote to them")
        assert await agent.refused("POST", "/callbacks/none/dial", {}, status=404) == "no_such_callback"
        assert await agent.refused("POST", f"/callbacks/{taken['id']}/close", {}, status=400) == "bad_input"
    [told] = [one.event for one in await world.journal.of_call(call_id) if isinstance(one.event, AbandonedTaken)]
    assert told.agent_id == world.users["1001"].id


async def test_a_callback_in_its_turn_rings_the_agent_who_may_skip_it(world: World) -> None:
    await not_ready(world, "1001")
    call_id = await hangs_up_waiting(world, OTHER)
    async with world.client("lead") as lead, world.client("1001") as agent:
        taken = await lead.ask("POST", "/callbacks", {"call_id": call_id}, expect=201)
        assert taken["call_id"] is None
        await agent.ask("POST", "/agents/me/state", {"state": "ready"})
        await soon(lambda: world.state_of("1001") == "ringing", what="the agent's phone rings")
        await agent.ask("POST", f"/callbacks/{taken['id']}/skip", {"reason": "a colleague knows them"})
        await soon(lambda: world.state_of("1001") == "ready", what="the agent is free")
        rows: list[dict[str, object]] = []

        async def waits_again() -> bool:
            rows[:] = (await lead.ask("GET", "/callbacks?state=booked"))["items"]
            return bool(rows)

        await soon(waits_again, what="it waits again")
        assert (rows[0]["reason"], rows[0]["number"]) == ("a colleague knows them", OTHER)
        assert str(rows[0]["due_at"]) > str(rows[0]["booked_at"])
    assert world.pbx.outside == []


async def test_an_agent_who_rejects_it_is_not_ready_and_another_gets_it(world: World) -> None:
    await not_ready(world, "1001")
    call_id = await hangs_up_waiting(world, OTHER)
    async with world.client("1001") as agent:
        taken = await agent.ask("POST", "/callbacks", {"call_id": call_id}, expect=201)
        await agent.ask("POST", "/agents/me/state", {"state": "ready"})
        await soon(lambda: world.state_of("1001") == "ringing", what="the agent's phone rings")
        await agent.ask("POST", f"/calls/out-{taken['id']}-1/reject", {"reason": "meal"})
        await soon(lambda: world.state_of("1001") == "not_ready", what="the agent is not ready")
        await world.ready("1002", "1002")
        await soon(lambda: world.state_of("1002") == "ringing", what="another phone rings")
        [row] = (await agent.ask("GET", "/callbacks"))["items"]
        assert (row["calls"], row["misses"]) == (2, 0)
