"""The screen pop: what is known of the caller, ready in memory before an agent is chosen.

What takes the database is fetched when the call begins to wait; when the seat is chosen the pop is put together
from memory and leaves at once. A caller who does not wait at all gets it as soon as the fetch is done.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agents.events import AgentReserved
from agents.model import User
from core import log
from core.errors import HotlineError
from core.tasks import TaskOwner
from cti.events import CallPlaced
from cti.model import Call
from desk.scripts.lines import dialled_opening, opening
from web import shapes
from web.customer_file import CustomerFiles
from web.live_calls import LiveCall, LiveCalls
from web.people import People
from web.services import WebServices
from web.speaking import speaker

_log = log.get(__name__)

KEPT = 2000
"""Files of calls kept: more than can wait, ring and talk at once."""
PATIENCE_S = 0.2
"""A pop whose file is not there by then goes out without it; the whole one follows."""
FETCH_LIMIT_S = 10.0

Show = Callable[[str, shapes.ScreenPop, datetime], None]
"""Brings a pop to the desktops of an agent."""


@dataclass(slots=True)
class _Prepared:
    fetch: asyncio.Task[shapes.CustomerFile | None]
    customer_id: str | None


class ScreenPops:
    """Prepares the pops of waiting calls and shows them when a seat is chosen."""

    def __init__(
        self, services: WebServices, files: CustomerFiles, calls: LiveCalls, people: People, show: Show
    ) -> None:
        self._services = services
        self._files = files
        self._calls = calls
        self._people = people
        self._show = show
        self._prepared: OrderedDict[str, _Prepared] = OrderedDict()
        self._shown: dict[str, shapes.ScreenPop] = {}
        self._tasks = TaskOwner("screen_pop")

    def prepare(self, live: LiveCall) -> _Prepared:
        """Begin to fetch what is known of the caller; a caller identified as someone else meanwhile is fetched anew."""
        call_id = live.call.id
        known = self._prepared.get(call_id)
        if known is not None and known.customer_id == live.customer_id and not _failed(known):
            return known
        fetch = self._tasks.start(self._fetch(live.call, live.customer_id), call_id)
        prepared = self._prepared[call_id] = _Prepared(fetch, live.customer_id)
        self._prepared.move_to_end(call_id)
        while len(self._prepared) > KEPT:
            self._prepared.popitem(last=False)
        return prepared

    def reserved(self, event: AgentReserved | CallPlaced) -> None:
        """A seat is chosen, or dials out: show the pop now, or as soon as its file is there."""
        live = self._calls.get(event.call_id)
        if live is None:
            return
        prepared = self.prepare(live)
        if prepared.fetch.done():
            self._pop(event, live, _result(prepared))
        else:
            self._tasks.start(self._pop_when_fetched(event, live, prepared), event.call_id)

    def identified(self, live: LiveCall, at: datetime) -> None:
        """The agent says who calls, or what is known of them has changed: show what is known now."""
        call_id = live.call.id
        self._prepared.pop(call_id, None)
        for agent_id, pop in self._shown.items():
            if pop.call_id == call_id:
                self._tasks.start(self._show_again(agent_id, pop, live, at), call_id)

    async def _show_again(self, agent_id: str, before: shapes.ScreenPop, live: LiveCall, at: datetime) -> None:
        prepared = self.prepare(live)
        await asyncio.wait([prepared.fetch])
        if self.shown_to(agent_id, live.call.id) is None:
            return  # another call came meanwhile
        pop = self._shown[agent_id] = self._build(live, agent_id, before.waited_s, _result(prepared))
        self._show(agent_id, pop, at)

    def preparing(self, call_id: str) -> bool:
        """Tell whether what is known of the caller is being fetched or is there."""
        return call_id in self._prepared

    async def fetched(self, call_id: str) -> None:
        """Wait until what is known of the caller has been fetched."""
        if (prepared := self._prepared.get(call_id)) is not None:
            await asyncio.wait([prepared.fetch])

    def shown_to(self, agent_id: str, call_id: str | None) -> shapes.ScreenPop | None:
        """Return the pop that the agent has on the screen for this call."""
        pop = self._shown.get(agent_id)
        return pop if pop is not None and pop.call_id == call_id else None

    async def restore(self, agent_id: str, call_id: str) -> None:
        """Build the pop of a call that the agent had before this service started."""
        live = self._calls.get(call_id)
        if live is None or self.shown_to(agent_id, call_id) is not None:
            return
        prepared = self.prepare(live)
        await asyncio.wait([prepared.fetch], timeout=PATIENCE_S)
        since = live.call.queued_at or live.call.started_at
        waited = ((live.call.talking_at or self._services.clock.now()) - since).total_seconds()
        self._shown[agent_id] = self._build(live, agent_id, waited, _result(prepared))

    def over(self, call_id: str) -> None:
        """Forget what was prepared for a call that ended; what is on a screen stays for the wrap-up."""
        self._prepared.pop(call_id, None)

    async def close(self) -> None:
        """End what is being fetched."""
        await self._tasks.close()

    async def _fetch(self, call: Call, customer_id: str | None) -> shapes.CustomerFile | None:
        try:
            async with asyncio.timeout(FETCH_LIMIT_S):
                return await self._files.of_caller(call, customer_id)
        except (HotlineError, TimeoutError):
            _log.exception("customer not fetched", extra={"action": "pop_fetch_failed", "call_id": call.id})
            return None

    async def _pop_when_fetched(self, event: AgentReserved | CallPlaced, live: LiveCall, prepared: _Prepared) -> None:
        await asyncio.wait([prepared.fetch], timeout=PATIENCE_S)
        if not prepared.fetch.done():
            self._pop(event, live, None)
            await asyncio.wait([prepared.fetch])
            agent = self._services.agents.roster.get(event.agent_id)
            if agent is None or agent.call_id != event.call_id:
                return
        self._pop(event, live, _result(prepared))

    def _pop(self, event: AgentReserved | CallPlaced, live: LiveCall, file: shapes.CustomerFile | None) -> None:
        waited = (event.at - (live.call.queued_at or live.call.started_at)).total_seconds()
        pop = self._build(live, event.agent_id, waited, file)
        self._shown[event.agent_id] = pop
        self._show(event.agent_id, pop, event.at)

    def _build(
        self, live: LiveCall, agent_id: str, waited_s: float, file: shapes.CustomerFile | None
    ) -> shapes.ScreenPop:
        known = file or shapes.CustomerFile()
        return shapes.ScreenPop.model_construct(
            **dict(known),
            call_id=live.call.id,
            caller=live.call.caller,
            ivr_path=[
                shapes.IvrStep.model_construct(node=s.node, digits=s.digits, said=s.said, at=s.at) for s in live.path
            ],
            waited_s=round(max(waited_s, 0.0), 1),
            queue=live.call.queue,
            ahead_causes=list(live.ahead_causes),
            need=live.need,
            by_hand=live.by_hand,
            script=shapes.Script(greeting=self._opening(self._people.get(agent_id), live.call.direction)),
        )

    def _opening(self, user: User | None, direction: str) -> str:
        who = speaker(self._services, user.username if user else "")
        return opening(who) if direction == "in" else dialled_opening(who)


def _failed(prepared: _Prepared) -> bool:
    return prepared.fetch.done() and _result(prepared) is None


def _result(prepared: _Prepared) -> shapes.CustomerFile | None:
    fetch = prepared.fetch
    return None if not fetch.done() or fetch.cancelled() or fetch.exception() is not None else fetch.result()
