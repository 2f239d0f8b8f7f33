"""The talk between caller and agent: what the agent asks of it, by page or phone, until one of them leaves."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from core.errors import BadInput, Conflict, Forbidden, HotlineError
from core.events import Event
from cti import consult, handover, parking, watching
from cti.arrangement import arrange, arrange_again
from cti.away import AWAY, Absence
from cti.endings import refuse, tell
from cti.events import AgentMuted, CallHeld, CallReleased, CallResumed, PhoneTransferRefused, TalkEndedByLead
from cti.handover import TalkEnd
from cti.holding import HoldReminder
from cti.inbox import Asked
from cti.legs import talk_bridge
from cti.messages import (
    CancelConsult,
    ChannelEntered,
    ChannelGone,
    Command,
    CompleteConsult,
    Conference,
    Consult,
    DigitPressed,
    ForceRelease,
    HandOver,
    HangUp,
    HearingLost,
    Hold,
    LetGo,
    Message,
    Mute,
    OfLead,
    Park,
    PhoneHeld,
    PhoneRefers,
    PhoneResumed,
    PickUp,
    Reject,
    Resume,
    SendDigits,
    SilentScript,
    SpeechHeard,
    Swap,
    ToMenu,
    Transfer,
    Warn,
)
from cti.model import CallState
from cti.port import NoSuchChannel
from cti.session import CallSession

NUISANCE = "nuisance"
"""Why the talk with a nuisance caller was ended."""


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

    def leads_to(self, way: str) -> None:
        """The agent sends the caller on by a way of the menu. Raises BadInput when there is no such way."""
        ...

    def warning(self) -> Sequence[str]:
        """Return the media by which a nuisance caller is warned. Raises Conflict where there are none."""
        ...

    def reminder(self) -> Sequence[str]:
        """Return the media by which an agent is reminded of a caller on hold; none: the page alone tells."""
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

    def leads_to(self, way: str) -> None:
        raise BadInput("there is no menu in this call", field="menu")

    def warning(self) -> Sequence[str]:
        raise Conflict("nobody is warned in a call that we dialled")

    def reminder(self) -> Sequence[str]:
        return ()

    def keeps(self) -> Sequence[Event]:
        return ()


async def talk(session: CallSession, guard: Guard | None = None) -> TalkEnd:
    """Join caller and agent and do what the agent asks until one of them leaves; journals the end.

    When the caller leaves, this is cancelled and the session ends the talk.
    """
    end = await _talk(session, guard or Unguarded())
    if not end.script:
        await watching.stop(session, "talk_over")
    return end


async def _talk(session: CallSession, guard: Guard) -> TalkEnd:
    fresh = session.call.state is CallState.TALKING and session.call.third is None
    await (arrange(session) if fresh and not session.call.muted else arrange_again(session))
    await guard.joined()
    rings, reminder, absence = consult.Ringing(session), HoldReminder(session), Absence(session)
    while True:
        left = [each for each in (rings.left(), reminder.left()) if each is not None]
        message = await session.receive(absence.left(min(left, default=None)), commands=True)
        if absence.concerns(message):
            if (end := await absence.go_on(message)) is not None:
                return end if end.handed_on else await _lost(session)
            continue
        match message:
            case ChannelGone(channel_id=gone) if gone == session.call.seat_channel_id:
                if consult.is_taken_on(session.call):
                    return await handover.complete(session)
                await consult.drop(session, "agent", "hung_up")
                kept = guard.keeps()
                await let_go(session, "hung_up", kept)
                return TalkEnd("agent", script=bool(kept))
            case PhoneHeld(channel_id=channel) if channel == session.call.seat_channel_id:
                await _phone_hold(session)
            case PhoneResumed(channel_id=channel) if channel == session.call.seat_channel_id:
                await _phone_resume(session)
            case PhoneRefers(channel_id=channel) if channel == session.call.seat_channel_id:
                if (end := await _refer(session, message, guard)) is not None:
                    return end
            case PhoneRefers(channel_id=channel):
                await session.world.pbx.refer_told(channel, taken=False)
            case ChannelEntered(channel_id=channel) if channel == session.call.third_channel_id:
                await consult.answered(session)
            case ChannelGone(channel_id=channel) if channel == session.call.third_channel_id:
                await consult.gone(session, message)
            case ChannelEntered(channel_id=channel) if watching.comes(session, channel):
                if (end := await watching.answered(session)) is not None:
                    return end
            case ChannelGone(channel_id=channel) if watching.is_leg(session, channel):
                await watching.gone(session)
            case Asked() if not message.outcome.done():  # else who asked was told that it came too late
                if (end := await _obey(session, message, guard)) is not None:
                    return end
            case SpeechHeard() | HearingLost() | DigitPressed():
                await guard.told(message)
            case None:
                await reminder.remind(guard.reminder())
                if rings.left() == 0.0:
                    await consult.not_answered(session)


async def _lost(session: CallSession) -> TalkEnd:
    """Whom we called is let go: the agent's page did not come back."""
    await consult.drop(session, "agent", AWAY)
    return await _hang_up(session, "system", "agent_away")


