"""Who is rung for a caller before the queue is: whom an agent chose, who picks up, and who handed the caller on."""

from collections.abc import Sequence

from core.events import Event
from cti import parking, ringing
from cti.events import AgentAnswered, AgentRang, CallTransferred
from cti.handover import TalkEnd
from cti.messages import SeatOffered
from cti.model import CallState
from cti.parking import Spot
from cti.parking_events import CallParked, CallUnparked
from cti.ringing import PICKED_UP, RETURNED, Rang
from ivr import job_number
from ivr.call import IvrCall


async def ring_first(call: IvrCall, handed: TalkEnd | None, leaves: str, since: Sequence[Event]) -> Rang:
    """Ring whoever is to have the caller before anybody of the queue; `MISSED`: nobody was, or none answered.

    `handed`: how the talk before ended; None also after a restart, when the story `since` then tells. `leaves` is the
    key by which the caller leaves the queue.
    """
    session = call.session

    async def prepare(offer: SeatOffered) -> None:
        await job_number.prepare(call, offer.agent_id)

    spot = _picked_up_at(since)
    if spot is not None or session.call.state is CallState.PARKED:
        by = spot.agent_id if spot else session.call.parked_by
        rang = await parking.picked_up(session, prepare, leaves, spot)
        return rang if rang is not Rang.MISSED else await _returned(call, by, leaves)
    by = handed.agent_id if handed else _handed_on_by(since)
    offer = handed.party if handed and isinstance(handed.party, SeatOffered) else None
    if offer is not None:
        await prepare(offer)
    if offer is not None or session.call.state is CallState.RINGING:
        rang = await ringing.ring(session, offer, leaves)
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


def _picked_up_at(since: Sequence[Event]) -> Spot | None:
    """Return where the caller was parked for whom somebody who picked up is rung, or was rung in vain; else None."""
    spot, picked_up = None, False
    for event in since:
        match event:
            case CallParked():
                spot, picked_up = Spot(event.place, event.agent_id, event.since or event.at), False
            case CallUnparked(why=why) if why == PICKED_UP:
                picked_up = True
            case CallUnparked() | AgentAnswered() | AgentRang(how="returned"):
                spot = None
    return spot if picked_up else None
