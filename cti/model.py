"""The call and its machine: which event leads from which state to which, as one table."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

from core.errors import Conflict
from core.events import Event
from cti.events import (
    AgentAnswered,
    AgentAway,
    AgentBack,
    AgentCalledBack,
    AgentMissed,
    AgentMuted,
    AgentRang,
    CallAnswered,
    CallArrived,
    CallDequeued,
    CalleeAnswered,
    CalleeRang,
    CallEnded,
    CallHeld,
    CallPlaced,
    CallPutThrough,
    CallQueued,
    CallReleased,
    CallResumed,
    CallReturned,
    CallTransferred,
    ConferenceChanged,
    ConsultAnswered,
    ConsultEnded,
    ConsultStarted,
    ConsultSwapped,
    MonitorStarted,
    MonitorStopped,
)
from cti.parking_events import CallParked, CallUnparked


class CallState(StrEnum):
    """Where a call stands. `menu` is everything the machine says itself, before and after a talk.

    `placed`, `dialling`: a call that an agent dials by hand; the agent's phone rings, then the other side's.
    `parked`: an agent has left the caller, with music, at a numbered place where any agent picks them up.
    `outside`: the caller talks with somebody outside, and no agent of ours is in the call.
    """

    ARRIVED = "arrived"
    PLACED = "placed"
    DIALLING = "dialling"
    MENU = "menu"
    QUEUED = "queued"
    PARKED = "parked"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    OUTSIDE = "outside"
    ENDED = "ended"


class Third(StrEnum):
    """How the third party stands whom the agent of a talk has brought in."""

    RINGING = "ringing"
    TALKING = "talking"
    """With the agent, while the caller hears music."""
    HELD = "held"
    """Hears music, while the agent is with the caller."""
    JOINED = "joined"
    """All three hear each other."""


S = CallState
MOVES: dict[tuple[CallState, type[Event]], CallState] = {
    (S.ARRIVED, CallAnswered): S.MENU,
    (S.ARRIVED, CallEnded): S.ENDED,
    (S.PLACED, CalleeRang): S.DIALLING,
    (S.PLACED, CallEnded): S.ENDED,
    (S.DIALLING, CalleeAnswered): S.TALKING,
    (S.DIALLING, CallEnded): S.ENDED,
    (S.MENU, CallQueued): S.QUEUED,
    (S.MENU, CallPutThrough): S.OUTSIDE,
    (S.MENU, CallEnded): S.ENDED,
    (S.QUEUED, AgentRang): S.RINGING,
    (S.QUEUED, CallDequeued): S.MENU,
    (S.QUEUED, CallPutThrough): S.OUTSIDE,
    (S.QUEUED, CallParked): S.PARKED,
    (S.QUEUED, CallEnded): S.ENDED,
    (S.PARKED, CallUnparked): S.QUEUED,
    (S.PARKED, CallEnded): S.ENDED,
    (S.RINGING, AgentAnswered): S.TALKING,
    (S.RINGING, AgentMissed): S.QUEUED,
    (S.RINGING, CallDequeued): S.MENU,
    (S.RINGING, CallEnded): S.ENDED,
    (S.TALKING, CallHeld): S.HELD,
    (S.TALKING, AgentMuted): S.TALKING,
    (S.TALKING, AgentAway): S.TALKING,
    (S.TALKING, AgentCalledBack): S.TALKING,
    (S.TALKING, AgentBack): S.TALKING,
    (S.TALKING, ConsultSwapped): S.HELD,
    (S.TALKING, ConferenceChanged): S.TALKING,
    (S.TALKING, ConsultEnded): S.TALKING,
    (S.TALKING, CallTransferred): S.QUEUED,
    (S.TALKING, CallReleased): S.MENU,
    (S.HELD, CallResumed): S.TALKING,
    (S.HELD, AgentMuted): S.HELD,
    (S.HELD, AgentAway): S.HELD,
    (S.HELD, AgentCalledBack): S.HELD,
    (S.HELD, AgentBack): S.HELD,
    (S.HELD, ConsultStarted): S.HELD,
    (S.HELD, ConsultAnswered): S.HELD,
    (S.HELD, ConsultSwapped): S.TALKING,
    (S.HELD, ConferenceChanged): S.TALKING,
    (S.HELD, ConsultEnded): S.HELD,
    (S.HELD, CallTransferred): S.QUEUED,
    (S.HELD, CallReleased): S.MENU,
    (S.OUTSIDE, CallReturned): S.MENU,
    (S.OUTSIDE, CallEnded): S.ENDED,
}
"""The whole machine. A talk always ends with CallReleased or CallTransferred before the call ends."""

THIRD_MOVES: dict[tuple[Third | None, type[Event]], Third | None] = {
    (None, ConsultStarted): Third.RINGING,
    (Third.RINGING, ConsultAnswered): Third.TALKING,
    (Third.RINGING, ConsultEnded): None,
    (Third.RINGING, CallTransferred): None,
    (Third.TALKING, ConsultSwapped): Third.HELD,
    (Third.TALKING, ConferenceChanged): Third.JOINED,
    (Third.TALKING, ConsultEnded): None,
    (Third.TALKING, CallTransferred): None,
    (Third.HELD, ConsultSwapped): Third.TALKING,
    (Third.HELD, ConferenceChanged): Third.JOINED,
    (Third.HELD, ConsultEnded): None,
    (Third.HELD, CallTransferred): None,
    (Third.JOINED, CallHeld): Third.TALKING,
    (Third.JOINED, ConsultEnded): None,
    (Third.JOINED, CallTransferred): None,
}
"""The third party of a talk; None: there is none. The agent's leg is always in the talk; the others come and go."""
_OF_THIRD = frozenset({ConsultStarted, ConsultAnswered, ConsultSwapped, ConferenceChanged, ConsultEnded})
_ALONE = frozenset({CallHeld, CallResumed, CallReleased})
"""What is only possible without a third party, or as the table says."""

