"""What is known of a customer, brought together from the desk: the body of the screen pop and of the customer page."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from agents.model import User
from cti.model import Call
from desk.billing.model import BillSummary
from desk.customers import store as customers
from desk.customers.model import Account, Customer
from desk.outages.model import Outage
from desk.workorders.model import WorkOrder
from web import shapes, store
from web.people import People
from web.services import WebServices
from web.views import account_shape, bill_shape, customer_shape, order_shape, outage_shape

CONTACTS = 10
"""Former calls shown."""
ACCOUNTS = 20
"""Accounts looked up in full; a customer with more is an administration that the agent searches by account."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the desk knows of a customer; `summaries` and `outages` are of each account."""

    customer: Customer
    accounts: list[Account]
    complaints: int
    contacts: list[tuple[Call, str | None]]
    orders: list[WorkOrder]
    summaries: list[BillSummary | None]
    outages: list[list[Outage]]


_Unsure = tuple[list[tuple[Customer, list[Account]]], list[tuple[Call, str | None]]]
"""Customers of whom one may be calling, with their accounts, and the former calls."""


class CustomerFiles:
    """Builds customer files from the services of the desk."""

    def __init__(self, services: WebServices, people: People) -> None:
        self._services = services
        self._people = people

    async def of_caller(self, call: Call, customer_id: str | None) -> shapes.CustomerFile:
        """Return the file of who calls, for the agent who gets the call; several on one number are `matches`.

        All of it in one read: an agent who is free at once waits for it.
        """
        number = call.caller if call.caller_known else None
        found = await self._services.db.read(lambda c: self._read_caller(c, number, customer_id, but=call.id))
        if isinstance(found, _Known):
            return self._file(found)
        matches, history = found
        return shapes.CustomerFile(
            matches=[customer_shape(one, accounts, "", own=True) for one, accounts in matches],
            history=[self._contact(*contact) for contact in history],
        )

    def _read_caller(
        self, connection: Connection, number: str | None, customer_id: str | None, *, but: str
    ) -> "_Known | _Unsure":
        if customer_id is not None:
            found = [self._services.customers.get_in(connection, customer_id)]
        else:
            found = customers.by_phone(connection, number) if number else []
        own = [number] if number else []
        if len(found) == 1:
            return self._read(connection, found[0], list(dict.fromkeys([*own, *found[0].phones])), but=but)
        matches = [(one, customers.accounts_of(connection, one.id)) for one in found]
        return matches, _contacts(connection, own, but)

    async def of_customer(self, customer: Customer, viewer: User, *, own: bool) -> shapes.CustomerFile:
        """Return the file of `customer` as `viewer` may see it; `own`: the customer of the viewer's own call."""
        known = await self._services.db.read(lambda c: self._read(c, customer, list(customer.phones)))
        return self._file(known, viewer.role.value, own=own)

    def _read(self, connection: Connection, customer: Customer, numbers: list[str], *, but: str = "") -> "_Known":
        services = self._services
        since = services.clock.now() - timedelta(days=services.policy.number("complaint_window"))
        accounts = customers.accounts_of(connection, customer.id)[:ACCOUNTS]
        return _Known(
            customer,
            accounts,
            customers.count_complaints(connection, customer.id, since),
            _contacts(connection, numbers, but, customer.id),
            services.orders.open_in(connection, customer.id),
            [services.bills.latest_in(connection, one.number) for one in accounts],
            [services.outages.ahead_in(connection, one.number) for one in accounts],
        )

    def _file(self, known: "_Known", role: str = "", *, own: bool = True) -> shapes.CustomerFile:
        accounts, summaries = known.accounts, known.summaries
        bill = _most_owed([summary for summary in summaries if summary])
        return shapes.CustomerFile(
            customer=customer_shape(known.customer, accounts, role, own=own),
            accounts=[account_shape(one, summary) for one, summary in zip(accounts, summaries, strict=True)],
            bill=bill_shape(bill) if bill else None,
            outage=self._outage(accounts, known.outages),
            open_work_orders=[order_shape(order, role, own=own) for order in known.orders],
            history=[self._contact(*contact) for contact in known.contacts],
            complaints_30d=known.complaints,
        )

    async def history(self, customer: Customer) -> list[shapes.Contact]:
        """Return the customer's latest calls, newest first."""
        contacts = await self._services.db.read(lambda c: _contacts(c, list(customer.phones), "", customer.id))
        return [self._contact(*contact) for contact in contacts]

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
        """The earliest of the notices of any of the accounts."""
        now, zone = self._services.clock.now(), self._services.settings.site.zone
        found = [(notice, account) for account, notices in zip(accounts, outages, strict=True) for notice in notices]
        if not found:
            return None
        notice, account = min(found, key=lambda pair: pair[0].begins)
        return outage_shape(notice, zone, now, account.area)


def _contacts(
    connection: Connection, numbers: list[str], but: str, customer_id: str = ""
) -> list[tuple[Call, str | None]]:
    """Return the latest calls from these numbers or of this customer without the call `but`, each with its note."""
    found, notes = store.contacts(connection, numbers, CONTACTS + 1, customer_id=customer_id)
    return [(call, notes.get(call.id)) for call in found if call.id != but][:CONTACTS]


def _most_owed(summaries: list[BillSummary]) -> BillSummary | None:
    """The bill to talk about: of the account that owes most, else of the first."""
    return max(summaries, key=lambda summary: summary.total_due, default=None)
