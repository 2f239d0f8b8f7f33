"""queue: wait for a person, talk, and what follows."""

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema
from sqlalchemy.exc import SQLAlchemyError

from core.errors import BadInput, HotlineError
from core.events import Event
from cti import ringing, transfer
from cti.events import CallDequeued, CallQueued, CallReleased, CallReturned, CallTransferred
from cti.handover import OUTSIDE, TalkEnd
from cti.messages import DigitPressed, Outsider, PlaybackEnded, QueueGaveUp, SeatOffered
from cti.model import WITH_AGENT, CallState
from cti.ringing import Rang
from cti.talk import NUISANCE
from cti.transfer import TALKED, Outside
from ivr import blocked, job_number, places
from ivr.call import DANGER, SENT_TO, IvrCall
from ivr.events import NeedStated
from ivr.lists import SHIPPED, Lists
from ivr.node import BACK_KEY, MaybeTarget, Node, Prompts, QueueName, Target, Targets
from ivr.returning import ring_first
from ivr.silent_talk import SilentTalk, silence_of
from routing.precedence import Cause
from routing.storm.events import CallShed

CauseName = Annotated[Cause, WithJsonSchema({"type": "string", "enum": [cause.value for cause in Cause]})]


SHED = "shed"
"""Why a new caller does not wait in a queue that is full in a storm; known of the call from then on."""
LEFT = "caller_left"
"""Why a caller who pressed `*` is no longer in the queue."""


def _known(skills: dict[str, int], info: ValidationInfo) -> dict[str, int]:
    lists = info.context if isinstance(info.context, Lists) else SHIPPED
    try:
        lists.check_skills(skills)
    except BadInput as error:
        raise ValueError(error.message) from None
    return skills


class Looked(NamedTuple):
    """Why a caller goes ahead of others, and the customer, None where that is not known."""

    causes: Collection[Cause]
    customer_id: str | None = None


class Before(NamedTuple):
    """What was before a wait: a talk that ended with the hand-over `handed`, or the `story` before a restart."""

    handed: TalkEnd | None = None
    story: Sequence[Event] = ()


