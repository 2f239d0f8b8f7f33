"""Offers calls to agents: decided in one step without an await, stored in one commit, then told to the call."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agents.events import AgentReserved, AgentStateChanged
from agents.model import OFFERED, State
from agents.service import AgentService, NotFree
from core import log
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError, NotFound
from core.events import Event, Recorded
from core.journal import Journal
from core.sequels import Sequel
from core.tasks import TaskOwner
from cti.events import AgentAnswered
from cti.messages import QueueGaveUp, RoutingMessage, SeatOffered
from routing import store
from routing.decisions import Decision
from routing.events import CallOverflowed
from routing.explaining import chosen_by
from routing.floor import Floor
from routing.model import Entry, Stand, Waiting
from routing.places import Places
from routing.timing import Alarm, WaitLimits

_log = log.get(__name__)

Deliver = Callable[[str, RoutingMessage], bool]
"""Puts a message into the inbox of a call; False: there is no such call any more."""


class NotQueued(NotFound):
    """This call does not wait for a person."""

    code = "not_queued"


class Offering:
    """Keeps places and core in step, and carries out what the core decides.

    While the PBX is away calls have no inbox: nothing is offered or given up, places are kept.
    """

    def __init__(
        self,
        agents: AgentService,
        journal: Journal,
        db: Database,
        clock: Clock,
        deliver: Deliver,
        *,
        floor: Floor,
        tasks: TaskOwner,
        limit_s: float,
    ) -> None:
        self._agents = agents
        self._journal = journal
        self._db = db
        self._clock = clock
        self._deliver = deliver
        self._floor = floor
        self._tasks = tasks
        self.places = Places()
        self._limits = WaitLimits(clock, limit_s, tasks, self._waited_out)
        self._next = Alarm(clock, tasks, self.match)
        self.started = False
        self.pbx_there = True

    @property
    def serving(self) -> bool:
        """Tell whether calls are offered."""
        return self.started and self.pbx_there

    def match(self) -> None:
        """Offer every call that can be offered now; only what has changed since the last time is looked at."""
        for offer in self.offers():
            self._journal.keep(offer).add_done_callback(_logged)

    def agent_moved(self, event: AgentStateChanged) -> Sequence[Sequel]:
        """Offer a call to whom becomes ready, to be stored together; after an offer in vain its call lines up first."""
        return self.offers() if event.to == State.READY and event.from_ not in OFFERED else ()

    def offers(self) -> list[Sequel]:
        """Do as `match`, and leave the offers to be stored."""
        offers = [offer for decision in self._decide() if (offer := self._begin_offer(decision)) is not None]
        for over in self._take_overflows():
            self._tasks.start(self._keep_overflow(over), "overflow")
        return offers

    def _decide(self) -> list[Decision]:
        if not self.serving:
            return []
        decisions = self._floor.decide()
        self._next.set(self._floor.next_s())
        return decisions

    def _begin_offer(self, decision: Decision) -> Sequel | None:
        entry = self.entry(decision.call_id)
        try:
            return self._reserve(entry, decision)
        except NotFree as error:
            _log.error("agent not free", extra={"action": "agent_not_free", "agent_id": error.details["agent_id"]})
            self._floor.wait(entry.call)
            return None

    def _reserve(self, entry: Entry, decision: Decision) -> Sequel:
        call = entry.call
        chosen = chosen_by(decision, call.queue, self._clock.now())
        reserved, begun = self._agents.begin_reservation(decision.agent_id, call.call_id, [chosen])
        self.places.offer(entry, decision.agent_id)

        def settle(stored: bool) -> None:
            begun.settle(stored)
            self._offered(entry, reserved, stored)

        return Sequel(begun.events, begun.save, settle)

    def _take_overflows(self) -> list[CallOverflowed]:
        """Note in which other queues calls may be answered now."""
        told = []
        for over, since in self._floor.overflowed():
            if (entry := self.places.get(over.call_id)) is not None:
                entry.call = dataclasses.replace(entry.call, also=(*entry.call.also, (over.to, since)))
                told.append(overflowed(self._clock.now(), entry.call, over.to, over.cause, since))
        return told

    async def _keep_overflow(self, over: CallOverflowed) -> None:
        if (entry := self.places.get(over.call_id)) is not None:
            call = entry.call
            await self._journal.record(over, save=lambda connection: store.overflow(connection, call))

    def _offered(self, entry: Entry, reserved: AgentReserved, stored: bool) -> None:
        """Tell the call of an offer that is stored; one that storage refused is none."""
        if not self._offers(entry, reserved.agent_id):
            return
        if not stored:
            self.line_up(entry)
            return
        seat = self._agents.roster.seat(reserved.seat_id)
        assert seat is not None
        if not self._deliver(entry.call.call_id, SeatOffered(reserved.agent_id, seat.id, seat.sip_username)):
            self._tasks.start(self.forget(entry, "call_gone"), "call gone")

    def _offers(self, entry: Entry, agent_id: str) -> bool:
        return self.places.holds(entry) and entry.agent_id == agent_id

    # --- places ---

    async def begin(self, entry: Entry, *told: Event) -> None:
        """Let a call wait from now on; what is `told` of it and, where somebody is free, the offer are one commit."""
        self.line_up(entry)
        try:
            own, first = self._decide_beside(entry, told)
            call = entry.call

            def save(connection: Connection) -> None:
                store.add(connection, call)

            offer = [] if own is None else [self._reserve(entry, own)]
            await asyncio.shield(self._journal.begin(*first, save=save, sequels=offer))
        except (SQLAlchemyError, HotlineError):
            await self._undo(entry)
            raise
        self.match()

    def _decide_beside(self, entry: Entry, told: Sequence[Event]) -> tuple[Decision | None, list[Event]]:
        """Decide; return the decision for this call, which goes into one commit with what is told of it."""
        call_id, own = entry.call.call_id, None
        for decision in self._decide():
            if decision.call_id == call_id:
                own = decision
            elif (offer := self._begin_offer(decision)) is not None:
                self._journal.keep(offer).add_done_callback(_logged)
        first = list(told)
        for over in self._take_overflows():
            if over.call_id == call_id:
                first.append(over)
            else:
                self._tasks.start(self._keep_overflow(over), "overflow")
        return own, first

    async def _undo(self, entry: Entry) -> None:
        if self.places.holds(entry):
            self._take_out(entry)
            if entry.agent_id is not None:
                await self._agents.release(entry.agent_id, entry.call.call_id, "failed")

    def entry(self, call_id: str) -> Entry:
        """Return the place of a call. Raises NotQueued."""
        if (entry := self.places.get(call_id)) is None:
            raise NotQueued(call_id=call_id)
        return entry

    def line_up(self, entry: Entry) -> None:
        """Let a call wait in its place, if it does not already."""
        if self.places.line_up(entry):
            self._floor.wait(entry.call)
            self.limit(entry)

    def limit(self, entry: Entry) -> None:
        """Watch the limit of a wait anew, as after a time in which nobody could be let go."""
        if not entry.call.absent:
            self._limits.arm(entry)

    def answered(self, event: AgentAnswered) -> Sequence[Sequel]:
        """Forget the place of a call whose agent has answered, and leave that to be stored."""
        call_id = event.call_id
        if (entry := self.places.get(call_id)) is None:
            return ()
        self._take_out(entry)

        def settle(stored: bool) -> None:
            if not stored:
                self._tasks.start(self._remove(call_id), "place")

        return [Sequel((), lambda connection: store.remove(connection, [call_id]), settle)]

    async def _remove(self, call_id: str) -> None:
        await self._db.write(lambda connection: store.remove(connection, [call_id]))

    async def forget(self, entry: Entry, why: str) -> None:
        """Forget the place of a call; an agent kept for it and not answered yet is freed with cause `why`."""
        call_id = entry.call.call_id
        if not self.places.holds(entry):
            return
        self._take_out(entry)
        agent_id = entry.agent_id if entry.stand is Stand.OFFERED else None
        if agent_id is not None and why != "answered":
            await self._agents.release(agent_id, call_id, why)
        await self._remove(call_id)

    def _take_out(self, entry: Entry) -> None:
        self.places.take_out(entry)
        self._floor.leave(entry.call.call_id)
        self._limits.drop(entry)

    async def _waited_out(self, entry: Entry) -> None:
        await self.give_up(entry, "too_long")

    async def give_up(self, entry: Entry, why: str) -> None:
        """Let a waiting call go, and tell it why."""
        if not self.places.holds(entry) or entry.stand is not Stand.WAITING or not self.serving or entry.call.absent:
            return
        # Told first, forgotten after: a kill between leaves a place that the call no longer asks for.
        self._take_out(entry)
        self._deliver(entry.call.call_id, QueueGaveUp(why))
        await self._remove(entry.call.call_id)


def overflowed(at: datetime, call: Waiting, to: str, cause: str, since: datetime) -> CallOverflowed:
    """Return that the call may be answered in queue `to` as well."""
    return CallOverflowed(at=at, call_id=call.call_id, queue=call.queue, to=to, cause=cause, since=since)


def _logged(stored: "asyncio.Future[list[Recorded]]") -> None:
    """Name in the log why an offer that nobody waits for could not be stored."""
    if not stored.cancelled() and (error := stored.exception()) is not None:
        _log.error("offer not stored", extra={"action": "offer_not_stored", "why": type(error).__name__})
