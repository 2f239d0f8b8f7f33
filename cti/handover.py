"""A caller is handed on: to a queue, to a person, or to the third party with whom the agent has spoken.

In the books the caller waits from the moment the agent is free, in the queue and place that they had; whoever is
rung and does not answer leaves them there. So no end of a leg, and no end of this service, loses a caller.
"""

from dataclasses import dataclass

from core.errors import Conflict
from core.events import Event
from cti.arrangement import arrange
from cti.events import AgentAnswered, AgentRang, CallPutThrough, CallTransferred
from cti.legs import talk_bridge
from cti.messages import Outsider, Party
from cti.model import Call, CallState, Third
from cti.session import CallSession

OUTSIDE = "outside"
"""What the journal calls somebody outside; the number is told beside it."""


@dataclass(frozen=True, slots=True)
class TalkEnd:
    """How a talk ended or paused: `by` agent or caller; `to` names the queue when the caller was handed on.

    `party`: who is rung for the caller before the queue is; `rung`: that one rings already; the books tell who has the
    caller when nobody is to be rung; `agent_id` handed them on. `script`: the silent-call script comes next; the agent
    asked for it, or hung up the phone on a silent caller.
    """

    by: str
    to: str | None = None
    script: bool = False
    party: Party | None = None
    rung: bool = False
    handed_on: bool = False
    agent_id: str | None = None
    menu: str = ""
    """The way of the menu by which the agent has sent the caller on."""
    nuisance: bool = False
    """The agent has let a nuisance caller go, who is not asked for a score."""


def alone(call: Call) -> None:
    """Raise Conflict while a third party is in the talk."""
    if call.third is not None:
        raise Conflict(
            f"the third party is {call.third}: cancel or complete the consultation first",
            call_id=call.id,
            third=call.third.value,
        )


async def to_queue(session: CallSession, queue: str) -> TalkEnd:
    """Let the caller wait in another queue, and free the agent."""
    alone(session.call)
    came_in(session.call)
    await part(session, transferred(session, queue, "queue"))
    return TalkEnd("agent", queue, handed_on=True)


async def to_party(session: CallSession, party: Party) -> TalkEnd:
    """Let `party` be rung for the caller, who hears music, and free the agent."""
    alone(session.call)
    came_in(session.call)
    queue, by = session.call.queue, session.call.agent_id
    if isinstance(party, Outsider):
        event = transferred(session, OUTSIDE, "outside", dialled=party.number)
    else:
        event = transferred(session, party.agent_id, "agent")
    await part(session, event)
    return TalkEnd("agent", queue, party=party, handed_on=True, agent_id=by)


async def complete(session: CallSession) -> TalkEnd:
    """Leave the caller to the third party; one who still rings rings on, for the caller.

    Raises Conflict when there is none.
    """
    call = session.call
    if call.third is None:
        raise Conflict("there is no third party: consult somebody first, or transfer", call_id=call.id)
    assert call.third_channel_id is not None
    outside, rings = call.third_number is not None, call.third is Third.RINGING
    if rings:
        came_in(call)
    events: list[Event] = []
    if outside:
        number = call.third_number or ""
        events.append(transferred(session, OUTSIDE, "outside", dialled=number, consulted=not rings))
        if not rings:
            events.append(CallPutThrough(at=session.world.clock.now(), call_id=call.id, to=OUTSIDE))
    else:
        events.append(transferred(session, call.third_agent_id or "", "agent", consulted=not rings))
        events.extend(_third_as_agent(session, answered=not rings))
    party = Outsider(call.third_number or "") if outside else None
    if outside:  # from now on the books do not know this leg; whoever ends the call still does
        session.outside = call.third_channel_id
    await part(session, *events)
    return TalkEnd("agent", call.queue, party=party, rung=outside, handed_on=True, agent_id=call.agent_id)


def _third_as_agent(session: CallSession, *, answered: bool) -> list[Event]:
    """The third party's leg becomes that of the agent: what a seat that was offered and answered is journaled as."""
    call, now = session.call, session.world.clock.now()
    who = {"agent_id": call.third_agent_id or "", "seat_id": call.third_seat_id or "", "how": "consulted"}
    leg = call.third_channel_id or ""
    rang = AgentRang(at=now, call_id=call.id, channel_id=leg, **who)
    return [rang, AgentAnswered(at=now, call_id=call.id, channel_id=leg, **who)] if answered else [rang]


async def part(session: CallSession, *events: Event) -> None:
    """Record `events`, let the agent's leg go, and leave the caller with whom the books say, else with music."""
    before, pbx = session.call, session.world.pbx
    try:
        await session.record(*events)
        if before.third is Third.HELD:
            await pbx.stop_music(before.third_channel_id or "")
        if session.call.state is CallState.TALKING:
            await arrange(session)
        else:
            heard, session.members = session.members, frozenset()
            if before.id in heard and session.call.state is not CallState.OUTSIDE:
                await pbx.leave(talk_bridge(before.id), before.id)
                await pbx.start_music(before.id)
    finally:  # the books know this leg no longer: nobody else would end it when the caller hangs up just now
        if before.seat_channel_id:
            await pbx.hang_up(before.seat_channel_id)


def transferred(
    session: CallSession, to: str, kind: str, *, dialled: str = "", consulted: bool = False
) -> CallTransferred:
    """Return that the agent of a talk hands the caller on, now."""
    call, now = session.call, session.world.clock.now()
    assert call.agent_id is not None
    return CallTransferred(
        at=now, call_id=call.id, agent_id=call.agent_id, to=to, kind=kind, dialled=dialled, consulted=consulted
    )


def came_in(call: Call) -> None:
    """Raise Conflict for a call that we dialled: there is no queue in which its other side could wait."""
    if call.direction != "in":
        raise Conflict("this call was dialled by hand: consult the person first, then hand it on", call_id=call.id)
