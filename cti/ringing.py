"""Waiting in a queue, and ringing the seat that is offered."""

import asyncio
from enum import Enum, auto

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError
from cti.endings import refuse, tell
from cti.events import AgentAnswered, AgentMissed, AgentRang, CallDequeued, CallQueued
from cti.inbox import Asked
from cti.legs import seat_channel
from cti.messages import (
    GONE_WHILE_AWAY,
    ChannelEntered,
    ChannelGone,
    DigitPressed,
    Reject,
    SeatOffered,
    SeatWithdrawn,
)
from cti.model import CallState
from cti.port import NoSuchChannel, PbxRefused, SeatDial
from cti.session import CallSession

MISSED_BY_CAUSE = {17: "busy", 18: "no_answer", 19: "no_answer", 20: "unreachable", 21: "rejected", 27: "unreachable"}
"""Q.850 cause of a seat's channel that was never answered -> why it was missed."""


OFFERED, PICKED_UP, RETURNED = "offered", "picked_up", "returned"
"""How a seat comes to be rung, as AgentAnswered has it."""


class Rang(Enum):
    """How the ringing of a seat ended; `LEFT`: the caller pressed the key by which the queue is left."""

    ANSWERED = auto()
    MISSED = auto()
    LEFT = auto()


async def enter_queue(session: CallSession, queue: str) -> None:
    """Put the call into `queue`, with music; going on after a restart, only the music is made sure of."""
    call = session.call
    if call.state is CallState.MENU:
        # Committed with the place in the queue; forgotten with it, the caller is still at the node that asks for it.
        session.note_move(CallQueued(at=session.world.clock.now(), call_id=call.id, queue=queue))
    await session.world.pbx.start_music(call.id, waits=False)


async def leave_queue(session: CallSession, why: str) -> None:
    """Take the call out of its queue without a person, back to the menu."""
    call = session.call
    await session.record(CallDequeued(at=session.world.clock.now(), call_id=call.id, queue=call.queue or "", why=why))
    await session.world.pbx.stop_music(call.id)


async def ring(session: CallSession, offer: SeatOffered | None, leaves: str = "", how: str = OFFERED) -> Rang:
    """Ring the offered seat until it is answered or missed, which is journaled, or the caller presses the key `leaves`.

    Who leaves makes it ring no more, and is still in the queue for the books. `how` is as of AgentAnswered.
    `offer` None goes on with the seat that was ringing when the service before us ended.
    """
    if offer is not None and not await _dial(session, offer, how):
        return Rang.MISSED
    loop = asyncio.get_running_loop()
    until = loop.time() + session.world.policy.number("ring_timeout")
    channel_id = session.call.seat_channel_id
    while True:
        match await session.receive(max(0.0, until - loop.time()), commands=True):
            case ChannelEntered(channel_id=entered) if entered == channel_id:
                await _answered(session, how)
                return Rang.ANSWERED
            case ChannelGone(channel_id=gone, cause_text=text) if gone == channel_id and text == GONE_WHILE_AWAY:
                await _missed(session, "restart")
                return Rang.MISSED
            case ChannelGone(channel_id=gone, cause=cause) if gone == channel_id:
                await _missed(session, MISSED_BY_CAUSE.get(cause, "failed"))
                return Rang.MISSED
            case DigitPressed(channel_id=session.call.id, digit=digit) if digit == leaves:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id)
                return Rang.LEFT
            case Asked(command=Reject(agent_id=agent_id)) as asked if agent_id == session.call.agent_id:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id)
                await _missed(session, "rejected")
                tell(asked, None)
                return Rang.MISSED
            case Asked() as asked:
                refuse(asked, session.call)
            case SeatWithdrawn(agent_id=agent_id, why=why) if agent_id == session.call.agent_id:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id)
                await _missed(session, why)
                return Rang.MISSED
            case None:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id, "no_answer")
                await _missed(session, "no_answer")
                return Rang.MISSED


async def _dial(session: CallSession, offer: SeatOffered, how: str) -> bool:
    """Dial while that is being stored: a leg of which the books know nothing is hung up by who finds it."""
    call, pbx = session.call, session.world.pbx
    channel_id = seat_channel(call)
    rings = AgentRang(
        at=session.world.clock.now(),
        call_id=call.id,
        agent_id=offer.agent_id,
        seat_id=offer.seat_id,
        channel_id=channel_id,
        how=how,
    )
    caller = call.caller if call.caller_known else ""
    dial = SeatDial(channel_id, offer.sip_username, caller, call.id, offer.agent_id, offer.seat_id)
    stored = await session.begin_record(rings)
    try:
        await pbx.dial_seat(dial)
    except (PbxRefused, NoSuchChannel):
        await stored
        await _missed(session, "unreachable")
        return False
    except asyncio.CancelledError:
        stored.cancel()
        raise
    try:
        await stored
    except (SQLAlchemyError, HotlineError):
        await pbx.hang_up(channel_id)
        raise
    return True


async def _missed(session: CallSession, cause: str) -> None:
    call = session.call
    assert call.agent_id is not None
    await session.record(
        AgentMissed(
            at=session.world.clock.now(),
            call_id=call.id,
            agent_id=call.agent_id,
            seat_id=call.seat_id or "",
            cause=cause,
        )
    )


async def _answered(session: CallSession, how: str) -> None:
    call = session.call
    assert call.agent_id is not None
    assert call.seat_channel_id is not None
    await session.record(
        AgentAnswered(
            at=session.world.clock.now(),
            call_id=call.id,
            agent_id=call.agent_id,
            seat_id=call.seat_id or "",
            channel_id=call.seat_channel_id,
            how=how,
        )
    )
