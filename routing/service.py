"""Brings waiting calls and free agents together at the event that makes it possible, never by polling.

A decision is made in one step without an await: the call leaves the line and the agent is reserved in
memory at once, then both are stored in one commit, then the call is told. So two decisions never meet
the same call or agent, and an offer that is told is always stored.
"""

import dataclasses
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from agents.events import AgentLoggedOut, AgentStateChanged, ReservationReleased
from agents.model import Qualification, State
from agents.service import AgentService
from core import log
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.errors import NotFound
from core.events import Event, Recorded
from core.journal import Journal
from core.policy import Policy
from core.tasks import TaskOwner
from cti.events import AgentAnswered, CallEnded, PbxFound, PbxLost, Reconciled, SeatLost, SeatRegistered
from cti.messages import QueueGaveUp
from routing import counting, queues, store
from routing.absent import AbsentPlaces
from routing.announcing import Announcement, Announcing
from routing.events import AgentRequested
from routing.floor import Floor
from routing.forecast import Expected
from routing.matching import Matching
from routing.model import Entry, Explanation, Figures, Queue, Stand, Waiting
from routing.offering import Deliver, NotQueued, Offering, overflowed
from routing.places import Kind, kind
from routing.precedence import Cause, precedence
from routing.preferred import Preference
from routing.reach import Reach
from routing.skillbook import Skillbook
from routing.skills import Levels
from routing.stall import StallWatch

_log = log.get(__name__)

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")


class NoSuchQueue(NotFound):
    """There is no such queue."""

    code = "no_such_queue"


