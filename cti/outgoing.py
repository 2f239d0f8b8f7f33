"""A call that an agent dials by hand: the agent's own phone first, then the number, then a talk as any other."""

import asyncio
import contextlib
import math
from collections.abc import Callable

from core import log
from cti import talk as talks
from cti.endings import refuse, tell, words_of
from cti.events import CalleeAnswered, CalleeRang
from cti.handover import OUTSIDE
from cti.inbox import Asked
from cti.messages import ChannelEntered, ChannelGone, HangUp, Reject, SeatWithdrawn
from cti.model import CallState
from cti.port import NoSuchChannel, OutsideDial, PbxRefused, SeatDial
from cti.session import CallSession
from cti.transfer import GIVES_UP_LATER_S, Outside, put_through

_log = log.get(__name__)


NOT_NOW = "not_now"
"""Why a call ends whose other side may not be rung any more when the agent has taken the phone off."""


async def serve(
    session: CallSession, sip_username: str | None = None, may_ring: Callable[[], bool] = lambda: True
) -> None:
    """Be the program of a dialled call. `sip_username` is the agent's phone; None: it was rung by a service before us.

    The other side's hang-up ends the call wherever it stands, as a caller's does; it is rung only if it `may_ring`
    at that moment.
    """
    if session.call.state is CallState.PLACED and not await _seat_answers(session, sip_username, may_ring):
        return
    if session.call.state is CallState.DIALLING and not await _callee_answers(session):
        return
    while session.call.state is not CallState.MENU:
        if session.call.state is CallState.OUTSIDE:
            longest = session.world.policy.number("transfer_longest")
            await put_through(session, Outside("", OUTSIDE, 0, longest), again=True, talked=True)
            session.end = ("agent", "transferred")
            return
        end = await talks.talk(session)
        session.end = (end.by, "hung_up")


async def _seat_answers(session: CallSession, sip_username: str | None, may_ring: Callable[[], bool]) -> bool:
    """Ring the agent's phone, then the number; False, with the end of the call set, when nobody takes it off."""
    call, pbx = session.call, session.world.pbx
    seat, agent_id = call.seat_channel_id or "", call.agent_id or ""
    try:
        if sip_username is not None:
            await pbx.dial_seat(SeatDial(seat, sip_username, call.caller, call.id, agent_id, call.seat_id or ""))
        if not await _answers(session, seat, session.world.policy.number("ring_timeout")):
            return False
        if not may_ring():
            session.end = ("system", NOT_NOW)
            return False
        await session.record(CalleeRang(at=session.world.clock.now(), call_id=call.id, agent_id=agent_id))
        most_s = math.ceil(session.world.policy.number("transfer_ring") + GIVES_UP_LATER_S)
        await pbx.dial_outside(OutsideDial(call.id, call.caller, call.id, most_s))
    except (PbxRefused, NoSuchChannel) as refused:
        why = refused.message
        _log.warning("call not placed", extra={"action": "call_not_placed", "call_id": call.id, "why": why})
        session.end = ("system", "unreachable")
        return False
    return True


async def _callee_answers(session: CallSession) -> bool:
    """Wait until the other side answers; the agent hears that it rings."""
    call = session.call
    seat, agent_id = call.seat_channel_id or "", call.agent_id or ""
    with contextlib.suppress(NoSuchChannel):
        await session.world.pbx.ringback(seat, on=True)
    if not await _answers(session, call.id, session.world.policy.number("transfer_ring")):
        return False
    await session.record(CalleeAnswered(at=session.world.clock.now(), call_id=call.id, agent_id=agent_id))
    with contextlib.suppress(NoSuchChannel):
        await session.world.pbx.ringback(seat, on=False)
    return True


async def _answers(session: CallSession, channel_id: str, ring_s: float) -> bool:
    """Wait for the answer of a channel; False, with the end of the call set: the agent left or the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ring_s
    while True:
        match await session.receive(max(0.0, until - loop.time()), commands=True):
            case ChannelEntered(channel_id=entered) if entered == channel_id:
                return True
            case ChannelGone(channel_id=gone) as message if gone == session.call.seat_channel_id:
                session.end = ("agent", words_of(message))
                return False
            case SeatWithdrawn(agent_id=agent_id, why=why) if agent_id == session.call.agent_id:
                session.end = ("system", why)
                return False
            case Asked(command=HangUp(agent_id=agent_id)) as asked if agent_id == session.call.agent_id:
                session.end = ("agent", "hung_up_on_desktop")
                tell(asked, None)
                return False
            case Asked(command=Reject(agent_id=agent_id)) as asked if (
                agent_id == session.call.agent_id and session.call.state is CallState.PLACED
            ):
                session.end = ("agent", "rejected")
                tell(asked, None)
                return False
            case Asked() as asked:
                refuse(asked, session.call)
            case None:
                session.end = ("system", "no_answer")
                return False
