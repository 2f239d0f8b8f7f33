"""A desktop that loses its line again and again over a real socket has the same messages as one that never does."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest

from cti.events import PbxFound, PbxLost
from tests.until import until
from tests.web.world import Client, World
from web import desktops
from web.route import DESKTOPS

pytestmark = pytest.mark.integration

NUMBERED = ("agent_state", "seat_state", "screen_pop", "call_state", "notice")


class Flapping:
    """A desktop whose line breaks at any moment and which resumes after the last number it saw."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.last: int | None = None
        self.got: list[dict[str, Any]] = []
        self.hellos = 0

    async def once(self, messages: int) -> None:
        """Connect, take at most `messages` messages, and break the line without a word."""
        query = {} if self.last is None else {"since": str(self.last)}
        url = f"{self._client.world.base}/api/v1/desktop"
        async with self._client.http.ws_connect(url, params=query, headers=self._client.headers) as socket:
            for _ in range(messages):
                try:
                    message = await asyncio.wait_for(socket.receive_json(), 0.3)
                except TimeoutError:
                    break
                self._take(message)
            assert socket._conn is not None
            assert socket._conn.transport is not None
            socket._conn.transport.abort()

    def _take(self, message: dict[str, Any]) -> None:
        self.hellos += message["type"] == "hello"
        if message["type"] in NUMBERED:
            assert self.last is not None
            assert message["seq"] == self.last + 1, "neither a gap nor a double"
            self.got.append(message)
        self.last = message["seq"]


@pytest.mark.parametrize("seed", range(4))
async def test_random_breaks_lose_and_double_nothing(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await world.phone("1001")
    async with world.client("1001", seat="1001") as client, client.desktop() as steady:
        await steady.next("hello")
        flapping = Flapping(client)
        await flapping.once(1)
        assert flapping.hellos == 1
        known = len([m for m in steady.got if m["type"] in NUMBERED])
        assert known == 0

        async def flap() -> None:
            for _ in range(12):
                await flapping.once(chance.randrange(0, 6))

        async def happen() -> None:
            now = world.clock.now()
            await steady.do("state", state="ready")
            call_id = await world.talking(chance.choice(["13800000001", "13800000002", "13900000000"]))
            for verb in ("hold", "resume", "hold", "resume"):
                await steady.do(verb, call_id=call_id)
            for n in range(20):
                await world.record(PbxLost(at=now, why=str(n)), PbxFound(at=now))
            world.pbx.gone(call_id)

        await asyncio.gather(flap(), happen())
        await steady.state("wrap_up")
        await until(lambda: steady.all("call_state")[-1]["call"]["state"] == "ended", what="the end is told")
        told = [m for m in steady.got if m["type"] in NUMBERED]
        for _ in range(40):
            if len(flapping.got) == len(told):
                break
            await flapping.once(20)
        assert flapping.got == told
        assert flapping.hellos == 1


async def test_an_unknown_number_gets_a_full_hello(world: World) -> None:
    async with world.client("1001") as client:
        for since in (0, 5, 10**15):
            async with client.desktop(since=since) as desk:
                assert (await desk.next("hello"))["user"]["username"] == "1001"


async def test_a_number_of_the_service_before_a_restart_gets_a_full_hello(world: World) -> None:
    async with world.client("1001", seat="1001") as client:
        async with client.desktop() as desk:
            await desk.next("hello")
            await desk.do("state", state="not_ready", reason="meeting")
            last = (await desk.next("agent_state", reason="meeting"))["seq"]
        await world.stop_web()
        await world.start_web()
        async with client.desktop(since=last) as desk:
            assert (await desk.next("hello"))["seq"] > last


async def test_a_number_of_a_forgotten_stream_is_not_one_of_the_next_though_the_clock_was_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktops, "KEPT_FOR_S", 0.0)
    async with world.client("1001", seat="1001") as client:
        async with client.desktop() as desk:
            await desk.next("hello")
            last = (await desk.do("state", state="not_ready", reason="rest"))["seq"]
        earlier = world.clock.now() - timedelta(hours=1)
        monkeypatch.setattr(world.clock, "now", lambda: earlier)
        await until(lambda: not world.app[DESKTOPS]._desktops, what="the stream is forgotten")
        await client.ask("POST", "/agents/me/state", {"state": "not_ready", "reason": "meeting"})
        async with client.desktop(since=last) as desk:
            assert (await desk.next("hello"))["agent"]["reason"] == "meeting"


async def test_a_resumed_desktop_gets_the_queues_as_they_are(world: World) -> None:
    async with world.client("1001") as client:
        async with client.desktop() as desk:
            last = (await desk.next("hello"))["seq"]
        async with client.desktop(since=last) as desk:
            assert (await desk.next("queue_stats"))["queues"][0]["id"] == "general"
            assert desk.all("hello") == []
