"""Signing in and out, who may what, and what a browser is kept from."""

import asyncio
import io
from typing import Any

import pytest

from tests.web.world import PASSWORD, World
from web.app import BODY_LIMIT

pytestmark = pytest.mark.integration

COOKIE = "hotline_session"


async def signed_in_browser(world: World, client: Any, name: str = "1001") -> str:
    """Sign in as a browser does and return the cookie's value."""
    url, body = f"{world.base}/api/v1/session", {"username": name, "password": PASSWORD}
    async with client.http.post(url, json=body, headers={"Origin": world.base}) as answer:
        assert answer.status == 201
        return str(answer.cookies[COOKIE].value)


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


async def test_sign_in_with_a_seat_sits_down_and_signing_out_leaves_it(world: World) -> None:
    async with world.client("1001", seat="1003") as client:
        assert (await client.ask("GET", "/session"))["seat"] == {
            "id": "1003",
            "sip_username": "seat1003",
            "browser": False,
            "checked": True,
            "registered": False,
        }
        seats = (await client.ask("GET", "/seats"))["items"]
        assert [seat["agent_id"] for seat in seats if seat["id"] == "1003"] == [world.users["1001"].id]
        await client.ask("DELETE", "/session", expect=204)
        assert world.agents.seat_of(world.users["1001"].id) is None
        assert await client.refused("GET", "/session", status=401) == "not_signed_in"


async def test_a_seat_that_is_taken_is_a_conflict(world: World) -> None:
    async with world.client("1001", seat="1003"), world.client() as other:
        body = {"username": "1002", "password": PASSWORD, "seat": "1003"}
        assert await other.refused("POST", "/session", body, status=409) == "seat_taken"


@pytest.mark.parametrize(("username", "password"), [("1001", "wrong password"), ("nobody", PASSWORD)])
async def test_wrong_credentials_are_401_and_do_not_tell_which(world: World, username: str, password: str) -> None:
    async with world.client() as client:
        body = {"username": username, "password": password}
        assert await client.refused("POST", "/session", body, status=401) == "bad_credentials"


@pytest.mark.parametrize("username", ["1001", "nobody"])
async def test_too_many_tries_are_429_with_the_time_to_wait(world: World, username: str) -> None:
    async with world.client() as client:
        body = {"username": username, "password": "wrong password"}
        for _ in range(int(world.policy.number("sign_in_tries"))):
            await client.refused("POST", "/session", body, status=401)
        async with client.http.post(f"{world.base}/api/v1/session", json=body) as answer:
            assert answer.status == 429
            assert (await answer.json())["error"]["code"] == "too_many_attempts"
            assert 0 < int(answer.headers["Retry-After"]) <= world.policy.number("sign_in_window")


async def test_everything_but_signing_in_and_health_needs_a_session(world: World) -> None:
    async with world.client() as client:
        for path in ("/calls", "/agents", "/queues", "/customers?q=a", "/settings", "/recordings", "/desktop"):
            assert await client.refused("GET", path, status=401) == "not_signed_in"
        client.token = "made-up"
        assert await client.refused("GET", "/calls", status=401) == "not_signed_in"


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 403), ("http://evil.example", 403), ("null", 403), ("own", 204)],
    ids=["none", "foreign", "null", "own"],
)
async def test_a_cookie_counts_for_changes_only_with_our_own_origin(
    world: World, origin: str | None, status: int
) -> None:
    async with world.client() as client:
        cookie = await signed_in_browser(world, client)
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        if origin:
            headers["Origin"] = world.base if origin == "own" else origin
        async with client.http.delete(f"{world.base}/api/v1/session", headers=headers) as answer:
            assert answer.status == status


async def test_a_cookie_is_enough_to_read(world: World) -> None:
    async with world.client() as client:
        cookie = await signed_in_browser(world, client)
        assert await client.ask("GET", "/session", headers={"Cookie": f"{COOKIE}={cookie}"})


