"""Accounts over the API: the list, a new one, changes, passwords, locks; who may, and what is refused where."""

from typing import Any

import pytest

from agents.model import Role
from tests.until import until
from tests.web.world import PASSWORD, Client, World

pytestmark = pytest.mark.integration

OTHERS = ("1001", "deputy", "lead", "quality", "supervisor")


async def by_name(admin: Client, **query: str) -> dict[str, dict[str, Any]]:
    """Return the listed accounts by user name."""
    return {row["username"]: row for row in (await admin.ask("GET", "/users", params=query))["items"]}


async def test_an_account_is_made_changed_locked_out_and_let_in_again(world: World) -> None:
    async with world.client("admin") as admin, world.client() as li:
        given = {"username": "2001", "display_name": "李雷", "role": "agent", "seat_id": "1003"}
        made = await admin.ask("POST", "/users", given, expect=201)
        assert len(made["password"]) == 16
        row = made["user"]
        assert {key: row[key] for key in given} == given
        assert (row["active"], row["state"], row["locked_s"], row["skills"]) == (True, "logged_out", 0, {})
        path, sign_in = f"/users/{row['id']}", {"username": "2001", "password": made["password"]}
        li.token = (await li.ask("POST", "/session", sign_in, expect=201))["token"]

        changed = await admin.ask("PATCH", path, {"display_name": "李蕾", "seat_id": ""})
        assert (changed["display_name"], changed["seat_id"], changed["role"]) == ("李蕾", None, "agent")
        await li.ask("GET", "/session")
        await admin.ask("PATCH", path, {"role": "deputy"})
        assert await li.refused("GET", "/session", status=401) == "not_signed_in"

        for _ in range(5):
            await li.refused("POST", "/session", sign_in | {"password": "wrong horse"}, status=401)
        assert await li.refused("POST", "/session", sign_in, status=429) == "too_many_attempts"
        assert (await admin.ask("GET", path))["locked_s"] > 0
        assert (await admin.ask("POST", f"{path}/unlock"))["locked_s"] == 0
        await li.ask("POST", "/session", sign_in, expect=201)

        reset = await admin.ask("POST", f"{path}/password", {})
        await li.refused("POST", "/session", sign_in, status=401)
        sign_in["password"] = reset["password"]
        await li.ask("POST", "/session", sign_in, expect=201)
        assert (await admin.ask("POST", f"{path}/password", {"password": PASSWORD}))["password"] is None

        await admin.ask("POST", f"/agents/{row['id']}/skills", {"skills": {"english": 3}, "groups": ["backup"]})
        listed = await by_name(admin, q="蕾", role="deputy", active="true")
        assert [(one["skills"], one["groups"]) for one in listed.values()] == [({"english": 3}, ["backup"])]


async def test_deactivating_ends_what_the_person_does_and_can_be_taken_back(world: World) -> None:
    async with world.client("admin") as admin, world.client("1001", seat="1001") as agent, agent.desktop() as desk:
        await desk.next("hello")
        path = f"/users/{world.users['1001'].id}"
        assert (await admin.ask("POST", f"{path}/deactivate"))["active"] is False
        await until(lambda: world.state_of("1001") == "logged_out", what="the seat is left")
        await until(lambda: desk.socket.closed, what="the desktop is closed")
        assert await agent.refused("GET", "/session", status=401) == "not_signed_in"
        assert set(await by_name(admin, active="false")) == {"1001"}
        await admin.ask("POST", f"{path}/activate")
        assert await by_name(admin, active="false") == {}
        await agent.sign_in("1001")


async def test_a_new_role_closes_the_desktop_of_the_old_one(world: World) -> None:
    async with world.client("admin") as admin, world.client("lead") as lead, lead.desktop() as desk:
        await desk.next("hello")
        path = f"/users/{world.users['lead'].id}"
        await admin.ask("PATCH", path, {"display_name": "值长一"})
        await admin.ask("PATCH", path, {"role": "agent"})
        await until(lambda: desk.socket.closed, what="the desktop is closed")


async def test_bad_input_is_told_at_its_field(world: World) -> None:
    async with world.client("admin") as admin:
        for body, field in (
            ({"username": "a b"}, "username"),
            ({"username": "x", "seat_id": "9999"}, "seat_id"),
            ({"username": "x", "role": "king"}, "role"),
            ({"username": "x", "password": "short"}, "password"),
            ({"username": "x", "display_name": "长" * 65}, "display_name"),
            ({}, "username"),
        ):
            status = 404 if field == "seat_id" else 400
            details = (await admin.ask("POST", "/users", body, expect=status))["error"]["details"]
            assert field in (details.get("field"), *(one["field"] for one in details.get("fields", [])), *details)
        assert await admin.refused("POST", "/users", {"username": "1001"}, status=409) == "user_exists"
        assert await admin.refused("PATCH", "/users/nobody", {"role": "agent"}, status=404) == "no_such_user"
        assert await admin.refused("POST", "/users/nobody/unlock", status=404) == "no_such_user"


async def test_an_administrator_stays_and_nobody_takes_the_own_role_away(world: World) -> None:
    own = f"/users/{world.users['admin'].id}"
    async with world.client("admin") as admin:
        for method, path, body in (("PATCH", own, {"role": "agent"}), ("POST", f"{own}/deactivate", None)):
            assert await admin.refused(method, path, body, status=409) == "own_account"
        await admin.ask("POST", f"{own}/password", {"password": "battery staple"})
        await admin.ask("PATCH", own, {"display_name": "管理员"})
        assert (await admin.ask("GET", own))["display_name"] == "管理员"
        second = await world.accounts.create_user("second", PASSWORD, Role.ADMIN)
        await world.accounts.disable_user(world.users["admin"].id)
        async with world.client("second") as other:
            assert await other.refused("POST", f"/users/{second.id}/deactivate", status=409) == "own_account"


@pytest.mark.parametrize("name", OTHERS)
async def test_only_administrators_manage_accounts(world: World, name: str) -> None:
    path = f"/users/{world.users['1002'].id}"
    async with world.client(name) as client:
        await client.refused("GET", "/users", status=403)
        await client.refused("POST", "/users", {"username": "x"}, status=403)
        await client.refused("PATCH", path, {"role": "admin"}, status=403)
        for verb in ("password", "activate", "deactivate", "unlock"):
            assert await client.refused("POST", f"{path}/{verb}", {}, status=403) == "forbidden"
