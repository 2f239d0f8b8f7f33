"""Brings waiting calls and free agents together at the event that makes it possible, never by polling.

A decision is made in one step without an await: the call leaves the line and the agent is reserved in
memory at once, then both are stored in one commit, then the call is told. So two decisions never meet
the same call or agent, and an offer that is told is always stored.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agents.events import AgentLoggedOut, AgentReserved, AgentStateChanged, ReservationReleased
from agents.model import State
from agents.service import AgentService
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError, NotFound
from core.events import Event, Recorded
from core.journal import Journal, Save
from core.policy import Policy
from core.tasks import TaskOwner
from cti.events import AgentAnswered, CallEnded, PbxFound, PbxLost, Reconciled, SeatLost, SeatRegistered
from cti.messages import QueueGaveUp, RoutingMessage, SeatOffered
from routing import counting, queues, store
from routing.events import AgentChosen, AgentRequested
from routing.model import Entry, Explanation, Figures, Queue, Stand
from routing.places import Places
from routing.precedence import Cause, precedence
from routing.reach import Reach
from routing.stall import StallWatch
from routing.turns import Choice, Idle, Waiting, choose

Deliver = Callable[[str, RoutingMessage], bool]
"""Puts a message into the inbox of a call; False: there is no such call any more."""


class NoSuchQueue(NotFound):
    """There is no such queue."""

    code = "no_such_queue"


class NotQueued(NotFound):
    """This call does not wait for a person."""

    code = "not_queued"


class RoutingService:
    """The queues of this installation."""

    def __init__(
        self, agents: AgentService, journal: Journal, db: Database, clock: Clock, policy: Policy, deliver: Deliver
    ) -> None:
        self.queues = queues.load()
        self._agents = agents
        self._journal = journal
        self._db = db
        self._clock = clock
        self._deliver = deliver
        self._policy = policy
        self._wait_limit = timedelta(seconds=policy.number("queue_wait_limit"))
        self._stall = StallWatch(clock, policy.number("routing_stall_limit"), self._stalled, self._alarm)
        self._places = Places(self.queues)
        self._limits: dict[str, asyncio.Task[None]] = {}
        self._tasks = TaskOwner("routing")
        self._reach = Reach(agents.roster, clock, policy.number("phone_grace"), self._tasks, self._check_for_nobody)
        self._started = False
        self._pbx_there = True

    def listen(self, bus: Bus) -> None:
        """Follow agents and calls; to be called after `AgentService.listen`, which has to hear them first."""
        bus.listen(AgentStateChanged, self._agent_moved)
        for event in (SeatRegistered, SeatLost, AgentLoggedOut):
            bus.listen(event, self._reach_changed)
        bus.listen(ReservationReleased, self._released)
        bus.listen(AgentAnswered, self._answered)
        bus.listen(CallEnded, self._ended)
        bus.listen(PbxLost, self._pbx_lost)
        bus.listen(PbxFound, self._pbx_found)
        self._agents.when_phones_are_known(self._phones_known)

    # --- the life of the service ---

    async def restore(self, live_calls: Collection[str]) -> None:
        """Take up the places kept before a restart; those of calls that are gone are forgotten.

        Each live call then tells by `request` or `again` that it still waits.
        """
        kept = await self._db.read(store.load)
        for call in kept:
            if call.call_id in live_calls and call.queue in self.queues:
                self._places.park(call)
        if gone := [call.call_id for call in kept if self._places.get(call.call_id) is None]:
            told = [self._misplaced(call_id) for call_id in gone]
            await self._journal.record(*told, save=lambda connection: store.remove(connection, gone))

    def _misplaced(self, call_id: str) -> Reconciled:
        what = "a place in the queue without a call"
        return Reconciled(at=self._clock.now(), what=what, done="forgotten", call_id=call_id)

    def start(self) -> None:
        """Begin to offer calls: agents and live calls are known now."""
        self._started = True
        self._tasks.start(self._stall.run(), "stall watch")
        self.match()
        self._check_for_nobody()

    async def sweep(self, live_calls: Collection[str]) -> None:
        """Forget places whose call is gone; called when the PBX was away and its live calls are known again."""
        for entry in [e for e in self._places.all() if e.call.call_id not in live_calls]:
            await self._journal.record(self._misplaced(entry.call.call_id))
            await self._forget(entry, "call_gone")

    async def close(self) -> None:
        """Stop offering; what is being stored is stored."""
        self._started = False
        await self._tasks.close()

    # --- what a call does ---

    async def request(
        self,
        call_id: str,
        queue: str,
        enqueued_at: datetime | None = None,
        causes: Collection[Cause] = (),
        entered_at: datetime | None = None,
    ) -> None:
        """Let a call wait for a person; SeatOffered or QueueGaveUp comes to its inbox.

        `enqueued_at` is the moment from which it waits, now when not given; `causes` let it go ahead of others.
        The wait limit counts from `entered_at`, now when not given: who comes back after it may wait that long again.
        A call that is taken up after a restart gives the original moment and keeps its place, whatever the causes
        are now; what was journaled before is not journaled again. Raises NoSuchQueue.
        """
        if queue not in self.queues:
            raise NoSuchQueue(queue=queue)
        entry = self._places.get(call_id)
        if entry is not None and entry.stand is not Stand.PARKED:
            return
        if entry and enqueued_at and enqueued_at <= entry.call.enqueued_at:
            entry.entered_at = entered_at or entry.entered_at
            self._go_on(entry)
            return
        at, ahead = self._clock.now(), precedence(causes, self._policy)
        entry = self._places.park(Waiting(call_id, queue, enqueued_at or at, ahead), entered_at or at)
        asked = AgentRequested(at=at, call_id=call_id, queue=queue, ahead_s=ahead.ahead_s, causes=ahead.causes)
        await self._begin(entry, asked)

    async def _begin(self, entry: Entry, told: AgentRequested) -> None:
        call = entry.call
        self._line_up(entry)

        def save(connection: Connection) -> None:
            store.add(connection, call)

        try:
            choice = self._choose(self.queues[call.queue])
            if choice is not None and choice.call_id == call.call_id:
                offer = self._offer(entry, *self._reserve(entry, choice, [told], save))
                await asyncio.shield(self._tasks.start(offer, "offer"))
            else:
                await self._journal.record(told, save=save)
        except (SQLAlchemyError, HotlineError):
            await self._undo(entry)
            raise
        self._match(call.queue)
        self._check_for_nobody()

    async def _undo(self, entry: Entry) -> None:
        if self._places.holds(entry):
            self._take_out(entry)
            if entry.agent_id is not None:
                await self._agents.release(entry.agent_id, entry.call.call_id, "failed")

    async def again(self, call_id: str) -> None:
        """Offer a call to someone else after a miss; its place is that of its first request. Raises NotQueued.

        An agent still kept for it did not take it, and is not ready from now on.
        """
        entry = self._entry(call_id)
        kept = entry.agent_id
        self._line_up(entry)
        if kept is not None:
            await self._agents.release(kept, call_id, "offered_again", ready=False)
        self._match(entry.call.queue)
        self._check_for_nobody()

    def _go_on(self, entry: Entry) -> None:
        self._line_up(entry)
        self._match(entry.call.queue)
        self._check_for_nobody()

    async def leave(self, call_id: str, why: str) -> None:
        """Take a call out of its queue; an agent kept for it and not answered yet is freed with cause `why`."""
        if (entry := self._places.get(call_id)) is not None:
            await self._forget(entry, why)

    # --- what is told of the queues ---

    def position(self, call_id: str) -> int | None:
        """Return the place of a waiting call, 1 = next; None while it is offered. Raises NotQueued."""
        entry = self._entry(call_id)
        return self._places.position(entry.call)

    def figures(self, queue: str) -> Figures:
        """Return the queue's figures of this moment. Raises NoSuchQueue."""
        if queue not in self.queues:
            raise NoSuchQueue(queue=queue)
        return counting.figures(queue, self._places.all(), self._agents.roster, self._clock.now())

    async def explain(self, queue: str, call_id: str) -> Explanation:
        """Return why a call waits, or why its agents were chosen. Raises NoSuchQueue, NotQueued."""
        figures, entry = self.figures(queue), self._places.get(call_id)
        decisions = await self._db.read(lambda connection: store.decisions(connection, call_id))
        if entry is None and not decisions:
            raise NotQueued(call_id=call_id)
        waited = (self._clock.now() - entry.call.enqueued_at).total_seconds() if entry else None
        return Explanation(
            call_id=call_id,
            queue=queue,
            rule=self.queues[queue].strategy,
            stand=entry.stand if entry else None,
            position=self._places.position(entry.call) if entry else None,
            waited_s=waited,
            precedence=entry.call.precedence if entry else None,
            figures=figures,
            decisions=decisions,
        )

    # --- matching ---

    @property
    def _serving(self) -> bool:
        """While the PBX is away calls have no inbox: nothing is offered or given up, places are kept."""
        return self._started and self._pbx_there

    def match(self) -> None:
        """Offer every call that can be offered now."""
        for queue in self.queues:
            self._match(queue)

    def _match(self, queue: str) -> None:
        while (choice := self._choose(self.queues[queue])) is not None:
            entry = self._entry(choice.call_id)
            self._tasks.start(self._offer(entry, *self._reserve(entry, choice)), "offer")

    def _choose(self, queue: Queue) -> Choice | None:
        calls = self._places.line(queue.id)
        if not self._serving or not calls:
            return None
        idle = (Idle(a.agent_id, a.idle_since or a.since) for a in self._agents.roster.idle())
        return choose(queue.strategy, calls, idle, self._clock.now())

    def _reserve(
        self, entry: Entry, choice: Choice, first: Sequence[Event] = (), save: Save | None = None
    ) -> tuple[AgentReserved, asyncio.Task[None]]:
        call = entry.call
        chosen = AgentChosen(at=self._clock.now(), queue=call.queue, **dataclasses.asdict(choice))
        begun = self._agents.begin_reservation(choice.agent_id, call.call_id, [*first, chosen], save)
        self._places.offer(entry, choice.agent_id)
        return begun

    async def _offer(self, entry: Entry, reserved: AgentReserved, stored: asyncio.Task[None]) -> None:
        try:
            await asyncio.shield(stored)
        except (SQLAlchemyError, HotlineError):
            if self._offers(entry, reserved.agent_id):
                self._line_up(entry)
            raise
        if not self._offers(entry, reserved.agent_id):
            return
        seat = self._agents.roster.seat(reserved.seat_id)
        assert seat is not None
        if not self._deliver(entry.call.call_id, SeatOffered(reserved.agent_id, seat.id, seat.sip_username)):
            await self._forget(entry, "call_gone")

    def _offers(self, entry: Entry, agent_id: str) -> bool:
        return self._places.holds(entry) and entry.agent_id == agent_id

    # --- places ---

    def _entry(self, call_id: str) -> Entry:
        if (entry := self._places.get(call_id)) is None:
            raise NotQueued(call_id=call_id)
        return entry

    def _line_up(self, entry: Entry) -> None:
        if self._places.line_up(entry):
            self._arm_limit(entry)

    def _arm_limit(self, entry: Entry) -> None:
        self._drop_limit(entry)
        self._limits[entry.call.call_id] = self._tasks.start(self._wait_out(entry), "wait limit")

    async def _forget(self, entry: Entry, why: str) -> None:
        call_id = entry.call.call_id
        if not self._places.holds(entry):
            return
        self._take_out(entry)
        agent_id = entry.agent_id if entry.stand is Stand.OFFERED else None
        if agent_id is not None and why != "answered":
            await self._agents.release(agent_id, call_id, why)
        await self._db.write(lambda connection: store.remove(connection, [call_id]))

    def _take_out(self, entry: Entry) -> None:
        self._places.take_out(entry)
        self._drop_limit(entry)

    def _drop_limit(self, entry: Entry) -> None:
        if (limit := self._limits.pop(entry.call.call_id, None)) is not None:
            limit.cancel()

    async def _wait_out(self, entry: Entry) -> None:
        left = entry.entered_at + self._wait_limit - self._clock.now()
        await self._clock.sleep(max(left.total_seconds(), 0.0))
        self._limits.pop(entry.call.call_id, None)
        await self._give_up(entry, "too_long")

    async def _give_up(self, entry: Entry, why: str) -> None:
        if not self._places.holds(entry) or entry.stand is not Stand.WAITING or not self._serving:
            return
        # Told first, forgotten after: a kill between leaves a place that the call no longer asks for.
        self._take_out(entry)
        self._deliver(entry.call.call_id, QueueGaveUp(why))
        call_id = entry.call.call_id
        await self._db.write(lambda connection: store.remove(connection, [call_id]))

    def _check_for_nobody(self) -> None:
        if not self._serving or self._reach.anybody():
            return
        for entry in self._places.waiting():
            self._tasks.start(self._give_up(entry, "no_agents"), "no agents")

    # --- what is heard ---

    async def _agent_moved(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentStateChanged)
        if event.to == State.READY:
            self.match()
        elif event.from_ == State.TALKING:
            self._check_for_nobody()

    async def _reach_changed(self, recorded: Recorded) -> None:
        self._phones_known()

    def _phones_known(self) -> None:
        self.match()
        self._check_for_nobody()

    async def _released(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ReservationReleased)
        entry = self._places.get(event.call_id)
        if entry is not None and entry.agent_id == event.agent_id and event.cause != "caller_hung_up":
            self._line_up(entry)
            self.match()

    async def _answered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentAnswered)
        await self.leave(event.call_id, "answered")

    def _ended(self, recorded: Recorded) -> Awaitable[None] | None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        return self.leave(event.call_id, "caller_hung_up") if self._places.get(event.call_id) is not None else None

    async def _pbx_lost(self, recorded: Recorded) -> None:
        self._pbx_there = False

    async def _pbx_found(self, recorded: Recorded) -> None:
        self._pbx_there = True
        for entry in self._places.waiting():
            self._arm_limit(entry)
        self.match()
        self._check_for_nobody()

    # --- the alarm ---

    def _stalled(self) -> set[str]:
        return {queue.id for queue in self.queues.values() if self._choose(queue) is not None}

    async def _alarm(self, queue: str) -> None:
        figures = self.figures(queue)
        self._match(queue)
        told = Reconciled(
            at=self._clock.now(),
            what=f"queue {queue}: {figures.waiting} calls waited beside {figures.agents_ready} ready agents",
            done="matched again",
        )
        await self._journal.record(told)
