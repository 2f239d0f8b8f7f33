"""Makes work of what callers say to the machine, also of what is found after a kill or a hang-up."""

import asyncio
from functools import partial

from core.bus import Bus
from core.db import Database
from core.events import Recorded
from core.journal import of_call
from core.tasks import TaskOwner
from cti import store as calls
from cti.events import CallEnded
from cti.legs import call_of
from desk.customers.service import CustomerService
from desk.workorders.model import Kind as OrderKind
from desk.workorders.model import Priority, Report, Scope
from desk.workorders.service import WorkOrderService
from ivr.call import DANGER
from ivr.events import IvrNodeEntered
from ivr.port import Place
from recordings.messages import MessageService
from recordings.model import Kind, Recording


class IvrMessages:
    """The `Messages` of the menu on the rooms of `recordings/` and `desk/`."""

    def __init__(
        self, said: MessageService, orders: WorkOrderService, customers: CustomerService, db: Database
    ) -> None:
        self._said = said
        self._orders = orders
        self._customers = customers
        self._db = db
        self._tasks = TaskOwner("messages")
        self._open: set[str] = set()
        self._settling = asyncio.Lock()

    async def place(self, call_id: str, what: str) -> Place | None:
        """Return where the next message of a call goes; None: there is no room for it."""
        name = await self._said.name(call_id, Kind(what))
        taking, there = await self._said.taking(name), await self._said.there(name)
        if not (taking or there) and not await self._said.room():
            return None
        return Place(name, there, taking)

    async def begins(self, name: str) -> None:
        """The caller is about to speak."""
        self._open.add(call_of(name))
        await self._said.begin(name)

    def listen(self, bus: Bus) -> None:
        """Settle what a caller has said as soon as the call is over."""
        bus.listen(CallEnded, self._ended)

    def _ended(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallEnded)
        if event.call_id in self._open:
            self._open.discard(event.call_id)
            self._tasks.start(self.settle(), "settle")

    async def close(self) -> None:
        """Let what is being kept be kept; the rest is for the next start."""
        await self._tasks.drain()
        await self._tasks.close()

    async def drop(self, name: str) -> None:
        """Forget what the caller does not want to send."""
        await self._said.drop(name)

    async def send(self, name: str) -> bool:
        """Keep what was said; a message becomes a work order. False: there was no sound in it."""
        kept = await self._said.keep(name)
        if kept is not None and kept.kind is Kind.MESSAGE:
            await self._order(kept)
        return kept is not None

    async def settle(self) -> None:
        """Keep and make work of what callers of ended calls have left; run it at the start, and now and then.

        An address that was said and no report followed becomes a fault order of its own: the caller has no power.
        """
        async with self._settling:
            await self._settle()

    async def _settle(self) -> None:
        live = {call.id for call in await self._db.read(calls.live)}
        for name in await self._said.left(live):
            await self._said.keep(name)
        kept = [one for one in await self._said.kept() if one.call_id not in live]
        have = await self._orders.with_recordings([one.id for one in kept])
        for one in kept:
            if one.id not in have:
                await self._order(one)

    async def _order(self, said: Recording) -> None:
        call = await self._db.read(partial(calls.get, call_id=said.call_id))
        known = call is not None and call.caller_known
        caller = call.caller if call is not None else ""
        found = await self._customers.by_phone(caller) if known else []
        story = [recorded.event for recorded in await self._db.read(partial(of_call, call_id=said.call_id))]
        danger = any(isinstance(event, IvrNodeEntered) and DANGER in event.known for event in story)
        await self._orders.take(
            Report(
                key=said.id,
                kind=OrderKind.FAULT if said.kind is Kind.ADDRESS else OrderKind.ENQUIRY,
                scope=Scope.NONE,
                call_id=call_of(said.id),
                caller=caller,
                caller_known=known,
                account="",
                customer_id=found[0].id if len(found) == 1 else "",
                area="",
                address="",
                recording_id=said.id,
                priority=Priority.URGENT if danger else Priority.NORMAL,
            )
        )
