"""What an agent may ask for beside holding and hanging up: mute, transfer, consultation; what a shift lead may."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from agents.model import OFFERED, Permission, State, User
from agents.service import PhoneNotRegistered
from core.errors import BadInput, Conflict, Forbidden, HotlineError
from core.events import Recorded
from cti.events import AgentAnswered, CalleeRang, CallPlaced, ConsultAnswered, MonitorStarted
from cti.legs import dialling_leg, placed_call
from cti.messages import (
    CancelConsult,
    Command,
    CompleteConsult,
    Conference,
    Consult,
    HandOver,
    Mute,
    Outsider,
    Park,
    Party,
    PickUp,
    Reject,
    SeatOffered,
    Swap,
    TakeOver,
    ToMenu,
    Transfer,
    Unwatch,
    Watch,
)
from cti.model import CallState, Third
from cti.service import NoSuchCall
from routing.dialled import permitted
from web.services import WebServices
from web.shapes import Given

ANSWER_LIMIT_S = 3.0
"""A phone that takes calls by command does so within a fraction of this."""
TAKEN = (AgentAnswered, ConsultAnswered, CalleeRang, MonitorStarted)
"""What tells that a phone was taken off."""
MONITORING = "monitoring"
"""Why a shift lead who listens is not ready."""
Name = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[str, Field(min_length=3, max_length=24)]


class NobodyFree(Conflict):
    """Nobody is free whom this could be handed to."""

    code = "nobody_free"


class PhoneDidNotAnswer(Conflict):
    """Your phone does not take calls by command (NOTIFY, event `talk`): lift its receiver."""

    code = "phone_did_not_answer"


class Whom(Given):
    """One of: the queue `to`, an agent's id, a number outside."""

    to: Name | None = None
    agent: Name | None = None
    number: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._check(1)
        return self

    def _check(self, wanted: int) -> None:
        if sum(one is not None for one in (self.to, self.agent, self.number)) != wanted:
            raise ValueError("give exactly one of to (a queue), agent (an agent's id), number (outside)")


class TransferWish(Whom):
    """One of: the queue `to`, an agent's id, a number outside, a way of the `menu` (such as survey)."""

    menu: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._check(1 if self.menu is None else 0)
        return self


class ConsultWish(Whom):
    """Whom to consult, as for a transfer (a queue: its next free agent); or what to `do` with who is consulted."""

    do: Literal["start", "cancel", "swap", "complete"] = "start"

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._check(1 if self.do == "start" else 0)
        return self


class ConferenceWish(Given):
    """`join` brings the three together; `leave` leaves caller and third party to each other."""

    do: Literal["join", "leave"] = "join"


class MuteWish(Given):
    """Whether nobody is to hear the agent."""

    on: bool = True


class RejectWish(Given):
    """Why one is not ready afterwards."""

    reason: Name | None = None


class MonitorWish(Given):
    """Whether to listen."""

    on: bool = True