class Queue(Node):
    """Says `prompts`, then waits in `queue` with music until a seat is offered and answered, then talks.

    Callers go ahead of others because of `causes`, and because of who they are and whether they called before
    (policy rules `ahead_…`). They need `skills` (levels by name) beside those of the queue. The agent is shown the
    `need`. A seat that is not answered costs the caller nothing: the place is kept. Nobody signed in, or the queue is
    closed: `nobody`; waited too long: `too_long`; after the talk: `next`. With `back` the key `*` leads there at any
    moment of the waiting, also while a seat rings, which is free at once; `meanwhile` is said between the music every
    `queue_comfort_interval`, in a storm first after `storm_callback_after`. With `announces` the caller hears the own
    place, and how long it will take where that can be told, first after `queue_tell_first` and then before each
    `meanwhile`; an offer cuts it short. In a storm a new caller who finds no room (`storm_shed_…`) is led to `full`
    where it is named: nobody who reports danger, or has waited before. An agent may send the caller on by the ways
    that `returns` names instead of `next`. Entered again after a restart, it goes on from the state the call is in. A
    silent caller is let go here only after the whole silent-call script; who is heard in it while no agent is there
    any more waits for another one.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"next", "back", "returns"})

    do: Literal["queue"]
    queue: QueueName
    prompts: Prompts = ()
    meanwhile: Prompts = ()
    announces: bool = False
    causes: tuple[CauseName, ...] = ()
    skills: Annotated[dict[str, int], AfterValidator(_known)] = {}  # noqa: RUF012 - pydantic copies it
    need: Literal["", "business", "complaint", "english"] = ""
    nobody: Target
    too_long: Target
    back: MaybeTarget = None
    returns: Targets = {}  # noqa: RUF012 - pydantic copies it
    full: MaybeTarget = None
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        if _was_nuisance(call.since):
            await self._let_go(call)
            return None
        session, talks = call.session, SilentTalk(call, here, self.returns)
        if Cause.DANGER in self.causes:
            call.known[DANGER] = "yes"
        looking = call.services.tasks.start(self._look_up(call), "who goes ahead")
        fresh = session.call.state is CallState.MENU and not talks.script
        new = fresh and (session.call.queued_at is None or SHED in call.known)
        if fresh:
            if self.need:
                session.note(NeedStated(at=call.services.clock.now(), call_id=call.id, need=self.need))
            await call.say(self.prompts)
            if self.back and await session.peek(0) == BACK_KEY:
                session.forget_digits()
                return self.back
        queue = self.queue if fresh else session.call.queue
        before = Before(None, call.since)
        while True:
            if session.call.state not in WITH_AGENT and not talks.script:
                if await self._outside(call, before.handed):
                    session.end = ("agent", "transferred")
                    return self.next
                gave_up = await self._wait(call, queue or self.queue, looking, before, new=new)
                if gave_up is not None:
                    if gave_up == LEFT:
                        # The place first, so that who is freed by this is not offered the same caller again.
                        await call.services.waiting.leave(call.id, LEFT)
                        session.forget_offers()
                    await ringing.leave_queue(session, gave_up)
                    session.forget_digits()  # pressed to the music, not in answer to what is said next
                    return self._without(gave_up)
            new, before = False, Before()  # who was to have the caller first has had them, or has not answered
            end = await talks.serve()
            if end is None:
                return None
            if end.script:
                continue
            if not end.handed_on:
                if end.nuisance:
                    await self._let_go(call)
                    return None
                session.end = (end.by, "sent_to_menu" if end.menu else "hung_up")
                if end.menu:
                    session.forget_digits()
                    call.known[SENT_TO] = self.returns[end.menu]
                return self.returns.get(end.menu, self.next)
            queue, before = end.to, Before(end)

    async def _let_go(self, call: IvrCall) -> None:
        """Say goodbye to a nuisance caller, who is asked nothing more."""
        call.session.end = ("agent", NUISANCE)
        await call.say([blocked.GOODBYE], interruptible=False)

    def prompts_used(self) -> Iterator[tuple[str, str]]:
        """Yield (field, prompt id) for every prompt that may be said."""
        yield from super().prompts_used()
        if self.announces:
            yield from (("announces", prompt) for prompt in places.PROMPTS)

    def left(self, since: Sequence[Event], known: dict[str, str]) -> str | None:
        """Return where a caller goes who was done here before a restart; None when not done.

        `since` is the story of the call from its entry into this node on; what became `known` of the caller here is
        put down again.
        """
        if Cause.DANGER in self.causes:
            known[DANGER] = "yes"
        match _last_step(since):
            case CallReleased(why=why) if why == NUISANCE:
                return None
            case CallReleased(menu=way) if not silence_of(since).kept:
                if way in self.returns:
                    known[SENT_TO] = self.returns[way]
                return self.returns.get(way, self.next)
            case CallReturned():
                return self.next
            case CallDequeued(why=why):
                if why == SHED:
                    known[SHED] = "yes"
                return self._without(why)
        return None

    def _without(self, why: str) -> str:
        if why == LEFT and self.back:
            return self.back
        if why == SHED and self.full:
            return self.full
        return self.nobody if why in ("no_agents", "closed") else self.too_long

    async def _look_up(self, call: IvrCall) -> Looked:
        """Return why the caller goes ahead, and who it is; what cannot be found out in time does not count.

        It is found out while the prompts are said, so that it costs no time.
        """
        causes = set(self.causes)
        if call.services.callers is None:
            return Looked(causes)
        customer = await self._customer(call)
        with contextlib.suppress(HotlineError, SQLAlchemyError, TimeoutError):
            async with asyncio.timeout(call.number("lookup_wait")):
                causes |= set(await call.services.callers.causes(call.session.call, customer))
        return Looked(causes, customer)

    async def _customer(self, call: IvrCall) -> str | None:
        with contextlib.suppress(HotlineError, SQLAlchemyError, TimeoutError):
            return (await call.customer()).customer_id
        return None

    async def _outside(self, call: IvrCall, handed: TalkEnd | None) -> bool:
        """Put a caller through whom an agent has handed on to somebody outside; tell whether they talked."""
        session = call.session
        talked = session.call.state is CallState.OUTSIDE
        if not talked and not (handed and isinstance(handed.party, Outsider)):
            return False
        number = handed.party.number if handed and isinstance(handed.party, Outsider) else ""
        outside = Outside(number, OUTSIDE, call.number("transfer_ring"), call.number("transfer_longest"))
        again = talked or bool(handed and handed.rung)
        return await transfer.put_through(session, outside, again=again, talked=talked) == TALKED

    async def _wait(
        self,
        call: IvrCall,
        queue: str,
        looking: asyncio.Task[Looked],
        before: Before,
        *,
        new: bool,
    ) -> str | None:
        """Return None once a seat has answered, or why the caller is no longer in the queue."""
        session, waiting, leaves = call.session, call.services.waiting, BACK_KEY if self.back else ""
        rang = await ring_first(call, before.handed, leaves, before.story)
        if rang is not Rang.MISSED:
            return LEFT if rang is Rang.LEFT else None
        await ringing.enter_queue(session, queue)
        skills = tuple(sorted(self.skills.items())) if queue == self.queue else ()
        causes, customer = await looking
        since = _since(call, queue)
        if new and since == session.call.queued_at and self._is_full(call, queue, causes):
            return SHED
        await waiting.request(
            call.id, queue, since, causes, _entered(before.story), skills=skills, customer_id=customer
        )
        said, pause = "", self._first_pause(call)
        while True:
            match await session.receive(pause):
                case SeatOffered() as offer:
                    if said:
                        await session.world.pbx.stop_playback(said)
                        said = await self._music(call)
                    await job_number.prepare(call, offer.agent_id)
                    rang = await ringing.ring(session, offer, leaves)
                    if rang is not Rang.MISSED:
                        return LEFT if rang is Rang.LEFT else None
                    await waiting.again(call.id)
                case QueueGaveUp(why=why):
                    return why
                case DigitPressed(channel_id=call.id, digit=key) if key == leaves:
                    return LEFT
                case PlaybackEnded(playback_id=ended) if ended == said:
                    said = await self._music(call)
                case None if said:  # the end of what was said was not told
                    said = await self._music(call)
                case None:
                    pause = call.number("queue_comfort_interval")
                    if told := (*self._told(call), *self.meanwhile):
                        await session.world.pbx.stop_music(call.id)
                        said = await session.begin(call.media(told))

    def _is_full(self, call: IvrCall, queue: str, causes: Collection[Cause]) -> bool:
        """Tell whether a new caller finds no room, and note it; who reported danger earlier in the call does."""
        full = None if self.full is None or DANGER in call.known else call.services.storm.full(queue, causes)
        if full is None:
            return False
        told = CallShed(
            at=call.services.clock.now(),
            call_id=call.id,
            queue=queue,
            waiting=full.waiting,
            wait_p50_s=full.wait_p50_s,
        )
        call.session.note(told)
        call.known[SHED] = "yes"
        return True

    def _first_pause(self, call: IvrCall) -> float | None:
        if self.meanwhile and call.services.storm.on():
            return call.number("storm_callback_after")
        if self.announces:
            return call.number("queue_tell_first")
        return call.number("queue_comfort_interval") if self.meanwhile else None

    def _told(self, call: IvrCall) -> tuple[str, ...]:
        """Return the prompts of place and wait; none where this is not told, or not known, or not in that language."""
        if not self.announces or call.language:
            return ()
        announcement = call.services.waiting.announce(call.id)
        return places.prompts(announcement) if announcement else ()

    async def _music(self, call: IvrCall) -> str:
        """Let the caller hear music again after what was said in between; nothing is said now."""
        await call.session.world.pbx.start_music(call.id)
        return ""


def _entered(since: Sequence[Event]) -> datetime | None:
    """Return when a call that is taken up after a restart came into the queue, None for one that comes now."""
    return max((e.at for e in since if isinstance(e, CallQueued | CallTransferred)), default=None)


def _last_step(since: Sequence[Event]) -> Event | None:
    kinds = CallQueued | CallDequeued | CallReleased | CallReturned | CallTransferred
    return next((event for event in reversed(since) if isinstance(event, kinds)), None)


def _was_nuisance(since: Sequence[Event]) -> bool:
    """Tell whether the service before us was about to say goodbye to a nuisance caller."""
    last = _last_step(since)
    return isinstance(last, CallReleased) and last.why == NUISANCE


def _since(call: IvrCall, queue: str) -> datetime | None:
    """Return since when the caller counts as waiting: one who is to be rung back there takes that place."""
    caller = call.session.call
    kept = call.services.callbacks.place_of(caller.caller, queue) if caller.caller_known else None
    return min(kept, caller.queued_at) if kept and caller.queued_at else caller.queued_at
