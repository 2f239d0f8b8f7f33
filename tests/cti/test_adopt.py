"""After a restart: every state of the books against everything that the PBX may have meanwhile."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cti.events import AgentAnswered, AgentMissed, CallArrived, CallEnded, CallPlaced, CallReleased, Reconciled
from cti.model import WITH_AGENT, Call, CallState, place
from cti.outgoing import serve
from cti.ringing import Rang, ring
from cti.session import CallSession
from cti.talk import talk
from tests.cti.exchange import Exchange, opened_exchange, silence
from tests.cti.lines import RINGS_OUTSIDE
from tests.until import until

pytestmark = pytest.mark.integration

ID, SEAT, BRIDGE = "trunk-9.0", "trunk-9.0-seat-1", "trunk-9.0-talk"
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
S = CallState
LIVE = [state for state in CallState if state not in (S.ENDED, S.PLACED, S.DIALLING)]
"""States of calls that came in."""
WITH_SEAT = [S.RINGING, S.TALKING, S.HELD]


def booked(state: CallState) -> Call:
    """The call as a service before us left it."""
    call = Call(ID, "13800000001", True, "95598", state, AT, answered_at=None if state is S.ARRIVED else AT)
    if state in WITH_SEAT:
        call = replace(call, queue="general", agent_id="a1", seat_id="1001", seat_channel_id=SEAT, seats_rung=1)
    if state in WITH_AGENT:
        call = replace(call, talking_at=AT)
    return call


async def going_on(session: CallSession) -> None:
    """What the queue of the menu does with an adopted call."""
    answered = session.call.state is S.RINGING and await ring(session, None) is Rang.ANSWERED
    if answered or session.call.state in WITH_AGENT:
        await talk(session)
    await silence(session)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        exchange.program = going_on
        yield exchange


def at_the_pbx(exchange: Exchange, call: Call) -> None:
    """The PBX has everything that the books say."""
    exchange.fake.there(ID, state="Ring" if call.state is S.ARRIVED else "Up")
    if call.state is S.RINGING:
        exchange.fake.there(SEAT, state="Ringing", in_app=False)
        exchange.fake.endpoints[SEAT] = "seat1005"
    elif call.state in WITH_AGENT:
        exchange.fake.there(SEAT)
        exchange.fake.bridges[BRIDGE] = {ID, SEAT} if call.state is S.TALKING else {SEAT}


@pytest.mark.parametrize("state", LIVE)
async def test_a_call_that_is_still_there_lives_on_in_its_state(exchange: Exchange, state: CallState) -> None:
    await exchange.put(booked(state))
    at_the_pbx(exchange, booked(state))
    legs = set(exchange.fake.channels)
    await exchange.serve()
    ((adopted,),) = exchange.adopted
    assert adopted.call.state in (state, S.MENU), "it was told before it went on (one not answered yet is answered)"
    await exchange.state(ID, S.MENU if state is S.ARRIVED else state)
    assert set(exchange.fake.channels) == legs
    assert not [uri for method, uri in exchange.fake.changes() if method == "DELETE" and not uri.endswith("/moh")]
    assert not [e for e in await exchange.story(ID) if isinstance(e, Reconciled)]
    if state is S.TALKING:
        assert exchange.fake.changes() == [], "a talk is not touched at all"


@pytest.mark.parametrize("seat_is_there", [True, False])
@pytest.mark.parametrize("state", LIVE)
async def test_a_call_whose_caller_is_gone_is_ended_in_the_books(
    exchange: Exchange, state: CallState, seat_is_there: bool
) -> None:
    await exchange.put(booked(state))
    at_the_pbx(exchange, booked(state))
    del exchange.fake.channels[ID]
    if not seat_is_there:
        exchange.fake.channels.pop(SEAT, None)
    await exchange.serve()
    await exchange.state(ID, S.ENDED)
    names = [type(e) for e in await exchange.story(ID)]
    assert names == [Reconciled, *([CallReleased] if state in WITH_AGENT else []), CallEnded]
    assert (exchange.fake.channels, exchange.fake.bridges) == ({}, {})
    assert exchange.adopted == [[]]


@pytest.mark.parametrize(
    ("state", "told"), [(S.RINGING, AgentMissed), (S.TALKING, CallReleased), (S.HELD, CallReleased)]
)
async def test_a_seat_that_went_meanwhile_is_told(exchange: Exchange, state: CallState, told: type) -> None:
    await exchange.put(booked(state))
    at_the_pbx(exchange, booked(state))
    del exchange.fake.channels[SEAT]
    await exchange.serve()
    await exchange.state(ID, S.QUEUED if state is S.RINGING else S.MENU)
    assert [type(e) for e in await exchange.story(ID)] == [told]
    assert ID in exchange.fake.channels


async def test_a_seat_that_answered_meanwhile_talks(exchange: Exchange) -> None:
    await exchange.put(booked(S.RINGING))
    exchange.fake.there(ID)
    exchange.fake.there(SEAT)
    await exchange.serve()
    await exchange.state(ID, S.TALKING)
    await until(lambda: exchange.fake.bridges.get(BRIDGE) == {ID, SEAT}, what="joined")
    assert [type(e) for e in await exchange.story(ID)] == [AgentAnswered]


@pytest.mark.parametrize("inside", [None, set(), {ID}, {SEAT}])
async def test_a_talk_whose_bridge_is_not_whole_is_joined(exchange: Exchange, inside: set[str] | None) -> None:
    await exchange.put(booked(S.TALKING))
    exchange.fake.there(ID)
    exchange.fake.there(SEAT)
    if inside is not None:
        exchange.fake.bridges[BRIDGE] = set(inside)
    await exchange.serve()
    await until(lambda: exchange.fake.bridges.get(BRIDGE) == {ID, SEAT}, what="joined")


@pytest.mark.parametrize("state", LIVE)
async def test_seats_and_bridges_that_no_call_needs_are_let_go(exchange: Exchange, state: CallState) -> None:
    call = booked(state)
    await exchange.put(call)
    at_the_pbx(exchange, call)
    kept = set(exchange.fake.channels), set(exchange.fake.bridges)
    for stray in ("trunk-8.0-seat-1", f"{ID}-seat-7"):
        exchange.fake.there(stray)
    exchange.fake.bridges["trunk-8.0-talk"] = {"trunk-8.0-seat-1"}
    if state not in WITH_AGENT:
        exchange.fake.bridges[BRIDGE] = {ID}
    exchange.fake.bridges["of-somebody-else"] = set()
    await exchange.serve()
    assert set(exchange.fake.channels) == kept[0]
    assert set(exchange.fake.bridges) == kept[1] | {"of-somebody-else"}


async def test_a_caller_who_waits_and_is_in_no_book_is_served(exchange: Exchange) -> None:
    exchange.fake.there(ID, state="Ring")
    await exchange.serve()
    await exchange.state(ID, S.MENU)
    (arrived, *_) = await exchange.story(ID)
    assert isinstance(arrived, CallArrived)
    assert (arrived.caller, arrived.number) == ("13800000001", "95598")


async def test_a_channel_that_is_not_under_our_control_is_left_alone(exchange: Exchange) -> None:
    exchange.fake.there(ID, in_app=False)
    await exchange.serve()
    assert ID in exchange.fake.channels
    assert await exchange.story(ID) == []


async def test_a_caller_whose_call_is_over_in_the_books_is_let_go(exchange: Exchange) -> None:
    await exchange.put(booked(S.ENDED))
    exchange.fake.there(ID)
    await exchange.serve()
    await until(lambda: ID not in exchange.fake.channels, what="hung up")
    assert await exchange.story(ID) == []


async def test_what_listened_to_a_caller_before_the_restart_is_taken_down(exchange: Exchange) -> None:
    await exchange.put(booked(S.MENU))
    exchange.fake.there(ID)
    exchange.fake.there(f"{ID}-ear-0a1b2c3d")
    exchange.fake.there(f"{ID}-ear-0a1b2c3d-media")
    exchange.fake.bridges[f"{ID}-ear-0a1b2c3d-bridge"] = {f"{ID}-ear-0a1b2c3d", f"{ID}-ear-0a1b2c3d-media"}
    await exchange.serve()
    await until(lambda: not exchange.fake.bridges, what="the bridge is closed")
    await until(lambda: list(exchange.fake.channels) == [ID], what="only the caller is left")
    assert len(exchange.service.live()) == 1


# --- calls that an agent dials ---------------------------------------------------------------------

OUT, AGENT_LEG = "out-1", "dials-out-1"


async def dialled(exchange: Exchange, state: CallState) -> None:
    """A call that an agent dials, as a service before us left it."""
    event = CallPlaced(
        at=AT, call_id=OUT, agent_id="a1", seat_id="1001", channel_id=AGENT_LEG, dialled=RINGS_OUTSIDE, number="95598"
    )
    await exchange.put(replace(place(event), state=state))
    exchange.program = serve


@pytest.mark.parametrize("answered", [False, True])
async def test_a_dialled_call_whose_agent_is_rung_goes_on(exchange: Exchange, answered: bool) -> None:
    await dialled(exchange, S.PLACED)
    exchange.fake.there(AGENT_LEG, state="Up" if answered else "Ringing", in_app=answered)
    await exchange.serve()
    if not answered:
        ((adopted,),) = exchange.adopted
        assert adopted.holds() == {"a1": "ringing"}
        exchange.fake.pick_up(AGENT_LEG)
    await exchange.state(OUT, S.DIALLING)
    await until(lambda: OUT in exchange.fake.channels, what="the number is rung")
    exchange.fake.pick_up(OUT)
    await until(lambda: exchange.fake.bridges.get(f"{OUT}-talk") == {OUT, AGENT_LEG}, what="joined")


@pytest.mark.parametrize("answered", [False, True])
async def test_a_dialled_call_whose_other_side_rings_goes_on(exchange: Exchange, answered: bool) -> None:
    await dialled(exchange, S.DIALLING)
    exchange.fake.there(AGENT_LEG)
    exchange.fake.there(OUT, state="Up" if answered else "Ringing", in_app=answered)
    await exchange.serve()
    if not answered:
        exchange.fake.pick_up(OUT)
    await until(lambda: exchange.fake.bridges.get(f"{OUT}-talk") == {OUT, AGENT_LEG}, what="joined")


@pytest.mark.parametrize(("state", "gone"), [(S.PLACED, AGENT_LEG), (S.DIALLING, OUT), (S.DIALLING, AGENT_LEG)])
async def test_a_dialled_call_that_lost_a_leg_meanwhile_is_over(
    exchange: Exchange, state: CallState, gone: str
) -> None:
    await dialled(exchange, state)
    for leg in {AGENT_LEG, *([OUT] if state is S.DIALLING else [])} - {gone}:
        exchange.fake.there(leg)
    await exchange.serve()
    await exchange.state(OUT, S.ENDED)
    await until(lambda: not exchange.fake.channels, what="no leg is left")
