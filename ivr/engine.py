"""Runs a flow for a caller: from the start, or after a restart from the node where the call stood."""

import asyncio
from collections.abc import Sequence

from core import log
from core.db import Database
from core.errors import HotlineError
from core.events import Event
from core.journal import of_call
from core.tasks import TaskOwner
from cti.model import CallState
from cti.port import NoSuchChannel, PbxDown
from cti.session import CallSession
from ivr.call import CustomerAnswers, IvrCall, IvrServices
from ivr.events import CallerIdentified, DigitsCollected, IvrFailed, IvrNodeEntered, SpeechHeard
from ivr.flow import Flow
from ivr.nodes.queue import Queue

_log = log.get(__name__)

STEPS_LIMIT = 500
"""No caller walks through more nodes in one call; a flow that loops without a key ends here."""


class Engine:
    """Serves callers by one flow."""

    def __init__(self, flow: Flow, services: IvrServices, db: Database) -> None:
        self._flow = flow
        self._services = services
        self._db = db
        self._tasks = TaskOwner("ivr")

    async def serve(self, session: CallSession) -> None:
        """Be the program of a call: answer it, run the flow to its end."""
        call = IvrCall(session, self._services)
        if session.call.state is CallState.ARRIVED:
            here = self._flow.start
            self._look_up(call)
            await session.answer(self._entered(call, here))
        else:
            here = await self._resume(call)
            self._look_up(call)
            if session.call.state is CallState.MENU:
                await session.stop_old_playbacks()
        for _ in range(STEPS_LIMIT):
            session.node = here
            following = await self._step(call, here)
            call.since = ()
            if following is None:
                return
            here = following
            self._enter(call, here)
        session.end = ("system", "endless")
        _log.error("flow does not end", extra={"action": "flow_endless", "call_id": call.id, "node": here})

    async def _resume(self, call: IvrCall) -> str:
        """Return the node where the call stands in the journal, with what was known there; else the start."""
        story = [r.event for r in await self._db.read(lambda connection: of_call(connection, call.id))]
        entered = [(n, e) for n, e in enumerate(story) if isinstance(e, IvrNodeEntered)]
        if entered and entered[-1][1].node in self._flow.nodes:
            at, last = entered[-1]
            call.known.update(last.known)
            call.pressed = any(_made_a_sign(event) for event in story)
            call.since = story[at:]
            return await self._go_on(call, last.node, story[at:])
        self._enter(call, self._flow.start)
        return self._flow.start

    async def _go_on(self, call: IvrCall, here: str, since: Sequence[Event]) -> str:
        node = self._flow.node(here)
        following = node.left(since) if isinstance(node, Queue) else None
        if following is None:
            return here
        call.since = ()
        self._enter(call, following)
        return following

    def _enter(self, call: IvrCall, node: str) -> None:
        call.session.note(self._entered(call, node))

    def _entered(self, call: IvrCall, node: str) -> IvrNodeEntered:
        now = self._services.clock.now()
        return IvrNodeEntered(at=now, call_id=call.id, flow=self._flow.flow, node=node, known=dict(call.known))

    async def _step(self, call: IvrCall, here: str) -> str | None:
        try:
            return await self._flow.node(here).run(call, here)
        except (NoSuchChannel, PbxDown):
            raise
        except (HotlineError, TimeoutError) as error:
            # A customer system that is down or slow must not cost the caller the call.
            trouble = self._flow.trouble
            _log.warning(
                "node failed",
                extra={"action": "node_failed", "call_id": call.id, "node": here, "error": type(error).__name__},
            )
            if here == trouble or isinstance(self._flow.node(here), Queue):
                raise
            failed = IvrFailed(
                at=self._services.clock.now(), call_id=call.id, node=here, what=type(error).__name__, to=trouble
            )
            call.session.note(failed)
            return trouble

    def _look_up(self, call: IvrCall) -> None:
        """Ask the customer system now, so that the answer is there when the greeting is over."""
        task = self._tasks.start(self._find(call), call.id)
        call.answers = lambda: asyncio.shield(task)

    async def _find(self, call: IvrCall) -> CustomerAnswers:
        desk = self._services.desk
        verified = call.known.get("verified")
        caller = call.session.call
        if verified:
            answers = await desk.by_account(verified)
        elif caller.caller_known:
            answers = await desk.by_number(caller.caller)
        else:
            answers = CustomerAnswers()
        for sentence in answers.sentences():
            self._services.speaker.prepare(sentence)
        if answers.customer_id and not verified and caller.state in (CallState.ARRIVED, CallState.MENU):
            now = self._services.clock.now()
            call.session.note(CallerIdentified(at=now, call_id=call.id, customer_id=answers.customer_id, how="number"))
        return answers

    async def close(self) -> None:
        """End the look-ups that are under way."""
        await self._tasks.close()


def _made_a_sign(event: Event) -> bool:
    return isinstance(event, DigitsCollected) or (isinstance(event, SpeechHeard) and event.intent is not None)
