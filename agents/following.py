"""Presence follows what the PBX says of calls and of the seats' phones."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.events import UserChanged
from agents.model import MISSES, OFFERED, Agent, Cause, State, landing
from agents.presence import Presence
from core import log
from core.bus import Bus
from core.events import Event, Recorded
from core.journal import Journal
from core.sequels import Sequel
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallDequeued,
    CalleeRang,
    CallEnded,
    CallPlaced,
    CallReleased,
    CallTransferred,
    ConsultAnswered,
    ConsultEnded,
    ConsultStarted,
    Reconciled,
    SeatLost,
    SeatRegistered,
)

_log = log.get(__name__)

TOOK_OVER = "took_over"
"""How a shift lead comes to a talk that was an agent's."""

SignOut = Callable[[str, Cause], Awaitable[object]]

_FREE = frozenset({State.READY, State.NOT_READY})


class Follower:
    """Lets presence follow the telephone: what becomes of an agent is stored with the event from which it follows.

    A fact that fits no state is journaled and changes nothing.
    """

    def __init__(self, presence: Presence, sign_out: SignOut) -> None:
        self._presence = presence
        self._roster = presence.roster
        self._sign_out = sign_out

    def listen(self, journal: Journal, bus: Bus) -> None:
        """Follow every event that concerns presence."""
        follow: dict[type[Event], Callable[[Any], Sequence[Sequel]]] = {
            AgentRang: self._rang,
            AgentAnswered: self._answered,
            AgentMissed: self._missed,
            CallPlaced: self._dials,
            CalleeRang: self._dialled,
            ConsultStarted: self._asked,
            ConsultAnswered: self._asked_answered,
            ConsultEnded: self._asked_no_more,
            CallReleased: self._talk_over,
            CallTransferred: self._talk_over,
            CallDequeued: self._left_the_queue,
            CallEnded: self._ended,
        }
        for kind, what in follow.items():
            journal.follow(kind, what)
        bus.listen(SeatRegistered, self._seat_registered)
        bus.listen(SeatLost, self._seat_lost)
        bus.listen(UserChanged, self._user_changed)

    def _rang(self, event: AgentRang) -> Sequence[Sequel]:
        return self._rings(_Leg(event.agent_id, event.call_id, event.at, event.how))

    def _rings(self, event: "_Leg") -> Sequence[Sequel]:
        agent, begin = self._roster.get(event.agent_id), self._presence.begin_move
        if agent is not None and agent.state is State.RESERVED and agent.call_id == event.call_id:
            return [begin(agent, State.RINGING, Cause.RANG, at=event.at, until=agent.until)]
        if agent is not None and agent.state in _FREE:
            until, call_id = self._presence.lease_from(event.at), event.call_id
            late = _late(event, agent, "rang")
            return [begin(agent, State.RINGING, Cause.RANG, *late, at=event.at, until=until, call_id=call_id)]
        if agent is None or not agent.holds(event.call_id):
            return self._misfit(event, agent, "rang")
        return ()

    def _answered(self, event: AgentAnswered) -> Sequence[Sequel]:
        return self._talks(_Leg(event.agent_id, event.call_id, event.at, event.how))

    def _talks(self, event: "_Leg") -> Sequence[Sequel]:
        agent, begin = self._roster.get(event.agent_id), self._presence.begin_move
        if agent is not None and agent.holds(event.call_id, OFFERED):
            return [begin(agent, State.TALKING, Cause.ANSWERED, at=event.at)]
        if agent is not None and agent.state in _FREE:
            late = _late(event, agent, "answered")
            return [begin(agent, State.TALKING, Cause.ANSWERED, *late, at=event.at, call_id=event.call_id)]
        if agent is None or not agent.holds(event.call_id):
            return self._misfit(event, agent, "answered")
        return ()

    def _missed(self, event: AgentMissed) -> Sequence[Sequel]:
        agent = self._roster.get(event.agent_id)
        if agent is None or not agent.holds(event.call_id, OFFERED):
            return ()
        return [self._misses(agent, event.cause, event.at)]

    def _misses(self, agent: Agent, why: str, at: datetime) -> Sequel:
        if why == Cause.RESTART:  # whoever answered while nobody controlled the call is not to blame
            return self._presence.begin_free(agent, Cause.RESTART, why, at)
        cause = Cause(why) if why in MISSES else Cause.FAILED
        to, reason = landing(agent, phone=False, missed=True)
        return self._presence.begin_move(agent, to, cause, at=at, reason=reason)

    def _dials(self, event: CallPlaced) -> Sequence[Sequel]:
        return self._rings(_Leg(event.agent_id, event.call_id, event.at))

    def _dialled(self, event: CalleeRang) -> Sequence[Sequel]:
        return self._talks(_Leg(event.agent_id, event.call_id, event.at))

    # --- a third party in a talk: its agent is offered, talks and is free as one to whom a caller is offered ---

    def _asked(self, event: ConsultStarted) -> Sequence[Sequel]:
        return self._rings(_Leg(event.to_agent_id, event.call_id, event.at)) if event.to_agent_id else ()

    def _asked_answered(self, event: ConsultAnswered) -> Sequence[Sequel]:
        return self._talks(_Leg(event.to_agent_id, event.call_id, event.at)) if event.to_agent_id else ()

    def _asked_no_more(self, event: ConsultEnded) -> Sequence[Sequel]:
        agent = self._roster.get(event.to_agent_id)
        if agent is None or agent.call_id != event.call_id:
            return ()
        if agent.state in OFFERED and event.by == "third":
            return [self._misses(agent, event.why, event.at)]
        return self._over(agent, event, event.why)

    def _talk_over(self, event: CallReleased | CallTransferred) -> Sequence[Sequel]:
        agent = self._roster.get(event.agent_id)
        if agent is None or agent.call_id != event.call_id:
            return ()
        return self._over(agent, event, "released")

    def _ended(self, event: CallEnded) -> Sequence[Sequel]:
        on_call = self._roster.on_call(event.call_id)
        return [sequel for agent in on_call for sequel in self._over(agent, event, "caller_hung_up")]

    def _left_the_queue(self, event: CallDequeued) -> Sequence[Sequel]:
        """Free whom routing did not know to be kept, as after a restart."""
        offered = [agent for agent in self._roster.on_call(event.call_id) if agent.state in OFFERED]
        return [self._presence.begin_free(agent, Cause.RELEASED, event.why, event.at) for agent in offered]

    def _over(self, agent: Agent, event: Event, why: str) -> Sequence[Sequel]:
        if agent.state is State.TALKING:
            return [self._presence.begin_wrap_up(agent, Cause.CALL_OVER, event.at)]
        if agent.state in OFFERED:
            return [self._presence.begin_free(agent, Cause.RELEASED, why, event.at)]
        return ()

    def _misfit(self, event: "_Leg", agent: Agent | None, did: str) -> Sequence[Sequel]:
        state = str(agent.state) if agent else "unknown"
        _log.error(
            "seat busy elsewhere",
            extra={"action": "agent_misfit", "agent_id": event.agent_id, "call_id": event.call_id, "did": did},
        )
        what = f"the seat {did} for this call while the agent is {state}"
        return [Sequel([self._presence.difference(what, "ignored", event.agent_id, event.call_id)])]

    # --- phones and accounts ---

    async def _seat_registered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, SeatRegistered)
        self._roster.set_phone(event.sip_username, True)
        if event.moved:
            self._presence.page_gone(event.sip_username, "moved")

    async def _seat_lost(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, SeatLost)
        self._roster.set_phone(event.sip_username, False)
        await self._presence.seat_lost(event.sip_username, event.at, event.why)

    async def _user_changed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, UserChanged)
        agent = self._roster.get(event.user_id)
        if event.what == "disabled" and agent is not None and agent.state is not State.LOGGED_OUT:
            await self._sign_out(event.user_id, Cause.DISABLED)


@dataclass(frozen=True, slots=True)
class _Leg:
    """What happened to the leg of an agent's seat: whose, in which call, when."""

    agent_id: str
    call_id: str
    at: datetime
    how: str = ""


def _late(event: _Leg, agent: Agent, did: str) -> list[Event]:
    if event.how == TOOK_OVER:  # who takes a talk over is kept for no call, and comes from a break
        return []
    return [
        Reconciled(
            at=event.at,
            what=f"the seat {did} while the agent is {agent.state} and not reserved",
            done="presence follows the phone",
            call_id=event.call_id,
            agent_id=event.agent_id,
        )
    ]
