"""What is done with the presence of agents: signing in, breaks, desktops, reservations, wrap-up."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from agents import catalogue, reasons, results, store
from agents.events import AgentForced, AgentLoggedIn, AgentReserved
from agents.following import Follower
from agents.ghosts import GhostSeats
from agents.model import (
    MISSES,
    MOVES,
    OFFERED,
    ON_CALL,
    Agent,
    Cause,
    IllegalMove,
    PageRule,
    Permission,
    Seat,
    State,
    Wish,
    advance,
)
from agents.pages import Pages
from agents.phone_check import PhoneChecks, PhoneNotChecked
from agents.presence import Around, Presence
from agents.qualification import Qualifications
from agents.restart import LiveCalls, reconcile, seats_without_phone
from core.bus import Bus
from core.clock import Clock
from core.config import Site
from core.db import Database
from core.errors import BadInput, Conflict, Forbidden, NotFound, Unavailable
from core.events import Event
from core.journal import Journal
from core.policy import Policy
from core.sequels import Sequel
from core.tasks import TaskOwner


class NoSuchAgent(NotFound):
    """There is no such agent."""

    code = "no_such_agent"


class NoSuchSeat(NotFound):
    """There is no such seat."""

    code = "no_such_seat"


class SeatTaken(Conflict):
    """Somebody else sits at this seat: take another, or have them sign out."""

    code = "seat_taken"


class AtAnotherSeat(Conflict):
    """You sit at another seat: sign out there first."""

    code = "at_another_seat"


class NotAtSeat(Conflict):
    """The agent sits at no seat: sign in to one first."""

    code = "not_at_seat"


class PhoneNotRegistered(Conflict):
    """The phone of your seat is not registered: start it, check its password, then become ready."""

    code = "phone_not_registered"


class PageNotOpen(Conflict):
    """At this seat calls come only while the desktop is open: open it, then become ready."""

    code = "page_not_open"


SHIPPED = Site()
"""An installation with the lists that are shipped."""


class StillStarting(Unavailable):
    """The service has just started and does not know its agents yet: try again."""

    code = "still_starting"


class NotFree(Conflict):
    """The agent is not ready for a call, or the phone is not there."""

    code = "agent_not_free"


class AgentService:
    """Everything that moves presence; `roster` is what may be read of it, `qualifications` what agents can."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, policy: Policy, *, site: Site = SHIPPED) -> None:
        self._journal = journal
        self._presence = Presence(journal, clock, policy)
        self.roster = self._presence.roster
        self.qualifications = Qualifications(journal, db, clock, catalogue.load(site.skills))
        self._db = db
        self._clock = clock
        self._tasks = TaskOwner("agents")
        self.reasons = reasons.load(site.reasons)
        self.results = results.load(site.results)
        self.pages = Pages(self._presence, clock, policy, self._tasks, self._routable_again)
        self.phone_checks = PhoneChecks(self._presence, journal, clock, policy)
        self.ghosts = GhostSeats(self._presence)
        """What the sweep of the PBX compares with presence."""
        self._on_phones: Callable[[], None] | None = None
        self._loaded = False

    # --- what agents do ---

    async def sign_in(self, agent_id: str, seat_id: str) -> Agent:
        """Put the agent at a seat, not ready; signing in again at the same seat changes nothing.

        Raises NoSuchAgent, NoSuchSeat, Forbidden (the role takes no calls), SeatTaken, AtAnotherSeat,
        StillStarting.
        """
        if not self._loaded:
            raise StillStarting
        user = await self._db.read(lambda connection: store.user_by_id(connection, agent_id))
        if user is None or user.disabled:
            raise NoSuchAgent(agent_id=agent_id)
        if not user.may(Permission.TAKE_CALLS):
            raise Forbidden("this role takes no calls", role=str(user.role))
        await self.refresh_seats()
        if self.roster.seat(seat_id) is None:
            raise NoSuchSeat(seat_id=seat_id)
        at = self._clock.now()
        agent = self.roster.get(agent_id) or Agent(agent_id=agent_id, since=at)
        if agent.state is not State.LOGGED_OUT:
            if agent.seat_id != seat_id:
                raise AtAnotherSeat(seat_id=agent.seat_id)
            return agent
        if self.roster.at_seat(seat_id) is not None:
            raise SeatTaken(seat_id=seat_id)
        self.roster.set_checked(seat_id, False)
        moved = advance(agent, State.NOT_READY, Cause.SIGNED_IN, at)
        return await self._presence.commit(
            agent,
            replace(moved, seat_id=seat_id, desktop=self.roster.page_there(agent_id)),
            AgentLoggedIn(at=at, agent_id=agent_id, seat_id=seat_id),
        )

    async def sign_out(self, agent_id: str, cause: Cause = Cause.SIGNED_OUT, *, by: str = "") -> Agent:
        """Take the agent off the seat; during a call that comes when the call is over, without wrap-up's end ready.

        `by`: who leads the shift, when it was not the agent.
        """
        agent = self.signed_in(agent_id)
        forced = self._forced(agent_id, State.LOGGED_OUT, None, by)
        if agent.state in ON_CALL:
            return await self._presence.wish(agent, Wish(State.LOGGED_OUT), *forced)
        return await self._presence.move(agent, State.LOGGED_OUT, cause, *forced)

    async def set_state(self, agent_id: str, wanted: State, reason: str | None = None, *, by: str = "") -> Agent:
        """Make the agent ready or not ready (then `reason` is needed); a wish during a call comes after wrap-up.

        `ready` in wrap-up finishes it. `by`: who leads the shift, when it was not the agent.

        Raises NotAtSeat, PhoneNotRegistered, PhoneNotChecked, PageNotOpen, BadInput.
        """
        agent = self.signed_in(agent_id)
        said = self._said(wanted, reason)
        forced = self._forced(agent_id, wanted, said, by)
        if agent.state in ON_CALL or (agent.state is State.WRAP_UP and wanted is State.NOT_READY):
            return await self._presence.wish(agent, Wish(wanted, said), *forced)
        if wanted is State.READY:
            self._needs_phone(agent)
            if self._lacks_page(agent):
                raise PageNotOpen(seat_id=agent.seat_id)
            if agent.state is State.WRAP_UP:
                agent = replace(agent, wish=None)
                return await self._presence.end_wrap_up(agent, Cause.WRAP_UP_FINISHED, *forced)
        if (agent.state, agent.reason) == (wanted, said):
            return agent
        return await self._presence.move(agent, wanted, Cause.ASKED, *forced, reason=said)

    def _forced(self, agent_id: str, wanted: State, reason: str | None, by: str) -> tuple[AgentForced, ...]:
        """Return what is told of a move that was not the agent's own wish."""
        if by in ("", agent_id):
            return ()
        return (AgentForced(at=self._clock.now(), agent_id=agent_id, by=by, wanted=wanted.value, reason=reason),)

    def _needs_phone(self, agent: Agent) -> None:
        """Raise PhoneNotRegistered or PhoneNotChecked when no call may come to the agent's seat."""
        match self.roster.lack(agent):
            case Cause.SEAT_LOST:
                raise PhoneNotRegistered(seat_id=agent.seat_id)
            case Cause.PHONE_UNCHECKED:
                raise PhoneNotChecked(seat_id=agent.seat_id)

    def _lacks_page(self, agent: Agent) -> bool:
        seat = self.roster.seat(agent.seat_id)
        return seat is not None and seat.page is PageRule.REQUIRED and not self.roster.page_there(agent.agent_id)

    def _said(self, wanted: State, reason: str | None) -> str | None:
        if wanted not in (State.READY, State.NOT_READY):
            raise BadInput(f"state {wanted}: an agent asks for ready or not_ready", state=str(wanted))
        return self.reasons.code(reason) if wanted is State.NOT_READY else None

    async def finish_wrap_up(self, agent_id: str) -> Agent:
        """End wrap-up: what the agent wished comes, else ready. Raises IllegalMove when there is none."""
        agent = self.signed_in(agent_id)
        if agent.state is not State.WRAP_UP:
            raise IllegalMove("there is no wrap-up to finish", state=str(agent.state))
        return await self._presence.end_wrap_up(agent, Cause.WRAP_UP_FINISHED)

    async def extend_wrap_up(self, agent_id: str, seen: datetime | None = None) -> Agent:
        """Let the wrap-up end later than `seen`, if given: it was done when it ends at another moment by now.

        Raises IllegalMove when there is none, WrapUpLongEnough.
        """
        agent = self.signed_in(agent_id)
        if agent.state is not State.WRAP_UP:
            raise IllegalMove("there is no wrap-up to extend", state=str(agent.state))
        if seen is not None and agent.until != seen:
            return agent
        return await self._presence.extend_wrap_up(agent)

    # --- what routing does ---

    async def reserve(self, agent_id: str, call_id: str) -> AgentReserved:
        """Keep the agent for a call until the lease lapses. Raises NotFree unless ready with a phone."""
        reserved, begun = self.begin_reservation(agent_id, call_id)
        await asyncio.shield(self._presence.keep(begun))
        return reserved

    def begin_reservation(
        self, agent_id: str, call_id: str, first: Sequence[Event] = ()
    ) -> tuple[AgentReserved, Sequel]:
        """Keep the agent from this moment on, and return what of it is to be stored, the events `first` before it.

        Raises NotFree.
        """
        agent = self.roster.get(agent_id)
        seat = self.roster.seat(agent.seat_id) if agent else None
        if agent is None or seat is None or not self.roster.routable(agent_id):
            raise NotFree(agent_id=agent_id, state=str(agent.state) if agent else None)
        at = self._clock.now()
        until = self._presence.lease_from(at)
        moved = replace(advance(agent, State.RESERVED, Cause.RESERVED, at, until=until), call_id=call_id)
        reserved = AgentReserved(at=at, call_id=call_id, agent_id=agent_id, seat_id=seat.id, lease_until=until)
        return reserved, self._presence.begin(agent, moved, *first, reserved)

    async def keep_for_own_call(self, agent_id: str, call_id: str) -> AgentReserved:
        """Keep an agent who dials out; one who is on a break is there again afterwards.

        Raises NotAtSeat, PhoneNotRegistered, NotFree (in a call, or in wrap-up).
        """
        return await self._keep(agent_id, call_id, Cause.DIALS)

    async def keep_for_pick_up(self, agent_id: str, call_id: str) -> AgentReserved:
        """Keep an agent who picks a parked caller up; a wrap-up under way ends with it.

        Raises NotAtSeat, PhoneNotRegistered, NotFree (in a call).
        """
        return await self._keep(agent_id, call_id, Cause.PICKS_UP)

    async def keep_for_return(self, agent_id: str, call_id: str) -> AgentReserved | None:
        """Keep who has parked or handed on a caller for their return; None when that agent is not there for it."""
        try:
            return await self._keep(agent_id, call_id, Cause.RETURNED)
        except (NotAtSeat, PhoneNotRegistered, PhoneNotChecked, NotFree):
            return None

    async def _keep(self, agent_id: str, call_id: str, cause: Cause) -> AgentReserved:
        agent = self.signed_in(agent_id)
        self._needs_phone(agent)
        assert agent.seat_id is not None
        if (agent.state, cause, State.RESERVED) not in MOVES:
            raise NotFree(f"you are {agent.state}: finish that first", agent_id=agent_id, state=str(agent.state))
        at = self._clock.now()
        until = self._presence.lease_from(at)
        wish = Wish(State.NOT_READY, agent.reason) if agent.state is State.NOT_READY else agent.wish
        moved = advance(agent, State.RESERVED, cause, at, until=until)
        reserved = AgentReserved(at=at, call_id=call_id, agent_id=agent_id, seat_id=agent.seat_id, lease_until=until)
        await self._presence.commit(agent, replace(moved, call_id=call_id, wish=wish), reserved)
        return reserved

    async def release(self, agent_id: str, call_id: str, cause: str, ready: bool = True) -> bool:
        """Free the agent kept for this call and not talking yet; tells whether there was anything to free.

        With `ready` false the agent is not ready afterwards, as after a miss, whose `cause` is told.
        """
        agent = self.roster.get(agent_id)
        if agent is None or not agent.holds(call_id, OFFERED):
            return False
        missed = Cause(cause) if cause in MISSES else Cause.FAILED
        how = Cause.RELEASED if ready else missed
        await self._presence.free(agent, how, cause, self._clock.now())
        return True

    # --- seats and the life of the service ---

    def know(self, around: Around) -> None:
        """Take what presence needs of calls and queues, which are above."""
        self._presence.around = around

    def signed_in(self, agent_id: str) -> Agent:
        """Return one who sits at a seat. Raises NotAtSeat."""
        agent = self.roster.get(agent_id)
        if agent is None or agent.state is State.LOGGED_OUT:
            raise NotAtSeat(agent_id=agent_id)
        return agent

    async def refresh_seats(self) -> None:
        """Read the seats as they are stored now."""
        self.roster.set_seats(await self._db.read(store.all_seats))

    def seat_of(self, agent_id: str) -> Seat | None:
        """Return the seat at which the agent sits."""
        agent = self.roster.get(agent_id)
        return self.roster.seat(agent.seat_id) if agent else None

    def listen(self, bus: Bus) -> None:
        """Follow what the PBX says of calls and seats."""
        Follower(self._presence, self.sign_out).listen(self._journal, bus)

    async def load(self) -> None:
        """Take up stored presence; before this nobody can sign in. Browsers get their grace to come back."""
        if self._loaded:
            return
        await self.refresh_seats()
        stored = await self._db.read(store.load_presence)
        if self._loaded:
            return
        self._loaded = True
        self._presence.resume(stored)
        self.phone_checks.resume()
        for agent in self.roster.signed_in():
            if agent.desktop:
                self.pages.gone(agent.agent_id)
        await seats_without_phone(self._presence)

    async def restore(self, live: LiveCalls) -> None:
        """After a restart, once the calls that go on are known: `live` says which agents the PBX has in which call.

        Those reserved or ringing for a call that is gone become ready, those talking go to wrap-up, those whom a
        live call has go where it has them. Loads presence if `load` was not called before.
        """
        await self.load()
        await reconcile(self._presence, live)

    async def reconcile(self, live: LiveCalls) -> None:
        """As `restore`, for a running service whose calls were all taken up anew, as after the PBX was away."""
        await reconcile(self._presence, live)

    async def phones_are(self, sip_usernames: Collection[str]) -> None:
        """Take the whole list of registered phones, as after a (re)connect; seats that lost theirs are not ready."""
        self.roster.set_phones(sip_usernames)
        self._routable_again()
        await seats_without_phone(self._presence)

    def _routable_again(self) -> None:
        if self._on_phones is not None:
            self._on_phones()

    def when_phones_are_known(self, then: Callable[[], None]) -> None:
        """Call `then` when the whole list of phones came, or a page came back: ready agents may be routable now."""
        self._on_phones = then

    async def close(self) -> None:
        """End the timers; what is being stored is stored."""
        await self._tasks.close()
        await self._presence.close()
