"""Tells callers how far their work orders have come, and takes their urging, for the menu."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.policy import Policy
from desk.workorders import speech
from desk.workorders.model import Kind, State, Urging, WorkOrder
from desk.workorders.service import NoSuchOrder, WorkOrderService
from ivr.port import Asker, Progress


class IvrOrders:
    """The `Orders` of the menu on the work orders of `desk/`."""

    def __init__(self, orders: WorkOrderService, *, clock: Clock, zone: ZoneInfo, policy: Policy) -> None:
        self._orders = orders
        self._clock = clock
        self._zone = zone
        self._told_for = timedelta(days=policy.number("progress_days"))

    async def latest(self, asker: Asker) -> Progress | None:
        """Return the newest order of the asker that is open, else one closed not long ago; None: there is none.

        A return visit is no order of the caller's: nobody asked for it, and it would hide what they did ask for.
        """
        reported = await self._orders.reported_by(asker.accounts, asker.number)
        found = [one for one in reported if one.report.kind is not Kind.RETURN_VISIT]
        since = self._clock.now() - self._told_for
        wanted = [one for one in found if one.state is not State.CLOSED]
        wanted += [one for one in found if one.state is State.CLOSED and one.created_at >= since]
        return await self._progress(wanted[0]) if wanted else None

    async def by_number(self, number: str, asker: Asker) -> Progress | None:
        """Return the order with a number; None when there is none that the asker may hear of.

        Who has the number of a fault may hear how far it has come. Numbers are counted, so they can be guessed:
        that somebody complained is told to that caller only.
        """
        order = await self._orders.by_number(number)
        if order is None or not (order.report.kind is Kind.FAULT or _is_of(order, asker)):
            return None
        return await self._progress(order)

    async def urge(self, number: str, call_id: str) -> Urging:
        """Urge the order with a number, once in a call. Raises NoSuchOrder."""
        order = await self._orders.by_number(number)
        if order is None:
            raise NoSuchOrder(order=number)
        return await self._orders.urge(order.id, call_id)

    async def _progress(self, order: WorkOrder) -> Progress:
        main = await self._orders.main(order)
        told = speech.progress(order, main, self._clock.now().astimezone(self._zone).date(), self._zone)
        return Progress(order.number, tuple(s.text for s in told), open=order.state is not State.CLOSED)


def _is_of(order: WorkOrder, asker: Asker) -> bool:
    own_call = order.report.caller_known and order.report.caller == asker.number
    return own_call or order.report.account in asker.accounts
