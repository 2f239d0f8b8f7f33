"""Seats over the API: added, given a new secret, changed and taken away; who may, and what is refused."""

from typing import Any

import pytest

from tests.web.world import World

pytestmark = pytest.mark.integration


async def test_a_seat_is_added_changed_and_taken_away(world: World) -> None:
    async with world.client("admin") as admin:

        async def listed() -> dict[str, dict[str, Any]]:
            return {row["id"]: row for row in (await admin.ask("GET", "/seats"))["items"]}

        made = await admin.ask("POST", "/seats", {"id": "3001"}, expect=201)
        assert (made["seat"]["sip_username"], made["server"], made["pbx_knows"]) == ("seat3001", "127.0.0.1:5060", True)
        assert len(made["sip_password"]) == 24
        browser = await admin.ask("POST", "/seats", {"id": "3002", "browser": True}, expect=201)
        assert (browser["sip_password"], browser["seat"]["browser"]) == (None, True)
        world.pbx_is_ours = False
        again = await admin.ask("POST", "/seats/3001/password")
        assert (again["sip_password"] != made["sip_password"], again["pbx_knows"]) == (True, False)
        assert (await admin.ask("PATCH", "/seats/3001", {"page": "required"}))["page"] == "required"
        assert made["sip_password"] not in str(await listed())
        await world.phone("3001")
        assert (await listed())["3001"]["registered"]
        async with world.client("1001", seat="3001") as agent:
            for method, path in (("DELETE", "/seats/3001"), ("POST", "/seats/3001/password")):
                assert await admin.refused(method, path, status=409) == "seat_taken"
            await agent.ask("DELETE", "/session", expect=204)
        assert await admin.ask("DELETE", "/seats/3001") == {"pbx_knows": False}
        assert "3001" not in await listed()
        rows = (await admin.ask("GET", "/audit", params={"area": "seats"}))["items"]
        assert [(row["data"]["seat_id"], row["data"]["what"]) for row in rows] == [
            ("3001", "removed"),
            ("3001", "page_required"),
            ("3001", "password"),
            ("3002", "added"),
            ("3001", "added"),
        ]
        assert again["sip_password"] not in str(rows)


async def test_bad_seats_are_told_at_their_field(world: World) -> None:
    async with world.client("admin") as admin:
        for body, field in (({"id": "1 2"}, "id"), ({"id": "9", "sip_username": "9"}, "sip_username")):
            error = (await admin.ask("POST", "/seats", body, expect=400))["error"]
            assert error["details"]["field"] == field
        assert await admin.refused("POST", "/seats", {"id": "1001"}, status=409) == "seat_exists"
        assert await admin.refused("POST", "/seats", {"id": "x", "page": "never"}, status=400) == "bad_input"
        for method, path, body in (
            ("PATCH", "/seats/none", {"page": "ignored"}),
            ("DELETE", "/seats/none", None),
            ("POST", "/seats/none/password", None),
        ):
            assert await admin.refused(method, path, body, status=404) == "no_such_seat"


@pytest.mark.parametrize("name", ["1001", "deputy", "lead", "quality", "supervisor"])
async def test_only_administrators_manage_seats(world: World, name: str) -> None:
    async with world.client(name) as client:
        await client.ask("GET", "/seats")
        await client.refused("POST", "/seats", {"id": "3001"}, status=403)
        await client.refused("PATCH", "/seats/1001", {"page": "ignored"}, status=403)
        await client.refused("POST", "/seats/1001/password", status=403)
        assert await client.refused("DELETE", "/seats/1001", status=403) == "forbidden"
