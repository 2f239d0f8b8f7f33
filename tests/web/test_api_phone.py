"""The page as a phone: who is given the secret of a seat, and where the PBX is for that page."""

import hashlib

import pytest

from agents import store as agent_store
from agents.model import Seat, SeatKind
from cti.events import SeatRegistered
from tests.web.world import World

pytestmark = pytest.mark.integration

PASSWORD = "only the PBX knows this"


async def a_browser_seat(world: World) -> None:
    seat = Seat("web1", "web1", PASSWORD, kind=SeatKind.BROWSER)
    await world.db.write(lambda connection: agent_store.add_seat(connection, seat))


async def test_who_sits_at_a_browser_seat_gets_the_digest_and_never_the_password(world: World) -> None:
    await a_browser_seat(world)
    async with world.client("1001", seat="web1") as client:
        phone = await client.ask("POST", "/agents/me/phone", {"page": "p1"})
        assert phone["username"] == "web1"
        assert phone["address"] == f"ws://127.0.0.1:{world.settings.asterisk.http_port}/ws"
        digest = hashlib.md5(f"web1:{phone['realm']}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
        assert phone["secret"] == digest
        assert PASSWORD not in str(phone)
        assert (await client.ask("GET", "/session"))["seat"]["browser"] is True


async def test_nobody_else_gets_it(world: World) -> None:
    await a_browser_seat(world)
    async with (
        world.client("1001") as standing,
        world.client("1002", seat="1002") as at_a_phone,
        world.client() as nobody,
    ):
        assert await standing.refused("POST", "/agents/me/phone", {"page": "p1"}, status=409) == "not_at_seat"
        assert await at_a_phone.refused("POST", "/agents/me/phone", {"page": "p1"}, status=409) == "no_browser_phone"
        assert await nobody.refused("POST", "/agents/me/phone", {"page": "p1"}, status=401) == "not_signed_in"


@pytest.mark.parametrize(
    ("tls", "address"), [(8089, "wss://desk.example:8089/ws"), (None, "wss://desk.example/ws")], ids=["own", "proxy"]
)
async def test_an_encrypted_page_is_given_an_encrypted_line_and_may_use_it(
    world: World, tls: int | None, address: str
) -> None:
    await a_browser_seat(world)
    pbx = world.settings.asterisk.model_copy(update={"tls_port": tls})
    world.settings = world.settings.model_copy(update={"asterisk": pbx})
    await world.stop_web()
    await world.start_web()
    async with world.client("1001", seat="web1") as client:
        headers = {"Host": "desk.example", "X-Forwarded-Proto": "https", "Authorization": f"Bearer {client.token}"}
        url = f"{world.base}/api/v1/agents/me/phone"
        async with client.http.post(url, json={"page": "p1"}, headers=headers) as answer:
            assert (await answer.json())["address"] == address
            assert f"connect-src 'self' {address};" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"


async def test_p26_only_the_page_that_is_the_phone_tells_of_its_test_and_the_service_judges(world: World) -> None:
    await a_browser_seat(world)
    measured = {"how": "echo", "sent": 60, "received": 60, "tone_db": -20.0, "voice_db": -30.0}
    async with world.client("1001", seat="web1") as client:
        phone = await client.ask("POST", "/agents/me/phone", {"page": "p1"})
        assert phone["checked"] is False
        assert phone["needs"] == {"packets": 25, "tone_db": -45.0, "voice_db": -50.0}
        path = "/agents/me/phone/check"
        assert await client.refused("POST", path, {"page": "p2", **measured}, status=409) == "phone_elsewhere"
        assert await client.ask("POST", path, {"page": "p1", **measured}) == {
            "passed": False,
            "faults": ["not_connected"],
        }
        await world.journal.record(SeatRegistered(at=world.clock.now(), sip_username="web1"))
        wish = {"state": "ready"}
        assert await client.refused("POST", "/agents/me/state", wish, status=409) == "phone_not_checked"
        assert (await client.ask("POST", path, {"page": "p1", **measured}))["passed"] is True
        assert (await client.ask("POST", "/agents/me/phone", {"page": "p1"}))["checked"] is True
        await client.ask("POST", "/agents/me/state", wish)
        await client.ask("POST", "/agents/me/phone/changed", {"page": "p1"}, expect=204)
        me = await client.ask("GET", "/agents/me")
        assert (me["state"], me["cause"]) == ("not_ready", "phone_unchecked")
        assert (await client.ask("GET", "/session"))["seat"]["checked"] is False
