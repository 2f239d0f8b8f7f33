"""Runs a flow for a caller: from the start, or after a restart from the node where the call stood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.db import Database
from core.errors import HotlineError
from core.events import Event
from core.journal import of_call
from core.tasks import TaskOwner
from cti.model import CallState
from cti.port import NoSuchChannel, PbxDown
from cti.session import CallSession
from ivr.blocked import lets_in
from ivr.call import CustomerAnswers, IvrCall, IvrServices
from ivr.events import CallerIdentified, DigitsCollected, IvrFailed, IvrNodeEntered, SpeechHeard
from ivr.flow import Flow
from ivr.nodes.queue import Queue
from ivr.way import Way
from routing.precedence import Cause

_log = log.get(__name__)

STEPS_LIMIT = 500
"""No caller walks through more nodes in one call; a flow that loops without a key ends here."""


class Flows(Protocol):
    """The versions of the flow as calls need them (`ivr/versions` keeps them)."""

    @property
    def live(self) -> Flow:
        """The flow with which a call begins now."""
        ...

    async def version(self, number: int) -> Flow | None:
        """Return the flow of a call that began with version `number`; None when there is none to be had."""
        ...


@dataclass(frozen=True, slots=True)
class OneFlow:
    """A flow of which there is one version."""

    live: Flow

    async def version(self, number: int) -> Flow | None:
        """Return the flow when it is this one."""
        return self.live if number == self.live.version else None


class Engine:
    """Serves each caller by the flow that was live when the call began."""

    def __init__(self, flows: Flows, services: IvrServices, db: Database) -> None:
        self._flows = flows
        self._services = services
        self._db = db
        self._tasks = TaskOwner("ivr")

    async def serve(self, session: CallSession) -> None:
        """Be the program of a call: answer it, run the flow to its end."""
        call = IvrCall(session, self._services)
        call.ask_again = lambda: self._look_up(call, again=True)
        if session.call.state is CallState.ARRIVED and self._blocked(call):
            flow = self._flows.live
            here = await self._turned_away(flow, call)
        elif session.call.state is CallState.ARRIVED:
            flow = self._flows.live
            here = flow.start
            way = self._begin_way(flow, call)
            self._look_up(call)
            await session.answer(way.entered(here))
        else:
            flow, here = await self._resume(call)
            self._look_up(call)
            if session.call.state is CallState.MENU:
                await session.stop_old_playbacks()
        call.exits = flow.exits
        if not here:
            return
        for _ in range(STEPS_LIMIT):
            session.node = here
            following = await self._step(flow, call, here)
            call.since = ()
            if following is None:
                return
            here = following
            self._come(flow, call, here)
        session.end = ("system", "endless")
        _log.error("flow does not end", extra={"action": "flow_endless", "call_id": call.id, "node": here})

    async def _resume(self, call: IvrCall) -> tuple[Flow, str]:
        """Return the flow and the node where the call stands in the journal, with what was known; else the start.

        The node is empty when the caller was turned away.
        """
        story = [r.event for r in await self._db.read(lambda connection: of_call(connection, call.id))]
        entered = [(n, e) for n, e in enumerate(story) if isinstance(e, IvrNodeEntered)]
        flow = await self._begun_with(entered[-1][1].version) if entered else self._flows.live
        self._begin_way(flow, call)
        if entered and entered[-1][1].node in flow.nodes:
            at, last = entered[-1]
            call.known.update(last.known)
            call.pressed = any(_made_a_sign(event) for event in story)
            call.since = story[at:]
            return flow, await self._go_on(flow, call, last.node, story[at:])
        if self._blocked(call):
            return flow, await self._turned_away(flow, call)
        self._come(flow, call, flow.start)
        return flow, flow.start

    def _blocked(self, call: IvrCall) -> bool:
        caller = call.session.call
        return caller.caller_known and self._services.blocked(caller.caller)

    async def _turned_away(self, flow: Flow, call: IvrCall) -> str:
        """Tell a caller whose number is blocked; return where danger is reported, empty when the call is over."""
        if not await lets_in(call):
            return ""
        if call.way is None:
            self._begin_way(flow, call)
        urgent = (name for name, node in flow.nodes.items() if isinstance(node, Queue) and Cause.DANGER in node.causes)
        here = next(urgent, flow.start)
        self._look_up(call)
        self._come(flow, call, here)
        return here

    async def _begun_with(self, version: int) -> Flow:
        return (await self._flows.version(version) if version else None) or self._flows.live

    async def _go_on(self, flow: Flow, call: IvrCall, here: str, since: Sequence[Event]) -> str:
        node = flow.node(here)
        following = node.left(since, call.known) if isinstance(node, Queue) else None
        if following is None:
            return here
        call.since = ()
        self._come(flow, call, following)
        return following

    def _begin_way(self, flow: Flow, call: IvrCall) -> Way:
        call.way = Way(call.session, self._services.clock, flow.flow, flow.version, call.known)
        return call.way

    def _come(self, flow: Flow, call: IvrCall, node: str) -> None:
        assert call.way is not None
        call.way.come(node, leads_on=flow.node(node).leads_on)

    async def _step(self, flow: Flow, call: IvrCall, here: str) -> str | None:
        try:
            return await flow.node(here).run(call, here)
        except (NoSuchChannel, PbxDown):
            raise
        except (HotlineError, SQLAlchemyError, TimeoutError) as error:
            # A customer system that is down or slow must not cost the caller the call.
            call.stay()
            trouble = flow.trouble
            _log.warning(
                "node failed",
                extra={"action": "node_failed", "call_id": call.id, "node": here, "error": type(error).__name__},
            )
            if here == trouble or isinstance(flow.node(here), Queue):
                raise
            failed = IvrFailed(
                at=self._services.clock.now(), call_id=call.id, node=here, what=type(error).__name__, to=trouble
            )
            call.session.note(failed)
            return trouble

    def _look_up(self, call: IvrCall, *, again: bool = False) -> None:
        """Ask the customer system now, so that the answer is there when the greeting is over."""
        if call.session.stranger and not again and not call.known.get("verified"):
            call.answers = CustomerAnswers(language=call.language)
            return
        task = self._tasks.start(self._find(call, again=again), call.id)
        call.answers = task

    async def _find(self, call: IvrCall, *, again: bool) -> CustomerAnswers:
        desk = self._services.desk
        verified = call.known.get("verified")
        caller = call.session.call
        if verified:
            answers = await desk.by_account(verified, call.language)
        elif caller.caller_known:
            answers = await desk.by_number(caller.caller, call.language)
        else:
            answers = CustomerAnswers()
        # A language of one's own is rarely wanted: its voice makes the rest when a node tells it.
        for sentence in answers.first_sentences() if answers.language else answers.sentences():
            self._services.speaker.prepare(sentence, answers.language)
        if answers.customer_id and not verified and not again and caller.state in (CallState.ARRIVED, CallState.MENU):
            now = self._services.clock.now()
            call.session.note(CallerIdentified(at=now, call_id=call.id, customer_id=answers.customer_id, how="number"))
        return answers

    async def close(self) -> None:
        """End the look-ups that are under way."""
        await self._tasks.close()


def _made_a_sign(event: Event) -> bool:
    return isinstance(event, DigitsCollected) or (isinstance(event, SpeechHeard) and event.intent is not None)
