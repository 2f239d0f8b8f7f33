"""Handing on and consulting: whoever hangs up at whatever moment, the caller is with somebody or in the queue (P23)."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Conflict, HotlineError
from cti.events import (
    AgentAnswered,
    AgentMuted,
    CallEnded,
    CallPutThrough,
    CallQueued,
    CallTransferred,
    ConferenceChanged,
    ConsultAnswered,
    ConsultEnded,
    ConsultStarted,
    ConsultSwapped,
)
from cti.handover import TalkEnd
from cti.messages import (
    CancelConsult,
    Command,
    CompleteConsult,
    Conference,
    Consult,
    HandOver,
    Hold,
    Mute,
    Outsider,
    Party,
    Resume,
    SeatOffered,
    Swap,
)
from cti.messages import HangUp as HangUpByAgent
from cti.model import CallState, Third, together
from cti.ringing import Rang, enter_queue, ring
from cti.session import CallSession
from cti.talk import talk
from cti.transfer import TALKED, Outside, put_through
from tests.cti.exchange import Exchange, offer, opened_exchange
from tests.cti.lines import ANSWERS_OUTSIDE, RINGS_OUTSIDE, SEATS
from tests.cti.test_session import stepped
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER = "13800000001"
COLLEAGUE = SeatOffered("a2", "1006", SEATS["other"])
RINGS = SeatOffered("a2", "1005", SEATS["ring"])
BUSY = SeatOffered("a2", "1002", SEATS["busy"])
SPECIALIST = Outsider(ANSWERS_OUTSIDE)
S = CallState


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with opened_exchange(tmp_path) as exchange:
        exchange.program = queueing
        await exchange.serve()
        yield exchange


async def queueing(session: CallSession) -> None:
    """What the queue node does: rings a1, and whoever the caller is handed on to; nobody else is there."""
    if session.call.state is S.ARRIVED:
        await session.answer()
        await enter_queue(session, "general")
        assert await ring(session, offer("answer")) is Rang.ANSWERED
    handed: TalkEnd | None = None
    while True:
        if session.call.state in (S.TALKING, S.HELD):
            handed = await talk(session)
            if not handed.handed_on:
                return
        elif await _handed(session, handed):
            return
        elif session.call.state is S.QUEUED:
            await enter_queue(session, "general")
            while True:
                await session.receive()


async def _handed(session: CallSession, end: TalkEnd | None) -> bool:
    """Ring for the caller whom the talk's end names; tell whether the caller talked to somebody outside."""
    party = end.party if end else None
    if session.call.state is S.OUTSIDE or isinstance(party, Outsider):
        outside = Outside(party.number if isinstance(party, Outsider) else "", "outside", 1.0, 60.0)
        talked = session.call.state is S.OUTSIDE
        again = talked or bool(end and end.rung)
        return await put_through(session, outside, again=again, talked=talked) == TALKED
    if isinstance(party, SeatOffered) or session.call.state is S.RINGING:
        await ring(session, party if isinstance(party, SeatOffered) else None)
    return False


async def in_talk(exchange: Exchange) -> str:
    call_id = exchange.fake.arrive(NUMBER)
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-1")
    return call_id


async def heard_together(exchange: Exchange, call_id: str, *channels: str) -> None:
    """Wait until exactly these hear each other, and everybody else of the call hears music or nothing."""
    bridge = f"{call_id}-talk"
    await until(lambda: exchange.fake.bridges.get(bridge) == set(channels), what=lambda: f"{exchange.fake.bridges}")


def session_of(exchange: Exchange, call_id: str) -> CallSession:
    (session,) = [one for one in exchange.service.live() if one.call.id == call_id]
    return session


async def consulted(exchange: Exchange, party: Party = COLLEAGUE) -> tuple[str, str, str]:
    """A call whose agent speaks with the third party; returns call, agent's leg, third party's leg."""
    call_id = await in_talk(exchange)
    kind = "outside" if isinstance(party, Outsider) else "seat"
    seat, third = f"{call_id}-seat-1", f"{call_id}-{kind}-2"
    await exchange.command(call_id, Consult("a1", party))
    await heard_together(exchange, call_id, seat, third)
    return call_id, seat, third


def music(exchange: Exchange, channel_id: str) -> bool:
    return exchange.fake.channels[channel_id].music


# --- the steps, one by one -----------------------------------------------------------------------


