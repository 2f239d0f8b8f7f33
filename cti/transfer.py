"""A caller is put through to a number outside: dialled by the trunk, bridged, and back when that person hangs up.

The number is one that the flow permits, or that an agent may dial; it never comes from the caller's keys, so no
caller makes calls at our cost. A restart finds both legs in their bridge and goes on.
"""

import asyncio
import math
from dataclasses import dataclass

from cti.events import CallPutThrough, CallReturned
from cti.legs import call_of, outside_channel, outside_number, talk_bridge
from cti.messages import ChannelEntered, ChannelGone
from cti.model import CallState
from cti.port import NoSuchChannel, OutsideDial, PbxChannel, PbxRefused
from cti.ringing import MISSED_BY_CAUSE
from cti.session import CallSession

TALKED = "talked"
FAILED = "failed"
GIVES_UP_LATER_S = 5
"""The PBX rings so much longer than we wait: it gives up by itself after 30 s otherwise, and without a cause."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom to put the caller through to, as `name` in the journal; rung for `ring_s`, talked to for `longest_s`."""

    number: str
    name: str
    ring_s: float
    longest_s: float


async def put_through(session: CallSession, outside: Outside, *, again: bool = False, talked: bool = False) -> str:
    """Put the caller through; return `talked`, or why not: busy, no_answer, rejected, unreachable, failed.

    `again`: the service before us was at it, and they have `talked` already or not. When the caller leaves, this is
    cancelled and the session hangs up the other leg.
    """
    pbx, call = session.world.pbx, session.call
    there = await _leg(session) if again else None
    if there is None and talked:
        await _returned(session, "hung_up")
        return TALKED
    if there is None:
        # What is still told of a former leg must not be taken for this one's end, so the id is a new one.
        former = [outside_number(one.id) for one in await pbx.channels() if call_of(one.id) == call.id]
        session.put_through = max([session.put_through, call.seats_rung, *former]) + 1
        session.outside = outside_channel(call.id, session.put_through)
    else:
        session.outside, session.put_through = there.id, outside_number(there.id)
    if there is None or not there.up:
        why = await _ring(session, outside, dialled=there is not None)
        if why is not None:
            session.outside = None
            await pbx.stop_music(call.id)
            return why
    if session.call.state is not CallState.OUTSIDE:
        await session.record(CallPutThrough(at=session.world.clock.now(), call_id=call.id, to=outside.name))
    await _returned(session, await _talk(session, outside))
    return TALKED


async def _returned(session: CallSession, why: str) -> None:
    if session.call.state is CallState.OUTSIDE:
        await session.record(CallReturned(at=session.world.clock.now(), call_id=session.call.id, why=why))


async def _leg(session: CallSession) -> PbxChannel | None:
    """Return the leg that the service before us has dialled."""
    legs = [one for one in await session.world.pbx.channels() if call_of(one.id) == session.call.id]
    return max((one for one in legs if outside_number(one.id)), key=lambda one: outside_number(one.id), default=None)


async def _ring(session: CallSession, outside: Outside, *, dialled: bool) -> str | None:
    """Ring until it is answered (None), or return why it is not."""
    pbx, channel_id = session.world.pbx, session.outside
    assert channel_id is not None
    try:
        await pbx.start_music(session.call.id)
        if not dialled:
            most_s = math.ceil(outside.ring_s + GIVES_UP_LATER_S)
            await pbx.dial_outside(OutsideDial(channel_id, outside.number, session.call.id, most_s))
    except PbxRefused:
        return FAILED
    loop = asyncio.get_running_loop()
    until = loop.time() + outside.ring_s
    while True:
        match await session.receive(max(0.0, until - loop.time())):
            case ChannelEntered(channel_id=entered) if entered == channel_id:
                return None
            case ChannelGone(channel_id=gone, cause=cause) if gone == channel_id:
                return MISSED_BY_CAUSE.get(cause, FAILED)
            case None:
                await pbx.hang_up(channel_id, "no_answer")
                return "no_answer"


async def _talk(session: CallSession, outside: Outside) -> str:
    """Join the two until the other one hangs up or the time is over; return which."""
    pbx, call = session.world.pbx, session.call
    channel_id, bridge = session.outside, talk_bridge(call.id)
    assert channel_id is not None
    joined = {one.id: one.channels for one in await pbx.bridges()}.get(bridge, frozenset())
    why = "hung_up"
    try:
        if not {call.id, channel_id} <= joined:
            await pbx.stop_music(call.id)
            await pbx.join(bridge, call.id, channel_id)
        loop = asyncio.get_running_loop()
        until = loop.time() + outside.longest_s
        while (message := await session.receive(max(0.0, until - loop.time()))) is not None:
            if isinstance(message, ChannelGone) and message.channel_id == channel_id:
                break
        else:
            why = "too_long"
    except NoSuchChannel:
        why = "hung_up"  # one of the two, just now; the caller's own end cancels this task by itself
    await pbx.hang_up(channel_id)
    session.outside = None
    # As after a talk with an agent: what is played to a channel that is just being put out of a bridge is lost.
    await pbx.leave(bridge, call.id)
    await pbx.close_bridge(bridge)
    session.forget_digits()
    return why
