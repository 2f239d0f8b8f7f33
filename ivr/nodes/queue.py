"""queue: wait for a person, talk, and what follows."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from core.events import Event
from cti import talk
from cti.events import CallDequeued, CallQueued, CallReleased
from cti.messages import QueueGaveUp, SeatOffered
from cti.model import WITH_AGENT, CallState
from ivr.call import IvrCall
from ivr.node import Node, Prompts, QueueName, Target


class Queue(Node):
    """Says `prompts`, then waits in `queue` with music until a seat is offered and answered, then talks.

    A seat that is not answered costs the caller nothing: the place is kept. Nobody signed in: `nobody`;
    waited too long: `too_long`; after the talk: `next`. Entered again after a restart, it goes on from the
    state the call is in.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"next"})

    do: Literal["queue"]
    queue: QueueName
    prompts: Prompts = ()
    nobody: Target
    too_long: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        session = call.session
        if session.call.state is CallState.MENU:
            await call.say(self.prompts)
        queue = session.call.queue if session.call.state is not CallState.MENU else self.queue
        while True:
            if session.call.state not in WITH_AGENT:
                gave_up = await self._wait(call, queue or self.queue)
                if gave_up is not None:
                    await talk.leave_queue(session, gave_up)
                    session.forget_digits()  # pressed to the music, not in answer to what is said next
                    return self._without(gave_up)
            end = await talk.talk(session)
            if end.to is None:
                session.end = (end.by, "hung_up")
                return self.next
            queue = end.to

    def left(self, since: Sequence[Event]) -> str | None:
        """Return where a caller goes who was done here before a restart; None when not done.

        `since` is the story of the call from its entry into this node on.
        """
        steps = [e for e in since if isinstance(e, CallQueued | CallDequeued | CallReleased)]
        match steps[-1:]:
            case [CallReleased()]:
                return self.next
            case [CallDequeued(why=why)]:
                return self._without(why)
        return None

    def _without(self, why: str) -> str:
        return self.nobody if why == "no_agents" else self.too_long

    async def _wait(self, call: IvrCall, queue: str) -> str | None:
        """Return None once a seat has answered, or why routing gave up."""
        session, waiting = call.session, call.services.waiting
        if session.call.state is CallState.RINGING and await talk.ring(session, None):
            return None
        await talk.enter_queue(session, queue)
        await waiting.request(call.id, queue, session.call.queued_at)
        while True:
            match await session.receive():
                case SeatOffered() as offer:
                    if await talk.ring(session, offer):
                        return None
                    await waiting.again(call.id)
                case QueueGaveUp(why=why):
                    return why
