"""Presence beside the calls that the PBX really has: after a restart, after a reconnect, and in each sweep."""

from collections.abc import Mapping

from agents.model import OFFERED, ON_CALL, Agent, Cause, State
from agents.presence import Presence
from cti.events import Reconciled

LiveCalls = Mapping[str, tuple[str, str]]
"""By agent id: the call that has the agent and how, `ringing` or `talking`."""


async def reconcile(presence: Presence, live: LiveCalls) -> None:
    """Free those whom no live call holds any more, and put those that one does where the call has them.

    To be used when every call was taken up anew: a reservation then went to an inbox that is no more.
    """
    for agent_id in [agent.agent_id for agent in presence.roster.signed_in()]:
        # Looked up anew: while others are stored a lease may lapse, and what was built on before is stale.
        agent, found = presence.roster.get(agent_id), live.get(agent_id)
        if agent is None or agent.state is State.LOGGED_OUT:
            continue
        if found is None:
            if agent.state in ON_CALL:
                await free(presence, agent)
        elif (agent.call_id, str(agent.state)) != found:
            await place(presence, agent, found[0], State(found[1]))
        elif agent.state is State.RINGING:
            presence.lease_anew(agent)


async def free(presence: Presence, agent: Agent, cause: Cause = Cause.RESTART) -> None:
    """Let go of an agent whom no live call holds, and say so."""
    at = presence.clock.now()
    if agent.state is State.TALKING:
        told = _told(presence, agent, agent.call_id, "wrap-up begins")
        await presence.start_wrap_up(agent, cause, at, told)
    else:
        told = _told(presence, agent, agent.call_id, "the agent is freed")
        await presence.free(agent, cause, str(cause), at, told)


async def place(presence: Presence, agent: Agent, call_id: str, to: State, cause: Cause = Cause.RESTART) -> None:
    """Put an agent where a live call has them, and say so."""
    if agent.call_id == call_id and agent.state is State.TALKING:
        return
    if agent.state is State.TALKING or (agent.state in OFFERED and agent.call_id != call_id):
        await free(presence, agent, cause)
        agent = presence.roster.get(agent.agent_id) or agent
    told = _told(presence, agent, call_id, f"presence follows the call: {to}")
    at = presence.clock.now()
    until = presence.lease_from(at) if to is State.RINGING else None
    await presence.move(agent, to, cause, told, at=at, until=until, call_id=call_id)


def _told(presence: Presence, agent: Agent, call_id: str | None, done: str) -> Reconciled:
    return Reconciled(
        at=presence.clock.now(),
        what=f"presence is {agent.state}, the PBX has the agent elsewhere",
        done=done,
        call_id=call_id,
        agent_id=agent.agent_id,
    )


async def seats_without_phone(presence: Presence) -> None:
    """Agents whose phone the PBX does not have are not ready."""
    at = presence.clock.now()
    for agent in presence.roster.signed_in():
        if agent.state is State.READY and presence.roster.phone_missing(agent):
            await presence.move(agent, State.NOT_READY, Cause.SEAT_LOST, at=at)
