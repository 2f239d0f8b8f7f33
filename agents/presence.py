"""The doors to a change of presence: decided in memory in one step, then stored with its events in one commit.

A process killed before the commit has changed nothing, one killed after it has changed all; what the
call meanwhile became is put right by `agents.restart`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from agents import store
from agents.events import AgentLoggedOut, AgentStateChanged, AgentStateWished, AgentWrapUpExtended, ReservationReleased
from agents.model import MISSES, OFFERED, Agent, Cause, SeatKind, State, Wish, advance, landing
from agents.roster import Roster
from core import log
from core.clock import Clock
from core.errors import Conflict
from core.events import Event, Recorded
from core.journal import Journal
from core.policy import Policy
from core.sequels import Sequel
from core.tasks import TaskOwner
from cti.events import Reconciled

_log = log.get(__name__)

LATE = "unreachable"
"""What `SeatLost.why` says of a phone that is registered and does not answer in time."""


class WrapUpLongEnough(Conflict):
    """This wrap-up was extended as often as is allowed: finish it, or ask for a break after it."""

    code = "wrap_up_long_enough"


@dataclass(frozen=True, slots=True)
class Around:
    """What presence needs of calls and queues, handed over by the wiring.

    `withdraw` takes the offer of a call (its id) back from an agent (id) and says why; the call then tells that it
    was missed. `page_gone` tells the call in which an agent talks that the page which is the phone is gone, or moved.
    `queue_of` names the queue of a call, `wrap_up_of` the seconds of wrap-up after calls of a queue
    (None: as the policy says).
    """

    withdraw: Callable[[str, str, str], bool] = lambda call_id, agent_id, why: False
    page_gone: Callable[[str, str, str], bool] = lambda call_id, agent_id, why: False
    queue_of: Callable[[str], str | None] = lambda call_id: None
    wrap_up_of: Callable[[str], float | None] = lambda queue: None


CLOSE_LIMIT_S = 5.0
RETRY_S = 1.0
"""How long after a deadline that storage refused it is tried again."""


class Presence:
    """Moves agents and watches the deadlines of their states; `roster` holds who is where."""

    def __init__(self, journal: Journal, clock: Clock, policy: Policy) -> None:
        self.roster = Roster()
        self.clock = clock
        self._journal = journal
        self._lease = timedelta(seconds=policy.number("reservation_lease"))
        self._wrap_up_s = policy.number("wrap_up_limit")
        self._extension = timedelta(seconds=policy.number("wrap_up_extension"))
        self._extensions = int(policy.number("wrap_up_extensions"))
        self._extended: dict[str, int] = {}
        """How often the wrap-up under way was extended."""
        self._queues: dict[str, str] = {}
        """Of which queue the call is that an agent talks to."""
        self._phone_grace_s = policy.number("seat_lost_grace")
        self._tasks = TaskOwner("presence")
        self.around = Around()
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._storing: set[asyncio.Future[list[Recorded]]] = set()

    def lease_from(self, at: datetime) -> datetime:
        """Return when a lease given at `at` lapses."""
        return at + self._lease

    def lease_anew(self, agent: Agent) -> None:
        """Begin the lease of an offer again: after a restart the phone rings for as long as if it had just begun."""
        self._arm(agent, at_least=self._lease.total_seconds())

    async def free(self, agent: Agent, cause: Cause, why: str, at: datetime, *first: Event) -> Agent:
        """End an offer that nobody answered or missed."""
        return await self._keep(agent, self.begin_free(agent, cause, why, at, *first))

    def begin_free(self, agent: Agent, cause: Cause, why: str, at: datetime, *first: Event) -> Sequel:
        """Do as `free`, and leave it to be stored."""
        assert agent.call_id is not None
        vain = cause in MISSES or (cause is Cause.LEASE_EXPIRED and agent.state is State.RINGING)
        lack = self.roster.lack(agent)
        to, reason = landing(agent, lack is None, vain, lack)
        told = ReservationReleased(at=at, call_id=agent.call_id, agent_id=agent.agent_id, cause=why)
        return self.begin_move(agent, to, cause, *first, told, at=at, reason=reason)

    async def seat_lost(self, sip_username: str, at: datetime, why: str) -> None:
        """The phone is gone: who is ready at its seat is not ready any more, and what rings there goes elsewhere.

        One that only answers too late (`why` unreachable) gets `seat_lost_grace` to be there again; no call is
        offered meanwhile.
        """
        seat = self.roster.seat_of_phone(sip_username)
        if seat is not None and why != LATE:
            self.roster.set_checked(seat.id, False)
        agent = self.roster.at_seat(seat.id) if seat else None
        if agent is None:
            return
        if agent.state is State.READY and why == LATE:
            if (timer := self._timers.get(sip_username)) is None or timer.done():
                self._timers[sip_username] = self._tasks.start(self._phone_grace(agent.agent_id), "phone grace")
        elif agent.state is State.READY:
            await self.move(agent, State.NOT_READY, Cause.SEAT_LOST, at=at)
        elif agent.state is State.RINGING and agent.call_id is not None:
            self.around.withdraw(agent.call_id, agent.agent_id, Cause.SEAT_LOST)
        elif why != LATE:
            self.page_gone(sip_username, "phone_lost")

    def page_gone(self, sip_username: str, why: str) -> None:
        """The page that is a seat's phone is gone (`phone_lost`), or `moved`: the talk there has to go on without it.

        One that only answers too late is left alone: whether there is sound is what counts, and the PBX hears that.
        """
        seat = self.roster.seat_of_phone(sip_username)
        agent = self.roster.at_seat(seat.id) if seat else None
        if seat is None or agent is None or seat.kind is not SeatKind.BROWSER:
            return
        if agent.state is State.TALKING and agent.call_id is not None:
            self.around.page_gone(agent.call_id, agent.agent_id, why)

    async def _phone_grace(self, agent_id: str) -> None:
        await self.clock.sleep(self._phone_grace_s)
        agent = self.roster.get(agent_id)
        if agent is not None and agent.state is State.READY and self.roster.phone_missing(agent):
            self.roster.set_checked(agent.seat_id, False)
            await self.move(agent, State.NOT_READY, Cause.SEAT_LOST)

    async def start_wrap_up(self, agent: Agent, cause: Cause, at: datetime, *first: Event) -> Agent:
        """The call of a talking agent is over: wrap-up begins at `at`, as long as the call's queue says."""
        return await self._keep(agent, self.begin_wrap_up(agent, cause, at, *first))

    def begin_wrap_up(self, agent: Agent, cause: Cause, at: datetime, *first: Event) -> Sequel:
        """Do as `start_wrap_up`, and leave it to be stored; one of no length is over at once."""
        queue = self._queues.pop(agent.agent_id, None) or self.around.queue_of(agent.call_id or "")
        own = self.around.wrap_up_of(queue) if queue else None
        self._extended.pop(agent.agent_id, None)
        length_s = self._wrap_up_s if own is None else own
        begun = self.begin_move(agent, State.WRAP_UP, cause, *first, at=at, until=at + timedelta(seconds=length_s))
        if length_s > 0:
            return begun
        wrapping = self.roster.get(agent.agent_id)
        assert wrapping is not None
        return self._together(agent, begun, self._begin_end_of_wrap_up(wrapping, Cause.WRAP_UP_OVER))

    def _together(self, before: Agent, first: Sequel, second: Sequel) -> Sequel:
        """Make one of two moves of an agent: only what the second leads to is stored."""
        after = self.roster.get(before.agent_id)
        assert after is not None

        def settle(stored: bool) -> None:
            for one in (first, second) if stored else (second, first):
                one.settle(stored)

        save = partial(store.save_presence, agent=after, over=before.version)
        return Sequel((*first.events, *second.events), save, settle)

    async def extend_wrap_up(self, agent: Agent) -> Agent:
        """Let the wrap-up under way end later. Raises WrapUpLongEnough when it was extended as often as allowed."""
        times = self._extended.get(agent.agent_id, 0)
        if times >= self._extensions:
            raise WrapUpLongEnough(most=self._extensions)
        assert agent.until is not None
        self._extended[agent.agent_id] = times + 1
        until = agent.until + self._extension
        told = AgentWrapUpExtended(at=self.clock.now(), agent_id=agent.agent_id, call_id=agent.call_id, until=until)
        return await self.commit(agent, replace(agent, until=until, version=agent.version + 1), told)

    async def end_wrap_up(self, agent: Agent, cause: Cause, *first: Event) -> Agent:
        """What the agent wished comes, else ready; a seat without its phone is not ready."""
        return await self._keep(agent, self._begin_end_of_wrap_up(agent, cause, *first))

    def _begin_end_of_wrap_up(self, agent: Agent, cause: Cause, *first: Event) -> Sequel:
        lack = self.roster.lack(agent)
        to, reason = landing(agent, lack is None, lack=lack)
        return self.begin_move(agent, to, cause, *first, reason=reason)

    async def wish(self, agent: Agent, wish: Wish, *first: Event) -> Agent:
        """Remember what comes after the call."""
        if agent.wish == wish:
            return agent
        told = AgentStateWished(
            at=self.clock.now(), agent_id=agent.agent_id, wanted=str(wish.state), reason=wish.reason
        )
        return await self.commit(agent, replace(agent, wish=wish, version=agent.version + 1), *first, told)

    async def move(
        self,
        agent: Agent,
        to: State,
        cause: Cause,
        *first: Event,
        at: datetime | None = None,
        reason: str | None = None,
        until: datetime | None = None,
        call_id: str | None = None,
    ) -> Agent:
        """Move presence by the table and commit; `call_id` attaches a call that did not hold the agent before."""
        begun = self.begin_move(agent, to, cause, *first, at=at, reason=reason, until=until, call_id=call_id)
        return await self._keep(agent, begun)

    def begin_move(
        self,
        agent: Agent,
        to: State,
        cause: Cause,
        *first: Event,
        at: datetime | None = None,
        reason: str | None = None,
        until: datetime | None = None,
        call_id: str | None = None,
    ) -> Sequel:
        """Do as `move`, and leave it to be stored."""
        at = at or self.clock.now()
        moved = advance(agent, to, cause, at, reason=reason, until=until)
        if call_id is not None:
            moved = replace(moved, call_id=call_id)
        if to is State.TALKING and (queue := self.around.queue_of(moved.call_id or "")) is not None:
            self._queues[agent.agent_id] = queue
        out = (AgentLoggedOut(at=at, agent_id=agent.agent_id),) if to is State.LOGGED_OUT else ()
        return self.begin(agent, moved, *first, *out)

    async def commit(self, old: Agent, new: Agent, *events: Event) -> Agent:
        """Let `new` stand for `old` at once, then store it with `events`; a cancelled caller cancels nothing."""
        return await self._keep(old, self.begin(old, new, *events))

    def begin(self, old: Agent, new: Agent, *events: Event) -> Sequel:
        """Let `new` stand for `old` at once, and return what of it is to be stored, `events` first.

        When that fails, `old` stands again.
        """
        self.roster.enter(new)
        self._arm(new)
        changed = events if old.state is new.state and old.reason == new.reason else (*events, _changed(old, new))
        return Sequel(changed, partial(store.save_presence, agent=new), partial(self._settle, new))

    def _settle(self, agent: Agent, stored: bool) -> None:
        if stored:
            self.roster.stored(agent)
        elif (instead := self.roster.withdraw(agent)) is not None:
            self._arm(instead, RETRY_S)

    def keep(self, begun: Sequel) -> asyncio.Future[list[Recorded]]:
        """Begin to store what was begun; presence does not close before."""
        storing = self._journal.keep(begun)
        self._storing.add(storing)
        storing.add_done_callback(self._storing.discard)
        return storing

    async def _keep(self, old: Agent, begun: Sequel) -> Agent:
        """Store what was begun with an agent, and return what became of them."""
        new = self.roster.get(old.agent_id)
        assert new is not None
        await asyncio.shield(self.keep(begun))
        return new

    # --- deadlines ---

    def _arm(self, agent: Agent, at_least: float = 0.0) -> None:
        """Watch the deadline of the state that the agent is in now, and no other."""
        if (timer := self._timers.pop(agent.agent_id, None)) is not None:
            timer.cancel()
        if agent.until is not None:
            left = max((agent.until - self.clock.now()).total_seconds(), at_least)
            self._timers[agent.agent_id] = self._tasks.start(self._expire(agent.agent_id, left), "deadline")

    async def _expire(self, agent_id: str, left: float) -> None:
        await self.clock.sleep(left)
        self._timers.pop(agent_id, None)
        agent = self.roster.get(agent_id)
        if agent is None or agent.until is None:
            return
        if agent.state is State.WRAP_UP:
            await self.end_wrap_up(agent, Cause.WRAP_UP_OVER)
        elif agent.state in OFFERED:
            _log.warning("lease expired", extra={"action": "lease_expired", "agent_id": agent_id})
            await self.free(agent, Cause.LEASE_EXPIRED, str(Cause.LEASE_EXPIRED), self.clock.now())

    def resume(self, agents: Sequence[Agent]) -> None:
        """Take stored presence as it is and go on with its deadlines."""
        self.roster.load(agents)
        for agent in self.roster.signed_in():
            self._arm(agent)

    def difference(self, what: str, done: str, agent_id: str, call_id: str | None = None) -> Reconciled:
        """Return what is journaled of a difference between the PBX and presence."""
        return Reconciled(at=self.clock.now(), what=what, done=done, agent_id=agent_id, call_id=call_id)

    async def close(self) -> None:
        """End the timers; what is being stored is stored."""
        for timer in self._timers.values():
            timer.cancel()
        if self._storing:
            await asyncio.wait(set(self._storing), timeout=CLOSE_LIMIT_S)
        await self._tasks.drain()
        await self._tasks.close()


def _changed(old: Agent, new: Agent) -> AgentStateChanged:
    return AgentStateChanged(
        at=new.since,
        agent_id=new.agent_id,
        from_=str(old.state),
        to=str(new.state),
        cause=str(new.cause),
        reason=new.reason,
        call_id=new.call_id or old.call_id,
    )
