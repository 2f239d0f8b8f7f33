"""The live calls of one PBX: arrivals, messages to their calls, and the PBX lost and found."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.journal import since
from cti.ari.pbx import AriPbx
from cti.events import CallArrived, PbxFound, PbxLost
from cti.messages import DigitPressed, Hold
from cti.model import CallState
from cti.ringing import enter_queue, ring
from cti.service import NoSuchCall
from cti.session import CallSession
from cti.talk import talk
from tests.cti.exchange import Exchange, offer, opened_exchange
from tests.until import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        yield exchange


async def talking(session: CallSession) -> None:
    """A call that is answered, rings agent a1 and talks; adopted, it goes on there."""
    if session.call.state is CallState.ARRIVED:
        await session.answer()
        await enter_queue(session, "general")
        await ring(session, offer("answer"))
    await talk(session)


async def of_pbx(exchange: Exchange) -> list[type]:
    found = await exchange.db.read(lambda connection: since(connection, 0, (PbxLost, PbxFound)))
    return [type(recorded.event) for recorded in found]


@pytest.mark.parametrize(
    ("raw", "caller", "known"),
    [("13800000001", "13800000001", True), ("+8613800000001", "13800000001", True), ("anonymous", "unknown", False)],
)
async def test_an_arrival_is_journaled_as_it_came(exchange: Exchange, raw: str, caller: str, known: bool) -> None:
    await exchange.serve()
    call_id = exchange.fake.arrive(raw, "95598")
    await exchange.state(call_id, CallState.MENU)
    arrived = (await exchange.story(call_id))[0]
    assert isinstance(arrived, CallArrived)
    assert (arrived.caller, arrived.caller_known, arrived.number) == (caller, known, "95598")
    assert [s.call.id for s in exchange.service.live()] == [call_id]


async def test_a_caller_who_enters_twice_is_one_call(exchange: Exchange) -> None:
    await exchange.serve()
    call_id = exchange.fake.arrive()
    exchange.fake.tell("StasisStart", exchange.fake.channels[call_id], args=["arrived"])
    await exchange.state(call_id, CallState.MENU)
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert [type(e) for e in story].count(CallArrived) == 1


async def test_each_message_comes_to_its_own_call(exchange: Exchange) -> None:
    heard: dict[str, str] = {}

    async def program(session: CallSession) -> None:
        await session.answer()
        while key := await session.digit(5):
            heard[session.call.id] = heard.get(session.call.id, "") + key

    exchange.program = program
    await exchange.serve()
    calls = [exchange.fake.arrive(f"1380000000{n}") for n in range(5)]
    for call_id in calls:
        await exchange.state(call_id, CallState.MENU)
    for key in "123":
        for n, call_id in enumerate(calls):
            exchange.fake.press(call_id, f"{key}{n}")
    wanted = {call_id: f"1{n}2{n}3{n}" for n, call_id in enumerate(calls)}
    await until(lambda: heard == wanted, what=lambda: f"each its own: {heard}")


async def test_a_call_that_is_not_live_takes_nothing(exchange: Exchange) -> None:
    await exchange.serve()
    assert exchange.service.deliver("nobody-1.0", DigitPressed("nobody-1.0", "1")) is False
    with pytest.raises(NoSuchCall):
        await exchange.command("nobody-1.0", Hold("a1"))


async def test_a_seat_that_answers_after_its_call_is_over_is_hung_up(exchange: Exchange) -> None:
    await exchange.serve()
    exchange.fake.there("trunk-8.0-seat-1", state="Ringing")
    exchange.fake.pick_up("trunk-8.0-seat-1")
    await until(lambda: not exchange.fake.channels, what="hung up")


async def test_a_lost_connection_touches_no_call_and_goes_on_where_it_stood(exchange: Exchange) -> None:
    exchange.program = talking
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, CallState.TALKING)
    await until(lambda: len(exchange.fake.bridges.get(f"{call_id}-talk", ())) == 2, what="joined")
    before, story = exchange.fake.changes(), await exchange.story(call_id)
    await exchange.fake.drop()
    await until(lambda: len(exchange.adopted) == 2, what="found again")
    await until(lambda: exchange.service.pbx_trouble is None, what="connected")
    assert exchange.fake.changes() == before
    assert await exchange.story(call_id) == story
    assert [one.call.id for one in exchange.adopted[1]] == [call_id]
    assert await of_pbx(exchange) == [PbxFound, PbxLost, PbxFound]
    exchange.fake.phone_hangs_up(f"{call_id}-seat-1")
    await exchange.over(call_id)


async def test_a_request_under_way_when_the_connection_is_lost_does_not_end_the_call(exchange: Exchange) -> None:
    async def program(session: CallSession) -> None:
        if session.call.state is CallState.ARRIVED:
            await session.answer()
        await session.digit(60)
        await session.world.pbx.start_music(session.call.id)

    exchange.program = program
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, CallState.MENU)
    exchange.fake.deaf = True
    exchange.fake.press(call_id, "1")
    await until(lambda: exchange.fake.unheard, what="the request is under way")
    exchange.fake.deaf = False
    await exchange.fake.drop()
    await until(lambda: len(exchange.adopted) == 2, what="found again")
    assert call_id in exchange.fake.channels
    assert (await exchange.call(call_id)).state is CallState.MENU  # type: ignore[union-attr]
    assert [one.call.id for one in exchange.adopted[1]] == [call_id]


async def test_a_caller_who_hangs_up_while_the_connection_is_lost_is_ended_by_the_next(exchange: Exchange) -> None:
    exchange.program = talking
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, CallState.TALKING)
    await exchange.fake.drop()
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


async def test_stopping_the_service_touches_no_call(exchange: Exchange) -> None:
    exchange.program = talking
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, CallState.TALKING)
    await until(lambda: len(exchange.fake.bridges.get(f"{call_id}-talk", ())) == 2, what="joined")
    before = exchange.fake.changes()
    await exchange.tasks.close()
    await exchange.service.close()
    assert exchange.fake.changes() == before
    assert (await exchange.call(call_id)).state is CallState.TALKING  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "refused", [("GET", "bridges"), ("GET", "channels"), ("PUT", "applications/hotline/eventFilter")]
)
async def test_a_pbx_that_refuses_at_the_start_is_asked_again(exchange: Exchange, refused: tuple[str, str]) -> None:
    exchange.fake.refused.add(refused)
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, CallState.MENU)
    assert not exchange.fake.refused


async def test_why_there_is_no_pbx_is_said(tmp_path: Path) -> None:
    def nowhere(pbx: AriPbx) -> AriPbx:
        address = pbx._ari._address
        return AriPbx(type(address)(address.host, 1, address.user, address.password))

    async with opened_exchange(tmp_path, wrap=nowhere) as exchange:
        assert exchange.service.pbx_trouble == "not connected yet"
        exchange.tasks.start(exchange.service.run(), "calls")
        await until(lambda: "127.0.0.1:1 does not answer" in str(exchange.service.pbx_trouble), what="said")