@pytest.mark.parametrize("party", [COLLEAGUE, SPECIALIST])
async def test_consult_swap_and_conference_bring_together_whom_the_books_say(exchange: Exchange, party: Party) -> None:
    call_id, seat, third = await consulted(exchange, party)
    assert music(exchange, call_id)
    assert not exchange.fake.channels[seat].ringback, "it rings no longer"
    await exchange.command(call_id, Swap("a1"))
    await heard_together(exchange, call_id, seat, call_id)
    assert (music(exchange, call_id), music(exchange, third)) == (False, True)
    await exchange.command(call_id, Swap("a1"))
    await heard_together(exchange, call_id, seat, third)
    assert (music(exchange, call_id), music(exchange, third)) == (True, False)
    await exchange.command(call_id, Conference("a1"))
    await heard_together(exchange, call_id, seat, third, call_id)
    assert (music(exchange, call_id), music(exchange, third)) == (False, False)
    await exchange.command(call_id, Hold("a1"))
    await heard_together(exchange, call_id, seat, third)
    await exchange.command(call_id, CancelConsult("a1"))
    await heard_together(exchange, call_id, seat, call_id)
    await until(lambda: third not in exchange.fake.channels, what="the third party is let go")
    await exchange.command(call_id, HangUpByAgent("a1"))
    names = [type(e) for e in await exchange.over(call_id)]
    of_third = (ConsultStarted, ConsultAnswered, ConsultSwapped, ConsultSwapped, ConferenceChanged, ConsultEnded)
    assert [n for n in names if n in of_third] == list(of_third)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("by_phone", [False, True])
async def test_completing_leaves_caller_and_colleague_together(
    exchange: Exchange, swapped: bool, joined: bool, by_phone: bool
) -> None:
    call_id, seat, third = await consulted(exchange)
    for command in [Swap("a1")] * swapped + [Conference("a1")] * joined:
        await exchange.command(call_id, command)
    if by_phone:
        exchange.fake.phone_hangs_up(seat)
    else:
        await exchange.command(call_id, CompleteConsult("a1"))
    await until(lambda: session_of(exchange, call_id).call.agent_id == "a2", what="it is the colleague's call")
    await heard_together(exchange, call_id, third, call_id)
    assert (music(exchange, call_id), music(exchange, third)) == (False, False)
    await until(lambda: seat not in exchange.fake.channels, what="the agent is let go")
    call = session_of(exchange, call_id).call
    assert (call.state, call.agent_id, call.seat_channel_id, call.third) == (S.TALKING, "a2", third, None)
    await exchange.command(call_id, Hold("a2"))
    await exchange.command(call_id, Resume("a2"))
    await exchange.command(call_id, HangUpByAgent("a2"))
    story = await exchange.over(call_id)
    (moved,) = [e for e in story if isinstance(e, CallTransferred)]
    assert (moved.to, moved.kind, moved.consulted) == ("a2", "agent", True)
    assert [e.agent_id for e in story if isinstance(e, AgentAnswered)] == ["a1", "a2"]


@pytest.mark.parametrize("swapped", [False, True])
async def test_completing_to_somebody_outside_leaves_them_talking(exchange: Exchange, swapped: bool) -> None:
    call_id, seat, third = await consulted(exchange, SPECIALIST)
    if swapped:
        await exchange.command(call_id, Swap("a1"))
    await exchange.command(call_id, CompleteConsult("a1"))
    await exchange.state(call_id, S.OUTSIDE)
    await heard_together(exchange, call_id, third, call_id)
    assert (music(exchange, call_id), music(exchange, third)) == (False, False)
    assert seat not in exchange.fake.channels
    exchange.fake.phone_hangs_up(third)
    story = await exchange.over(call_id)
    assert [e.dialled for e in story if isinstance(e, CallTransferred)] == [ANSWERS_OUTSIDE]


async def test_an_agent_who_hangs_up_while_the_colleague_rings_leaves_the_caller_to_them(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Consult("a1", RINGS))
    assert exchange.fake.channels[f"{call_id}-seat-1"].ringback
    exchange.fake.phone_hangs_up(f"{call_id}-seat-1")
    await exchange.state(call_id, S.RINGING)
    exchange.fake.pick_up(f"{call_id}-seat-2")
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-2")
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


async def test_an_agent_who_hangs_up_while_the_number_outside_rings_leaves_the_caller_to_it(
    exchange: Exchange,
) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Consult("a1", Outsider(RINGS_OUTSIDE)))
    exchange.fake.phone_hangs_up(f"{call_id}-seat-1")
    await exchange.state(call_id, S.QUEUED)
    exchange.fake.pick_up(f"{call_id}-outside-2")
    await heard_together(exchange, call_id, call_id, f"{call_id}-outside-2")
    exchange.fake.phone_hangs_up(call_id)
    await exchange.over(call_id)


