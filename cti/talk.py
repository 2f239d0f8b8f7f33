"""Ringing a seat for a call, and the talk between caller and agent."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from core.errors import Conflict, Forbidden, HotlineError
from core.events import Event
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallDequeued,
    CallHeld,
    CallQueued,
    CallReleased,
    CallResumed,
    CallTransferred,
)
from cti.inbox import Asked
from cti.messages import (
    GONE_WHILE_AWAY,
    ChannelEntered,
    ChannelGone,
    Command,
    DigitPressed,
    HangUp,
    HearingLost,
    Hold,
    Message,
    PhoneHeld,
    PhoneResumed,
    Resume,
    SeatOffered,
    SeatWithdrawn,
    SendDigits,
    SilentScript,
    SpeechHeard,
    Transfer,
)
from cti.model import CallState, seat_channel, talk_bridge
from cti.port import NoSuchChannel, PbxRefused, SeatDial
from cti.session import CallSession, refuse

MISSED_BY_CAUSE = {17: "busy", 18: "no_answer", 19: "no_answer", 20: "unreachable", 21: "rejected", 27: "unreachable"}
"""Q.850 cause of a seat's channel that was never answered -> why it was missed."""


class Rang(Enum):
    """How the ringing of a seat ended; `LEFT`: the caller pressed the key by which the queue is left."""

    ANSWERED = auto()
    MISSED = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class TalkEnd:
    """How a talk ended or paused: `by` agent or caller; `to` names the queue when the caller was handed on.

    `script`: the silent-call script comes next; the agent asked for it, or hung up the phone on a silent caller.
    """

    by: str
    to: str | None = None
    script: bool = False


class Guard(Protocol):
    """What the rooms above say while caller and agent talk: a silent caller is not simply let go."""

    async def joined(self) -> None:
        """Caller and agent hear each other from now on."""
        ...

    async def told(self, message: Message) -> None:
        """Look at what the PBX and whoever listens say during the talk."""
        ...

    async def begin_script(self) -> None:
        """The agent asks for the silent-call script. Raises HotlineError when it cannot be."""
        ...

    def may_hang_up(self) -> None:
        """The agent's page asks to end the talk. Raises Conflict when the caller has to be kept."""
        ...

    def keeps(self) -> Sequence[Event]:
        """Return what is journaled when the phone hangs up on a caller who is kept; nothing: the talk just ends."""
        ...


class Unguarded:
    """A `Guard` that lets every talk end."""

    async def joined(self) -> None: ...

    async def told(self, message: Message) -> None: ...

    async def begin_script(self) -> None:
        raise Conflict("there is no silent-call script here")

    def may_hang_up(self) -> None: ...

    def keeps(self) -> Sequence[Event]:
        return ()


async def enter_queue(session: CallSession, queue: str) -> None:
    """Put the call into `queue`, with music; going on after a restart, only the music is made sure of."""
    call = session.call
    if call.state is CallState.MENU:
        await session.record(CallQueued(at=session.world.clock.now(), call_id=call.id, queue=queue))
    await session.world.pbx.start_music(call.id)


async def leave_queue(session: CallSession, why: str) -> None:
    """Take the call out of its queue without a person, back to the menu."""
    call = session.call
    await session.record(CallDequeued(at=session.world.clock.now(), call_id=call.id, queue=call.queue or "", why=why))
    await session.world.pbx.stop_music(call.id)