class RoutingService:
    """The queues of this installation."""

    def __init__(
        self,
        agents: AgentService,
        journal: Journal,
        db: Database,
        clock: Clock,
        policy: Policy,
        deliver: Deliver,
        *,
        definitions: Mapping[str, Queue] | None = None,
        zone: ZoneInfo = DEFAULT_ZONE,
    ) -> None:
        self.queues = dict(definitions or queues.load())
        self._agents = agents
        self._journal = journal
        self._db = db
        self._clock = clock
        self.absent = AbsentPlaces(deliver)
        self._deliver = deliver = self.absent.deliver
        self._policy = policy
        self._tasks = TaskOwner("routing")
        self._preference = Preference(db, clock, policy)
        rules = {queue.id: queue.rules for queue in self.queues.values()}
        core = Matching(rules, policy.number("priority_cap"), policy.number("occupancy_window") * 60)
        self._floor = Floor(self.queues, agents.roster, clock, core, zone)
        self._skillbook = Skillbook(db, clock, self._learned)
        self._stall = StallWatch(clock, policy.number("routing_stall_limit"), self._stalled, self._alarm_stall)
        self._offering = Offering(
            agents,
            journal,
            db,
            clock,
            deliver,
            floor=self._floor,
            tasks=self._tasks,
            limit_s=policy.number("queue_wait_limit"),
        )
        self.absent.attach(self._offering)
        self._reach = Reach(agents.roster, clock, policy.number("phone_grace"), self._tasks, self._check_for_nobody)
        self._announcing = Announcing(agents.roster, journal, clock, policy, self._serves, core.position)

    def listen(self, bus: Bus) -> None:
        """Follow agents and calls; to be called after `AgentService.listen`, which has to hear them first."""
        self._journal.follow(AgentStateChanged, self._offering.agent_moved)
        bus.listen(AgentStateChanged, self._agent_moved)
        for event in (SeatRegistered, SeatLost, AgentLoggedOut):
            bus.listen(event, self._reach_changed)
        bus.listen(ReservationReleased, self._released)
        self._skillbook.listen(bus)
        self._announcing.listen(bus)
        self._journal.follow(AgentAnswered, self._offering.answered)
        bus.listen(CallEnded, self._ended)
        bus.listen(PbxLost, self._pbx_lost)
        bus.listen(PbxFound, self._pbx_found)
        self._agents.when_phones_are_known(self._phones_known)

    # --- the life of the service ---

    async def restore(self, live_calls: Collection[str]) -> None:
        """Take up the places kept before a restart; those of calls that are gone are forgotten.

        Each live call then tells by `request` or `again` that it still waits.
        """
        await self._skillbook.load()
        kept = await self._db.read(store.load)
        for call in kept:
            if call.call_id in live_calls and call.queue in self.queues:
                also = tuple(one for one in call.also if one[0] in self.queues)
                self._offering.places.park(dataclasses.replace(call, also=also))
        if gone := [call.call_id for call in kept if self._offering.places.get(call.call_id) is None]:
            told = [self._misplaced(call_id) for call_id in gone]
            await self._journal.record(*told, save=lambda connection: store.remove(connection, gone))

    def _misplaced(self, call_id: str) -> Reconciled:
        return Reconciled(at=self._clock.now(), what="a place without a call", done="forgotten", call_id=call_id)

    def start(self) -> None:
        """Begin to offer calls: agents and live calls are known now."""
        self._offering.started = True
        self._tasks.start(self._stall.run(), "stall watch")
        self._tasks.start(self._skillbook.follow(), "skills")
        self._tasks.start(self._announcing.catch_up(self._db), "forecast")
        self.match()
        self._check_for_nobody()

    async def sweep(self, live_calls: Collection[str]) -> None:
        """Forget places whose call is gone; called when the PBX was away and its live calls are known again."""
        for entry in self._offering.places.gone(live_calls):
            await self._journal.record(self._misplaced(entry.call.call_id))
            await self._offering.forget(entry, "call_gone")

    async def close(self) -> None:
        """Stop offering; what is being stored is stored."""
        self._offering.started = False
        await self._tasks.close()

    # --- what a call does ---

    async def request(
        self,
        call_id: str,
        queue: str,
        enqueued_at: datetime | None = None,
        causes: Collection[Cause] = (),
        entered_at: datetime | None = None,
        *,
        skills: Levels = (),
        preferred: str | None = None,
        customer_id: str | None = None,
    ) -> None:
        """Let a call wait for a person; SeatOffered or QueueGaveUp comes to its inbox.

        `enqueued_at` is the moment from which it waits, now when not given; `causes` let it go ahead of others. It
        needs `skills` beside those of the queue, and is held for the agent `preferred` as long as the queue says: where
        none is given, for the account manager of `customer_id`, else for whom the caller talked with last.
        The wait limit counts from `entered_at`, now when not given: who comes back after it may wait that long again.
        A call that is taken up after a restart gives the original moment and keeps its place, whatever the causes
        are now; what was journaled before is not journaled again. Raises NoSuchQueue.
        """
        if queue not in self.queues:
            raise NoSuchQueue(queue=queue)
        entry = self._offering.places.get(call_id)
        if entry is not None and entry.stand is not Stand.PARKED:
            return
        if entry and enqueued_at and enqueued_at <= entry.call.enqueued_at:
            entry.entered_at = entered_at or entry.entered_at
            self._go_on(entry)
            return
        at, ahead = self._clock.now(), precedence(causes, self._policy)
        if self.queues[queue].preferred_s and preferred is None:
            preferred = await self._preference.of(call_id, customer_id)
        until = at + timedelta(seconds=self.queues[queue].preferred_s) if preferred else None
        asked = Waiting(call_id, queue, enqueued_at or at, ahead, skills, preferred, until)
        told = AgentRequested(
            at=at,
            call_id=call_id,
            queue=queue,
            ahead_s=ahead.ahead_s,
            causes=ahead.causes,
            skills=dict(skills),
            needs=dict(self.queues[queue].rules.need.with_skills(skills).skills),
            preferred=preferred,
        )
        if self._floor.is_open(queue):
            await self._begin(self._offering.places.park(asked, entered_at or at), told)
        else:
            await self._come_closed(asked, entered_at or at, told)

    async def _come_closed(self, call: Waiting, entered_at: datetime, told: AgentRequested) -> None:
        """A call that comes when its queue is closed is for others, or for nobody."""
        other = self.queues[call.queue].closed_to
        if other is not None and self._floor.is_open(other):
            over = overflowed(told.at, call, other, "closed", call.enqueued_at)
            call = dataclasses.replace(call, also=((other, call.enqueued_at),))
            await self._begin(self._offering.places.park(call, entered_at), told, over)
            return
        await self._journal.record(told)
        if (entry := self._offering.places.get(call.call_id)) is not None:
            await self._offering.forget(entry, "closed")
        self._deliver(call.call_id, QueueGaveUp("closed"))

    async def _begin(self, entry: Entry, *told: Event) -> None:
        await self._offering.begin(entry, *told)
        self._check_for_nobody([entry])

    async def again(self, call_id: str) -> None:
        """Offer a call to someone else after a miss; its place is that of its first request. Raises NotQueued.

        An agent still kept for it did not take it, and is not ready from now on.
        """
        entry = self._offering.entry(call_id)
        kept = entry.agent_id
        self._offering.line_up(entry)
        if kept is not None:
            await self._agents.release(kept, call_id, "offered_again", ready=False)
        self.match()
        self._check_for_nobody([entry])

    def _go_on(self, entry: Entry) -> None:
        self._offering.line_up(entry)
        self.match()
        self._check_for_nobody([entry])

    async def leave(self, call_id: str, why: str) -> None:
        """Take a call out of its queue; an agent kept for it and not answered yet is freed with cause `why`."""
        if (entry := self._offering.places.get(call_id)) is not None:
            await self._offering.forget(entry, why)

    # --- what is told of the queues ---

    def match(self) -> None:
        """Offer every call that can be offered now; only what has changed since the last time is looked at."""
        self._offering.match()

    def position(self, call_id: str) -> int | None:
        """Return the place of a waiting call, 1 = next; None while it is offered. Raises NotQueued."""
        self._offering.entry(call_id)
        return self._floor.core.position(call_id)

    def announce(self, call_id: str) -> Announcement | None:
        """Return what a waiting caller is told now, and note it; None for a call that does not wait just now."""
        entry = self._offering.places.get(call_id)
        return self._announcing.announce(call_id, entry.call.queue) if entry else None

    def expected_wait(self, queue: str, position: int) -> Expected | None:
        """Return the wait to be expected at a place of a queue, None while nobody is at work for it."""
        return self._announcing.expected(queue, position)

    def expected_wait_now(self, figures: Figures) -> Expected | None:
        """Return the wait of who would come now; none at all beside a free agent and nobody who waits."""
        ahead = self._floor.core.length(figures.queue)
        if figures.agents_ready and not ahead:
            return Expected(0.0, 0.0, 0.0)
        return self.expected_wait(figures.queue, ahead + 1)

    def best_free(self, queue: str) -> str | None:
        """Return the free agent whom the rules of `queue` would give a call that comes now. Raises NoSuchQueue."""
        if queue not in self.queues:
            raise NoSuchQueue(queue=queue)
        return self._floor.best_free(queue)

    def figures(self, queue: str) -> Figures:
        """Return the queue's figures of this moment. Raises NoSuchQueue."""
        if queue not in self.queues:
            raise NoSuchQueue(queue=queue)
        able = partial(self._able, (queue, ()))
        return counting.figures(queue, self._offering.places.all(), self._agents.roster, able, self._clock.now())

    async def explain(self, queue: str, call_id: str) -> Explanation:
        """Return why a call waits, or why its agents were chosen. Raises NoSuchQueue, NotQueued."""
        figures = self.figures(queue)
        decisions = await self._db.read(lambda connection: store.decisions(connection, call_id))
        entry = self._offering.places.get(call_id)
        if entry is None and not decisions:
            raise NotQueued(call_id=call_id)
        waiting, change_s = self._floor.explain(entry.call) if entry else (None, None)
        return Explanation(
            call_id=call_id,
            queue=queue,
            rule=self.queues[queue].rules.strategy,
            stand=entry.stand if entry else None,
            position=waiting.position if waiting else None,
            waited_s=(self._clock.now() - entry.call.enqueued_at).total_seconds() if entry else None,
            precedence=entry.call.precedence if entry else None,
            waiting=waiting,
            next_change_s=change_s,
            agents=self._floor.candidates(entry.call) if entry else (),
            figures=figures,
            decisions=decisions,
        )

    def _check_for_nobody(self, entries: Sequence[Entry] | None = None) -> None:
        """Let those go for whom nobody is within reach who could ever answer; of all that wait, or of `entries`."""
        if not self._offering.serving:
            return
        kinds = self._offering.places.kinds() if entries is None else [(kind(entry.call), [entry]) for entry in entries]
        there = self._reach.agents() if kinds else []
        for which, waiting in kinds:
            if not any(map(partial(self._able, which), there)):
                for entry in waiting:
                    self._tasks.start(self._offering.give_up(entry, "no_agents"), "no agents")

    def _able(self, which: Kind, agent_id: str) -> bool:
        return self._floor.able(agent_id, which)

    def _serves(self, agent_id: str, queue: str) -> bool:
        return self._floor.able(agent_id, (queue, ()))

    # --- what is heard ---

    def _agent_moved(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentStateChanged)
        self.match()
        if event.from_ == State.TALKING:
            self._check_for_nobody()

    def _learned(self, agent_id: str, can: Qualification) -> None:
        self._floor.qualify(agent_id, can)
        self.match()

    def _reach_changed(self, recorded: Recorded) -> None:
        self._phones_known()

    def _phones_known(self) -> None:
        self.match()
        self._check_for_nobody()

    def _released(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ReservationReleased)
        entry = self._offering.places.get(event.call_id)
        if entry is not None and entry.agent_id == event.agent_id and event.cause != "caller_hung_up":
            self._offering.line_up(entry)
            self.match()

    def _ended(self, recorded: Recorded) -> Awaitable[None] | None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        return (
            self.leave(event.call_id, "caller_hung_up")
            if self._offering.places.get(event.call_id) is not None
            else None
        )

    async def _pbx_lost(self, recorded: Recorded) -> None:
        self._offering.pbx_there = False

    async def _pbx_found(self, recorded: Recorded) -> None:
        self._offering.pbx_there = True
        for entry in self._offering.places.waiting():
            self._offering.limit(entry)
        self.match()
        self._check_for_nobody()

    # --- the alarm ---

    def _stalled(self) -> set[str]:
        return self._floor.stalled() if self._offering.serving else set()

    async def _alarm_stall(self, queue: str) -> None:
        figures = self.figures(queue)
        self.match()
        told = Reconciled(
            at=self._clock.now(),
            what=f"queue {queue}: {figures.waiting} calls waited beside {figures.agents_ready} ready agents",
            done="matched again",
        )
        await self._journal.record(told)
