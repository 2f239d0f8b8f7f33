"""Random days of a centre: journals made by driving the machines of calls and of presence, legal move by legal move."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agents.events import AgentStateChanged
from agents.model import MOVES as PRESENCE_MOVES
from agents.model import OFFERED, ON_CALL, Agent, Cause, State
from agents.model import advance as move_agent
from core.events import Event
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallAnswered,
    CallArrived,
    CallDequeued,
    CallEnded,
    CallHeld,
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
    VoiceMeasured,
)
from cti.model import MOVES, Call, CallState, IllegalMove, advance, arrive
from desk.callbacks.events import CallbackBooked, CallbackOffered
from desk.surveys.events import SurveyAnswered
from desk.workorders.events import WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from figures.terms import Terms
from routing.events import AgentRequested, QueueAnnounced

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2025, 3, 9, 16, tzinfo=UTC)
"""Midnight of 10 March in Shanghai, long ago."""
TERMS = Terms(DAY, DAY + timedelta(days=1), timedelta(seconds=20), timedelta(seconds=5), timedelta(days=7), 72.0)
PAUSES = (0, 0.2, 1, 4.8, 5, 15, 20, 21, 60, 120, 300, 600, 1700, 2500)
QUEUES = ("general", "complaint")
NEEDS: tuple[dict[str, int], ...] = ({}, {"english": 1}, {"english": 2, "fault": 1}, {"fault": 3})
FREE = frozenset({State.NOT_READY, State.READY, State.WRAP_UP, State.LOGGED_OUT})

Choose = Callable[[int], int]
"""Returns a number below the one given."""


@dataclass
class Day:
    """A centre in which one random thing after another happens, all of it allowed."""

    choose: Choose
    now: datetime = DAY - timedelta(hours=1)
    events: list[Event] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    """Calls that were handed on to somebody outside."""
    handed: dict[str, str] = field(default_factory=dict)
    """To whom calls were handed on."""
    made: int = 0

    def __post_init__(self) -> None:
        for number in range(2):
            self.agents[f"a{number}"] = Agent(agent_id=f"a{number}", since=self.now)
        for agent in list(self.agents.values()):
            self.presence(agent, State.NOT_READY, Cause.SIGNED_IN)
            self.presence(self.agents[agent.agent_id], State.READY, Cause.ASKED)

    def pick(self, things: list[object]) -> object:
        return things[self.choose(len(things))]

    def step(self) -> None:
        """Let some time pass and one thing happen."""
        self.now += timedelta(seconds=PAUSES[self.choose(len(PAUSES))])
        live = [call for call in self.calls.values() if call.state is not CallState.ENDED]
        what = self.choose(9)
        # Few at a time, so that each of them comes far.
        if not live or (what == 0 and len(live) < 3):
            self.arrive()
        elif what == 1:
            self.agent_moves(list(self.agents.values())[self.choose(len(self.agents))])
        elif what == 8:
            self.beside(live[self.choose(len(live))])
        else:
            self.call_moves(live[self.choose(len(live))])

    def arrive(self) -> None:
        self.made += 1
        event = CallArrived(
            at=self.now,
            call_id=f"c{self.made}",
            channel_id=f"c{self.made}",
            caller=f"1380000000{self.choose(3)}",
            caller_known=True,
            caller_raw="",
            number="95598",
        )
        self.calls[event.call_id] = arrive(event)
        self.events.append(event)

    def agent_moves(self, agent: Agent) -> None:
        """Move a person whom no call holds, by any move that the table has."""
        if agent.state in FREE:
            moves = sorted((c, to) for from_, c, to in PRESENCE_MOVES if from_ is agent.state and to in FREE)
            cause, to = moves[self.choose(len(moves))]
            self.presence(agent, to, cause)

    def come_back(self) -> None:
        """Whoever is on a break is one step nearer to being ready."""
        steps = {
            State.LOGGED_OUT: (State.NOT_READY, Cause.SIGNED_IN),
            State.NOT_READY: (State.READY, Cause.ASKED),
            State.WRAP_UP: (State.READY, Cause.WRAP_UP_OVER),
        }
        for agent in list(self.agents.values()):
            if agent.state in steps:
                self.presence(agent, *steps[agent.state])

    def presence(self, agent: Agent, to: State, cause: Cause, call_id: str | None = None) -> None:
        reason = ("lunch", "training")[self.choose(2)] if to is State.NOT_READY and cause is Cause.ASKED else None
        moved = move_agent(agent, to, cause, self.now, reason=reason)
        if to in ON_CALL:
            moved = replace(moved, call_id=call_id or agent.call_id)
        self.agents[agent.agent_id] = moved
        self.events.append(
            AgentStateChanged(
                at=self.now,
                agent_id=agent.agent_id,
                from_=agent.state.value,
                to=to.value,
                cause=cause.value,
                reason=reason,
                call_id=call_id or agent.call_id,
            )
        )

    def call_moves(self, call: Call) -> None:
        kinds = sorted((kind for state, kind in MOVES if state is call.state), key=lambda kind: kind.__name__)
        further = [kind for kind in kinds if kind not in (CallEnded, CallPutThrough)]
        if further and self.choose(4):  # most calls come further than to their end
            kinds = further
        self.move(call, kinds[self.choose(len(kinds))])

    def move(self, call: Call, kind: type[Event]) -> None:
        """Have one legal thing happen to a call, and to the agent it has to do with."""
        if kind is AgentRang:
            self.ring(call)
            return
        event = self.made_up(call, kind)
        if event is None:
            return
        try:
            before, self.calls[call.id] = call, advance(call, event)
        except IllegalMove:  # the table of the third party has a word in it too
            return
        self.events.append(event)
        if isinstance(event, CallQueued) and self.choose(8):  # now and then they hang up before it is asked for
            self.request(event)
        agent = self.agents.get(before.agent_id or "")
        if agent is not None and agent.call_id == call.id and agent.state in ON_CALL:
            self.follow(agent, before, event)
        if isinstance(event, CallDequeued) and self.choose(2):
            booked = CallbackBooked(at=self.now, call_id=call.id, callback_id=call.id, queue=event.queue)
            self.events.append(booked)
        if isinstance(event, CallReleased) and self.choose(2):
            told = {"call_id": call.id, "agent_id": event.agent_id, "queue": call.queue or ""}
            self.events.append(SurveyAnswered(at=self.now, score=1 + self.choose(5), **told))

    def request(self, event: CallQueued) -> None:
        """Ask for a person, who needs skills, a moment after the caller has begun to wait."""
        needs = NEEDS[self.choose(len(NEEDS))]
        self.events.append(AgentRequested(at=self.now, call_id=event.call_id, queue=event.queue, needs=needs))

    def beside(self, call: Call) -> None:
        """Have something happen that moves no call: a wait is told, an order made, the sound measured."""
        at, one, order = self.now, call.id, {"order_id": "o", "call_id": call.id}
        kind = ("fault", "complaint", "enquiry", "return_visit")[self.choose(4)]
        p50 = (None, 10.0, 200.0)[self.choose(3)]
        made: list[Event] = [
            QueueAnnounced(at=at, call_id=one, queue=QUEUES[0], position=1, wait_p50_s=p50, wait_p90_s=p50 and 3 * p50),
            WorkOrderCreated(at=at, kind=kind, scope="", customer_id="", **order),
            WorkOrderMerged(at=at, main_id="m", **order),
            WorkOrderUrged(at=at, count=1, **order),
            CallbackOffered(at=at, call_id=one, node="nobody"),
            VoiceMeasured(
                at=at,
                call_id=one,
                channel_id=one,
                lost=0,
                jitter=0,
                round_trip_s=0,
                score=(None, 50.0, 90.0)[self.choose(3)],
            ),
        ]
        self.events.append(made[self.choose(len(made))])

    def ring(self, call: Call) -> None:
        free = [agent for agent in self.agents.values() if agent.state is State.READY]
        if not free:
            self.come_back()
            return
        meant = [agent for agent in free if agent.agent_id == self.handed.get(call.id)]
        agent = (meant or free)[self.choose(len(meant or free))]
        event = AgentRang(at=self.now, call_id=call.id, agent_id=agent.agent_id, seat_id="s", channel_id="x")
        self.presence(agent, State.RESERVED, Cause.RESERVED, call.id)
        self.calls[call.id] = advance(call, event)
        self.events.append(event)
        self.presence(self.agents[agent.agent_id], State.RINGING, Cause.RANG, call.id)

    def follow(self, agent: Agent, call: Call, event: Event) -> None:
        """Presence follows the call."""
        match event:
            case AgentAnswered():
                self.presence(agent, State.TALKING, Cause.ANSWERED, call.id)
            case AgentMissed():
                self.presence(agent, State.NOT_READY, Cause.NO_ANSWER, call.id)
            case CallReleased() | CallTransferred():
                self.presence(agent, State.WRAP_UP, Cause.CALL_OVER, call.id)
            case CallDequeued() | CallEnded() if agent.state in OFFERED:
                self.presence(agent, State.READY, Cause.RELEASED, call.id)

    def made_up(self, call: Call, kind: type[Event]) -> Event | None:
        at, one, who = self.now, call.id, call.agent_id or ""
        by = ("caller", "system")[self.choose(2)]
        seat = {"at": at, "call_id": one, "agent_id": who, "seat_id": "s"}
        made: dict[type[Event], Callable[[], Event]] = {
            CallAnswered: lambda: CallAnswered(at=at, call_id=one),
            CallQueued: lambda: CallQueued(at=at, call_id=one, queue=QUEUES[self.choose(2)]),
            CallDequeued: lambda: CallDequeued(at=at, call_id=one, queue=call.queue or "", why="too_long"),
            AgentAnswered: lambda: AgentAnswered(channel_id="x", **seat),
            AgentMissed: lambda: AgentMissed(cause="no_answer", **seat),
            CallHeld: lambda: CallHeld(at=at, call_id=one, agent_id=who),
            CallResumed: lambda: CallResumed(at=at, call_id=one, agent_id=who),
            CallTransferred: lambda: self.transferred(call),
            CallReturned: lambda: CallReturned(at=at, call_id=one, why="hung_up"),
            ConsultStarted: lambda: ConsultStarted(at=at, call_id=one, agent_id=who, channel_id="y", dialled="1"),
            ConsultAnswered: lambda: ConsultAnswered(at=at, call_id=one, agent_id=who),
            ConsultSwapped: lambda: ConsultSwapped(at=at, call_id=one, agent_id=who),
            ConferenceChanged: lambda: ConferenceChanged(at=at, call_id=one, agent_id=who),
            ConsultEnded: lambda: ConsultEnded(at=at, call_id=one, agent_id=who, by="agent", why="hung_up"),
            CallReleased: lambda: CallReleased(at=at, call_id=one, agent_id=who, by=by, why="hung_up"),
            CallEnded: lambda: CallEnded(at=at, call_id=one, by=by, why="finished", where="bye"),
        }
        if call.state is CallState.MENU or call.id in self.outside:
            made[CallPutThrough] = lambda: CallPutThrough(at=at, call_id=one, to="outside")
        # What a newer machine can do besides is for tests of its own.
        return made[kind]() if kind in made else None

    def transferred(self, call: Call) -> Event:
        """Hand a caller on to a queue, to one person, or outside."""
        kind, to = [("queue", QUEUES[0]), ("queue", QUEUES[1]), ("agent", "a0"), ("outside", "outside")][self.choose(4)]
        self.handed[call.id] = to
        if kind == "outside":
            self.outside.add(call.id)
        else:
            self.outside.discard(call.id)
        return CallTransferred(at=self.now, call_id=call.id, agent_id=call.agent_id or "", to=to, kind=kind)
