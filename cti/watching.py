"""A shift lead listens to a talk, whispers to its agent, speaks to all, or takes it over.

The lead's phone is rung and hears the agent's leg through a channel beside it, so the talk itself, its bridge and its
state are never touched; only taking over is a hand-over, to the lead. One lead at a time.
"""

import contextlib

from core.errors import Conflict
from core.events import Event
from cti import handover
from cti.events import AgentAnswered, AgentRang, CallTransferred, MonitorStarted, MonitorStopped
from cti.handover import TalkEnd
from cti.legs import watch_bridge, watch_leg, watch_spy
from cti.messages import OfLead, SeatOffered, TakeOver, Unwatch, Watch
from cti.port import NoSuchChannel, PbxRefused, SeatDial, Spying
from cti.session import CallSession, Comes

TOOK_OVER = "took_over"


def comes(session: CallSession, channel_id: str) -> bool:
    """Tell whether this is the phone of a lead that rings."""
    return session.comes is not None and session.comes.leg == channel_id


def is_leg(session: CallSession, channel_id: str) -> bool:
    """Tell whether this is the leg of the lead, ringing or listening."""
    return comes(session, channel_id) or session.call.watch_channel_id == channel_id


async def obey(session: CallSession, command: OfLead) -> TalkEnd | None:
    """Do what a lead asks. Raises Conflict."""
    match command:
        case Watch(seat=seat, mode=mode):
            if session.call.watcher_id == command.agent_id:
                await _switch(session, mode)
            else:
                await _ring(session, seat, mode)
        case TakeOver(seat=seat):
            if session.call.watcher_id == command.agent_id:
                return await _take_over(session, seat, session.call.watch_channel_id or "")
            await _ring(session, seat, None)
        case Unwatch(why=why):
            await _unwatch(session, command.agent_id, why)
    return None


async def _ring(session: CallSession, seat: SeatOffered, mode: str | None) -> None:
    call = session.call
    if seat.agent_id in (call.agent_id, call.third_agent_id):
        raise Conflict("you are in this call yourself", call_id=call.id)
    if call.watcher_id or session.comes:
        raise Conflict("this call is being monitored already", call_id=call.id)
    if mode is None:
        handover.alone(call)
    session.comes = Comes(seat, watch_leg(call.id), mode)
    caller = call.caller if call.caller_known else ""
    try:
        await session.world.pbx.dial_seat(
            SeatDial(session.comes.leg, seat.sip_username, caller, call.id, seat.agent_id, seat.seat_id)
        )
    except (PbxRefused, NoSuchChannel):
        session.comes = None
        raise Conflict("your phone cannot be rung", call_id=call.id) from None


async def answered(session: CallSession) -> TalkEnd | None:
    """The lead has taken the phone off."""
    lead, session.comes = session.comes, None
    assert lead is not None
    if lead.mode is not None:
        await session.record(_started(session, lead.seat.agent_id, lead.leg, lead.mode))
        await _spy(session)
    elif session.call.third is None:
        return await _take_over(session, lead.seat, lead.leg)
    else:  # a third party came in while the lead's phone rang
        await session.world.pbx.hang_up(lead.leg)
    return None


async def _switch(session: CallSession, mode: str) -> None:
    call = session.call
    if call.watch_mode == mode or call.watch_channel_id is None:
        return
    before = watch_spy(call.watch_channel_id, call.watch_mode or "")
    await session.record(_started(session, call.watcher_id or "", call.watch_channel_id, mode))
    await session.world.pbx.hang_up(before)
    await _spy(session)


async def _spy(session: CallSession) -> None:
    call = session.call
    leg, seat = call.watch_channel_id or "", call.seat_channel_id or ""
    mode = call.watch_mode or ""
    try:
        await session.world.pbx.spy(Spying(leg, watch_bridge(leg), seat, watch_spy(leg, mode), mode))
    except (PbxRefused, NoSuchChannel):  # a leg is gone, which is told next; or the PBX cannot
        await stop(session, "failed")


async def _take_over(session: CallSession, seat: SeatOffered, leg: str) -> TalkEnd:
    """Let the lead be the agent of this call, and its agent be free."""
    call, now = session.call, session.world.clock.now()
    handover.alone(call)
    lead = seat.agent_id
    events: list[Event] = []
    if call.watcher_id is not None:
        events.append(MonitorStopped(at=now, call_id=call.id, agent_id=lead, why=TOOK_OVER))
        await _take_down(session)
    who = {"call_id": call.id, "agent_id": lead, "seat_id": seat.seat_id, "channel_id": leg, "how": TOOK_OVER}
    agent_id = call.agent_id or ""
    events.append(CallTransferred(at=now, call_id=call.id, agent_id=agent_id, to=lead, kind="agent", by=lead))
    await handover.part(session, *events, AgentRang(at=now, **who), AgentAnswered(at=now, **who))
    return TalkEnd("agent", call.queue, handed_on=True)


async def _unwatch(session: CallSession, lead: str, why: str) -> None:
    if session.comes is not None and session.comes.seat.agent_id == lead:
        await session.world.pbx.hang_up(session.comes.leg)
        session.comes = None
    elif session.call.watcher_id == lead:
        await stop(session, why)
    else:
        raise Conflict("you do not monitor this call", call_id=session.call.id)


async def gone(session: CallSession) -> None:
    """The lead's phone has hung up, or did not answer."""
    session.comes = None
    await stop(session, "hung_up")


async def stop(session: CallSession, why: str) -> None:
    """Let the lead go, if there is one."""
    call = session.call
    if session.comes is not None:
        await session.world.pbx.hang_up(session.comes.leg)
        session.comes = None
    if call.watcher_id is None or call.watch_channel_id is None:
        return
    at = session.world.clock.now()
    try:
        await session.record(MonitorStopped(at=at, call_id=call.id, agent_id=call.watcher_id, why=why))
    finally:
        await session.world.pbx.hang_up(call.watch_channel_id)
        await session.world.pbx.hang_up(watch_spy(call.watch_channel_id, call.watch_mode or ""))
        await session.world.pbx.close_bridge(watch_bridge(call.watch_channel_id))


async def _take_down(session: CallSession) -> None:
    """Let go of what carries the sound to the lead, and keep the lead's leg."""
    call, pbx = session.call, session.world.pbx
    leg = call.watch_channel_id or ""
    with contextlib.suppress(NoSuchChannel):
        await pbx.leave(watch_bridge(leg), leg)
    await pbx.hang_up(watch_spy(leg, call.watch_mode or ""))
    await pbx.close_bridge(watch_bridge(leg))


def _started(session: CallSession, lead: str, leg: str, mode: str) -> MonitorStarted:
    call, at = session.call, session.world.clock.now()
    watched = call.agent_id or ""
    return MonitorStarted(at=at, call_id=call.id, agent_id=lead, watched_agent_id=watched, channel_id=leg, mode=mode)
