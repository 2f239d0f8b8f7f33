"""What is known of a customer, brought together from the desk: the body of the screen pop and of the customer page."""

import asyncio
from datetime import timedelta

from agents.model import User
from cti.model import Call
from desk.billing.model import BillSummary
from desk.customers.model import Account, Customer
from desk.outages.model import Outage
from web import shapes, store
from web.people import People
from web.services import WebServices
from web.views import account_shape, bill_shape, customer_shape, order_shape, outage_shape

CONTACTS = 10
"""Former calls shown."""
ACCOUNTS = 20
"""Accounts looked up in full; a customer with more is an administration that the agent searches by account."""


class CustomerFiles:
    """Builds customer files from the services of the desk."""

    def __init__(self, services: WebServices, people: People) -> None:
        self._services = services
        self._people = people

    async def of_caller(self, call: Call, customer_id: str | None) -> shapes.CustomerFile:
        """Return the file of who calls, for the agent who gets the call; several on one number are `matches`."""
        number = call.caller if call.caller_known else None
        if customer_id is not None:
            found = [await self._services.customers.get(customer_id)]
        else:
            found = await self._services.customers.by_phone(number) if number else []
        if len(found) == 1:
            numbers = list(dict.fromkeys([*([number] if number else []), *found[0].phones]))
            return await self._file(found[0], numbers, but=call.id)
        matches = [await self._short(one, "", own=True) for one in found]
        history = await self.history([number] if number else [], but=call.id)
        return shapes.CustomerFile(matches=matches, history=history)

    async def of_customer(self, customer: Customer, viewer: User, *, own: bool) -> shapes.CustomerFile:
        """Return the file of `customer` as `viewer` may see it; `own`: the customer of the viewer's own call."""
        return await self._file(customer, list(customer.phones), role=viewer.role.value, own=own)

    async def _file(
        self, customer: Customer, numbers: list[str], *, but: str = "", role: str = "", own: bool = True
    ) -> shapes.CustomerFile:
        since = self._services.clock.now() - timedelta(days=self._services.policy.number("complaint_window"))
        accounts, complaints, history, orders = await asyncio.gather(
            self._services.customers.accounts(customer.id),
            self._services.customers.complaints(customer.id, since),
            self.history(numbers, but=but),
            self._services.orders.open_of(customer.id),
        )
        accounts = accounts[:ACCOUNTS]
        summaries, outages = await asyncio.gather(
            asyncio.gather(*(self._services.bills.latest(one.number) for one in accounts)),
            asyncio.gather(*(self._services.outages.today(account=one.number) for one in accounts)),
        )
        bill = _most_owed([summary for summary in summaries if summary])
        return shapes.CustomerFile(
            customer=customer_shape(customer, accounts, role, own=own),
            accounts=[account_shape(one, summary) for one, summary in zip(accounts, summaries, strict=True)],
            bill=bill_shape(bill) if bill else None,
            outage=self._outage(accounts, outages),
            open_work_orders=[order_shape(order, role, own=own) for order in orders],
            history=history,
            complaints_30d=complaints,
        )

    async def history(self, numbers: list[str], but: str = "") -> list[shapes.Contact]:
        """Return the latest calls from these numbers, newest first, without the call `but`."""
        if not numbers:
            return []
        found, notes = await self._services.db.read(lambda c: store.contacts(c, numbers, CONTACTS + 1))
        listed = [call for call in found if call.id != but][:CONTACTS]
        return [self._contact(call, notes.get(call.id)) for call in listed]

    def _contact(self, call: Call, note: str | None) -> shapes.Contact:
        summary = note or (call.end_cause if call.talking_at is None else None) or call.queue or call.state.value
        agent = self._people.name(call.agent_id) if call.talking_at else None
        return shapes.Contact(call_id=call.id, at=call.started_at, summary=summary, agent=agent)

    async def _short(self, customer: Customer, role: str, *, own: bool) -> shapes.Customer:
        accounts = await self._services.customers.accounts(customer.id)
        return customer_shape(customer, accounts, role, own=own)

    async def listed(self, customers: list[Customer], viewer: User) -> list[shapes.Customer]:
        """Return customers as a list shows them, numbers masked for who does not need them."""
        return [await self._short(one, viewer.role.value, own=False) for one in customers]

    def _outage(self, accounts: list[Account], outages: list[list[Outage]]) -> shapes.Outage | None:
        """The earliest notice of today that is not over yet, of any of the accounts."""
        now = self._services.clock.now()
        zone = self._services.settings.site.zone
        found = [
            (notice, account)
            for account, notices in zip(accounts, outages, strict=True)
            for notice in notices
            if notice.ends > now
        ]
        if not found:
            return None
        notice, account = min(found, key=lambda pair: pair[0].begins)
        return outage_shape(notice, zone, now.astimezone(zone).date(), account.area)


def _most_owed(summaries: list[BillSummary]) -> BillSummary | None:
    """The bill to talk about: of the account that owes most, else of the first."""
    return max(summaries, key=lambda summary: summary.total_due, default=None)
