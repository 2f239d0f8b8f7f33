"""Agents whom the books have in a call that is not there, or out of one that is: found by the sweep of the PBX."""

from collections.abc import Mapping

from agents.model import ON_CALL, Agent, Cause, State
from agents.presence import Presence
from agents.restart import free, place
from cti.adopt import holds
from cti.model import Call
from cti.sweep import Sighting


class GhostSeats:
    """Implements `cti.sweep.Booked`: an agent who stands wrong, and the same, in two sightings is put right.

    Whose phone is in a call of ours, for whatever reason, is left alone.
    """

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._before: frozenset[tuple[str, int]] = frozenset()

    def any_booked(self) -> bool:
        """Tell whether a call holds an agent."""
        return any(agent.state in ON_CALL for agent in self._presence.roster.signed_in())

    async def compare(self, sighting: Sighting) -> None:
        """Free who is held by nothing, and put who is in a call where the call has them."""
        roster, calls = self._presence.roster, _by_agent(sighting.live)
        wrong = [agent for agent in roster.signed_in() if self._wrong(agent, calls.get(agent.agent_id), sighting)]
        before, self._before = self._before, frozenset((agent.agent_id, agent.version) for agent in wrong)
        for agent in wrong:
            if (agent.agent_id, agent.version) not in before or roster.get(agent.agent_id) is not agent:
                continue
            if (call := calls.get(agent.agent_id)) is None:
                await free(self._presence, agent, Cause.RECONCILED)
            else:
                await place(self._presence, agent, *call, Cause.RECONCILED)

    def _wrong(self, agent: Agent, call: tuple[str, State] | None, sighting: Sighting) -> bool:
        if call is not None:
            return (agent.call_id, agent.state) != call
        if agent.state is State.RESERVED:
            return agent.call_id not in sighting.live
        seat = self._presence.roster.seat(agent.seat_id)
        return agent.state in ON_CALL and (seat is None or seat.sip_username not in sighting.phones)


def _by_agent(live: Mapping[str, Call]) -> dict[str, tuple[str, State]]:
    """By agent id: the call that holds the agent, as its first or its third party, and how."""
    return {agent_id: (call.id, State(how)) for call in live.values() for agent_id, how in holds(call).items()}
