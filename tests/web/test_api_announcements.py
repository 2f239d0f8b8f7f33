"""Announcements through the API: who may switch them, and what is told of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.until import until
from tests.web.world import Client, World

pytestmark = pytest.mark.integration


async def stands(client: Client, one: dict[str, Any], state: str) -> dict[str, Any]:
    """Wait until an announcement is in `state` and return it."""
    found: dict[str, Any] = {}

    async def so() -> bool:
        found.update(await client.ask("GET", f"/announcements/{one['id']}"))
        return bool(found["state"] == state)

    await until(so, what=lambda: f"{found} is {state}")
    return found


async def test_a_shift_lead_switches_and_everybody_sees(world: World) -> None:
    async with (
        world.client("lead") as lead,
        world.client("1001", seat="1001") as agent,
        lead.desktop() as leads,
        agent.desktop() as agents,
    ):
        await leads.next("hello")
        made = await lead.ask("POST", "/announcements", {"kind": "emergency", "text": "台风预警"}, expect=201)
        live = await stands(agent, made, "live")
        await until(lambda: len(leads.all("announcements")) == 2, what="the lead is told: written, then heard")
        assert live["by_name"] == "坐席lead"
        assert (live["by"], live["until"], live["areas"], live["on"]) == (world.users["lead"].id, None, [], True)
        assert [one.medium for one in world.announcements.current([])] == ["sound:台风预警"]
        off = await lead.ask("PATCH", f"/announcements/{made['id']}", {"on": False})
        assert (off["state"], world.announcements.current([])) == ("off", [])
        assert [one["id"] for one in (await agent.ask("GET", "/announcements"))["items"]] == [made["id"]]
        path = f"/announcements/{made['id']}"
        assert await agent.refused("PATCH", path, {"on": True}, status=403) == "forbidden"
        assert await agent.refused("POST", "/announcements", {"kind": "emergency", "text": "x"}, status=403)
        assert await lead.refused("PATCH", "/announcements/none", {"on": True}, status=404) == "no_such_announcement"
        await until(lambda: len(leads.all("announcements")) >= 3, what="the lead is told of the end")
        assert agents.all("announcements") == []
        assert "城东片区" in (await lead.ask("GET", "/announcements/areas"))["items"]


async def test_a_festival_is_greeted_by_notice_with_the_words_of_the_catalogue(world: World) -> None:
    now = world.clock.now()
    async with world.client("supervisor") as supervisor:
        proposed = (await supervisor.ask("GET", "/announcements/proposals"))["items"]
        assert {one["festival"] for one in proposed} >= {"new_year", "labour_day", "national_day"}
        body = {"kind": "greeting", "festival": "new_year", "until": (now + timedelta(hours=1)).isoformat()}
        made = await supervisor.ask("POST", "/announcements", body, expect=201)
        assert made["text"].startswith("新年好！供电服务热线")
        await stands(supervisor, made, "live")
        said = f"sound:{made['text']}"
        await until(lambda: world.announcements.greeting() == said, 10, what="callers are greeted so")
        async with world.client("1001") as agent:
            told = {one["id"]: one["lines"] for one in (await agent.ask("GET", "/scripts"))["items"]}
        assert told["opening"][0]["text"] == "新年好！供电服务热线，工号1001为您服务，请问有什么可以帮您？"
        assert [line["id"] for line in told["silent"]] == ["silence_first", "silence_second", "silence_third"]
        assert all(line["source"] for lines in told.values() for line in lines)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "emergency", "text": ""}, "1 to 300"),
        ({"kind": "greeting", "festival": "new_year"}, "until"),
        ({"kind": "emergency", "text": "x", "areas": ["无此片区"]}, "无此片区"),
        ({"kind": "emergency", "text": "x", "from": "2027-01-01T00:00:00"}, "from"),
        ({"kind": "fun", "text": "x"}, "kind"),
    ],
)
async def test_what_cannot_be_said_is_refused_with_the_reason(world: World, body: dict[str, Any], says: str) -> None:
    async with world.client("lead") as lead:
        error = (await lead.ask("POST", "/announcements", body, expect=400))["error"]
        assert says in error["message"]


async def test_a_null_is_told_by_the_name_that_was_sent(world: World) -> None:
    async with world.client("lead") as lead:
        body = {"kind": "emergency", "text": "台风预警", "on": False}
        made = await lead.ask("POST", "/announcements", body, expect=201)
        told = await lead.ask("PATCH", f"/announcements/{made['id']}", {"from": None}, expect=400)
        assert told["error"]["details"]["field"] == "from"
