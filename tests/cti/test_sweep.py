"""The sweep: what the PBX has and nobody told us of is put right at the second look, and not at the first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.journal import since
from cti.events import AgentAnswered, AgentMissed, CallArrived, CallEnded, Reconciled
from cti.messages import SeatOffered
from cti.model import Call, CallState
from cti.port import PbxChannel
from cti.ringing import Rang, enter_queue, ring
from cti.session import CallSession
from cti.sweep import QUIET_LOOKS, Sighting, Sweep, _of_call
from cti.talk import talk
from tests.cti.exchange import Exchange, offer, opened_exchange
from tests.until import until

pytestmark = pytest.mark.integration

S = CallState


@dataclass(slots=True)
class Spy:
    """A room above that has booked something or not, and keeps what it was shown."""

    booked: bool = False
    shown: list[Sighting] = field(default_factory=list)

    def any_booked(self) -> bool:
        return self.booked

    async def compare(self, sighting: Sighting) -> None:
        self.shown.append(sighting)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        yield exchange


def sweep_of(exchange: Exchange, *others: Spy) -> Sweep:
    return Sweep(exchange.service, exchange.world.pbx, exchange.world, exchange.db, others)


def calling(seat: SeatOffered | None) -> "type[object]":
    """A program that rings this seat and talks when it answers, then waits; None: waits in the queue."""

    async def program(session: CallSession) -> None:
        await session.answer()
        await enter_queue(session, "general")
        if seat is not None and await ring(session, seat) is Rang.ANSWERED:
            await talk(session)
        while True:
            await session.receive()

    return program  # type: ignore[return-value]


async def repairs(exchange: Exchange) -> list[str]:
    found = await exchange.db.read(lambda connection: since(connection, 0, (Reconciled,)))
    return [one.event.what for one in found]  # type: ignore[attr-defined]


async def brought_to(exchange: Exchange, state: CallState, phone: str = "answer") -> str:
    exchange.program = calling(offer(phone) if state is not S.QUEUED else None)  # type: ignore[assignment]
    await exchange.serve()
    call_id = exchange.fake.arrive()
    await exchange.state(call_id, state)
    if state is S.RINGING:
        await until(lambda: f"{call_id}-seat-1" in exchange.fake.channels, what="dialled")
    if state is S.TALKING:
        await until(lambda: len(exchange.fake.bridges.get(f"{call_id}-talk", ())) == 2, what="joined")
    return call_id


@pytest.mark.parametrize("state", [S.QUEUED, S.RINGING, S.TALKING])
async def test_p03_a_caller_who_went_without_a_word_ends_the_call_and_the_ringing(
    exchange: Exchange, state: CallState
) -> None:
    call_id = await brought_to(exchange, state, "ring" if state is S.RINGING else "answer")
    sweep = sweep_of(exchange)
    await sweep.look()
    exchange.fake.vanish(call_id)
    await sweep.look()
    assert (await exchange.call(call_id)).state is state, "one look is not enough"  # type: ignore[union-attr]
    await sweep.look()
    story = await exchange.over(call_id)
    assert AgentAnswered not in [type(e) for e in story[[type(e) for e in story].index(Reconciled) :]]
    assert await repairs(exchange) == [f"call was {state}, its caller is gone"]


async def test_p01_a_phone_that_went_without_a_word_ends_the_talk_and_leaves_the_caller(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.TALKING)
    exchange.fake.vanish(f"{call_id}-seat-1")
    sweep = sweep_of(exchange)
    await sweep.look()
    assert await repairs(exchange) == []
    await sweep.look()
    await exchange.state(call_id, S.MENU)
    assert call_id in exchange.fake.channels
    assert await repairs(exchange) == ["call was talking, the seat's phone is gone"]
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


async def test_a_ringing_phone_that_went_without_a_word_is_a_miss(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.RINGING, "ring")
    exchange.fake.vanish(f"{call_id}-seat-1")
    sweep = sweep_of(exchange)
    await sweep.look()
    await sweep.look()
    assert await repairs(exchange) == [], "what is about to be dialled gets a look more"
    await sweep.look()
    await exchange.state(call_id, S.QUEUED)
    assert [e.cause for e in await exchange.story(call_id) if isinstance(e, AgentMissed)] == ["unreachable"]


async def test_a_phone_that_was_answered_without_a_word_is_joined(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.RINGING, "ring")
    seat = exchange.fake.channels[f"{call_id}-seat-1"]
    seat.state, seat.in_app = "Up", True
    sweep = sweep_of(exchange)
    await sweep.look()
    await sweep.look()
    await exchange.state(call_id, S.TALKING)


async def test_p03_a_phone_that_rings_for_nobody_is_hung_up(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.QUEUED)
    exchange.fake.there(f"{call_id}-seat-7", state="Ringing", in_app=False)
    exchange.fake.there("trunk-99.0-seat-1", state="Ringing", in_app=False)
    sweep = sweep_of(exchange)
    await sweep.look()
    assert len(exchange.fake.channels) == 3
    await sweep.look()
    await until(lambda: list(exchange.fake.channels) == [call_id], what="both are hung up, the caller waits")
    assert sorted(await repairs(exchange)) == ["a channel without its call", "a seat's phone in a call that is queued"]


async def test_a_caller_of_whom_nobody_told_is_taken_in(exchange: Exchange) -> None:
    await exchange.serve()
    exchange.fake.there("trunk-77.0", state="Ring")
    sweep = sweep_of(exchange)
    await sweep.look()
    await sweep.look()
    await exchange.state("trunk-77.0", S.MENU)
    assert [type(e) for e in await exchange.story("trunk-77.0")][:2] == [Reconciled, CallArrived]


async def test_what_differs_for_one_look_only_is_left_alone(exchange: Exchange) -> None:
    """A phone that is just being dialled, or a caller who just hangs up, differs for a moment."""
    call_id = await brought_to(exchange, S.TALKING)
    sweep, seat = sweep_of(exchange), exchange.fake.channels[f"{call_id}-seat-1"]
    for _ in range(4):
        del exchange.fake.channels[seat.id]
        await sweep.look()
        exchange.fake.channels[seat.id] = seat
        await sweep.look()
    assert await repairs(exchange) == []
    assert (await exchange.call(call_id)).state is S.TALKING  # type: ignore[union-attr]


async def test_a_healthy_exchange_is_asked_one_thing_a_look_and_changed_in_nothing(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.TALKING)
    spy = Spy()
    sweep, before, asked = sweep_of(exchange, spy), exchange.fake.changes(), len(exchange.fake.asked)
    for _ in range(5):
        await sweep.look()
    assert exchange.fake.changes() == before
    assert exchange.fake.asked[asked:] == [("GET", "channels")] * 5
    assert [list(one.live) for one in spy.shown] == [[call_id]] * 5
    assert "seat1001" in spy.shown[-1].phones
    exchange.fake.phone_hangs_up(call_id)
    assert isinstance((await exchange.over(call_id))[-1], CallEnded)


async def test_while_nothing_is_booked_the_pbx_is_hardly_asked(exchange: Exchange) -> None:
    await exchange.serve()
    spy = Spy()
    sweep, asked = sweep_of(exchange, spy), len(exchange.fake.asked)
    for _ in range(10 * QUIET_LOOKS):
        await sweep.look()
    assert len(exchange.fake.asked) - asked == 2 + 10
    spy.booked = True
    await sweep.look()
    assert len(exchange.fake.asked) - asked == 2 + 10 + 1


async def test_the_loop_looks_by_the_clock_and_outlives_a_refusal(exchange: Exchange) -> None:
    call_id = await brought_to(exchange, S.TALKING)
    exchange.fake.refused.add(("GET", "channels"))
    exchange.tasks.start(sweep_of(exchange).run(), "sweep")
    await until(lambda: not exchange.fake.refused, 5, what="a look was refused")
    exchange.fake.vanish(call_id)
    await exchange.state(call_id, S.ENDED)


def booked(state: CallState) -> Call:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    call = Call("out-1", "13800000001", True, "", state, at, direction="out")
    return replace(call, agent_id="a1", seat_id="s1", seat_channel_id="dials-out-1")


def channel(channel_id: str, *, up: bool = False) -> dict[str, PbxChannel]:
    return {channel_id: PbxChannel(channel_id, "", "", up, up)}


def test_a_call_that_an_agent_dials_has_no_other_side_until_the_agents_phone_is_taken_off() -> None:
    placed, dialling = booked(S.PLACED), booked(S.DIALLING)
    seat, other = channel("dials-out-1"), channel("out-1")
    assert _of_call(placed, seat) == []
    assert [one.key for one in _of_call(placed, channel("dials-out-1", up=True))] == ["leg_up"]
    assert [(one.key, one.looks) for one in _of_call(placed, {})] == [("leg_gone", 3)]
    assert _of_call(dialling, seat | other) == []
    assert [(one.key, one.looks) for one in _of_call(dialling, seat)] == [("caller_gone", 3)]
    assert [one.key for one in _of_call(dialling, seat | channel("out-1", up=True))] == ["leg_up"]
    assert [(one.key, one.looks) for one in _of_call(dialling, other)] == [("leg_gone", 2)]