_OF_AWAY = (AgentAway, AgentCalledBack, AgentBack)
_MONITORING = (MonitorStarted, MonitorStopped)
MOVING: frozenset[type[Event]] = frozenset(kind for _, kind in MOVES) | frozenset(_MONITORING)
"""What changes a call in the books. Monitoring moves no state: no state ever depends on who listens."""

WITH_AGENT = frozenset({S.TALKING, S.HELD})


class IllegalMove(Conflict):
    """The call is not in a state in which this can happen."""

    code = "illegal_state"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one caller. `id` is the PBX's unique id of the caller's channel.

    `queued_at`: from when on it waits for the talk that comes next, also when it left the queue in between.
    `seats_rung` counts every leg that was dialled from the talk or for it. `third…`: whom the agent has brought in.
    `watch…`: the shift lead who listens. `park_place`: the numbered place at which the caller is parked, `parked_by`
    whom, since `parked_at`. `away_at`: since when the page that is the agent's phone is missed.
    """

    id: str
    caller: str
    caller_known: bool
    number: str
    state: CallState
    started_at: datetime
    direction: str = "in"
    queue: str | None = None
    agent_id: str | None = None
    seat_id: str | None = None
    seat_channel_id: str | None = None
    seats_rung: int = 0
    muted: bool = False
    away_at: datetime | None = None
    third: Third | None = None
    third_agent_id: str | None = None
    third_seat_id: str | None = None
    third_number: str | None = None
    third_channel_id: str | None = None
    watcher_id: str | None = None
    watch_channel_id: str | None = None
    watch_mode: str | None = None
    park_place: int | None = None
    parked_by: str | None = None
    parked_at: datetime | None = None
    answered_at: datetime | None = None
    queued_at: datetime | None = None
    talking_at: datetime | None = None
    released_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_cause: str | None = None


_VALUES = attrgetter(*Call.__slots__)


def replace(call: Call, **changes: Any) -> Call:
    """Return `call` with other values; that of `dataclasses` does the same and costs several times as much."""
    values = dict(zip(Call.__slots__, _VALUES(call), strict=True))
    values.update(changes)
    return Call(**values)


def arrive(event: CallArrived) -> Call:
    """Return the call that begins with `event`."""
    return Call(event.call_id, event.caller, event.caller_known, event.number, S.ARRIVED, event.at)


def place(event: CallPlaced) -> Call:
    """Return the call that an agent begins with `event`: its `caller` is who is called."""
    return Call(
        event.call_id,
        event.dialled,
        True,
        event.number,
        S.PLACED,
        event.at,
        direction="out",
        agent_id=event.agent_id,
        seat_id=event.seat_id,
        seat_channel_id=event.channel_id,
        seats_rung=1,
    )


def begin(event: Event) -> Call | None:
    """Return the call that begins with `event`, None when none does."""
    match event:
        case CallArrived():
            return arrive(event)
        case CallPlaced():
            return place(event)
    return None


def advance(call: Call, event: Event) -> Call:
    """Return the call as it is after `event`. Raises IllegalMove when its state does not allow it."""
    if isinstance(event, _MONITORING):
        return _monitored(call, event)
    try:
        state = MOVES[call.state, type(event)]
    except KeyError:
        raise IllegalMove(f"call is {call.state}: {type(event).__name__} is not possible", call_id=call.id) from None
    if isinstance(event, _OF_AWAY) and isinstance(event, AgentAway) is (call.away_at is not None):
        stands = "away" if call.away_at else "there"
        raise IllegalMove(f"the agent is {stands}: {type(event).__name__} is not possible", call_id=call.id)
    if call.third is not None or type(event) in _OF_THIRD:
        call = _with_third(call, event)
    return _carry(call, state, event)


def _monitored(call: Call, event: Event) -> Call:
    match event:
        case MonitorStarted() if call.state in WITH_AGENT:
            leg = event.channel_id
            return replace(call, watcher_id=event.agent_id, watch_channel_id=leg, watch_mode=event.mode)
        case MonitorStopped() if call.watcher_id is not None:
            return replace(call, watcher_id=None, watch_channel_id=None, watch_mode=None)
    what = type(event).__name__
    raise IllegalMove(f"call is {call.state}: {what} is not possible", call_id=call.id)


def _with_third(call: Call, event: Event) -> Call:
    """Return the call with its third party as it is after `event`. Raises IllegalMove."""
    kind = type(event)
    if (call.third, kind) not in THIRD_MOVES:
        if kind in _OF_THIRD | _ALONE:
            stands = f"the third party is {call.third}" if call.third else "there is no third party"
            raise IllegalMove(f"{stands}: {kind.__name__} is not possible", call_id=call.id)
        return call
    third = THIRD_MOVES[call.third, kind]
    if third is None:
        return replace(
            call, third=None, third_agent_id=None, third_seat_id=None, third_number=None, third_channel_id=None
        )
    return replace(call, third=third)


def _carry(call: Call, state: CallState, event: Event) -> Call:
    match event:
        case CallAnswered():
            return replace(call, state=state, answered_at=event.at)
        case CallQueued():
            return replace(call, state=state, queue=event.queue, queued_at=_waits_since(call, event))
        case AgentRang():
            return replace(
                call,
                state=state,
                agent_id=event.agent_id,
                seat_id=event.seat_id,
                seat_channel_id=event.channel_id,
                seats_rung=call.seats_rung + 1,
            )
        case AgentAnswered():
            return replace(call, state=state, talking_at=event.at, released_at=None)
        case CalleeAnswered():
            return replace(call, state=state, answered_at=event.at, talking_at=event.at)
        case AgentMissed() | CallDequeued():
            return replace(call, state=state, agent_id=None, seat_id=None, seat_channel_id=None)
        case CallTransferred():
            return _handed_on(call, state, event)
        case CallParked():
            since = event.since or event.at
            return replace(call, state=state, park_place=event.place, parked_by=event.agent_id, parked_at=since)
        case CallUnparked():
            return replace(call, state=state, park_place=None, parked_by=None, parked_at=None)
        case ConsultStarted():
            return replace(
                call,
                state=state,
                third_agent_id=event.to_agent_id or None,
                third_seat_id=event.seat_id or None,
                third_number=event.dialled or None,
                third_channel_id=event.channel_id,
                seats_rung=call.seats_rung + 1,
            )
        case AgentAway():
            return replace(call, state=state, seat_channel_id=None, away_at=event.at)
        case AgentCalledBack():
            return replace(call, state=state, seat_channel_id=event.channel_id, seats_rung=call.seats_rung + 1)
        case AgentBack():
            return replace(call, state=state, away_at=None)
        case AgentMuted():
            return replace(call, state=state, muted=event.on)
        case CallReleased():
            return replace(call, state=state, released_at=event.at, seat_channel_id=None, muted=False, away_at=None)
        case CallEnded():
            return replace(
                call,
                state=state,
                ended_at=event.at,
                ended_by=event.by,
                end_cause=event.why,
                seat_channel_id=None,
                away_at=None,
                park_place=None,
            )
        case _:
            return replace(call, state=state)


def _handed_on(call: Call, state: CallState, event: CallTransferred) -> Call:
    """Who is handed on to a person keeps the queue and the place in it, for when that person does not answer."""
    to_queue = event.kind == "queue"
    return replace(
        call,
        state=state,
        queue=event.to if to_queue else call.queue,
        queued_at=event.at if to_queue else call.queued_at,
        released_at=event.at,
        agent_id=None,
        seat_channel_id=None,
        muted=False,
        away_at=None,
    )


def _waits_since(call: Call, event: CallQueued) -> datetime:
    """Return from when on the call waits: who was let go and comes back to the same queue without a talk keeps it."""
    talked = call.queued_at is None or (call.released_at is not None and call.released_at > call.queued_at)
    return event.at if talked or call.queued_at is None or call.queue != event.queue else call.queued_at


def diagram() -> str:
    """Return the machine as a Mermaid state diagram, as the reference shows it."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.ARRIVED}: CallArrived", f"    [*] --> {S.PLACED}: CallPlaced"]
    lines += [f"    {a} --> {b}: {event.__name__}" for (a, event), b in MOVES.items()]
    return "\n".join([*lines, f"    {S.ENDED} --> [*]"]) + "\n"


def third_diagram() -> str:
    """Return the machine of the third party as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {a or '[*]'} --> {b or '[*]'}: {event.__name__}" for (a, event), b in THIRD_MOVES.items()]
    return "\n".join(lines) + "\n"


def together(call: Call) -> frozenset[str]:
    """Return the channels that hear each other in the talk of a call, by the books."""
    if call.state in WITH_AGENT and call.away_at is not None:
        joined = call.third is Third.JOINED
        return frozenset({call.id, call.third_channel_id or ""}) if joined else frozenset()
    if call.state not in WITH_AGENT or call.seat_channel_id is None:
        return frozenset()
    caller = {call.id} if call.state is S.TALKING else set()
    third = {call.third_channel_id or ""} if call.third in (Third.TALKING, Third.JOINED) else set()
    return frozenset({call.seat_channel_id, *caller, *third})
