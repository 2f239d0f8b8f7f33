"""The agent's desktop over its WebSocket: what it is told, what it may ask, how it ends."""

import asyncio
import json

import aiohttp
import pytest

from cti.events import PbxFound, PbxLost
from cti.model import CallState
from tests.until import until
from tests.web.test_api_session import COOKIE, signed_in_browser
from tests.web.world import Desk, World
from web.route import DESKTOPS
from web.stream import WAITING

pytestmark = pytest.mark.integration


async def test_hello_is_the_whole_state(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    pops = world.app[DESKTOPS].pops
    await until(lambda: pops.shown_to(world.users["1001"].id, call_id), what="the pop is made beside the call")
    async with world.client("1001") as client, client.desktop() as desk:
        hello = await desk.next("hello")
        assert hello["user"]["username"] == "1001"
        seat = {"id": "1001", "sip_username": "seat1001", "registered": True, "browser": False, "checked": True}
        assert hello["seat"] == seat
        assert (hello["agent"]["id"], hello["agent"]["state"]) == (world.users["1001"].id, "talking")
        assert (hello["call"]["id"], hello["call"]["state"], hello["call"]["caller"]) == (
            call_id,
            "talking",
            "13800000001",
        )
        assert hello["pop"]["customer"]["name"] == "张伟"
        assert hello["queues"][0]["id"] == "general"
        site = {"name": "供电服务热线", "timezone": "Asia/Shanghai", "outbound_number": "95598"}
        assert hello["site"] == site


async def test_a_call_is_told_step_by_step(world: World) -> None:
    await world.phone("1001")
    async with world.client("1001") as client, client.desktop(seat="seat1001") as desk:
        assert (await desk.next("hello"))["seat"]["id"] == "1001"
        assert (await desk.do("state", state="ready"))["type"] == "ok"
        await desk.state("ready")
        call_id = world.call("13800000001")
        pop = await desk.next("screen_pop")
        assert pop["call_id"] == call_id
        world.pbx.pick_up(await world.rings(call_id))
        await until(lambda: "talking" in [m["call"]["state"] for m in desk.all("call_state")], what="talking is told")
        assert (await desk.do("hold", call_id=call_id))["type"] == "ok"
        assert (await desk.do("resume", call_id=call_id))["type"] == "ok"
        assert (await desk.do("note", call_id=call_id, text="问电费"))["type"] == "ok"
        world.pbx.gone(call_id)
        wrap_up = await desk.state("wrap_up")
        assert wrap_up["wrap_up_ends_at"] is not None
        assert (await desk.do("wrap-up", call_id=call_id, result_code="consult", note=""))["type"] == "ok"
        await until(lambda: desk.all("agent_state")[-1]["state"] == "ready", what="ready again")
        states = [m["call"]["state"] for m in desk.all("call_state")]
        assert states == ["ringing", "talking", "held", "talking", "menu", "ended"]
        seen = [m["call"]["state"] if m["type"] == "call_state" else m["type"] for m in desk.got]
        assert seen.index("screen_pop") < seen.index("talking")


async def test_commands_that_cannot_be_are_answered_with_the_error(world: World) -> None:
    async with world.client("1001", seat="1001") as client, client.desktop() as desk:
        wrong = [
            (await desk.do("dance"), "bad_input"),
            (await desk.do("hold"), "bad_input"),
            (await desk.do("hold", call_id="none"), "no_such_call"),
            (await desk.do("transfer", call_id="none", to="nowhere"), "bad_input"),
            (await desk.do("state", state="ready"), "phone_not_registered"),
            (await desk.do("state", state="not_ready"), "bad_input"),
            (await desk.do("note", call_id="none", text="x"), "no_such_call"),
        ]
        for answer, code in wrong:
            assert (answer["type"], answer["error"]["code"]) == ("error", code), answer
        await desk.socket.send_str('{"type": "ping", "id": ' + "9" * 5000 + "}")
        assert (await desk.next("error"))["error"]["code"] == "bad_input"
        await desk.socket.send_str('{"type": "ping", "id": "\\ud800"}')
        await desk.socket.send_str("{not json")
        assert (await desk.next("error", id=None))["error"]["code"] == "bad_input"
        assert (await desk.do("ping"))["type"] == "pong"


async def test_every_tab_of_an_agent_sees_the_same(world: World) -> None:
    await world.phone("1001")
    async with (
        world.client("1001", seat="1001") as client,
        client.desktop() as one,
        client.desktop() as two,
        world.client("1002", seat="1002") as other_client,
        other_client.desktop() as other,
    ):
        await two.next("hello")
        await other.next("hello")
        await one.do("state", state="not_ready", reason="meeting")
        await one.next("agent_state", reason="meeting")
        await two.next("agent_state", reason="meeting")
        numbered = [[m for m in desk.got if m["type"] == "agent_state"] for desk in (one, two)]
        assert numbered[0] == numbered[1]
        assert (await other.do("ping"))["type"] == "pong"
        assert other.all("agent_state") == []


async def test_the_last_tab_that_goes_takes_the_agent_out_after_the_grace(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.agents.pages, "_grace_s", 0.05)
    await world.phone("1001")
    async with world.client("1001", seat="1001") as client:
        async with client.desktop() as one:
            async with client.desktop() as two:
                await two.next("hello")
                assert (await one.do("state", state="ready"))["type"] == "ok"
            await until(lambda: len(world.app[DESKTOPS]) == 1, what="one tab is gone")
            await asyncio.wait([asyncio.create_task(one.closed())], timeout=0.3)  # noqa: TID251
            assert world.state_of("1001") == "ready"
        await until(lambda: world.state_of("1001") == "not_ready", what="the agent is taken out")
        agent = world.agents.roster.get(world.users["1001"].id)
        assert agent is not None
        assert agent.cause == "desktop_gone"


async def test_the_seat_can_be_taken_by_the_socket_or_is_refused(world: World) -> None:
    async with world.client("1001", seat="1003"), world.client("1002") as other, other.desktop(seat="1003") as desk:
        assert await desk.closed() == 4409


@pytest.mark.parametrize(
    ("origin", "status"), [("http://evil.example", 403), (None, 403), ("own", 101)], ids=["foreign", "none", "own"]
)
async def test_a_cookie_opens_the_socket_only_from_our_own_page(world: World, origin: str | None, status: int) -> None:
    async with world.client() as client:
        cookie = await signed_in_browser(world, client)
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        if origin:
            headers["Origin"] = world.base if origin == "own" else origin
        if status == 101:
            async with Desk(client, {}, headers) as desk:
                assert await desk.next("hello")
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.http.ws_connect(f"{world.base}/api/v1/desktop", headers=headers)
            assert refused.value.status == status


async def test_signing_out_closes_the_sockets_of_that_session_only(world: World) -> None:
    async with world.client("1001") as one, world.client("1001") as two, one.desktop() as a, two.desktop() as b:
        await a.next("hello")
        await b.next("hello")
        await one.ask("DELETE", "/session", expect=204)
        assert await a.closed() == 4401
        assert (await b.do("ping"))["type"] == "pong"


async def test_a_disabled_account_is_thrown_out(world: World) -> None:
    async with world.client("1001") as client, client.desktop() as desk:
        await desk.next("hello")
        await world.accounts.disable_user(world.users["1001"].id)
        assert await desk.closed() == 4401


async def test_a_stopping_service_says_that_it_goes_away(world: World) -> None:
    async with world.client("1001") as client, client.desktop() as desk:
        await desk.next("hello")
        await world.stop_web()
        assert await desk.closed() == 1001
        await world.start_web()


async def test_a_phone_that_goes_and_a_lost_pbx_are_told(world: World) -> None:
    await world.phone("1001")
    async with world.client("1001", seat="1001") as client, client.desktop() as desk:
        await desk.next("hello")
        await world.phone("1001", there=False)
        await until(
            lambda: [m["seat"]["registered"] for m in desk.all("seat_state")] == [False], what="the phone is told"
        )
        assert (await desk.next("notice", code="seat_lost"))["level"] == "warning"
        now = world.clock.now()
        await world.record(PbxLost(at=now, why="x"), PbxFound(at=now))
        assert (await desk.next("notice", code="pbx_lost"))["level"] == "error"
        assert (await desk.next("notice", code="pbx_found"))["level"] == "info"


async def test_queue_figures_come_when_they_change(world: World) -> None:
    await world.phone("1001")
    async with world.client("1001", seat="1001") as client, client.desktop() as desk:
        await desk.next("hello")
        await desk.do("state", state="ready")
        await until(
            lambda: any(m["queues"][0]["agents_ready"] == 1 for m in desk.all("queue_stats")), what="figures are told"
        )


async def test_a_socket_that_does_not_read_is_closed_and_nobody_waits_for_it(world: World) -> None:
    async with world.client("1001", seat="1001") as client, client.desktop() as quick:
        await quick.next("hello")
        slow = await client.http.ws_connect(f"{world.base}/api/v1/desktop", headers=client.headers, autoping=False)
        assert slow._reader is not None
        slow._conn.protocol.pause_reading()  # type: ignore[union-attr]
        desktops = world.app[DESKTOPS]
        await until(lambda: len(desktops) == 2, what="both are open")
        now, big = world.clock.now(), "x" * 20_000
        sent = 0
        while len(desktops) == 2:
            await world.record(PbxLost(at=now, why=big))
            sent += 1
            await world.record(*[PbxFound(at=now)] * 20)
            assert sent < 60 * WAITING
        slow._conn.protocol.resume_reading()  # type: ignore[union-attr]
        texts = [message.data async for message in slow if message.type is aiohttp.WSMsgType.TEXT]
        numbers = [json.loads(text)["seq"] for text in texts]
        assert slow.close_code == 4408
        assert numbers == sorted(numbers)
        assert (await quick.do("ping"))["type"] == "pong"


async def test_a_message_that_is_too_big_ends_the_socket(world: World) -> None:
    async with world.client("1001") as client, client.desktop() as desk:
        await desk.next("hello")
        await desk.socket.send_str(json.dumps({"type": "ping", "id": "x" * 20_000}))
        assert await desk.closed() == 1009


async def test_a_call_that_ended_while_the_service_was_away_is_not_shown_as_live(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    await world.stop_web()
    world.pbx.gone(call_id)
    await until(lambda: not world.calls.live(), what="the call is over")
    await world.start_web()
    async with world.client("1001") as client, client.desktop() as desk:
        hello = await desk.next("hello")
        assert hello["agent"]["state"] == "wrap_up"
        assert hello["call"] is None


async def test_a_live_call_is_taken_up_with_its_pop_when_the_service_comes_back(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000002")
    await world.stop_web()
    await world.start_web()
    async with world.client("1001") as client, client.desktop() as desk:
        hello = await desk.next("hello")
        assert (hello["call"]["id"], hello["call"]["state"]) == (call_id, "talking")
        assert hello["pop"]["customer"]["name"] == "王芳"
        assert hello["pop"]["ivr_path"][0]["node"] == "main"
        world.pbx.gone(call_id)
        await until(
            lambda: CallState.ENDED in [m["call"]["state"] for m in desk.all("call_state")], what="the end is told"
        )


async def test_a_wrap_up_is_extended_once_from_the_end_that_was_seen(world: World) -> None:
    await world.ready("1001", "1001")
    call_id = await world.talking("13800000001")
    async with world.client("1001") as client, client.desktop() as desk:
        await desk.next("hello")
        world.pbx.gone(call_id)
        seen = (await desk.state("wrap_up"))["wrap_up_ends_at"]
        for _ in range(3):
            assert (await desk.do("extend-wrap-up", ends_at=seen))["type"] == "ok"
        told = {one["wrap_up_ends_at"] for one in desk.all("agent_state")} - {None}
        assert len(told) == 2, "once, however often it is asked from the same end"
        assert (await desk.do("extend-wrap-up", ends_at=max(told)))["type"] == "ok"
        assert (await desk.do("extend-wrap-up", ends_at=max(told)))["type"] == "ok", "the last one too is done once"
