"""Takes what a caller tells, in the menu or to an agent, and makes the report of it: who, where and which outage."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import BadInput, Conflict, NotFound
from desk.customers.service import CustomerService
from desk.outages.service import OutageService
from desk.workorders.model import Kind, Priority, Report, Scope, WorkOrder
from desk.workorders.service import WorkOrderService


class NoSuchAccount(NotFound):
    """There is no such account: look at the number, or leave it out and write down the address."""

    code = "no_such_account"


class OrderMade(Conflict):
    """An order was made of this form before, with other words: read it, and begin a new form for what is more."""

    code = "order_made"


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller tells. `key` names it: told twice with one key it is one order.

    `caller` is whom to ring, in the form of `core.phone`; `area` and `address` of an account are those of its books,
    unless others are given.
    """

    key: str
    kind: Kind
    scope: Scope
    call_id: str
    caller: str
    caller_known: bool
    account: str = ""
    customer_id: str = ""
    area: str = ""
    address: str = ""
    text: str = ""
    began_at: datetime | None = None
    danger: bool = False
    recording_id: str | None = None
    taken_by: str = ""


MADE_BY_HAND = frozenset(Kind) - {Kind.RETURN_VISIT}
"""A return visit follows a low score and nothing else ([domain 9])."""


class Intake:
    """Makes reports whole from the books of customers and outages."""

    def __init__(self, customers: CustomerService, outages: OutageService, orders: WorkOrderService) -> None:
        self._customers = customers
        self._outages = outages
        self._orders = orders

    async def take(self, told: Told) -> WorkOrder:
        """Make the order of what was told, folded into the open order of the same fault when there is one."""
        account = await self._customers.account(told.account) if told.account else None
        outages = await self._outages.current(account=told.account) if told.account else []
        return await self._orders.take(
            Report(
                key=told.key,
                kind=told.kind,
                scope=told.scope,
                call_id=told.call_id,
                caller=told.caller,
                caller_known=told.caller_known,
                account=told.account,
                customer_id=account.customer_id if account else told.customer_id,
                area=told.area or (account.area if account else ""),
                address=told.address or (account.address if account else ""),
                outage_id=outages[0].id if outages and told.kind is Kind.FAULT else None,
                recording_id=told.recording_id,
                priority=Priority.URGENT if told.danger else Priority.NORMAL,
                text=told.text,
                began_at=told.began_at,
                taken_by=told.taken_by,
            )
        )

    async def take_by_hand(self, told: Told) -> WorkOrder:
        """Make the order of an agent's form, once for each `key`.

        Raises BadInput for a form on which nobody could act, NoSuchAccount, and OrderMade when the key made an order of
        another form.
        """
        check(told)
        if told.account and await self._customers.account(told.account) is None:
            raise NoSuchAccount(account=told.account)
        order = await self.take(told)
        if not _same(order.report, told):
            raise OrderMade(order=order.id, number=order.number)
        return order


def check(told: Told) -> None:
    """Raise BadInput, naming the field, when nobody could act on the form."""
    if told.kind not in MADE_BY_HAND:
        raise BadInput(f"kind: {told.kind} is made by a survey, not by hand", field="kind")
    if told.kind is Kind.FAULT and told.scope is Scope.NONE:
        raise BadInput("scope: what is without power? room, home or street", field="scope")
    if told.kind is not Kind.FAULT and told.scope is not Scope.NONE:
        raise BadInput("scope: only a fault has one; leave it out", field="scope")
    if told.kind is Kind.FAULT and not (told.account or told.address):
        raise BadInput("address: an account or an address is needed, nobody can be sent otherwise", field="address")
    if told.kind is not Kind.FAULT and not told.text:
        raise BadInput("text: what the caller wants, in a few words", field="text")


def _same(report: Report, told: Told) -> bool:
    """Whether an order was made of this form; what its account or a report of the same fault adds does not count."""
    if told.danger and report.priority is not Priority.URGENT:
        return False
    place = (told.area in ("", report.area), told.address in ("", report.address))
    words = (report.kind, report.scope, report.account, report.caller, report.text, report.began_at)
    return all(place) and words == (told.kind, told.scope, told.account, told.caller, told.text, told.began_at)