async def _obey(session: CallSession, asked: Asked, guard: Guard) -> TalkEnd | None:
    call, command, end = session.call, asked.command, None
    try:
        if command.agent_id == call.third_agent_id and isinstance(command, HangUp):
            await consult.leave(session)
        elif command.agent_id == call.third_agent_id and isinstance(command, Reject):
            await consult.reject(session)
        elif isinstance(command, OfLead):
            end = await watching.obey(session, command)
        elif isinstance(command, ForceRelease):
            await consult.drop(session, "lead", "released")
            ended = TalkEndedByLead(
                at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id or "", by=command.agent_id
            )
            end = await _hang_up(session, "lead", "released_by_lead", told=(ended,))
        elif isinstance(command, PickUp):
            raise Conflict("this caller is with an agent already", call_id=call.id, state=call.state)
        elif command.agent_id != call.agent_id:
            raise Forbidden("this call is with another agent", call_id=call.id)
        else:
            end = await _do(session, command, guard)
    except NoSuchChannel:
        refuse(asked, session.call)
        return None
    except HotlineError as error:
        tell(asked, error)
        return None
    except asyncio.CancelledError:  # the caller hung up meanwhile
        tell(asked, Conflict("the call is ending", call_id=call.id))
        raise
    tell(asked, None)
    return end


async def _refer(session: CallSession, wish: PhoneRefers, guard: Guard) -> TalkEnd | None:
    """Do what the phone's own transfer key asks for, and tell the phone."""
    call, pbx = session.call, session.world.pbx
    try:
        if wish.attended:
            raise Conflict("the phone's other call is none of ours", call_id=call.id)
        handover.alone(call)
        handover.came_in(call)
        command = await session.world.dialled(call, wish.to)
        await pbx.refer_told(wish.channel_id, taken=True)
        return await _do(session, command, guard)
    except NoSuchChannel:
        return None
    except HotlineError as error:
        now = session.world.clock.now()
        session.note(PhoneTransferRefused(at=now, call_id=call.id, agent_id=call.agent_id or "", why=error.code))
        await pbx.refer_told(wish.channel_id, taken=False)
        return None