async def monitor(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Listen to another agent's talk, unheard; not `on`: no longer."""
    assert isinstance(given, MonitorWish)
    if given.on:
        await _watch(services, user, call_id, "listen")
    else:
        _may_monitor(user)
        await services.calls.command(call_id, Unwatch(user.id))


async def whisper(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Listen to another agent's talk, and be heard by the agent alone."""
    await _watch(services, user, call_id, "whisper")


async def barge(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Listen to another agent's talk, and be heard by all."""
    await _watch(services, user, call_id, "barge")


async def take_over(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Be the agent of another agent's talk from now on; that agent is free."""
    await services.calls.command(call_id, TakeOver(user.id, await _leads_seat(services, user)))


async def unwatch_all(services: WebServices, agent_id: str) -> None:
    """Let go of every talk that this lead monitors: the seat is to take calls."""
    for session in services.calls.live():
        if session.call.watcher_id == agent_id:
            with contextlib.suppress(HotlineError):
                await services.calls.command(session.call.id, Unwatch(agent_id, "ready"))


async def _watch(services: WebServices, user: User, call_id: str, mode: str) -> None:
    await services.calls.command(call_id, Watch(user.id, await _leads_seat(services, user), mode))


async def _leads_seat(services: WebServices, user: User) -> SeatOffered:
    """Return where the lead sits, who takes no calls meanwhile. Raises Forbidden, NotAtSeat, Conflict."""
    _may_monitor(user)
    agent = services.agents.signed_in(user.id)
    seat = services.agents.seat_of(user.id)
    if seat is None or services.agents.roster.phone_missing(agent):
        raise PhoneNotRegistered(seat_id=agent.seat_id)
    if agent.state is State.READY:
        await services.agents.set_state(user.id, State.NOT_READY, MONITORING)
    elif agent.state is not State.NOT_READY:
        raise Conflict(f"you are {agent.state}: finish that first", state=str(agent.state))
    return SeatOffered(user.id, seat.id, seat.sip_username)


def _may_monitor(user: User) -> None:
    if not user.may(Permission.MONITOR_CALLS):
        raise Forbidden(role=str(user.role))


async def mute(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Let nobody in the talk hear the agent, or let them hear again."""
    assert isinstance(given, MuteWish)
    await services.calls.command(call_id, Mute(user.id, given.on))


async def transfer(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Hand the caller on to a queue, an agent, a number outside or the menu, without speaking to them first."""
    assert isinstance(given, TransferWish)
    if given.menu is not None:
        await services.calls.command(call_id, ToMenu(user.id, given.menu))
    elif given.to is not None:
        await services.calls.command(call_id, Transfer(user.id, _queue(services, given.to)))
    else:
        await _with_party(services, user, call_id, given, lambda party: HandOver(user.id, party))


async def consult(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Speak with a third party while the caller hears music; then cancel, swap or complete that."""
    assert isinstance(given, ConsultWish)
    if given.do == "start":
        await _with_party(services, user, call_id, given, lambda party: Consult(user.id, party))
        return
    kinds: dict[str, Callable[[str], Command]] = {"cancel": CancelConsult, "swap": Swap, "complete": CompleteConsult}
    await services.calls.command(call_id, kinds[given.do](user.id))


async def conference(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Bring caller, agent and third party together, or leave the two others to each other."""
    assert isinstance(given, ConferenceWish)
    command = Conference(user.id) if given.do == "join" else CompleteConsult(user.id)
    await services.calls.command(call_id, command)


async def park(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Leave the caller with music at a numbered place, for any agent to pick up."""
    await services.calls.command(call_id, Park(user.id))


async def pick_up(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Have a parked caller brought to one's own phone; one's wrap-up ends with it."""
    live = next((one.call for one in services.calls.live() if one.call.id == call_id), None)
    if live is not None and live.state is not CallState.PARKED:  # nobody is kept for what is refused anyway
        raise Conflict("this call is not parked", call_id=call_id, state=live.state)
    reserved = await services.agents.keep_for_pick_up(user.id, call_id)
    seat = services.agents.seat_of(user.id)
    assert seat is not None
    try:
        await services.calls.command(
            call_id, PickUp(user.id, SeatOffered(user.id, reserved.seat_id, seat.sip_username))
        )
    except HotlineError as error:
        await services.agents.release(user.id, call_id, error.code)
        raise


async def answer(services: WebServices, user: User, call_id: str, _: Given) -> None:
    """Have one's own ringing phone take the call, as if its receiver were lifted. Raises PhoneDidNotAnswer."""
    leg = _ringing_leg(services, user, call_id)
    taken = asyncio.Event()

    def heard(recorded: Recorded) -> None:
        if getattr(recorded.event, "call_id", None) == call_id:
            taken.set()

    forget = [services.bus.listen(kind, heard) for kind in TAKEN]
    try:
        await services.take_call(leg)
        await asyncio.wait_for(taken.wait(), ANSWER_LIMIT_S)
    except TimeoutError:
        raise PhoneDidNotAnswer(call_id=call_id) from None
    finally:
        for leave in forget:
            leave()


def _ringing_leg(services: WebServices, user: User, call_id: str) -> str:
    """Return the channel of one's own phone that rings for a call. Raises NoSuchCall, Conflict."""
    session = next((one for one in services.calls.live() if one.call.id == call_id), None)
    if session is None:
        raise NoSuchCall(call_id=call_id)
    call, leg = session.call, None
    if call.agent_id == user.id and call.state in (CallState.RINGING, CallState.PLACED):
        leg = call.seat_channel_id
    elif call.third_agent_id == user.id and call.third is Third.RINGING:
        leg = call.third_channel_id
    elif session.comes is not None and session.comes.seat.agent_id == user.id:
        leg = session.comes.leg
    if leg is None:
        raise Conflict("your phone does not ring for this call", call_id=call_id, state=call.state)
    return leg


async def reject(services: WebServices, user: User, call_id: str, given: Given) -> None:
    """Do not take the call that rings; the caller keeps the place, and one is not ready, for `reason` if given."""
    assert isinstance(given, RejectWish)
    agent = services.agents.roster.get(user.id)
    if given.reason is not None and agent is not None and agent.holds(call_id, OFFERED):
        await services.agents.set_state(user.id, State.NOT_READY, given.reason)
    await services.calls.command(call_id, Reject(user.id))


async def dial(services: WebServices, user: User, raw: str) -> str:
    """Begin a call of the agent to a number, and return its id.

    Raises BadInput, NumberNotPermitted, NotAtSeat, PhoneNotRegistered, NotFree, PbxDown.
    """
    number = permitted(raw, services.settings.trunk.permits)
    call_id = placed_call()
    reserved = await services.agents.keep_for_own_call(user.id, call_id)
    event = CallPlaced(
        at=services.clock.now(),
        call_id=call_id,
        agent_id=user.id,
        seat_id=reserved.seat_id,
        channel_id=dialling_leg(call_id),
        dialled=number,
        number=services.settings.trunk.outbound_caller_id,
    )
    try:
        await services.calls.place(event)
    except HotlineError as error:
        await services.agents.release(user.id, call_id, error.code)
        raise
    return call_id


async def _with_party(
    services: WebServices, user: User, call_id: str, whom: Whom, command: Callable[[Party], Command]
) -> None:
    """Keep the agent for the call whom it names, and ask the call; one who is not needed is free again."""
    party = await _party(services, user, call_id, whom)
    try:
        await services.calls.command(call_id, command(party))
    except HotlineError as error:
        if isinstance(party, SeatOffered):
            await services.agents.release(party.agent_id, call_id, error.code)
        raise


async def _party(services: WebServices, user: User, call_id: str, whom: Whom) -> Party:
    if whom.number is not None:
        return Outsider(permitted(whom.number, services.settings.trunk.permits))
    # Whoever is kept for a call that this agent does not have would be rung for nothing.
    live = next((one.call for one in services.calls.live() if one.call.id == call_id), None)
    if live is not None and live.agent_id != user.id:
        raise Forbidden("this call is with another agent", call_id=call_id)
    agent_id = whom.agent or _next_free(services, _queue(services, whom.to or ""))
    if agent_id == user.id:
        raise BadInput("agent: that is yourself", field="agent")
    reserved = await services.agents.reserve(agent_id, call_id)
    seat = services.agents.seat_of(agent_id)
    assert seat is not None
    return SeatOffered(agent_id, reserved.seat_id, seat.sip_username)


def _queue(services: WebServices, queue: str) -> str:
    if queue not in services.routing.queues:
        known = sorted(services.routing.queues)
        raise BadInput(f"to: there is no queue {queue!r}; known: {', '.join(known)}", field="to", known=known)
    return queue


def _next_free(services: WebServices, queue: str) -> str:
    """Return whom the rules of the queue would give a call now."""
    if (agent_id := services.routing.best_free(queue)) is None:
        raise NobodyFree(queue=queue)
    return agent_id