async def test_a_foreign_page_cannot_sign_a_browser_in(world: World) -> None:
    async with world.client() as client:
        body = {"username": "1001", "password": PASSWORD}
        headers = {"Origin": "http://evil.example"}
        assert await client.refused("POST", "/session", body, status=403, headers=headers) == "foreign_origin"


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    async with world.client() as client:
        for path in ("/", "/api/v1/session", "/healthz", "/api/v1/nothing"):
            async with client.http.get(world.base + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["X-Frame-Options"] == "DENY"
        async with client.http.get(f"{world.base}/api/v1/session") as answer:
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "body"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"username": "1001"}', "password"),
        (b'{"username": "1001", "password": "x", "sea": "1"}', "sea"),
        (b'{"username": "a\\u0000", "password": "x"}', "NUL"),
        (b'{"username": "a", "password": "x", "\\uD800": 1}', "half a character"),
        (b"[" * 60_000, "not valid JSON"),
        (b'{"username": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"username": NaN}', "not valid JSON"),
        (b'{"username": -Infinity}', "not valid JSON"),
    ],
)
async def test_bad_bodies_are_400_and_name_what_is_wrong(world: World, body: bytes, says: str) -> None:
    async with world.client() as client, client.http.post(f"{world.base}/api/v1/session", data=body) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
        assert error["code"] == "bad_input"
        assert says in error["message"]


@pytest.mark.parametrize("origin", [b"http://[", b"\xff\xfe", b"null", b"//"])
async def test_an_origin_that_is_no_address_is_a_foreign_one(world: World, origin: bytes) -> None:
    answer = await said(world, b"POST /api/v1/session", b"Origin: " + origin, b'{"username": "1001", "password": "x"}')
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"foreign_origin" in answer


@pytest.mark.parametrize("header", [b"Authorization: Bearer \xff\xfe", b"Cookie: hotline_session=\xe9\xff"])
async def test_a_token_that_none_of_ours_could_be_is_no_session(world: World, header: bytes) -> None:
    for path in (b"/api/v1/session", b"/api/v1/desktop"):
        assert (await said(world, b"GET " + path, header)).startswith(b"HTTP/1.1 401")


async def said(world: World, first: bytes, header: bytes, body: bytes = b"") -> bytes:
    """Send a request byte by byte as written, which no client of ours would; returns the answer."""
    place = world.base.removeprefix("http://")
    host, _, port = place.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    length = b"Content-Length: %d" % len(body)
    lines = [first + b" HTTP/1.1", b"Host: " + place.encode(), header, length, b"Connection: close", b"", body]
    writer.write(b"\r\n".join(lines))
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_a_body_that_is_too_large_is_413(world: World) -> None:
    async with world.client() as client:
        body = io.BytesIO(b'{"username": "' + b"x" * (BODY_LIMIT + 1) + b'"}')
        async with client.http.post(f"{world.base}/api/v1/session", data=body) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (413, "too_large")


async def test_unknown_paths_and_methods_are_json_errors(world: World) -> None:
    async with world.client("1001") as client:
        assert await client.refused("GET", "/nothing", status=404) == "no_such_path"
        assert await client.refused("PUT", "/session", status=405) == "method_not_allowed"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/campaigns"), ("GET", "/campaigns"), ("POST", "/work-orders/1/dispatch")],
)
async def test_what_is_named_and_not_built_answers_501(world: World, method: str, path: str) -> None:
    async with world.client("1001") as client:
        assert await client.refused(method, path, {}, status=501) == "not_built"


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("GET", "/settings", None, {"lead", "deputy", "quality", "supervisor", "admin"}),
        ("POST", "/outages", {}, {"lead", "deputy", "supervisor", "admin"}),
        ("POST", "/calls/1/hold", {}, {"1001", "lead", "deputy", "supervisor"}),
        ("GET", "/recordings", None, {"1001", "lead", "deputy", "quality", "supervisor", "admin"}),
    ],
)
async def test_roles_decide_who_may(world: World, method: str, path: str, body: Any, allowed: set[str]) -> None:
    for name in ("1001", "lead", "deputy", "quality", "supervisor", "admin"):
        async with world.client(name) as client:
            url = f"{world.base}/api/v1{path}"
            async with client.http.request(method, url, json=body, headers=client.headers) as answer:
                assert (answer.status != 403) == (name in allowed), (name, answer.status)


async def test_an_unexpected_error_is_a_500_whose_id_the_log_explains_without_personal_data(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.db.write(lambda connection: connection.exec_driver_sql("DROP TABLE customer_phones"))
    async with world.client("lead") as lead:
        error = (await lead.ask("GET", "/customers?phone=13812345678", expect=500))["error"]
    assert error["code"] == "internal"
    logged = "\n".join(
        f"{record.getMessage()} {vars(record).get('error_id')} {vars(record).get('path')}\n{record.exc_text}"
        for record in caplog.records
    )
    assert error["details"]["id"] in logged
    assert "customer_phones" in logged
    assert "13812345678" not in logged
