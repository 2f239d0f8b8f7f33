"""Storm mode through the API: read by the team, turned by those who lead, with its reason and its trigger table."""

import pytest

from core.journal import since
from core.switches import STORM, SettingChanged
from routing.storm.model import Trigger
from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_who_leads_turns_it_with_a_reason_and_sees_how_near_each_trigger_is(world: World) -> None:
    world.seen = {Trigger.QUEUE_LENGTH: 55.0, Trigger.WEATHER: 3.0}
    await world.storm.look()
    async with world.client("lead") as lead, world.client("1001") as agent:
        shown = await lead.ask("GET", "/storm")
        assert (shown["on"], shown["by"], shown["overruled"], shown["acts"]) == (False, None, False, True)
        rows = {row["trigger"]: (row["now"], row["begins"], row["pulled"], row["calm"]) for row in shown["triggers"]}
        assert rows["queue_length"] == (55.0, 50.0, True, False)
        assert rows["weather"] == (3.0, 4.0, False, True)
        assert rows["arrivals"][0] is None
        (queue,) = shown["queues"]
        assert (queue["queue"], queue["waiting"], queue["full"]) == ("general", 0, False)

        turned = await lead.ask("PUT", "/storm", {"on": True, "why": "台风"})
        assert (turned["on"], turned["by_name"], turned["why"]) == (True, "坐席lead", "台风")
        assert world.switches.on(STORM)
        ended = await lead.ask("PUT", "/storm", {"on": False})
        assert (ended["on"], ended["overruled"]) == (False, True)
        assert await agent.refused("GET", "/storm", status=403) == "forbidden"
        assert await agent.refused("PUT", "/storm", {"on": True}, status=403) == "forbidden"
        for wrong in ({}, {"on": "yes"}, {"on": True, "why": "x" * 201}):
            assert await lead.refused("PUT", "/storm", wrong, status=400) == "bad_input"
    told = [r.event for r in await world.db.read(lambda c: since(c, 0, [SettingChanged]))]
    assert [(e.value, e.why) for e in told if isinstance(e, SettingChanged)] == [(True, "台风"), (False, "")]


async def test_what_a_trigger_turned_names_nobody_but_says_why(world: World) -> None:
    world.seen = {Trigger.WEATHER: 4.0}
    await world.storm.look()
    async with world.client("lead") as lead:
        shown = await lead.ask("GET", "/storm")
        assert (shown["on"], shown["by"], shown["by_name"]) == (True, None, None)
        assert shown["since"] is not None
        assert shown["why"] == "weather 4, limit 4"
        settings = await lead.ask("GET", "/settings")
        assert settings["switches"]["storm"]["why"] == "weather 4, limit 4"