@pytest.mark.parametrize(
    ("party", "why"), [(BUSY, "busy"), (RINGS, "no_answer"), (Outsider("13800000099"), "busy")], ids=str
)
async def test_a_third_party_who_does_not_answer_leaves_the_caller_on_hold(
    exchange: Exchange, party: Party, why: str
) -> None:
    rules = exchange.world.policy.rules
    rules["ring_timeout"] = type(rules["ring_timeout"])(0.3, "s", "", "")
    call_id = await in_talk(exchange)
    await exchange.command(call_id, Consult("a1", party))
    await until(lambda: session_of(exchange, call_id).call.third is None, what="the consultation is over")
    ended = [e for e in await exchange.story(call_id) if isinstance(e, ConsultEnded)]
    assert [(e.by, e.why) for e in ended] == [("third", why)]
    assert session_of(exchange, call_id).call.state is S.HELD
    assert music(exchange, call_id)
    await until(lambda: not exchange.fake.channels[f"{call_id}-seat-1"].ringback, what="the agent hears no ringing")
    await exchange.command(call_id, Resume("a1"))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-1")


@pytest.mark.parametrize("party", [BUSY, RINGS, Outsider("13800000099"), Outsider(RINGS_OUTSIDE)], ids=str)
async def test_a_caller_handed_on_to_who_does_not_answer_keeps_queue_and_place(
    exchange: Exchange, party: Party
) -> None:
    rules = exchange.world.policy.rules
    rules["ring_timeout"] = type(rules["ring_timeout"])(0.3, "s", "", "")
    call_id = await in_talk(exchange)
    before = session_of(exchange, call_id).call
    await exchange.command(call_id, HandOver("a1", party))
    await until(lambda: "moh" in exchange.fake.asked[-1][1], what="it waits again")
    await exchange.state(call_id, S.QUEUED)
    call = session_of(exchange, call_id).call
    assert (call.queue, call.queued_at) == (before.queue, before.queued_at)
    assert f"{call_id}-seat-1" not in exchange.fake.channels, "the agent is free"
    assert [type(e) for e in await exchange.story(call_id)].count(CallQueued) == 1


