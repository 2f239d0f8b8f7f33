"""Signing in and out, who may what, and what a browser is kept from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.world import PASSWORD, World, open_world

pytestmark = pytest.mark.integration


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as one:
        yield one


async def test_sign_in_gives_a_token_and_a_cookie_no_script_can_read(world: World) -> None:
    async with world.client() as client:
        body = {"username": "1001", "password": PASSWORD}
        async with client.http.post(f"{world.base}/api/v1/session", json=body) as answer:
            assert answer.status == 201
            given = await answer.json()
            cookie = answer.headers["Set-Cookie"]
        assert given["user"] == {
            "id": world.users["1001"].id,
            "username": "1001",
            "display_name": "坐席1001",
            "role": "agent",
            "job_number": "1001",
        }
        assert given["seat"] is None
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        client.token = given["token"]
        assert (await client.ask("GET", "/session"))["user"]["username"] == "1001"
