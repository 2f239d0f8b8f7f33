"""An agent whose phone is a page may lose it in mid-call: the caller hears music until a page is back.

A refresh, a crash, a lid that was closed, a network that changed: for the PBX each is a dead leg or a phone that
is somewhere else. The leg is let go, never saved; the page that is there next is rung and answers by itself. Each step
is in the books before it is done. Who does not come back in time leaves the caller to the queue, at the old place.
"""

import contextlib
from datetime import timedelta

from cti import handover, watching
from cti.arrangement import arrange
from cti.events import AgentAway, AgentBack, AgentCalledBack, CallTransferred
from cti.handover import TalkEnd
from cti.inbox import Asked
from cti.legs import seat_channel
from cti.messages import ChannelEntered, ChannelGone, Message, PageGone
from cti.port import NoSuchChannel, PbxRefused, SeatDial
from cti.session import CallSession

AWAY = "away"
"""As what a caller is handed on whose agent did not come back."""
LOOK_S = 0.1
"""How often it is looked whether a page is back; only while one is missed."""
HUNG_UP = 16
"""Q.850: normal clearing; the phone itself said goodbye."""


class Absence:
    """What happens in one talk when the page that is its agent's phone goes and comes back."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._rings = session.call.away_at is not None and session.call.seat_channel_id is not None
        """A page that is back is being rung."""
        self._times = 0
        self._rest = 0
        """How many looks pass before the next ring, after one that was in vain."""

    def left(self, otherwise: float | None) -> float | None:
        """Return how long to wait for a message: `otherwise` (None: no limit) while no page is missed.

        While one is, it is looked for; whatever else is due waits for the agent.
        """
        return otherwise if self._session.call.away_at is None else LOOK_S

    def concerns(self, message: Message | Asked | None) -> bool:
        """Tell whether this is about a page that goes, or is awaited."""
        call = self._session.call
        match message:
            case PageGone(agent_id=agent_id):
                return agent_id == call.agent_id
            case ChannelGone(channel_id=gone, cause=cause) if gone == call.seat_channel_id:
                return call.away_at is not None or (cause != HUNG_UP and self._phone() is not None)
            case ChannelEntered(channel_id=entered):
                return call.away_at is not None and entered == call.seat_channel_id
            case None:
                return call.away_at is not None
        return False

    async def go_on(self, message: Message | Asked | None) -> TalkEnd | None:
        """Take what `concerns` this one step further; the end, when the agent is given up."""
        match message:
            case PageGone(why=why):
                await (self._begin(why) if self._session.call.away_at is None else self._moved())
            case ChannelGone() if self._session.call.away_at is None:
                await self._begin("no_sound")
            case ChannelGone():
                self._rings, self._rest = False, round(1 / LOOK_S)
            case ChannelEntered():
                await self._back()
            case None:
                return await self._look()
        return None

    def _phone(self) -> str | None:
        return self._session.world.pages.phone_of(self._session.call.seat_id or "")

    async def _begin(self, why: str) -> None:
        """Give the caller music; whoever listened to the leg that is gone listens no more."""
        session, call = self._session, self._session.call
        self._times += 1
        await watching.stop(session, "agent_away")
        leg = call.seat_channel_id
        now = session.world.clock.now()
        try:
            await session.record(AgentAway(at=now, call_id=call.id, agent_id=call.agent_id or "", why=why))
            session.members -= {leg}
            await arrange(session)
        finally:  # the books know this leg no longer: nobody else would end it when the caller hangs up just now
            if leg is not None:
                await session.world.pbx.hang_up(leg)

    async def _moved(self) -> None:
        """The phone is somewhere else now, so that what rings rings at the wrong place."""
        leg = self._session.call.seat_channel_id
        if self._rings and leg is not None:
            self._rings = False
            await self._session.world.pbx.hang_up(leg)
        self._rest = 0

    async def _look(self) -> TalkEnd | None:
        session, call = self._session, self._session.call
        policy, now = session.world.policy, session.world.clock.now()
        assert call.away_at is not None
        late = now - call.away_at > timedelta(seconds=policy.number("browser_return"))
        if late or self._times > policy.number("browser_returns"):
            return await self._give_up()
        if self._rings or not session.world.pages.there(call.seat_id or ""):
            return None
        if self._rest > 0:
            self._rest -= 1
            return None
        await self._ring()
        return None

    async def _ring(self) -> None:
        session, call, phone = self._session, self._session.call, self._phone()
        if phone is None:
            return
        agent_id, channel_id = call.agent_id or "", seat_channel(call)
        now = session.world.clock.now()
        await session.record(AgentCalledBack(at=now, call_id=call.id, agent_id=agent_id, channel_id=channel_id))
        caller = call.caller if call.caller_known else ""
        dial = SeatDial(channel_id, phone, caller, call.id, agent_id, call.seat_id or "", at_once=True)
        try:
            await session.world.pbx.dial_seat(dial)
            self._rings = True
        except (PbxRefused, NoSuchChannel):
            self._rest = round(1 / LOOK_S)

    async def _back(self) -> None:
        """The page has answered: agent and caller are where they were."""
        session, call = self._session, self._session.call
        now, leg = session.world.clock.now(), call.seat_channel_id or ""
        self._rings = False
        await session.record(AgentBack(at=now, call_id=call.id, agent_id=call.agent_id or ""))
        await arrange(session)
        if session.call.muted:
            with contextlib.suppress(NoSuchChannel):
                await session.world.pbx.mute(leg, on=True)

    async def _give_up(self) -> TalkEnd:
        """Let the caller wait for somebody else, at the place that they had; whom we called is let go."""
        session, call = self._session, self._session.call
        if call.direction != "in":
            return TalkEnd("system", agent_id=AWAY)
        now, queue = session.world.clock.now(), call.queue or ""
        await handover.part(
            session,
            CallTransferred(at=now, call_id=call.id, agent_id=call.agent_id or "", to=queue, kind=AWAY, by="system"),
        )
        return TalkEnd("agent", queue, handed_on=True)
