"""Work orders as they can be read; what is done to them comes with the people who handle them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from desk.workorders.model import Kind, State, WorkOrder
from web import shapes
from web.route import EVERYONE, HEARING, Ask, Routes
from web.shapes import Given
from web.views import order_shape

routes = Routes("work orders")


class OrderQuery(Given):
    """Orders in a state, of an account, or all; `needs_address`: faults whose address has to be written down."""

    state: State | None = None
    account: str | None = None
    needs_address: bool = False
    limit: Annotated[int, Field(ge=1, le=200)] = 100


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
