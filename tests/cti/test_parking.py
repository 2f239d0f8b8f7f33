"""Parking and picking up: the caller is with somebody, at one place, or in the queue, whoever hangs up when (P23)."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Conflict, HotlineError
from cti.events import AgentMissed, AgentRang, CallTransferred
from cti.lot import NoParkingPlace
from cti.messages import Consult, Hold, Park, PickUp, Reject, Resume, SeatOffered
from cti.model import CallState
from cti.parking import picked_up
from cti.parking_events import CallParked, CallUnparked
from cti.ringing import Rang, enter_queue, ring
from cti.session import CallSession
from cti.talk import talk
from tests.cti.exchange import Exchange, offer, opened_exchange
from tests.cti.lines import SEATS
from tests.cti.test_consult import NUMBER, heard_together, music, session_of
from tests.cti.test_session import stepped
from tests.until import until

pytestmark = pytest.mark.integration

COLLEAGUE = SeatOffered("a2", "1006", SEATS["other"])
RINGS = SeatOffered("a2", "1005", SEATS["ring"])
S = CallState


async def prepare(offer: SeatOffered) -> None: ...


async def queueing(session: CallSession) -> None:
    """Ring a1; then whoever picks a parked caller up; nobody else is there."""
    if session.call.state is S.ARRIVED:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer("answer")) is Rang.ANSWERED
    while True:
        if session.call.state in (S.TALKING, S.HELD):
            if not (await talk(session)).handed_on:
                return
        elif session.call.state is S.PARKED:
            await picked_up(session, prepare)
        elif session.call.state is S.RINGING:
            await ring(session, None)
        else:
            await enter_queue(session, "general")
            while True:
                await session.receive()


@contextlib.asynccontextmanager
async def serving(folder: Path, **numbers: float) -> AsyncIterator[Exchange]:
    async with opened_exchange(folder, **numbers) as exchange:
        exchange.program = queueing
        await exchange.serve()
        yield exchange


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with serving(tmp_path) as exchange:
        yield exchange


async def in_talk(exchange: Exchange) -> str:
    call_id = exchange.fake.arrive(NUMBER)
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-1")
    return call_id


async def waits(exchange: Exchange, call_id: str) -> None:
    """Wait until the caller hears music and nobody else of the call is there."""
    await until(lambda: [c for c in exchange.fake.channels if c.startswith(call_id)] == [call_id], what="alone")
    await until(lambda: music(exchange, call_id), what="music")


@pytest.mark.parametrize("held", [False, True])
async def test_a_parked_caller_waits_with_music_at_a_place_and_is_picked_up(exchange: Exchange, held: bool) -> None:
    call_id = await in_talk(exchange)
    if held:
        await exchange.command(call_id, Hold("a1"))
    await exchange.command(call_id, Park("a1"))
    await waits(exchange, call_id)
    call = await exchange.call(call_id)
    assert call is not None
    assert (call.state, call.park_place, call.parked_by, call.agent_id) == (S.PARKED, 701, "a1", None)
    for refused in (Resume("a1"), Park("a1"), Consult("a1", COLLEAGUE)):
        with pytest.raises(Conflict):
            await exchange.command(call_id, refused)
    await exchange.command(call_id, PickUp("a2", COLLEAGUE))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-2")
    assert not music(exchange, call_id)
    with pytest.raises(Conflict):
        await exchange.command(call_id, PickUp("a3", COLLEAGUE))
    exchange.fake.phone_hangs_up(f"{call_id}-seat-2")
    story = await exchange.over(call_id)
    assert [(e.to, e.kind) for e in story if isinstance(e, CallTransferred)] == [("701", "park")]
    assert [(e.place, e.why, e.agent_id) for e in story if isinstance(e, CallUnparked)] == [(701, "picked_up", "a2")]
    assert [e.how for e in story if isinstance(e, AgentRang)] == ["offered", "picked_up"]


async def test_no_two_callers_are_at_one_place_and_a_free_one_is_given_again(tmp_path: Path) -> None:
    async with serving(tmp_path, park_places=2) as exchange:
        calls = [await in_talk(exchange) for _ in range(3)]
        for call_id in calls[:2]:
            await exchange.command(call_id, Park("a1"))
        assert [session_of(exchange, call_id).call.park_place for call_id in calls] == [701, 702, None]
        with pytest.raises(NoParkingPlace):
            await exchange.command(calls[2], Park("a1"))
        assert session_of(exchange, calls[2]).call.state is S.TALKING, "nothing has moved"
        exchange.fake.phone_hangs_up(calls[0])
        await exchange.state(calls[0], S.ENDED)
        await exchange.command(calls[2], Park("a1"))
        assert session_of(exchange, calls[2]).call.park_place == 701
        for call_id in calls[1:]:
            exchange.fake.phone_hangs_up(call_id)
            await exchange.state(call_id, S.ENDED)


async def test_who_is_not_picked_up_keeps_queue_and_place(tmp_path: Path) -> None:
    async with serving(tmp_path, park_limit=0.1) as exchange:
        call_id = await in_talk(exchange)
        queued_at = session_of(exchange, call_id).call.queued_at
        await exchange.command(call_id, Park("a1"))
        await exchange.state(call_id, S.QUEUED)
        await waits(exchange, call_id)
        call = session_of(exchange, call_id).call
        assert (call.queue, call.queued_at, call.park_place) == ("general", queued_at, None)
        exchange.fake.phone_hangs_up(call_id)
        story = await exchange.over(call_id)
        assert [e.why for e in story if isinstance(e, CallUnparked)] == ["too_long"]


async def test_who_picks_up_and_does_not_answer_leaves_the_caller_at_the_place(exchange: Exchange) -> None:
    call_id, other = await in_talk(exchange), await in_talk(exchange)
    await exchange.command(call_id, Park("a1"))
    since = session_of(exchange, call_id).call.parked_at
    await exchange.command(call_id, PickUp("a2", RINGS))
    await exchange.command(other, Park("a1"))
    assert session_of(exchange, other).call.park_place == 702, "the first place is not free while it rings"
    await exchange.command(call_id, Reject("a2"))
    await exchange.state(call_id, S.PARKED)
    await waits(exchange, call_id)
    call = session_of(exchange, call_id).call
    assert (call.park_place, call.parked_by, call.parked_at) == (701, "a1", since)
    await exchange.command(call_id, PickUp("a2", COLLEAGUE))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-3")
    for one in (call_id, other):
        exchange.fake.phone_hangs_up(one)
        await exchange.state(one, S.ENDED)


async def test_a_service_that_begins_anew_finds_the_caller_parked_and_the_time_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path, park_limit=1.0) as exchange:
        call_id = await in_talk(exchange)
        await exchange.command(call_id, Park("a1"))
        await waits(exchange, call_id)
        exchange.fake.channels[call_id].music = False
        await exchange.fake.drop()
        await until(lambda: len(exchange.adopted) == 2, what="taken up again")
        await waits(exchange, call_id)
        assert session_of(exchange, call_id).call.park_place == 701
        other = await in_talk(exchange)
        await exchange.command(other, Park("a1"))
        assert session_of(exchange, other).call.park_place == 702, "the place is still taken"
        await exchange.state(call_id, S.QUEUED)
        for one in (call_id, other):
            exchange.fake.phone_hangs_up(one)
            await exchange.state(one, S.ENDED)


async def test_who_rejects_a_call_leaves_the_caller_in_the_queue(exchange: Exchange) -> None:
    async def ringing(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, RINGS) is Rang.MISSED
        while True:
            await session.receive()

    exchange.program = ringing
    call_id = exchange.fake.arrive(NUMBER)
    await exchange.state(call_id, S.RINGING)
    await until(lambda: f"{call_id}-seat-1" in exchange.fake.channels, what="it rings")
    with pytest.raises(Conflict):
        await exchange.command(call_id, Reject("a1"))
    await exchange.command(call_id, Reject("a2"))
    await exchange.state(call_id, S.QUEUED)
    await waits(exchange, call_id)
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert [(e.agent_id, e.cause) for e in story if isinstance(e, AgentMissed)] == [("a2", "rejected")]


async def test_a_consulted_agent_who_rejects_leaves_the_caller_on_hold(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Consult("a1", RINGS))
    await exchange.command(call_id, Reject("a2"))
    call = session_of(exchange, call_id).call
    assert (call.state, call.third) == (S.HELD, None)
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


@pytest.mark.parametrize("who", ["caller", "agent", "other"])
async def test_p23_hang_up_at_every_moment_of_parking_and_picking_up(exchange: Exchange, who: str) -> None:
    moment, reached = 0, True
    while reached:
        moment += 1
        assert moment < 100
        reached = await _hang_up_at(exchange, moment, who)
    assert moment > 5


async def _hang_up_at(exchange: Exchange, moment: int, who: str) -> bool:
    count, begun = 0, False

    async def stepping(session: CallSession) -> None:
        def at_each() -> None:
            nonlocal count
            count += begun
            if begun and count == moment:
                ends = {"caller": session.call.id, "agent": f"{session.call.id}-seat-1"}
                exchange.fake.phone_hangs_up(ends.get(who, f"{session.call.id}-seat-2"))

        await stepped(queueing(session), at_each)

    exchange.program = stepping
    call_id = await in_talk(exchange)
    begun = True
    for command in (Park("a1"), PickUp("a2", COLLEAGUE)):
        with contextlib.suppress(HotlineError):
            await exchange.command(call_id, command)
        await until(lambda: _quiet(exchange, call_id), what=lambda: f"{[s.call for s in exchange.service.live()]}")
    reached = count >= moment
    if call_id in exchange.fake.channels:
        call = session_of(exchange, call_id).call
        assert music(exchange, call_id) is (call.state in (S.PARKED, S.QUEUED)), call
        exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert [type(e) for e in story].count(CallParked) == [type(e) for e in story].count(CallUnparked) + (
        "parked" in str(story[-1])
    )
    return reached


def _quiet(exchange: Exchange, call_id: str) -> bool:
    live = [one for one in exchange.service.live() if one.call.id == call_id]
    if not live or call_id not in exchange.fake.channels:
        return not live
    call, heard = live[0].call, exchange.fake.bridges.get(f"{call_id}-talk", set())
    if call.state is S.TALKING:
        return heard == {call_id, call.seat_channel_id}
    return call.state in (S.PARKED, S.QUEUED) and music(exchange, call_id)
