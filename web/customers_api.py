"""Customers with what the hotline knows of them, their bills and the outage notices."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from core.errors import BadInput
from core.phone import normalise
from desk.billing.booking import Booked
from desk.billing.model import Bill
from desk.customers.model import Category, Customer
from desk.customers.newcomer import CustomerKnown, Newcomer
from desk.outages.model import Kind, Outage, Status
from web import shapes
from web.commands import own_call
from web.identify import Joining, make_customer
from web.masking import SEE_NUMBERS
from web.route import DESK, DESKTOPS, EVERYONE, LEADS, Ask, Routes
from web.shapes import Given, Moment, Shape
from web.views import customer_shape, outage_shape

routes = Routes("customers")
FOUND = 50


class CustomerQuery(Given):
    """One of: a telephone number, an account number, or a part of name or address.

    A `q` is the beginning of an account number too, and of a telephone number for who sees those in full.
    """

    phone: str | None = None
    account: str | None = None
    q: str | None = None


@routes.add("GET", "/customers", roles=EVERYONE)
async def find_customers(ask: Ask, query: CustomerQuery) -> shapes.Items[shapes.Customer]:
    """Find customers; telephone numbers are masked for who does not need them."""
    files = ask.request.app[DESKTOPS].files
    return shapes.Items(items=await files.listed(await _find(ask, query), ask.user))


async def _find(ask: Ask, query: CustomerQuery) -> list[Customer]:
    customers = ask.services.customers
    if sum(part is not None for part in (query.phone, query.account, query.q)) != 1:
        raise BadInput("query: give one of phone, account, q", field="q")
    if query.phone is not None:
        return await customers.by_phone(normalise(query.phone).number)
    if query.account is not None:
        found = await customers.by_account(query.account)
        return [found] if found else []
    return await customers.search(query.q or "", FOUND, whole=ask.user.role.value not in SEE_NUMBERS)


class NewCustomer(Given):
    """An agent's form about who calls in one's own call, which is then that customer's.

    `key` is made once for each form: sent again, it makes no second customer. `although_known`: make one even where
    the number, or name and address, are those of a customer who is there (else 409 `customer_known` names them).
    """

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    call_id: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(max_length=100)]
    category: Category | None = None
    phone: Annotated[str, Field(max_length=32)] = ""
    address: Annotated[str, Field(max_length=200)] = ""
    area: Annotated[str, Field(max_length=60)] = ""
    language: Annotated[str, Field(max_length=32)] = ""
    although_known: bool = False


@routes.add("POST", "/customers", roles=DESK, status=201)
async def create_customer(ask: Ask, body: NewCustomer) -> shapes.Customer:
    """Make a customer of who calls in one's own call, and join the call with them."""
    call = await own_call(ask.services, ask.user, body.call_id)
    given = body.model_dump(exclude={"key", "call_id"})
    form = Newcomer(key=f"desk:{ask.user.id}:{body.key}", taken_by=ask.user.id, **given)
    try:
        made = await make_customer(ask.services, Joining(call, ask.user.id, ask.services.clock.now()), form)
    except CustomerKnown as known:
        shown = await ask.request.app[DESKTOPS].files.listed(known.customers, ask.user)
        known.details["customers"] = [one.model_dump(mode="json") for one in shown]
        raise
    return customer_shape(made, [], ask.user.role.value, own=True)


@routes.add("GET", "/customers/{id}", roles=EVERYONE)
async def read_customer(ask: Ask) -> shapes.CustomerFile:
    """Read everything that the hotline knows of a customer."""
    customer = await ask.services.customers.get(ask.part("id"))
    desktops = ask.request.app[DESKTOPS]
    await desktops.looks.into(ask.user, customer)
    own = desktops.looks.call_with(ask.user, customer) is not None
    return await desktops.files.of_customer(customer, ask.user, own=own)


@routes.add("GET", "/customers/{id}/history", roles=EVERYONE)
async def read_history(ask: Ask) -> shapes.Items[shapes.Contact]:
    """Read the customer's former calls, the latest first."""
    customer = await ask.services.customers.get(ask.part("id"))
    await ask.request.app[DESKTOPS].looks.into(ask.user, customer)
    return shapes.Items(items=await ask.request.app[DESKTOPS].files.history(customer))


bill_routes = Routes("bills")


class BillQuery(Given):
    """The account whose bills are wanted."""

    account: str


class BillLine(Shape):
    """A part of a bill."""

    kwh: Decimal
    price: Decimal
    amount: Decimal
    tier: int | None
    part: str | None


class BookedRow(Shape):
    """What the utility's books have on a bill: yuan by which what is open changed (less: it was paid), and fee paid.

    `amount_yuan` is the whole entry, of which other bills may have had a part. `number` and `amount_yuan` are null
    where only the billing system says that the bill is paid.
    """

    number: str | None
    kind: Literal["payment", "refund", "adjustment", "settled"]
    day: str
    amount_yuan: Decimal | None
    principal_yuan: Decimal
    fee_yuan: Decimal
    cause: str


