"""Rings callbacks: each keeps its place in the queue without a call; the agent is reserved first, then both are rung.

What is under way is in the books before anything rings, and every call for a callback has an id of its own that can be
booked once. So whatever is killed in between, a customer is rung once for each try.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from agents.service import AgentService
from core import log
from core.bus import Bus
from core.db import Database
from core.errors import HotlineError
from core.events import Event, Recorded
from core.policy import Policy
from core.tasks import TaskOwner
from cti import outgoing
from cti.events import AgentAnswered, CallArrived, CalleeAnswered, CallEnded, CallPlaced, PbxFound
from cti.legs import callback_call, callback_of, dialling_leg
from cti.messages import SeatOffered, SeatWithdrawn
from cti.model import Call, CallState
from cti.service import CallService
from cti.session import CallSession
from cti.world import CallWorld
from desk.callbacks import course, store
from desk.callbacks.course import Rules, Turn
from desk.callbacks.events import (
    AbandonedTaken,
    CallbackBooked,
    CallbackClosed,
    CallbackDialled,
    CallbackMissed,
)
from desk.callbacks.model import Callback, Outcome, State
from routing.callbacks import books
from routing.callbacks.known import Known
from routing.callbacks.model import Attempt, attempt, not_taken
from routing.model import Waiting
from routing.service import RoutingService
from routing.timing import Alarm

_log = log.get(__name__)

AGAIN_S = 2.0
"""After storage refused what became of a callback, it is looked at again."""


@dataclass(frozen=True, slots=True)
class Means:
    """What ringing needs of the house; `number` is ours, which customers see."""

    calls: CallService
    agents: AgentService
    routing: RoutingService
    db: Database
    world: CallWorld
    zone: ZoneInfo
    number: str


class RingBack:
    """Looks at a callback whenever something has happened to it, one at a time; the books say how far it is."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self._clock, self._journal = means.world.clock, means.world.journal
        self._absent = means.routing.absent
        self.rules = rules_of(means.world.policy)
        self.known = Known()
        self._offers: dict[str, SeatOffered] = {}
        self._standing: dict[str, str] = {}
        """By callback: the id of the call for which it stands in the queue."""
        self._at: dict[str, datetime] = {}
        self._todo: dict[str, None] = {}
        self._woken = asyncio.Event()
        self.turn = asyncio.Lock()
        self._tasks = TaskOwner("callbacks")
        self._alarm = Alarm(self._clock, self._tasks, self._rings)

    # --- the life of the service ---

    def listen(self, bus: Bus) -> None:
        """Follow bookings and calls."""
        bus.listen(CallbackBooked, self._booked)
        bus.listen(AbandonedTaken, self._booked)
        bus.listen(CallArrived, self._arrived)
        bus.listen(AgentAnswered, self._moved)
        bus.listen(CalleeAnswered, self._moved)
        bus.listen(CallEnded, self._ended)
        bus.listen(PbxFound, self._all)

    async def restore(self, live: Iterable[Call]) -> None:
        """Take up open callbacks, once the calls that go on are known; to be called before any of these goes on."""
        found = await self.means.db.read(store.open_ones)
        calls = list(live)
        self.known.nobody_on_line()
        for callback in found:
            self.known.know(callback)
            self.known.meet(calls, callback)
            self.wake(callback.id)

    async def run(self) -> None:
        """Look at callbacks as things happen, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._todo:
                callback_id = next(iter(self._todo))
                del self._todo[callback_id]
                try:
                    async with self.turn:
                        await self._look(callback_id)
                except (HotlineError, SQLAlchemyError) as error:
                    why = type(error).__name__
                    _log.error("callback not moved", extra={"action": "callback_stuck", "why": why})
                    self._look_at(callback_id, self._clock.now().timestamp() + AGAIN_S)

    async def close(self) -> None:
        """Stop; what is stored stays."""
        await self._tasks.close()

    # --- what is heard ---

    def _booked(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallbackBooked | AbandonedTaken)
        self.wake(event.callback_id)

    def _arrived(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallArrived)
        if event.caller_known and (callback_id := self.known.comes(event.call_id, event.caller)) is not None:
            self.wake(callback_id)

    def _moved(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentAnswered | CalleeAnswered | CallEnded)
        callback_id = self.known.in_call(event.call_id) or callback_of(event.call_id)
        if callback_id is not None:
            self.wake(callback_id)

    def _ended(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        self._moved(recorded)
        self.known.goes(event.call_id)

    def _all(self, recorded: Recorded) -> None:
        for callback_id in self.known.ids():
            self.wake(callback_id)

    def wake(self, callback_id: str) -> None:
        """Look at a callback soon."""
        self._todo[callback_id] = None
        self._woken.set()

    def _rings(self) -> None:
        now = self._clock.now()
        for callback_id in [one for one, at in self._at.items() if at <= now]:
            del self._at[callback_id]
            self.wake(callback_id)
        if self._at:
            self._alarm.set((min(self._at.values()) - now).total_seconds())

    def _look_at(self, callback_id: str, timestamp: float) -> None:
        at = self._at[callback_id] = datetime.fromtimestamp(timestamp, self.means.zone)
        self._alarm.set(max((at - self._clock.now()).total_seconds(), 0.0))

    # --- one callback ---

    async def _look(self, callback_id: str) -> None:
        offer = self._offers.pop(callback_id, None)
        callback = await self.means.db.read(lambda connection: store.get(connection, callback_id))
        if callback is None or callback.state is State.CLOSED:
            await self._forget(callback_id)
            return
        if callback_id not in self.known:
            self.known.meet((session.call for session in self.means.calls.live()), callback)
        self.known.know(callback)
        if callback.state is State.DIALLING:
            if (settled := await self._settle(callback)) is None:
                return
            callback = settled
        if callback.state is State.BOOKED:
            await self._wait_or_ring(callback, offer)
        else:
            await self._forget(callback_id)

    async def _wait_or_ring(self, callback: Callback, offer: SeatOffered | None) -> None:
        if (call_id := await self.means.db.read(lambda c: books.served(c, callback))) is not None:
            await self.finish(callback, Outcome.CALLED_IN, call_id)
            return
        plan = course.plan(callback, self._now(), self.rules, on_the_line=self.known.is_on_line(callback.id))
        if plan.at is not None:
            self._look_at(callback.id, plan.at.timestamp())
        if plan.turn is Turn.OVER:
            await self.finish(callback, Outcome.TOO_LATE, callback.wish.call_id)
        elif plan.turn is not Turn.RING:
            await self.leave(callback.id)
        elif offer is not None:
            await self._ring_for(callback, offer)
        else:
            self._stand(callback)

    def _stand(self, callback: Callback) -> None:
        """Let it stand in the queue where the customer stood, under the id of the call that it is to become."""
        call_id = callback_call(callback.id, callback.calls + 1)
        if self._standing.get(callback.id) == call_id or callback.wish.queue not in self.means.routing.queues:
            return
        self._standing[callback.id] = call_id

        def taken(offer: SeatOffered) -> None:
            self._offers[callback.id] = offer
            self.wake(callback.id)

        wish = callback.wish
        self._absent.stand(Waiting(call_id, wish.queue, course.place_since(callback), absent=True), taken)

    async def leave(self, callback_id: str, why: str = "not_now") -> None:
        """Take a callback out of the queue; an agent kept for it is free again, unless the call begins now."""
        if (call_id := self._standing.pop(callback_id, None)) is not None:
            await self._absent.leave(call_id, why)

    async def _ring_for(self, callback: Callback, offer: SeatOffered) -> None:
        call_id = self._standing.get(callback.id, "")
        if self._absent.kept_for(call_id) != offer.agent_id:
            return  # the reservation has lapsed meanwhile: another one comes
        await self.leave(callback.id, "answered")
        await self.begin(callback, offer.agent_id, offer.seat_id)

    async def begin(self, callback: Callback, agent_id: str, seat_id: str, *, by_hand: bool = False) -> str:
        """Begin the agent's call; booked together with what it is for, before anything rings."""
        now, wish = self._clock.now(), callback.wish
        call_id, after = callback_call(callback.id, callback.calls + 1), course.dialled(callback, agent_id)
        placed = CallPlaced(
            at=now,
            call_id=call_id,
            agent_id=agent_id,
            seat_id=seat_id,
            channel_id=dialling_leg(call_id),
            dialled=wish.phone,
            number=self.means.number,
        )
        told = CallbackDialled(
            at=now,
            call_id=call_id,
            agent_id=agent_id,
            callback_id=callback.id,
            of_call=wish.call_id,
            queue=wish.queue,
            number=after.calls,
            waited_s=round((now - wish.waiting_since).total_seconds(), 1),
            by_hand=by_hand,
        )
        self.known.know(after)
        try:
            await self.means.calls.place(placed, told, save=lambda connection: store.save(connection, after, callback))
        except (HotlineError, SQLAlchemyError):
            self.known.know(callback)
            await self.means.agents.release(agent_id, call_id, "failed")
            self._look_at(callback.id, now.timestamp() + AGAIN_S)
            raise
        return call_id

    # --- what becomes of a call ---

    async def serve(self, session: CallSession, sip_username: str | None) -> None:
        """Be the program of a dialled call, as `cti.outgoing.serve`; one for a callback rings only who may be rung."""
        call = session.call
        if callback_of(call.id) is None:
            await outgoing.serve(session, sip_username)
            return

        def may_ring() -> bool:
            callback = self.known.get(callback_of(call.id) or "")
            return callback is not None and self.may_ring(callback)

        await outgoing.serve(session, sip_username, may_ring)
        if session.call.state is CallState.PLACED and (missed := not_taken(*session.end)) is not None:
            await self.means.agents.release(call.agent_id or "", call.id, missed, ready=False)

    def may_ring(self, callback: Callback) -> bool:
        """Tell whether the customer may be rung at this moment, due or not."""
        self.known.meet((session.call for session in self.means.calls.live()), callback)
        at_once = replace(callback, due_at=None)
        plan = course.plan(at_once, self._now(), self.rules, on_the_line=self.known.is_on_line(callback.id))
        return plan.turn is Turn.RING

    async def _settle(self, callback: Callback) -> Callback | None:
        """Book what became of the call under way; None: it goes on."""
        call_id = callback_call(callback.id, callback.calls)
        story = await self._journal.of_call(call_id)
        done = attempt(recorded.event for recorded in story)
        if done.talked:
            return await self.finish(callback, Outcome.ANSWERED, call_id)
        if not done.over:
            if self.known.is_on_line(callback.id):
                self.means.calls.deliver(call_id, SeatWithdrawn(callback.agent_id or "", "customer_calls"))
            return None
        return await self._missed(callback, call_id, done)

    async def _missed(self, callback: Callback, call_id: str, done: Attempt) -> Callback:
        now, crossed = self._clock.now(), self.known.is_on_line(callback.id)
        if done.counts and not crossed:
            after = course.missed(callback, now, self.rules)
        else:
            after = course.not_rung(callback, now, pause_s=self.rules.skip_s if done.pauses and not crossed else 0)
        again = after.due_at if after.state is State.BOOKED else None
        told: list[Event] = [
            CallbackMissed(
                at=now, call_id=call_id, callback_id=callback.id, rung=done.rung, why=done.why, again_at=again
            )
        ]
        if after.outcome is not None:
            told.append(_closed(after, call_id, now))
        await self._journal.record(*told, save=lambda connection: store.save(connection, after, callback))
        self.known.know(after)
        return after

    async def finish(
        self, callback: Callback, outcome: Outcome, call_id: str, reason: str = "", by: str | None = None
    ) -> Callback:
        """Book that a callback is finished, with which call, why and by whom."""
        after = course.closed(callback, outcome, self._clock.now(), reason)
        told = _closed(after, call_id, self._clock.now(), by)
        await self._journal.record(told, save=lambda connection: store.save(connection, after, callback))
        await self._forget(callback.id)
        return after

    # --- what is known ---

    def place_of(self, phone: str, queue: str) -> datetime | None:
        """Return since when a customer who calls in counts as waiting in `queue`, by an own callback that is due."""
        return self.known.place_of(phone, queue, self._clock.now())

    def _now(self) -> datetime:
        return self._clock.now().astimezone(self.means.zone)

    async def _forget(self, callback_id: str) -> None:
        await self.leave(callback_id)
        self._at.pop(callback_id, None)
        self._offers.pop(callback_id, None)
        self.known.forget(callback_id)


def _closed(after: Callback, call_id: str, at: datetime, by: str | None = None) -> CallbackClosed:
    assert after.outcome is not None
    return CallbackClosed(
        at=at,
        call_id=call_id,
        callback_id=after.id,
        outcome=after.outcome.value,
        reason=after.reason,
        agent_id=by or after.agent_id,
    )


def rules_of(policy: Policy) -> Rules:
    """Return the rules of callbacks in a policy."""
    return Rules(
        int(policy.number("callback_from")),
        int(policy.number("callback_until")),
        int(policy.number("callback_tries")),
        60 * policy.number("callback_pause"),
        60 * policy.number("callback_pause_later"),
        60 * policy.number("callback_skipped"),
        3600 * policy.number("callback_wait_most"),
    )