async def ring(session: CallSession, offer: SeatOffered | None, leaves: str = "") -> Rang:
    """Ring the offered seat until it is answered or missed, which is journaled, or the caller presses the key `leaves`.

    Who leaves makes it ring no more, and is still in the queue for the books.
    `offer` None goes on with the seat that was ringing when the service before us ended.
    """
    if offer is not None and not await _dial(session, offer):
        return Rang.MISSED
    loop = asyncio.get_running_loop()
    until = loop.time() + session.world.policy.number("ring_timeout")
    channel_id = session.call.seat_channel_id
    while True:
        match await session.receive(max(0.0, until - loop.time())):
            case ChannelEntered(channel_id=entered) if entered == channel_id:
                await _answered(session)
                return Rang.ANSWERED
            case ChannelGone(channel_id=gone, cause_text=text) if gone == channel_id and text == GONE_WHILE_AWAY:
                await _missed(session, "restart")
                return Rang.MISSED
            case ChannelGone(channel_id=gone, cause=cause) if gone == channel_id:
                await _missed(session, MISSED_BY_CAUSE.get(cause, "failed"))
                return Rang.MISSED
            case DigitPressed(channel_id=session.call.id, digit=digit) if digit == leaves:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id)
                return Rang.LEFT
            case SeatWithdrawn(agent_id=agent_id, why=why) if agent_id == session.call.agent_id:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id)
                await _missed(session, why)
                return Rang.MISSED
            case None:
                assert channel_id is not None
                await session.world.pbx.hang_up(channel_id, "no_answer")
                await _missed(session, "no_answer")
                return Rang.MISSED


async def _dial(session: CallSession, offer: SeatOffered) -> bool:
    call = session.call
    channel_id = seat_channel(call)
    await session.record(
        AgentRang(
            at=session.world.clock.now(),
            call_id=call.id,
            agent_id=offer.agent_id,
            seat_id=offer.seat_id,
            channel_id=channel_id,
        )
    )
    caller = call.caller if call.caller_known else ""
    dial = SeatDial(channel_id, offer.sip_username, caller, call.id, offer.agent_id, offer.seat_id)
    try:
        await session.world.pbx.dial_seat(dial)
    except (PbxRefused, NoSuchChannel):
        await _missed(session, "unreachable")
        return False
    return True


async def _missed(session: CallSession, cause: str) -> None:
    call = session.call
    assert call.agent_id is not None
    await session.record(
        AgentMissed(
            at=session.world.clock.now(),
            call_id=call.id,
            agent_id=call.agent_id,
            seat_id=call.seat_id or "",
            cause=cause,
        )
    )


async def _answered(session: CallSession) -> None:
    call = session.call
    assert call.agent_id is not None
    assert call.seat_channel_id is not None
    await session.record(
        AgentAnswered(
            at=session.world.clock.now(),
            call_id=call.id,
            agent_id=call.agent_id,
            seat_id=call.seat_id or "",
            channel_id=call.seat_channel_id,
        )
    )


async def talk(session: CallSession, guard: Guard | None = None) -> TalkEnd:
    """Join caller and agent and do what the agent asks until one of them leaves; journals the end.

    When the caller leaves, this is cancelled and the session ends the talk.
    """
    guard = guard or Unguarded()
    if session.call.state is CallState.TALKING and not session.bridged:
        with contextlib.suppress(NoSuchChannel):  # one of them is gone, which the next message says
            await _join(session)
    elif session.call.state is CallState.HELD:
        await session.world.pbx.start_music(session.call.id)
    await guard.joined()
    while True:
        message = await session.receive(commands=True)
        match message:
            case ChannelGone(channel_id=gone) if gone == session.call.seat_channel_id:
                kept = guard.keeps()
                await let_go(session, "hung_up", kept)
                return TalkEnd("agent", script=bool(kept))
            case PhoneHeld(channel_id=channel) if channel == session.call.seat_channel_id:
                await _hold(session)
            case PhoneResumed(channel_id=channel) if channel == session.call.seat_channel_id:
                await _resume(session)
            case Asked() if not message.outcome.done():  # else who asked was told that it came too late
                if (end := await _obey(session, message, guard)) is not None:
                    return end
            case SpeechHeard() | HearingLost() | DigitPressed():
                await guard.told(message)