async def test_a_caller_handed_on_talks_with_whom_the_agent_chose(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    await exchange.command(call_id, HandOver("a1", COLLEAGUE))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-2")
    await exchange.command(call_id, HandOver("a2", SPECIALIST))
    await exchange.state(call_id, S.OUTSIDE)
    assert [type(e) for e in await exchange.story(call_id)].count(CallPutThrough) == 1


async def test_muting_is_in_the_books_and_ends_with_the_agents_talk(exchange: Exchange) -> None:
    call_id = await in_talk(exchange)
    seat = exchange.fake.channels[f"{call_id}-seat-1"]
    for on in (True, True, False, True):
        await exchange.command(call_id, Mute("a1", on))
        assert (seat.muted, session_of(exchange, call_id).call.muted) == (on, on)
    await exchange.command(call_id, HandOver("a1", COLLEAGUE))
    await heard_together(exchange, call_id, call_id, f"{call_id}-seat-2")
    assert not session_of(exchange, call_id).call.muted
    assert [e.on for e in await exchange.story(call_id) if isinstance(e, AgentMuted)] == [True, False, True]


@pytest.mark.parametrize("command", [CancelConsult, CompleteConsult, Swap, Conference])
async def test_without_a_third_party_there_is_nothing_to_do_with_one(exchange: Exchange, command: type) -> None:
    call_id = await in_talk(exchange)
    with pytest.raises(Conflict, match="no third party"):
        await exchange.command(call_id, command("a1"))


async def test_what_a_third_party_stands_in_the_way_of_is_refused(exchange: Exchange) -> None:
    call_id, seat, third = await consulted(exchange)
    refused: list[Command] = [Resume("a1"), HangUpByAgent("a1"), HandOver("a1", SPECIALIST), Consult("a1", SPECIALIST)]
    for command in refused:
        with pytest.raises(Conflict, match="third party"):
            await exchange.command(call_id, command)
    await heard_together(exchange, call_id, seat, third)
    await exchange.command(call_id, HangUpByAgent("a2"))
    await until(lambda: session_of(exchange, call_id).call.third is None, what="the colleague left by the page")


# --- whoever hangs up, whenever (P23) ----------------------------------------------------------------

STORIES: dict[str, list[Command]] = {
    "handed on": [HandOver("a1", COLLEAGUE)],
    "handed outside": [HandOver("a1", SPECIALIST)],
    "cancelled": [Consult("a1", COLLEAGUE), CancelConsult("a1")],
    "completed": [Consult("a1", COLLEAGUE), Swap("a1"), Conference("a1"), CompleteConsult("a1")],
    "completed outside": [Consult("a1", SPECIALIST), Swap("a1"), Swap("a1"), CompleteConsult("a1")],
}


@pytest.mark.parametrize("who", ["caller", "agent", "third"])
@pytest.mark.parametrize("story", STORIES)
async def test_p23_hang_up_at_every_moment_of_a_transfer(exchange: Exchange, story: str, who: str) -> None:
    moment, reached = 0, True
    while reached:
        moment += 1
        assert moment < 200
        reached = await hang_up_at(exchange, moment, STORIES[story], who)
    assert moment > 5, "the story has that many moments at least"


async def hang_up_at(exchange: Exchange, moment: int, commands: list[Command], who: str) -> bool:
    """Hang up one leg at the n-th suspension of the call's task from the first command on; False: it came not so far.

    Afterwards everybody whom the books leave in the call is there and hears whom they say, and the call ends clean.
    """
    count, begun = 0, False

    async def stepping(session: CallSession) -> None:
        def at_each() -> None:
            nonlocal count
            count += begun
            if begun and count == moment:
                for leg in legs(exchange, session.call.id, who):
                    exchange.fake.phone_hangs_up(leg)

        await stepped(queueing(session), at_each)

    exchange.program = stepping
    call_id = await in_talk(exchange)
    begun = True
    for command in commands:
        with contextlib.suppress(HotlineError):
            await exchange.command(call_id, command)
        await settled(exchange, call_id)
    reached = count >= moment
    if who != "caller" or not reached:
        await nobody_is_lost(exchange, call_id)
        exchange.fake.phone_hangs_up(call_id)
    story = await exchange.over(call_id)
    assert isinstance(story[-1], CallEnded)
    return reached


def legs(exchange: Exchange, call_id: str, who: str) -> list[str]:
    """The legs of one of the parties."""
    if who == "caller":
        return [call_id]
    ends = ("-seat-1",) if who == "agent" else ("-seat-2", "-outside-1", "-outside-2")
    return [one for one in exchange.fake.channels if one.endswith(ends)]


async def settled(exchange: Exchange, call_id: str) -> None:
    """Wait until nobody rings and the PBX has what the books say."""

    def quiet() -> bool:
        live = [one for one in exchange.service.live() if one.call.id == call_id]
        return not live or not (_rings(exchange, live[0]) or _differs(exchange, live[0]))

    await until(quiet, what=lambda: f"it is quiet: {[s.call for s in exchange.service.live()]} {exchange.fake.bridges}")


def _rings(exchange: Exchange, session: CallSession) -> bool:
    ringing = any(c.state in ("Down", "Ringing") for c in exchange.fake.channels.values())
    return ringing or session.call.state is S.RINGING or session.call.third is Third.RINGING


def _differs(exchange: Exchange, session: CallSession) -> bool:
    call = session.call
    if call.state in (S.TALKING, S.HELD):
        return exchange.fake.bridges.get(f"{call.id}-talk") != together(call)
    if call.state is S.OUTSIDE:
        return len(exchange.fake.bridges.get(f"{call.id}-talk", ())) < 2
    waits = exchange.fake.channels[call.id].music if call.id in exchange.fake.channels else True
    return call.state is S.QUEUED and not waits


async def nobody_is_lost(exchange: Exchange, call_id: str) -> None:
    """The caller hears somebody or music, and every leg that is there belongs to the call as the books have it."""
    await settled(exchange, call_id)
    if not (live := [one for one in exchange.service.live() if one.call.id == call_id]):
        return
    call, channels = live[0].call, exchange.fake.channels
    if call_id not in channels:
        return  # whoever had the call last has hung up, and it is ending
    together_with = exchange.fake.bridges.get(f"{call_id}-talk", set())
    assert channels[call_id].music is (call.state in (S.HELD, S.QUEUED)), call
    if call.state in (S.TALKING, S.OUTSIDE):
        assert call_id in together_with
        assert len(together_with) >= 2, "somebody is there"
    known = {call_id, call.seat_channel_id, call.third_channel_id, live[0].outside}
    assert {one for one in channels if one.startswith(call_id)} <= known, f"no leg is forgotten: {call}"
