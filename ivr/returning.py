"""Who is rung for a caller before the queue is: whom an agent chose, who picks up, and who handed the caller on."""

from collections.abc import Sequence

from core.events import Event
from cti import parking, ringing
from cti.events import AgentAnswered, AgentRang, CallParked, CallTransferred
from cti.handover import TalkEnd
from cti.messages import SeatOffered
from cti.model import CallState
from cti.ringing import OFFERED, PICKED_UP, RETURNED, Rang
from ivr import job_number
from ivr.call import IvrCall


async def ring_first(call: IvrCall, handed: TalkEnd | None, leaves: str) -> Rang:
    """Ring whoever is to have the caller before anybody of the queue; `MISSED`: nobody was, or none answered.

    `handed`: how the talk before ended; None also after a restart, when the story tells. `leaves` is the key by which
    the caller leaves the queue.
    """
    session = call.session
    if session.call.state is CallState.PARKED:
        by = session.call.parked_by
        offer, how = await parking.parked(session), PICKED_UP
    else:
        by = handed.agent_id if handed else _handed_on_by(call.since)
        offer, how = handed.party if handed and isinstance(handed.party, SeatOffered) else None, OFFERED
    if offer is not None:
        await job_number.prepare(call, offer.agent_id)
    if offer is not None or session.call.state is CallState.RINGING:
        rang = await ringing.ring(session, offer, leaves, how)
        if rang is not Rang.MISSED:
            return rang
    return await _returned(call, by, leaves)


async def _returned(call: IvrCall, by: str | None, leaves: str) -> Rang:
    """Ring the agent who handed the caller on, when that one is there for it."""
    if by is None or not call.number("hand_over_returns"):
        return Rang.MISSED
    offer = await call.services.returns(by, call.id)
    return Rang.MISSED if offer is None else await ringing.ring(call.session, offer, leaves, RETURNED)


def _handed_on_by(since: Sequence[Event]) -> str | None:
    """Return who parked the caller, or handed them on to one person, and nobody has answered since."""
    by = None
    for event in since:
        match event:
            case CallTransferred(kind=kind, agent_id=agent_id):
                by = agent_id if kind != "queue" else None
            case CallParked(agent_id=agent_id):
                by = agent_id
            case AgentAnswered() | AgentRang(how="returned"):
                by = None
    return by