class StoredBill(Shape):
    """A bill as it was issued; `open_yuan`: what is still to be paid of it, by the utility's books in `booked`."""

    id: str
    account_no: str
    period: str
    amount_yuan: Decimal
    usage_kwh: Decimal
    due_date: str
    paid: bool
    paid_at: datetime | None
    estimated: bool
    balance_yuan: Decimal | None
    open_yuan: Decimal
    booked: list[BookedRow]
    lines: list[BillLine]


@bill_routes.add("GET", "/bills", roles=EVERYONE)
async def list_bills(ask: Ask, query: BillQuery) -> shapes.Items[StoredBill]:
    """List the bills of an account, the latest month first."""
    await ask.request.app[DESKTOPS].looks.into_account(ask.user, query.account)
    return shapes.Items(items=[bill_of(one) for one in await ask.services.bills.bills(query.account)])


def bill_of(bill: Bill) -> StoredBill:
    """Return an issued bill as the API shows it."""
    return StoredBill(
        id=bill.id,
        account_no=bill.account,
        period=f"{bill.period:%Y-%m}",
        amount_yuan=bill.amount,
        usage_kwh=bill.usage,
        due_date=bill.due_date.isoformat(),
        paid=bill.paid,
        paid_at=bill.paid_at,
        estimated=bill.estimated,
        balance_yuan=bill.balance,
        open_yuan=bill.open,
        booked=[_booked(one) for one in bill.booked],
        lines=[BillLine.model_validate(line) for line in bill.lines],
    )


def _booked(one: Booked) -> BookedRow:
    entry = one.booking
    return BookedRow(
        number=entry.number if entry else None,
        kind=entry.kind.value if entry else "settled",
        day=(entry.day if entry else one.since).isoformat(),
        amount_yuan=entry.amount if entry else None,
        principal_yuan=one.principal,
        fee_yuan=one.fee,
        cause=entry.cause if entry else "",
    )


outage_routes = Routes("outages")
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=500)]
KindName = Literal["planned", "temporary", "fault", "shortage", "theft", "breach", "arrears", "orderly_use"]
KINDS = {kind.name.lower(): kind for kind in Kind}


class OutageQuery(Given):
    """`status` of the notices, or those that concern an area or account today."""

    status: Status | None = None
    area: str | None = None
    account: str | None = None


class NewOutage(Given):
    """A notice; a draft until it is published."""

    kind: KindName
    cause: str
    begins: Moment = Field(alias="from")
    ends: Moment = Field(alias="until")
    areas: Names = ()
    accounts: Names = ()
    publish: bool = True


class OutageChange(Given):
    """What is to change; `status` published, ended (power is back) or cancelled."""

    kind: KindName | None = None
    cause: str | None = None
    begins: Moment | None = Field(default=None, alias="from")
    ends: Moment | None = Field(default=None, alias="until")
    areas: Names | None = None
    accounts: Names | None = None
    status: Literal["published", "ended", "cancelled"] | None = None


@outage_routes.add("GET", "/outages", roles=EVERYONE)
async def list_outages(ask: Ask, query: OutageQuery) -> shapes.Items[shapes.Outage]:
    """List outage notices, those that begin latest first; with area or account those of today."""
    outages = ask.services.outages
    if query.area is not None or query.account is not None:
        found = await outages.today(account=query.account, area=query.area)
    else:
        found = await outages.notices(query.status)
    return shapes.Items(items=[_outage(ask, one) for one in found])


@outage_routes.add("GET", "/outages/{id}", roles=EVERYONE)
async def read_outage(ask: Ask) -> shapes.Outage:
    """Read one outage notice."""
    return _outage(ask, await ask.services.outages.get(ask.part("id")))


@outage_routes.add("POST", "/outages", roles=LEADS, status=201)
async def create_outage(ask: Ask, body: NewOutage) -> shapes.Outage:
    """Write down an outage notice; published at once unless `publish` is false."""
    outages = ask.services.outages
    made = await outages.create(
        KINDS[body.kind], body.cause, body.begins, body.ends, areas=body.areas, accounts=body.accounts
    )
    return _outage(ask, await outages.publish(made.id) if body.publish else made)


@outage_routes.add("PATCH", "/outages/{id}", roles=LEADS)
async def change_outage(ask: Ask, body: OutageChange) -> shapes.Outage:
    """Change, publish, end or cancel an outage notice."""
    outages, outage_id = ask.services.outages, ask.part("id")
    changes: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"status"})
    if "kind" in changes:
        changes["kind"] = KINDS[changes["kind"]]
    if empty := [name for name, value in changes.items() if value is None]:
        raise BadInput(f"{empty[0]}: leave it out to keep it as it is", field=empty[0])
    found = await outages.change(outage_id, **changes) if changes else await outages.get(outage_id)
    if body.status is not None:
        move = {"published": outages.publish, "ended": outages.end, "cancelled": outages.cancel}[body.status]
        found = await move(outage_id)
    return _outage(ask, found)


def _outage(ask: Ask, outage: Outage) -> shapes.Outage:
    zone = ask.services.settings.site.zone
    return outage_shape(outage, zone, ask.services.clock.now())
