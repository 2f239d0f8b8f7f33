"""Messages through the API and the desktops' sockets: to one or all, missed by nobody, read marks, who may."""

import pytest

from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_a_message_comes_up_at_once_and_after_a_break_once(world: World) -> None:
    anna, bert = world.users["1001"].id, world.users["1002"].id
    async with world.client("lead") as lead, world.client("1001") as agent, world.client("1002") as other:
        async with agent.desktop() as desk, other.desktop() as bystander:
            await desk.next("hello")
            await bystander.next("hello")
            one = {"key": "form-0001", "text": "<b>雷雨</b>，请留意", "to": [anna]}
            sent = await lead.ask("POST", "/messages", one, expect=201)
            again = await lead.ask("POST", "/messages", one, expect=201)
            assert sent == again
            message = await desk.next("message")
            assert (message["id"], message["text"], message["to_all"]) == (sent["id"], "<b>雷雨</b>，请留意", False)
            assert message["sender"] == world.users["lead"].name
            seen = message["seq"]
        all_of_them = {"key": "form-0002", "text": "十点换班", "to": []}
        await lead.ask("POST", "/messages", all_of_them, expect=201)
        async with agent.desktop(since=seen) as desk:
            assert (await desk.next("message"))["text"] == "十点换班"
            assert len(desk.all("message")) == 1
            await agent.ask("POST", f"/messages/{sent['id']}/read")
            await agent.ask("POST", f"/messages/{sent['id']}/read")
            assert (await desk.next("message_read"))["id"] == sent["id"]
        assert bystander.all("message") == []
        inbox = (await agent.ask("GET", "/messages"))["items"]
        assert [(m["text"], m["read_at"] is not None) for m in inbox] == [("十点换班", False), (one["text"], True)]
        assert [m["text"] for m in (await other.ask("GET", "/messages"))["items"]] == ["十点换班"]
        assert (await lead.ask("GET", "/messages"))["items"] == []
        rows = (await lead.ask("GET", "/messages/sent"))["items"]
        assert [(r["to_all"], r["read"]) for r in rows] == [(True, 0), (False, 1)]
        assert [p["agent_id"] for p in rows[1]["people"]] == [anna]
        assert await other.refused("POST", f"/messages/{sent['id']}/read", status=404) == "no_such_message"
        refused = await lead.refused("POST", "/messages", one | {"to": [bert]}, status=409)
        assert refused == "message_made"


async def test_only_who_leads_writes_and_only_to_others_who_are_there(world: World) -> None:
    body = {"key": "form-0001", "text": "x", "to": []}
    for name in ("1001", "quality", "admin"):
        async with world.client(name) as one:
            assert await one.refused("POST", "/messages", body, status=403) == "forbidden"
            assert await one.refused("GET", "/messages/sent", status=403) == "forbidden"
    async with world.client("deputy") as deputy:
        for to in (["nobody"], [world.users["deputy"].id]):
            assert await deputy.refused("POST", "/messages", body | {"to": to}, status=400) == "bad_input"
        assert await deputy.refused("POST", "/messages", body | {"text": "x" * 301}, status=400) == "bad_input"
        assert (await deputy.ask("GET", "/messages/sent"))["items"] == []
