"""A caller is parked: left with music at a numbered place, from where any agent picks them up.

In the books the caller has been handed on from that moment and the agent is free. When nobody picks up in time the
caller is in the queue and place that they had.
"""

from cti.endings import refuse, tell
from cti.events import CallParked, CallUnparked
from cti.handover import TalkEnd, alone, came_in, part, transferred
from cti.inbox import Asked
from cti.messages import PickUp, SeatOffered
from cti.session import CallSession

PARK = "park"
"""The kind of a hand-over to a place."""
PICKED_UP, TOO_LONG = "picked_up", "too_long"


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


async def parked(session: CallSession) -> SeatOffered | None:
    """Let a parked caller hear music until an agent picks up, who is to be rung now; None: the time is over.

    Either way the caller is in the queue afterwards, for the books. After a restart the time goes on.
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
            await _unparked(session, PICKED_UP, message.command.agent_id)
            tell(message, None)
            return message.command.seat
        refuse(message, session.call)


async def _unparked(session: CallSession, why: str, agent_id: str | None = None) -> None:
    call, now = session.call, session.world.clock.now()
    await session.record(CallUnparked(at=now, call_id=call.id, place=call.park_place or 0, why=why, agent_id=agent_id))
