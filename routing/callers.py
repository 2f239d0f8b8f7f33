"""Finds out what lets a caller go ahead of others: who it is, and what became of the calls before."""

from datetime import timedelta

from core.clock import Clock
from core.db import Database
from core.policy import Policy
from cti import store as call_rows
from cti.model import Call
from desk.customers.service import CustomerService
from desk.workorders.service import WorkOrderService
from routing.precedence import Cause


class CallerHistory:
    """Asks the books when a caller wants a person; not before, since most callers never do."""

    def __init__(
        self, db: Database, customers: CustomerService, orders: WorkOrderService, clock: Clock, policy: Policy
    ) -> None:
        self._db = db
        self._customers = customers
        self._orders = orders
        self._clock = clock
        self._orders_since = timedelta(hours=policy.number("repeat_order_window"))
        self._calls_since = timedelta(minutes=policy.number("repeat_call_window"))

    async def causes(self, call: Call, customer_id: str | None) -> list[Cause]:
        """Return why this call goes ahead; `customer_id` is None when it is not known who calls."""
        found = await self._of_customer(call, customer_id) if customer_id else []
        if Cause.REPEAT not in found and await self._called_in_vain(call):
            found.append(Cause.REPEAT)
        return found

    async def _of_customer(self, call: Call, customer_id: str) -> list[Cause]:
        customer = await self._customers.get(customer_id)
        since = self._clock.now() - self._orders_since
        orders = await self._orders.open_of(customer_id)
        holds = {
            Cause.IMPORTANT: customer.important,
            Cause.VIP: customer.vip,
            Cause.REPEAT: any(order.created_at >= since and order.report.call_id != call.id for order in orders),
        }
        return [cause for cause, true in holds.items() if true]

    async def _called_in_vain(self, call: Call) -> bool:
        since = self._clock.now() - self._calls_since
        return call.caller_known and await self._db.read(lambda c: call_rows.asked_in_vain(c, call.caller, since))
