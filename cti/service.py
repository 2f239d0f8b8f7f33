"""All live calls: takes arrivals in, brings each message to its call, and starts over when the PBX was lost.

A lost connection is treated like a restart of this process: every session ends without touching its
call, and when the PBX is found again `adopt` takes up what is really there. One way for both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from core import log
from core.db import Database
from core.errors import Conflict, NotFound, Unavailable
from core.events import Event
from core.journal import Save
from core.phone import normalise
from core.tasks import TaskOwner
from cti import store
from cti.adopt import Adopted, adopt
from cti.events import CallArrived, CallPlaced, PbxFound, PbxLost
from cti.inbox import Asked
from cti.legs import call_of, is_ear
from cti.messages import (
    ChannelEntered,
    Command,
    Message,
    PbxMessage,
    PlaybackEnded,
    SoundTaken,
)
from cti.model import arrive, place
from cti.port import Arrival, NoSuchChannel, PbxDown, PbxLink, PbxTaken
from cti.session import CallSession, Program
from cti.world import CallWorld

_log = log.get(__name__)

COMMAND_LIMIT_S = 5.0
TAKEN_PAUSE_S = 30.0
"""Two services that took the PBX from each other at once would tear every call to and fro."""
BACK_OFF_FIRST_S, BACK_OFF_MOST_S = 0.1, 5.0


class NoSuchCall(NotFound):
    """There is no live call with this id."""

    code = "no_such_call"


@dataclass(frozen=True, slots=True)
class CallHooks:
    """What the rooms above give us.

    `program` serves a caller from wherever the call stands; `on_adopted` hears which calls live before any of
    them goes on, so that seats are freed before anything is routed. `is_stranger` tells, in the transaction that books
    a call, whether surely nobody is on record under its number.
    """

    program: Program
    on_adopted: Callable[[Sequence[Adopted]], Awaitable[None]]
    is_stranger: Callable[[Connection, str], bool] = lambda _connection, _number: False


class CallService:
    """The live calls of one PBX."""

    def __init__(self, pbx: PbxLink, world: CallWorld, db: Database, hooks: CallHooks) -> None:
        self._pbx = pbx
        self._world = world
        self._db = db
        self._hooks = hooks
        self._sessions: dict[str, CallSession] = {}
        world.parking.calls = lambda: (session.call for session in self._sessions.values())
        self._tasks = TaskOwner("calls")
        self.pbx_trouble: str | None = "not connected yet"
        """Why calls cannot be taken now, in words; None when they can."""

    # --- for the rooms above ----------------------------------------------------------------------

    def deliver(self, call_id: str, message: Message) -> bool:
        """Put a message into the inbox of a call; False when the call is not live or cannot take it."""
        session = self._sessions.get(call_id)
        return session is not None and session.deliver(message)

    async def command(self, call_id: str, command: Command) -> None:
        """Have the call do `command` and wait for the outcome.

        Raises NoSuchCall, Conflict when its state does not allow it, Forbidden when it is another agent's.
        """
        session = self._sessions.get(call_id)
        if session is None:
            raise NoSuchCall(call_id=call_id)
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not session.deliver(Asked(command, outcome)):
            raise Conflict("the call is ending", call_id=call_id)
        try:
            await asyncio.wait_for(outcome, COMMAND_LIMIT_S)
        except TimeoutError:
            raise Conflict("the call did not get to it: look at its state and try again", call_id=call_id) from None

    def queue_of(self, call_id: str) -> str | None:
        """Return the queue of a live call; None when it has none or is not live."""
        session = self._sessions.get(call_id)
        return session.call.queue if session else None

    async def place(self, event: CallPlaced, *told: Event, save: Save | None = None) -> None:
        """Begin a call of an agent; what is `told` of it and what `save` writes are in the same commit.

        Raises PbxDown, or what says that it cannot be stored, as a call that was begun before.
        """
        if self.pbx_trouble is not None:
            raise PbxDown(self.pbx_trouble)
        session = CallSession(place(event), self._world)
        self._sessions[session.call.id] = session

        def book(connection: Connection) -> None:
            store.add(connection, session.call)
            if save is not None:
                save(connection)

        try:
            await self._world.journal.record(event, *told, save=book)
        except BaseException:
            del self._sessions[session.call.id]
            raise
        self._start(session)

    def live(self) -> list[CallSession]:
        """Return the sessions of all live calls."""
        return list(self._sessions.values())

    # --- the loop -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, adopt, serve; again and again until cancelled."""
        while True:
            await self._connect()
            pause = BACK_OFF_FIRST_S
            try:
                await self._adopt()
                await self._pbx.listen(self.take)
                why = "the connection to the PBX was lost"
            except PbxTaken as taken:
                why, pause = taken.message, TAKEN_PAUSE_S
            except (Unavailable, NoSuchChannel) as trouble:
                why = trouble.message
            except SQLAlchemyError as trouble:
                why = f"the database does not take what is found at the PBX ({type(trouble).__name__})"
            await self._lost(why)
            # One that takes us in and lets us go at once is not asked again in the same breath.
            await self._world.clock.sleep(pause)

    async def _connect(self) -> None:
        waits = wait_exponential_jitter(multiplier=BACK_OFF_FIRST_S, max=BACK_OFF_MOST_S, jitter=0.1)
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(PbxDown), wait=waits):
            with attempt:
                try:
                    await self._pbx.connect()
                except PbxDown as down:
                    self.pbx_trouble = down.message
                    raise

    async def _adopt(self) -> None:
        await self._world.journal.settle()  # what is only noted is not in the books that are compared now
        adopted, loose = await adopt(self._pbx, self._db, self._world)
        for one in adopted:
            self._sessions[one.session.call.id] = one.session
        await self._hooks.on_adopted(adopted)
        for one in adopted:
            self._start(one.session)
        for arrival in loose:
            self.take(arrival)
        await self._world.journal.record(PbxFound(at=self._world.clock.now()))
        self.pbx_trouble = None

    async def _lost(self, why: str) -> None:
        self.pbx_trouble = why
        await self._pbx.close()
        await self._tasks.close()
        self._sessions.clear()
        try:
            await self._world.journal.record(PbxLost(at=self._world.clock.now(), why=why))
        except (SQLAlchemyError, Unavailable):
            _log.error("loss of the PBX not stored", extra={"action": "pbx_lost_not_stored", "why": why})

    def take(self, message: Arrival | PbxMessage) -> None:
        """Bring what the PBX says to its call; a new caller becomes a call."""
        if isinstance(message, Arrival):
            if message.channel_id not in self._sessions:
                self._arrive(message)
            return
        subject = _subject(message)
        session = self._sessions.get(subject)  # most is about the caller's channel, whose id is the call's
        if session is None:
            if is_ear(subject):
                return  # whoever hears the caller through it sees its end by itself
            session = self._sessions.get(call_of(subject))
        if session is not None:
            session.deliver(message)
        elif isinstance(message, ChannelEntered):
            # A seat answered after its call was over: nobody is there to talk to.
            self._tasks.start(self._pbx.hang_up(message.channel_id), "stray")

    def _arrive(self, arrival: Arrival) -> None:
        """Make the session at once, so that the next message (a hang-up, perhaps) already finds it."""
        phone = normalise(arrival.caller_raw)
        event = CallArrived(
            at=self._world.clock.now(),
            call_id=arrival.channel_id,
            channel_id=arrival.channel_id,
            caller=phone.number,
            caller_known=phone.known,
            caller_raw=phone.raw,
            number=arrival.number,
        )
        session = CallSession(arrive(event), self._world)
        self._sessions[session.call.id] = session
        self._tasks.start(self._begin(session, event), session.call.id)

    async def _begin(self, session: CallSession, event: CallArrived) -> None:
        def book(connection: Connection) -> None:
            store.add(connection, session.call)
            session.stranger = event.caller_known and self._hooks.is_stranger(connection, event.caller)

        try:
            await self._world.journal.record(event, save=book)
        except (SQLAlchemyError, Unavailable) as error:
            # A call that is in no book cannot be served; the carrier says so at once instead of silence.
            _log.error(
                "arrival not stored",
                extra={"action": "arrival_not_stored", "call_id": event.call_id, "why": type(error).__name__},
            )
            del self._sessions[event.call_id]
            await self._pbx.hang_up(event.call_id, "congestion")
            return
        await self._serve(session)

    def _start(self, session: CallSession) -> None:
        self._tasks.start(self._serve(session), session.call.id)

    async def _serve(self, session: CallSession) -> None:
        try:
            await session.run(self._hooks.program)
        finally:
            if self._sessions.get(session.call.id) is session:
                del self._sessions[session.call.id]

    async def close(self) -> None:
        """Stop serving without touching any call: the next service adopts them."""
        await self._tasks.close()
        self._sessions.clear()
        await self._pbx.close()


def _subject(message: PbxMessage) -> str:
    if isinstance(message, PlaybackEnded):
        return message.playback_id
    return message.name if isinstance(message, SoundTaken) else message.channel_id
