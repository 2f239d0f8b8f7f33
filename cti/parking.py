"""A caller is parked: left with music at a numbered place, from where any agent picks them up.

In the books the caller has been handed on from that moment and the agent is free. Whoever picks up and does not answer
leaves the caller at the place. When nobody picks up in time the caller is in the queue and place that they had.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict
from cti.endings import refuse, tell
from cti.handover import TalkEnd, alone, came_in, part, transferred
from cti.inbox import Asked
from cti.lot import NoParkingPlace
from cti.messages import PickUp, SeatOffered
from cti.model import CallState
from cti.parking_events import CallParked, CallUnparked
from cti.ringing import PICKED_UP, Rang, ring
from cti.session import CallSession

PARK = "park"
"""The kind of a hand-over to a place."""
TOO_LONG = "too_long"
Prepare = Callable[[SeatOffered], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Spot:
    """The numbered place at which `agent_id` has parked a caller, and since when."""

    place: int
    agent_id: str
    since: datetime


async def park(session: CallSession) -> TalkEnd:
    """Leave the caller at a free place, and free the agent. Raises Conflict, NoParkingPlace."""
    call, policy = session.call, session.world.policy
    alone(call)
    came_in(call)
    agent_id = call.agent_id or ""
    first, places = int(policy.number("park_first")), int(policy.number("park_places"))
    with session.world.parking.place(first, places) as place:
        event = CallParked(at=session.world.clock.now(), call_id=call.id, agent_id=agent_id, place=place)
        await part(session, transferred(session, str(place), PARK), event)
    return TalkEnd("agent", call.queue, handed_on=True, agent_id=agent_id)


async def picked_up(session: CallSession, prepare: Prepare, leaves: str = "", spot: Spot | None = None) -> Rang:
    """Let a parked caller hear music until an agent who picks up has answered; MISSED: the time is over.

    Whoever picks up is told to `prepare` and rung; who does not answer leaves the caller at the place. `leaves` is the
    key by which the caller leaves the queue. After a restart the time goes on; `spot` is where a caller was parked for
    whom the service before us rang who had picked up.
    """
    call, lot = session.call, session.world.parking
    if spot is None:
        assert call.parked_at is not None
        spot = Spot(call.park_place or 0, call.parked_by or "", call.parked_at)
    with lot.kept(spot.place):
        while True:
            seat = None
            if session.call.state is CallState.PARKED:
                if (seat := await _parked(session)) is None:
                    return Rang.MISSED
                await prepare(seat)
            if session.call.state is CallState.RINGING or seat is not None:
                rang = await ring(session, seat, leaves, PICKED_UP)
                if rang is not Rang.MISSED:
                    return rang
            try:
                await _parked_again(session, spot)
            except NoParkingPlace:
                return Rang.MISSED


async def _parked_again(session: CallSession, spot: Spot) -> None:
    lot, policy, now = session.world.parking, session.world.policy, session.world.clock.now()
    first, places = int(policy.number("park_first")), int(policy.number("park_places"))
    with contextlib.nullcontext(spot.place) if lot.is_left(spot.place) else lot.place(first, places) as place:
        event = CallParked(at=now, call_id=session.call.id, agent_id=spot.agent_id, place=place, since=spot.since)
        await session.record(event)


async def _parked(session: CallSession) -> SeatOffered | None:
    """Wait until an agent picks up, who is to be rung now; None: the time is over.

    Either way the caller is in the queue afterwards, for the books.
    """
    clock, call = session.world.clock, session.call
    assert call.parked_at is not None
    limit, since = session.world.policy.number("park_limit"), call.parked_at
    await session.world.pbx.start_music(call.id)
    while True:
        left = limit - (clock.now() - since).total_seconds()
        message = await session.receive(max(0.0, left), commands=True)
        if message is None:
            await _unparked(session, TOO_LONG)
            return None
        if not isinstance(message, Asked) or message.outcome.done():
            continue
        if isinstance(message.command, PickUp):
            try:
                await _unparked(session, PICKED_UP, message.command.agent_id)
            except asyncio.CancelledError:  # the caller hung up meanwhile
                tell(message, Conflict("the call is ending", call_id=call.id))
                raise
            tell(message, None)
            return message.command.seat
        refuse(message, session.call)


async def _unparked(session: CallSession, why: str, agent_id: str | None = None) -> None:
    call, now = session.call, session.world.clock.now()
    await session.record(CallUnparked(at=now, call_id=call.id, place=call.park_place or 0, why=why, agent_id=agent_id))
