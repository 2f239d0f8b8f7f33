"""Presence follows what the PBX says of calls and of the seats' phones."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from agents.events import UserChanged
from agents.model import MISSES, OFFERED, Agent, Cause, State, landing
from agents.presence import Presence
from core import log
from core.bus import Bus
from core.events import Event, Recorded
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
    """Listens to the telephone and moves presence; a fact that fits no state is journaled and changes nothing."""

    def __init__(self, presence: Presence, sign_out: SignOut) -> None:
        self._presence = presence
        self._roster = presence.roster
        self._sign_out = sign_out

    def listen(self, bus: Bus) -> None:
        """Follow every event that concerns presence."""
        bus.listen(AgentRang, self._rang)
        bus.listen(AgentAnswered, self._answered)
        bus.listen(AgentMissed, self._missed)
        bus.listen(CallPlaced, self._dials)
        bus.listen(CalleeRang, self._dialled)
        bus.listen(ConsultStarted, self._asked)
        bus.listen(ConsultAnswered, self._asked_answered)
        bus.listen(ConsultEnded, self._asked_no_more)
        bus.listen(CallReleased, self._talk_over)
        bus.listen(CallTransferred, self._talk_over)
        bus.listen(CallDequeued, self._left_the_queue)
        bus.listen(CallEnded, self._ended)
        bus.listen(SeatRegistered, self._seat_registered)
        bus.listen(SeatLost, self._seat_lost)
        bus.listen(UserChanged, self._user_changed)

    async def _rang(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentRang)
        await self._rings(_Leg(event.agent_id, event.call_id, event.at, event.how))

    async def _rings(self, event: "_Leg") -> None:
        agent = self._roster.get(event.agent_id)
        if agent is not None and agent.state is State.RESERVED and agent.call_id == event.call_id:
            await self._presence.move(agent, State.RINGING, Cause.RANG, at=event.at, until=agent.until)
        elif agent is not None and agent.state in _FREE:
            until = self._presence.lease_from(event.at)
            late = _late(event, agent, "rang")
            await self._presence.move(
                agent, State.RINGING, Cause.RANG, *late, at=event.at, until=until, call_id=event.call_id
            )
        elif agent is None or not agent.holds(event.call_id):
            await self._misfit(event, agent, "rang")

    async def _answered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentAnswered)
        await self._talks(_Leg(event.agent_id, event.call_id, event.at, event.how))

    async def _talks(self, event: "_Leg") -> None:
        agent = self._roster.get(event.agent_id)
        if agent is not None and agent.holds(event.call_id, OFFERED):
            await self._presence.move(agent, State.TALKING, Cause.ANSWERED, at=event.at)
        elif agent is not None and agent.state in _FREE:
            late = _late(event, agent, "answered")
            await self._presence.move(agent, State.TALKING, Cause.ANSWERED, *late, at=event.at, call_id=event.call_id)
        elif agent is None or not agent.holds(event.call_id):
            await self._misfit(event, agent, "answered")

    async def _missed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentMissed)
        agent = self._roster.get(event.agent_id)
        if agent is not None and agent.holds(event.call_id, OFFERED):
            await self._misses(agent, event.cause, event.at)

    async def _misses(self, agent: Agent, why: str, at: datetime) -> None:
        if why == Cause.RESTART:  # whoever answered while nobody controlled the call is not to blame
            await self._presence.free(agent, Cause.RESTART, why, at)
            return
        cause = Cause(why) if why in MISSES else Cause.FAILED
        to, reason = landing(agent, phone=False, missed=True)
        await self._presence.move(agent, to, cause, at=at, reason=reason)

    async def _dials(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallPlaced)
        await self._rings(_Leg(event.agent_id, event.call_id, event.at))

    async def _dialled(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CalleeRang)
        await self._talks(_Leg(event.agent_id, event.call_id, event.at))

    # --- a third party in a talk: its agent is offered, talks and is free as one to whom a caller is offered ---

    async def _asked(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ConsultStarted)
        if event.to_agent_id:
            await self._rings(_Leg(event.to_agent_id, event.call_id, event.at))

    async def _asked_answered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ConsultAnswered)
        if event.to_agent_id:
            await self._talks(_Leg(event.to_agent_id, event.call_id, event.at))

    async def _asked_no_more(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ConsultEnded)
        agent = self._roster.get(event.to_agent_id)
        if agent is None or agent.call_id != event.call_id:
            return
        if agent.state in OFFERED and event.by == "third":
            await self._misses(agent, event.why, event.at)
        else:
            await self._over(agent, event, event.why)

    async def _talk_over(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallReleased | CallTransferred)
        agent = self._roster.get(event.agent_id)
        if agent is not None and agent.call_id == event.call_id:
            await self._over(agent, event, "released")

    def _ended(self, recorded: Recorded) -> Awaitable[None] | None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        return self._all_over(event) if self._roster.on_call(event.call_id) else None

    async def _all_over(self, event: CallEnded) -> None:
        for agent in self._roster.on_call(event.call_id):
            await self._over(agent, event, "caller_hung_up")

    async def _left_the_queue(self, recorded: Recorded) -> None:
        """Free whom routing did not know to be kept, as after a restart."""
        event = recorded.event
        assert isinstance(event, CallDequeued)
        for agent in self._roster.on_call(event.call_id):
            if agent.state in OFFERED:
                await self._presence.free(agent, Cause.RELEASED, event.why, event.at)

    async def _over(self, agent: Agent, event: Event, why: str) -> None:
        if agent.state is State.TALKING:
            await self._presence.start_wrap_up(agent, Cause.CALL_OVER, event.at)
        elif agent.state in OFFERED:
            await self._presence.free(agent, Cause.RELEASED, why, event.at)

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

    async def _misfit(self, event: "_Leg", agent: Agent | None, did: str) -> None:
        state = str(agent.state) if agent else "unknown"
        _log.error(
            "seat busy elsewhere",
            extra={"action": "agent_misfit", "agent_id": event.agent_id, "call_id": event.call_id, "did": did},
        )
        await self._presence.reconciled(
            f"the seat {did} for this call while the agent is {state}", "ignored", event.agent_id, event.call_id
        )


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
