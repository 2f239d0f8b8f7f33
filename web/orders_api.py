"""Work orders: read, made of an agent's form, urged; the rest comes with the people who handle them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from core.errors import BadInput
from core.phone import normalise
from desk.workorders.intake import Intake, Told
from desk.workorders.model import Kind, Scope, State, Urging, WorkOrder
from web import shapes
from web.commands import own_call
from web.route import DESK, EVERYONE, HEARING, Ask, Routes
from web.shapes import Given, Moment, Shape
from web.store import facts_of
from web.views import order_shape

routes = Routes("work orders")


class OrderQuery(Given):
    """Orders in a state, of an account, or all; `needs_address`: faults whose address has to be written down."""

    state: State | None = None
    account: str | None = None
    needs_address: bool = False
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class NewOrder(Given):
    """An agent's form about one's own call. `key` is made once for each form: sent again, it makes no second order.

    `danger`: the answer to the safety question, which a fault needs. `phone`: whom to ring, the caller when it is left
    out. Area and address are those of the account's books unless they are given; the customer is
    the account's, else `customer_id`, else who is known to call.
    """

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    call_id: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Kind
    scope: Scope = Scope.NONE
    danger: bool | None = None
    account: Annotated[str, Field(max_length=20, pattern=r"^[0-9]*$")] = ""
    customer_id: Annotated[str, Field(max_length=32)] = ""
    phone: Annotated[str, Field(max_length=32)] = ""
    area: Annotated[str, Field(max_length=60)] = ""
    address: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(max_length=2000)] = ""
    began_at: Moment | None = None


class TakenOrder(Shape):
    """The order of a form, and the number of the main order into which it was folded."""

    order: shapes.WorkOrder
    main_number: str | None


class UrgeWish(Given):
    """One's own call, in which the caller urges the order."""

    call_id: Annotated[str, Field(min_length=1, max_length=64)]


class Urged(Shape):
    """What became of it: done (also when this call has urged before), too_soon or closed; `order` is the main one."""

    outcome: Urging
    order: shapes.WorkOrder


@routes.add("POST", "/work-orders", roles=DESK, status=201)
async def take_order(ask: Ask, body: NewOrder) -> TakenOrder:
    """Make a work order of one's own call; a fault that is known already is folded into its open order."""
    if body.kind is Kind.FAULT and body.danger is None:
        raise BadInput("danger: ask the safety question first, yes or no", field="danger")
    call = await own_call(ask.services, ask.user, body.call_id)
    phone = normalise(body.phone) if body.phone else None
    if phone is not None and not phone.known:
        raise BadInput("phone: this is no telephone number; correct it or leave it out", field="phone")
    services = ask.services
    intake = Intake(services.customers, services.outages, services.orders)
    facts = await services.db.read(lambda c: facts_of(c, [call.id]))
    order = await intake.take_by_hand(
        Told(
            key=f"desk:{ask.user.id}:{body.key}",
            kind=body.kind,
            scope=body.scope,
            call_id=call.id,
            caller=phone.number if phone else call.caller,
            caller_known=phone.known if phone else call.caller_known,
            account=body.account,
            customer_id=body.customer_id or facts[call.id].customer_id or "",
            area=body.area,
            address=body.address,
            text=body.text,
            began_at=body.began_at,
            danger=bool(body.danger),
            taken_by=ask.user.id,
        )
    )
    main = await services.orders.main(order)
    shown = order_shape(order, ask.user.role.value, own=True)
    return TakenOrder(order=shown, main_number=main.number if order.main_id else None)


@routes.add("POST", "/work-orders/{id}/urge", roles=DESK)
async def urge_order(ask: Ask, body: UrgeWish) -> Urged:
    """Attach the urging of one's own caller to an open order, once for each call."""
    call = await own_call(ask.services, ask.user, body.call_id)
    orders = ask.services.orders
    outcome = await orders.urge(ask.part("id"), call.id, ask.user.id)
    main = await orders.main(await orders.get(ask.part("id")))
    return Urged(outcome=outcome, order=order_shape(main, ask.user.role.value, own=False))


@routes.add("GET", "/work-orders", roles=EVERYONE)
async def list_orders(ask: Ask, query: OrderQuery) -> shapes.Items[shapes.WorkOrder]:
    """List work orders, the newest first; numbers are masked for who does not need them."""
    found = await ask.services.orders.orders(
        query.state, account=query.account, limit=query.limit, needs_address=query.needs_address
    )
    return shapes.Items(items=await _shapes(ask, found))


@routes.add("GET", "/work-orders/{id}", roles=EVERYONE)
async def read_order(ask: Ask) -> shapes.WorkOrder:
    """Read one work order."""
    return (await _shapes(ask, [await ask.services.orders.get(ask.part("id"))]))[0]


async def _shapes(ask: Ask, orders: Sequence[WorkOrder]) -> list[shapes.WorkOrder]:
    """A return visit shows the answer that it is about to those who may read answers."""
    visits = [one.report.call_id for one in orders if one.report.kind is Kind.RETURN_VISIT]
    answers = await ask.services.surveys.of_calls(visits)
    role, who = ask.user.role.value, ask.user.id
    seen = {call_id: one for call_id, one in answers.items() if role in HEARING or one.agent_id == who}
    return [
        order_shape(one, role, own=False, survey=seen.get(one.report.call_id) if one.report.call_id in visits else None)
        for one in orders
    ]