async def _do(session: CallSession, command: Command, guard: Guard) -> TalkEnd | None:
    match command:
        case Hold():
            await _hold(session)
        case Resume():
            await _resume(session)
        case Mute(on=on):
            await _mute(session, on)
        case SendDigits(digits=digits):
            await session.world.pbx.send_digits(session.call.id, digits)
        case Transfer(to=to):
            return await handover.to_queue(session, to)
        case Warn():
            await _warn(session, guard)
        case LetGo():
            handover.alone(session.call)
            end = await _hang_up(session, "agent", NUISANCE)
            return replace(end, nuisance=True)
        case ToMenu(to=to):
            handover.alone(session.call)
            guard.leads_to(to)
            return await _hang_up(session, "agent", "sent_to_menu", menu=to)
        case HandOver(to=to):
            return await handover.to_party(session, to)
        case Park():
            return await parking.park(session)
        case Consult(to=to):
            await consult.start(session, to)
        case CancelConsult():
            await consult.cancel(session)
        case Swap():
            await consult.swap(session)
        case Conference():
            await consult.conference(session)
        case CompleteConsult():
            return await handover.complete(session)
        case HangUp():
            handover.alone(session.call)
            guard.may_hang_up()
            return await _hang_up(session, "agent", "hung_up_on_desktop")
        case SilentScript():
            if session.call.state is not CallState.TALKING:
                raise Conflict(f"the call is {session.call.state}: take the caller back first", call_id=session.call.id)
            handover.alone(session.call)
            await guard.begin_script()
            return TalkEnd("agent", script=True)
        case Reject():
            raise Conflict("you have answered this call: hand it on, or hang up", call_id=session.call.id)
    return None


async def _warn(session: CallSession, guard: Guard) -> None:
    if session.call.state is not CallState.TALKING:
        raise Conflict(f"the call is {session.call.state}: take the caller back first", call_id=session.call.id)
    await session.begin(guard.warning(), to=talk_bridge(session.call.id))


async def _hold(session: CallSession) -> None:
    if session.call.state is CallState.HELD:
        return
    await session.record(_of_agent(session, CallHeld))
    await arrange(session)


async def _resume(session: CallSession) -> None:
    if session.call.state is CallState.TALKING:
        return
    await session.record(_of_agent(session, CallResumed))
    await arrange(session)


async def _phone_hold(session: CallSession) -> None:
    """The phone's own hold; with a third party there the PBX gives music to who hears the agent, and that is all."""
    if session.call.third is None:
        await _hold(session)


async def _phone_resume(session: CallSession) -> None:
    if session.call.third is None:
        await _resume(session)


async def _mute(session: CallSession, on: bool) -> None:
    call = session.call
    if call.muted is on or call.seat_channel_id is None or call.agent_id is None:
        return
    await session.record(AgentMuted(at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id, on=on))
    await session.world.pbx.mute(call.seat_channel_id, on=on)


def _of_agent(session: CallSession, kind: type[CallHeld] | type[CallResumed]) -> Event:
    assert session.call.agent_id is not None
    return kind(at=session.world.clock.now(), call_id=session.call.id, agent_id=session.call.agent_id)


async def _hang_up(session: CallSession, by: str, why: str, menu: str = "", told: Sequence[Event] = ()) -> TalkEnd:
    seat = session.call.seat_channel_id
    if seat:
        await session.world.pbx.hang_up(seat)
    await let_go(session, why, told, by=by, menu=menu)
    return TalkEnd(by, menu=menu)


async def step_aside(session: CallSession) -> None:
    """Take the caller out of the talk, so that something can be said to them; `talk` joins them again."""
    session.members -= {session.call.id}
    await session.world.pbx.leave(talk_bridge(session.call.id), session.call.id)


async def let_go(
    session: CallSession, why: str, told: Sequence[Event] = (), *, by: str = "agent", menu: str = ""
) -> None:
    """End the talk on the agent's side, `by` agent or lead; `told` is journaled together. The caller stays."""
    call = session.call
    assert call.agent_id is not None
    held = call.state is CallState.HELD or call.away_at is not None
    await session.record(
        CallReleased(at=session.world.clock.now(), call_id=call.id, agent_id=call.agent_id, by=by, why=why, menu=menu),
        told=told,
    )
    session.members = frozenset()
    if held:
        await session.world.pbx.stop_music(call.id)
    # Asterisk loses what is played to a channel that is just being put out of a closing bridge, without a word.
    await session.world.pbx.leave(talk_bridge(call.id), call.id)
    await session.world.pbx.close_bridge(talk_bridge(call.id))
