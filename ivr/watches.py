"""Lets callers be told when the power is back, for the menu."""

from collections.abc import Sequence

from desk.customers.service import CustomerService
from desk.outages.service import OutageService
from desk.workorders.model import Scope
from desk.workorders.service import WorkOrderService


class IvrWatches:
    """The `Watches` of the menu on the rooms of `desk/`."""

    def __init__(self, customers: CustomerService, outages: OutageService, orders: WorkOrderService) -> None:
        self._customers = customers
        self._outages = outages
        self._orders = orders

    async def watchable(self, accounts: Sequence[str]) -> bool:
        """Tell whether an outage or an open fault explains why one of the accounts has no power."""
        outages, order = await self._causes(accounts)
        return bool(outages or order)

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        """Let `number` be told when it is over, once for each cause; False: it is over already."""
        outages, orders = await self._causes(accounts)
        watched = [await self._outages.watch(outage, number, call_id) for outage in outages]
        watched += [await self._orders.watch(order, number, call_id) for order in orders]
        return any(watched)

    async def _causes(self, accounts: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the ids of outages, and of main orders where no outage is published."""
        outages: list[str] = []
        orders: list[str] = []
        for number in accounts:
            found = [outage.id for outage in await self._outages.current(account=number)]
            account = await self._customers.account(number)
            if not found and account is not None:
                order = await self._orders.open_fault(number, account.area, Scope.HOME)
                orders += [order.id] if order and order.id not in orders else []
            outages += [one for one in found if one not in outages]
        return outages, orders
