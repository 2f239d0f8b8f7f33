"""The keys of the desk phone itself: transfer (REFER) and hold (re-INVITE) do what the page's buttons do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.events import CallHeld, CallResumed, CallTransferred, PhoneTransferRefused
from cti.messages import Command, Consult, HandOver, Outsider, Park, Transfer
from cti.model import Call, CallState
from tests.cti.exchange import Exchange, opened_exchange
from tests.cti.lines import ANSWERS_OUTSIDE
from tests.cti.test_consult import COLLEAGUE, heard_together, in_talk, music, queueing, session_of
from tests.until import until

pytestmark = pytest.mark.integration

PLAN: dict[str, Command] = {
    "1006": HandOver("a1", COLLEAGUE),
    "9": HandOver("a1", Outsider(ANSWERS_OUTSIDE)),
    "general": Transfer("a1", "general"),
    "700": Park("a1"),
}
STANDS = {"1006": CallState.TALKING, "9": CallState.OUTSIDE, "general": CallState.QUEUED}


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        exchange.program = queueing
        await exchange.serve()
        yield exchange


def known(call: Call, number: str) -> Command:
    assert (call.agent_id, call.state in (CallState.TALKING, CallState.HELD)) == ("a1", True)
    return PLAN[number]


@pytest.mark.parametrize("held", [False, True], ids=["", "held"])
@pytest.mark.parametrize("number", STANDS)
async def test_the_transfer_key_hands_the_caller_on(exchange: Exchange, number: str, held: bool) -> None:
    """`held`: many phones put the caller on hold first."""
    exchange.plan = known
    call_id = await in_talk(exchange)
    seat = f"{call_id}-seat-1"
    if held:
        exchange.fake.hold_by_phone(seat, on=True)
        await exchange.state(call_id, CallState.HELD)
    told = exchange.fake.channels[seat].told
    exchange.fake.refer(seat, number)
    await until(lambda: told, what="the phone is told")
    assert told == ["channel_answered"]
    await until(lambda: seat not in exchange.fake.channels, what="the agent is free")
    await until(lambda: session_of(exchange, call_id).call.state is STANDS[number], what="handed on")
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert len([e for e in story if isinstance(e, CallTransferred)]) == 1


@pytest.mark.parametrize("why", ["bad_input", "conflict", "attended"])
async def test_a_transfer_that_cannot_be_is_told_and_the_talk_goes_on(exchange: Exchange, why: str) -> None:
    """An unknown number; while a colleague is consulted by the page; to another call of the phone."""
    if why != "bad_input":
        exchange.plan = known
    call_id = await in_talk(exchange)
    seat = f"{call_id}-seat-1"
    if why == "conflict":
        await exchange.command(call_id, Consult("a1", COLLEAGUE))
        await heard_together(exchange, call_id, seat, f"{call_id}-seat-2")
    told = exchange.fake.channels[seat].told
    exchange.fake.refer(seat, "1006", attended=why == "attended")
    await until(lambda: told == ["channel_declined"], what="the phone is told")
    call = session_of(exchange, call_id).call
    assert (call.agent_id, call.seat_channel_id) == ("a1", seat)
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    refused = [e.why for e in story if isinstance(e, PhoneTransferRefused)]
    assert refused == ["bad_input" if why == "bad_input" else "conflict"]


async def test_the_hold_key_is_journaled_as_the_pages_button(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    seat = f"{call_id}-seat-1"
    exchange.fake.hold_by_phone(seat, on=True)
    await exchange.state(call_id, CallState.HELD)
    await heard_together(exchange, call_id, seat)
    await until(lambda: music(exchange, call_id), what="the caller hears music")
    exchange.fake.hold_by_phone(seat, on=False)
    await heard_together(exchange, call_id, call_id, seat)
    exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert [type(e) for e in story if isinstance(e, CallHeld | CallResumed)] == [CallHeld, CallResumed]