async def _obey(session: CallSession, asked: Asked, guard: Guard) -> TalkEnd | None:
    if asked.command.agent_id != session.call.agent_id:
        tell(asked, Forbidden("this call is with another agent", call_id=session.call.id))
        return None
    try:
        end = await _do(session, asked.command, guard)
    except NoSuchChannel:
        refuse(asked, session.call)
        return None
    except HotlineError as error:
        tell(asked, error)
        return None
    tell(asked, None)
    return end


async def _do(session: CallSession, command: Command, guard: Guard) -> TalkEnd | None:
    match command:
        case Hold():
            await _hold(session)
        case Resume():
            await _resume(session)
        case SendDigits(digits=digits):
            await session.world.pbx.send_digits(session.call.id, digits)
        case Transfer(to=to):
            return await _hand_on(session, to)
        case HangUp():
            guard.may_hang_up()
            return await _hang_up(session)
        case SilentScript():
            if session.call.state is not CallState.TALKING:
                raise Conflict(f"the call is {session.call.state}: take the caller back first", call_id=session.call.id)
            await guard.begin_script()
            return TalkEnd("agent", script=True)
    return None


async def _join(session: CallSession) -> None:
    call = session.call
    assert call.seat_channel_id is not None
    await session.world.pbx.stop_music(call.id)
    await session.world.pbx.join(talk_bridge(call.id), call.id, call.seat_channel_id)
    session.bridged = True


async def _hold(session: CallSession) -> None:
    if session.call.state is CallState.HELD:
        return
    await session.record(_of_agent(session, CallHeld))
    await session.world.pbx.leave(talk_bridge(session.call.id), session.call.id)
    await session.world.pbx.start_music(session.call.id)


async def _resume(session: CallSession) -> None:
    if session.call.state is CallState.TALKING:
        return
    await session.record(_of_agent(session, CallResumed))
    await _join(session)


def _of_agent(session: CallSession, kind: type[CallHeld] | type[CallResumed]) -> Event:
    assert session.call.agent_id is not None
    return kind(at=session.world.clock.now(), call_id=session.call.id, agent_id=session.call.agent_id)


async def _hand_on(session: CallSession, to: str) -> TalkEnd:
    call = session.call
    assert call.agent_id is not None
    event = CallTransferred(at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id, to=to)
    try:
        await session.record(event)
        session.bridged = False
        await session.world.pbx.leave(talk_bridge(call.id), call.id)
        await session.world.pbx.start_music(call.id)
    finally:  # the books know this leg no longer: nobody else would end it when the caller hangs up just now
        if call.seat_channel_id:
            await session.world.pbx.hang_up(call.seat_channel_id)
    return TalkEnd("agent", to)


async def _hang_up(session: CallSession) -> TalkEnd:
    seat = session.call.seat_channel_id
    if seat:
        await session.world.pbx.hang_up(seat)
    await let_go(session, "hung_up_on_desktop")
    return TalkEnd("agent")


async def step_aside(session: CallSession) -> None:
    """Take the caller out of the talk, so that something can be said to them; `talk` joins them again."""
    session.bridged = False
    await session.world.pbx.leave(talk_bridge(session.call.id), session.call.id)


async def let_go(session: CallSession, why: str, told: Sequence[Event] = ()) -> None:
    """End the talk on the agent's side; `told` is journaled together with that. The caller stays."""
    call = session.call
    assert call.agent_id is not None
    held = call.state is CallState.HELD
    await session.record(
        CallReleased(at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id, by="agent", why=why),
        told=told,
    )
    session.bridged = False
    if held:
        await session.world.pbx.stop_music(call.id)
    # Asterisk loses what is played to a channel that is just being put out of a closing bridge, without a word.
    await session.world.pbx.leave(talk_bridge(call.id), call.id)
    await session.world.pbx.close_bridge(talk_bridge(call.id))


def tell(asked: Asked, error: HotlineError | None) -> None:
    """Tell who asked what came of it: `error`, or that it is done. One who was told already is not told again."""
    if asked.outcome.done():
        return
    if error is None:
        asked.outcome.set_result(None)
    else:
        asked.outcome.set_exception(error)
