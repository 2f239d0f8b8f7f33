"""Takes reports and keeps work orders: each report makes one order, however often it is told."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.config import Site
from core.db import Database
from core.errors import Conflict, NotFound
from core.events import Event
from core.ids import new_id
from core.journal import Journal, Save
from core.phone import is_mobile
from core.policy import Policy
from desk.notifications.model import Note
from desk.notifications.service import NotificationService
from desk.surveys.model import Caller
from desk.watches import speech as watch_speech
from desk.watches.service import WatchService
from desk.workorders import model, speech, store
from desk.workorders.events import WorkOrderClosed, WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from desk.workorders.model import Kind, Priority, Report, Scope, State, UrgeLimits, Urging, WorkOrder

SHOWN = 10
TRIES = 5
"""Another report of the same fault may come in between; more than a few times in a row it does not."""


class NoSuchOrder(NotFound):
    """There is no such work order."""

    code = "no_such_work_order"


class _Taken(Conflict):
    """The report has its order already."""


class _Overtaken(Conflict):
    """Another order of the same fault was made or closed meanwhile."""


class WorkOrderService:
    """Work orders of an installation; `site` decides which day numbers are counted in, and signs the notes."""

    def __init__(
        self,
        journal: Journal,
        db: Database,
        clock: Clock,
        *,
        notifications: NotificationService,
        policy: Policy,
        site: Site,
        watches: WatchService | None = None,
        storm: Callable[[], bool] = lambda: False,
    ) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._notifications = notifications
        self._policy = policy
        self._site = site
        self._watches = watches
        self._storm = storm
        """Whether reports of one area are folded wider than by street, since so many have one cause."""

    async def get(self, order_id: str) -> WorkOrder:
        """Return the order. Raises NoSuchOrder."""
        found = await self._db.read(lambda c: store.get(c, order_id))
        if found is None:
            raise NoSuchOrder(order=order_id)
        return found

    async def orders(
        self,
        state: State | None = None,
        *,
        account: str | None = None,
        limit: int = 100,
        needs_address: bool = False,
    ) -> list[WorkOrder]:
        """Return up to `limit` orders, the newest first: in a state and of an account, or all.

        `needs_address`: only faults whose address was said and not yet written down.
        """
        return await self._db.read(lambda c: store.listed(c, state, account, limit, needs_address=needs_address))

    async def with_recordings(self, recording_ids: Sequence[str]) -> set[str]:
        """Return those of the recordings that an order has."""
        return await self._db.read(lambda c: store.with_recordings(c, recording_ids))

    async def open_of(self, customer_id: str) -> list[WorkOrder]:
        """Return the orders of a customer that are not closed, the newest first, no more than a screen holds."""
        return await self._db.read(lambda c: self.open_in(c, customer_id))

    def open_in(self, connection: Connection, customer_id: str) -> list[WorkOrder]:
        """Return what `open_of` does, within a read that is under way."""
        return store.open_of(connection, customer_id, SHOWN)

    async def open_fault(self, account: str, area: str, scope: model.Scope) -> WorkOrder | None:
        """Return the open main order that explains a fault at `account` in `area`, None when there is none."""
        found = await self._db.read(lambda c: store.open_faults(c, account, area))
        return model.main_of(found, account, area, scope)

    async def reported_by(self, accounts: Sequence[str], caller: str) -> list[WorkOrder]:
        """Return orders of these accounts or of this caller's number ("": withheld), the newest first."""
        return await self._db.read(lambda c: store.reported_by(c, accounts, caller, SHOWN))

    async def by_number(self, number: str) -> WorkOrder | None:
        """Return the order with this number, None when there is none."""
        return await self._db.read(lambda c: store.by_number(c, number))

    async def main(self, order: WorkOrder) -> WorkOrder:
        """Return the order into which `order` was folded, or itself."""
        return await self.get(order.main_id) if order.main_id else order

    async def urge(self, order_id: str, call_id: str, agent_id: str | None = None) -> Urging:
        """Attach the urging of a call to the main order of `order_id`: once for each call. Raises NoSuchOrder.

        Only the menu stops at so many urgings; an agent goes on, since that is the person who takes over then.
        """
        for _ in range(TRIES):
            main = await self.main(await self.get(order_id))
            if await self._db.read(partial(store.urged_by, order_id=main.id, call_id=call_id)):
                return Urging.DONE
            may = model.urging(main, self._clock.now(), self._urge_limits(agent_id))
            if may is not Urging.DONE:
                return may
            try:
                await self._urge(main, call_id, agent_id)
            except (_Overtaken, IntegrityError):
                continue  # another call or process urged it, or this one did before: look again
            return Urging.DONE
        return Urging.TOO_SOON

    async def _urge(self, main: WorkOrder, call_id: str, agent_id: str | None) -> None:
        now = self._clock.now()

        def save(connection: Connection) -> None:
            if not store.urge(connection, main, call_id, now):
                raise _Overtaken(order=main.id)

        count = main.urges + 1
        urged = WorkOrderUrged(at=now, order_id=main.id, call_id=call_id, count=count, agent_id=agent_id)
        await self._journal.record(urged, save=save)

    def _urge_limits(self, agent_id: str | None) -> UrgeLimits:
        number = self._policy.number
        most = int(number("urge_most")) if agent_id is None else None
        return UrgeLimits(most, timedelta(minutes=number("urge_interval")))

    async def take(self, report: Report) -> WorkOrder:
        """Make the order of a report, folded into the main order of the same fault when there is one: in a
        storm of the same area, unless danger is reported.

        Order, number, events and the note to the caller are one transaction. A report whose `key` was taken before
        gets that order again and nothing is written.
        """
        for _ in range(TRIES):
            if (taken := await self._taken(report)) is not None:
                return taken
            try:
                return await self._take(report)
            except (_Taken, _Overtaken, IntegrityError):
                continue  # another process or call was faster: look again
        raise Conflict("the report could not be taken: others of the same fault come too fast", key=report.key)

    async def _taken(self, report: Report) -> WorkOrder | None:
        return await self._db.read(lambda c: store.by_key(c, report.key))

    async def _take(self, report: Report) -> WorkOrder:
        now, order_id = self._clock.now(), new_id()
        wide = self._storm() and report.priority is Priority.NORMAL
        main = await self._db.read(partial(_main, report=report, storm=wide))
        made: list[WorkOrder] = []

        def save(connection: Connection) -> None:
            # Counting first holds back every other report of the day, so what is read after it stays true.
            order_number = self._number(connection, now.astimezone(self._site.zone).date())
            if store.by_key(connection, report.key) is not None:
                raise _Taken(key=report.key)
            if _id(_main(connection, report, storm=wide)) != _id(main) or (main and not store.hold(connection, main)):
                raise _Overtaken(key=report.key)
            order = WorkOrder(order_id, order_number, report, now)
            order = model.moved(order, State.MERGED, now, main.id) if main else order
            store.add(connection, order)
            if main and report.priority is Priority.URGENT:
                store.make_urgent(connection, main.id)
            if report.caller_known and is_mobile(report.caller):
                self._notifications.put(connection, self._note(order))
            made[:] = [order]

        events: list[Event] = [self._created(report, order_id)]
        if main is not None:
            events.append(WorkOrderMerged(at=now, order_id=order_id, main_id=main.id, call_id=report.call_id))
        await self._journal.record(*events, save=save)
        self._notifications.wake()
        return made[0]

    def visit(self, call_id: str, caller: Caller) -> tuple[Event, Save]:
        """Return the event and the row of the return visit to who gave a low score in a call.

        They are part of the transaction that writes the score, so each call has one at most.
        """
        report = Report(
            key=f"{call_id}:survey",
            kind=Kind.RETURN_VISIT,
            scope=Scope.NONE,
            call_id=call_id,
            caller=caller.number,
            caller_known=caller.known,
            account="",
            customer_id=caller.customer_id,
            area="",
            address="",
        )
        now, order_id = self._clock.now(), new_id()

        def save(connection: Connection) -> None:
            number = self._number(connection, now.astimezone(self._site.zone).date())
            store.add(connection, WorkOrder(order_id, number, report, now))

        return self._created(report, order_id), save

    def _number(self, connection: Connection, day: date) -> str:
        return model.number(day, store.next_serial(connection, day), int(self._policy.number("order_number_digits")))

    def _created(self, report: Report, order_id: str) -> WorkOrderCreated:
        return WorkOrderCreated(
            at=self._clock.now(),
            order_id=order_id,
            kind=report.kind,
            scope=report.scope,
            call_id=report.call_id,
            customer_id=report.customer_id,
            outage_id=report.outage_id,
            agent_id=report.taken_by or None,
        )

    def _note(self, order: WorkOrder) -> Note:
        """The note about an order; its id is the order's, so that there is one for each."""
        text = speech.message(order, self._site)
        return Note(order.id, order.report.caller, text, about=order.id, created_at=order.created_at)

    async def watch(self, order_id: str, phone: str, call_id: str) -> bool:
        """Let `phone` be told when an order is closed; False when it is."""

        def still(connection: Connection) -> bool:
            found = store.get(connection, order_id)
            return found is not None and found.state is not State.CLOSED

        return self._watches is not None and await self._watches.watch(order_id, phone, call_id, still)

    async def close(self, order_id: str) -> WorkOrder:
        """End an order and those folded into it. Raises NoSuchOrder, OrderClosed."""
        for _ in range(TRIES):
            order = await self.get(order_id)
            try:
                return await self._close(order, await self._db.read(lambda c: store.merged_into(c, order_id)))
            except _Overtaken:
                continue  # another report was folded into it meanwhile: look again
        raise Conflict("the order could not be closed: reports of the same fault come too fast", order=order_id)

    async def _close(self, order: WorkOrder, children: Sequence[WorkOrder]) -> WorkOrder:
        now = self._clock.now()
        ending = [(one, model.moved(one, State.CLOSED, now)) for one in (order, *children)]

        def save(connection: Connection) -> None:
            for number, (before, after) in enumerate(ending):
                if not store.save(connection, after, before.state):
                    raise model.OrderClosed("the order was changed meanwhile; load it again", order=after.id)
                # Only now nothing more can be folded into it: `_take` needs the same row.
                if number == 0 and store.merged_into(connection, order.id) != list(children):
                    raise _Overtaken(order=order.id)
            if self._watches is not None:
                text = watch_speech.mended(self._site, order.number)
                self._watches.tell(connection, order.id, text, which="closed", last=True)

        await self._journal.record(*(WorkOrderClosed(at=now, order_id=after.id) for _, after in ending), save=save)
        self._notifications.wake()
        return ending[0][1]


def _main(connection: Connection, report: Report, *, storm: bool) -> WorkOrder | None:
    if report.kind is not Kind.FAULT:
        return None
    found = store.open_faults(connection, report.account, report.area, homes=storm)
    return model.main_of(found, report.account, report.area, report.scope, storm=storm)


def _id(order: WorkOrder | None) -> str | None:
    return order.id if order else None
