"""The third party of a talk: rung and spoken with while the caller hears music, swapped with, brought together.

Each step is in the books before it is done, so a service that begins anew finds the third party as the books say.
"""

import asyncio
import contextlib
import math

from core.errors import Conflict
from core.events import Event
from cti.arrangement import arrange
from cti.events import (
    CallHeld,
    CallResumed,
    ConferenceChanged,
    ConsultAnswered,
    ConsultEnded,
    ConsultStarted,
    ConsultSwapped,
)
from cti.legs import outside_leg, seat_channel
from cti.messages import GONE_WHILE_AWAY, ChannelGone, Outsider, Party
from cti.model import Call, CallState, Third
from cti.port import NoSuchChannel, OutsideDial, PbxRefused, SeatDial
from cti.ringing import MISSED_BY_CAUSE
from cti.session import CallSession
from cti.transfer import GIVES_UP_LATER_S


class Ringing:
    """How long the third party may still ring; after a restart the time begins anew."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._channel: str | None = None
        self._until = 0.0

    def left(self) -> float | None:
        """Return the seconds that are left, None when nobody rings."""
        call, loop = self._session.call, asyncio.get_running_loop()
        if call.third is not Third.RINGING:
            self._channel = None
            return None
        if self._channel != call.third_channel_id:
            self._channel, self._until = call.third_channel_id, loop.time() + _ring_s(self._session)
        return max(0.0, self._until - loop.time())


def _ring_s(session: CallSession) -> float:
    return session.world.policy.number("transfer_ring" if session.call.third_number else "ring_timeout")


def is_taken_on(call: Call) -> bool:
    """Tell whether the caller goes to the third party when the agent hangs up the phone."""
    # Who was called by us has no queue to wait in: with nobody there yet, the call is over.
    return call.third is not None and (call.third is not Third.RINGING or call.direction == "in")


async def start(session: CallSession, party: Party) -> None:
    """Put the caller on hold and have `party` rung. Raises Conflict when there is a third party already."""
    call, now = session.call, session.world.clock.now()
    if call.third is not None:
        raise Conflict(f"the third party is {call.third}: one at a time", call_id=call.id)
    agent_id = call.agent_id or ""
    if isinstance(party, Outsider):
        leg, who = outside_leg(call), {"dialled": party.number}
    else:
        leg, who = seat_channel(call), {"to_agent_id": party.agent_id, "seat_id": party.seat_id}
    hold: list[Event] = []
    if call.state is CallState.TALKING:
        hold.append(CallHeld(at=now, call_id=call.id, agent_id=agent_id))
    await session.record(*hold, ConsultStarted(at=now, call_id=call.id, agent_id=agent_id, channel_id=leg, **who))
    await arrange(session)
    try:
        await _dial(session, party)
    except (PbxRefused, NoSuchChannel):
        await drop(session, "third", "unreachable")
        raise Conflict("the third party cannot be rung", call_id=call.id) from None
    await _ringback(session, on=True)


async def _dial(session: CallSession, party: Party) -> None:
    call = session.call
    leg = call.third_channel_id or ""
    if isinstance(party, Outsider):
        most_s = math.ceil(session.world.policy.number("transfer_ring") + GIVES_UP_LATER_S)
        return await session.world.pbx.dial_outside(OutsideDial(leg, party.number, call.id, most_s))
    caller = call.caller if call.caller_known else ""
    dial = SeatDial(leg, party.sip_username, caller, call.id, party.agent_id, party.seat_id)
    await session.world.pbx.dial_seat(dial)


async def _ringback(session: CallSession, *, on: bool) -> None:
    """Let the agent hear that the third party rings."""
    with contextlib.suppress(NoSuchChannel):
        if session.call.seat_channel_id:
            await session.world.pbx.ringback(session.call.seat_channel_id, on=on)


async def answered(session: CallSession) -> None:
    """The third party has taken the phone off."""
    call = session.call
    if call.third is not Third.RINGING:
        return
    event = ConsultAnswered(
        at=session.world.clock.now(),
        call_id=call.id,
        agent_id=call.agent_id or "",
        to_agent_id=call.third_agent_id or "",
        channel_id=call.third_channel_id or "",
    )
    await session.record(event)
    await _ringback(session, on=False)
    await arrange(session)


async def gone(session: CallSession, message: ChannelGone) -> None:
    """The third party's leg has ended: never answered, or hung up."""
    if session.call.third is not Third.RINGING:
        why = "hung_up"
    elif message.cause_text == GONE_WHILE_AWAY:
        why = "restart"
    else:
        why = MISSED_BY_CAUSE.get(message.cause, "failed")
    await drop(session, "third", why)


async def not_answered(session: CallSession) -> None:
    """The third party has rung for long enough."""
    await drop(session, "third", "no_answer")


async def leave(session: CallSession) -> None:
    """The third party leaves by the page."""
    await drop(session, "third", "hung_up")


async def reject(session: CallSession) -> None:
    """The third party does not take the call. Raises Conflict when they have answered it."""
    if session.call.third is not Third.RINGING:
        raise Conflict("you have answered this call: hang up instead", call_id=session.call.id)
    await drop(session, "third", "rejected")


async def cancel(session: CallSession) -> None:
    """Let the third party go and take the caller back. Raises Conflict when there is none."""
    _needs(session.call)
    await drop(session, "agent", "cancelled", resume=True)


async def drop(session: CallSession, by: str, why: str, *, resume: bool = False) -> None:
    """Let the third party go, if there is one; the caller stays as they are, or is taken back with `resume`."""
    call, now = session.call, session.world.clock.now()
    if call.third is None:
        return
    agent_id, to = call.agent_id or "", call.third_agent_id or ""
    events: list[Event] = [ConsultEnded(at=now, call_id=call.id, agent_id=agent_id, by=by, why=why, to_agent_id=to)]
    if resume and call.state is CallState.HELD:
        events.append(CallResumed(at=now, call_id=call.id, agent_id=agent_id))
    try:
        await session.record(*events)
    finally:  # as in a hand-over: the books know this leg no longer
        if call.third_channel_id:
            await session.world.pbx.hang_up(call.third_channel_id, "no_answer" if why == "no_answer" else "normal")
    if call.third is Third.RINGING:
        await _ringback(session, on=False)
    session.members -= {call.third_channel_id or ""}
    await arrange(session)


async def swap(session: CallSession) -> None:
    """Change to the other one of caller and third party. Raises Conflict unless the third party has answered."""
    _needs(session.call)
    call = session.call
    await session.record(ConsultSwapped(at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id or ""))
    await arrange(session)


async def conference(session: CallSession) -> None:
    """Let all three hear each other. Raises Conflict unless the third party has answered."""
    call = session.call
    _needs(call)
    if call.third is not Third.JOINED:
        at, to = session.world.clock.now(), call.third_agent_id or ""
        event = ConferenceChanged(at=at, call_id=call.id, agent_id=call.agent_id or "", to_agent_id=to)
        await session.record(event)
        await arrange(session)


def _needs(call: Call) -> None:
    if call.third is None:
        raise Conflict("there is no third party: consult somebody first", call_id=call.id)
