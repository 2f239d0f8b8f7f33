"""Who calls, as the agent of the call says: a customer found by hand, or a new one, joined with the call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from core.errors import BadInput, HotlineError
from core.events import Event
from core.ids import new_id
from cti.model import Call
from desk.customers import newcomer, store
from desk.customers.events import CustomerCreated, CustomerNumberAdded
from desk.customers.model import Customer
from desk.customers.newcomer import Newcomer
from ivr.events import CallerIdentified
from web.services import WebServices
from web.shapes import Given
from web.store import facts_of


class IdentifyWish(Given):
    """Which customer calls; null: what was said is taken back. `add_number`: they are reached at the calling number."""

    customer_id: Annotated[str, Field(min_length=1, max_length=32)] | None
    add_number: bool = False


class _Made(HotlineError):
    """A customer was made of this form already."""

    def __init__(self, customer: Customer) -> None:
        super().__init__()
        self.customer = customer


@dataclass(frozen=True, slots=True)
class Joining:
    """That the agent `by` says, at `at`, who calls in `call`."""

    call: Call
    by: str
    at: datetime

    def event(self, customer_id: str | None) -> CallerIdentified:
        """Return what the call's story tells; no customer: it is not known who calls."""
        told = customer_id or ""
        return CallerIdentified(at=self.at, call_id=self.call.id, customer_id=told, how="agent", by=self.by)


async def make_customer(services: WebServices, joining: Joining, form: Newcomer) -> Customer:
    """Make a customer and join the call with them, all in one transaction, once for each form.

    Raises BadInput, CustomerKnown, CustomerMade.
    """
    one = form.customer(new_id())
    created = CustomerCreated(at=joining.at, customer_id=one.id, call_id=joining.call.id, by=joining.by)

    def write(connection: Connection) -> None:
        if (before := newcomer.made_before(connection, form)) is not None:
            raise _Made(before)
        newcomer.check_new(connection, form, one)
        store.add(connection, one, form.key, joining.by)
        store.join(connection, joining.call.id, one.id, joining.at)

    try:
        await services.journal.record(created, joining.event(one.id), save=write)
    except _Made as made:
        return made.customer
    return one


async def join(services: WebServices, joining: Joining, given: IdentifyWish) -> None:
    """Join a call with a customer who is there. Raises NoSuchCustomer, and BadInput for a number that is withheld."""
    call, wanted = joining.call, given.customer_id
    if given.add_number and not (wanted and call.caller_known):
        raise BadInput("add_number: there is no number, or nobody to add it to", field="add_number")
    known = await services.customers.get(wanted) if wanted else None
    facts = await services.db.read(lambda connection: facts_of(connection, [call.id]))
    events: list[Event] = [] if facts[call.id].customer_id == wanted else [joining.event(wanted)]
    if adding := given.add_number and known is not None and call.caller not in known.phones:
        events.append(
            CustomerNumberAdded(at=joining.at, customer_id=known.id, call_id=call.id, caller=call.caller, by=joining.by)
        )

    def write(connection: Connection) -> None:
        store.join(connection, call.id, wanted, joining.at)
        if adding and known is not None:
            store.add_number(connection, known.id, call.caller, joining.by)

    if events:
        await services.journal.record(*events, save=write)
