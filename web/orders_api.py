"""Work orders as they can be read; what is done to them comes with the people who handle them."""

from typing import Annotated

from pydantic import Field

from desk.workorders.model import State
from web import shapes
from web.route import EVERYONE, Ask, Routes
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
    return shapes.Items(items=[order_shape(one, ask.user.role.value, own=False) for one in found])


@routes.add("GET", "/work-orders/{id}", roles=EVERYONE)
async def read_order(ask: Ask) -> shapes.WorkOrder:
    """Read one work order."""
    return order_shape(await ask.services.orders.get(ask.part("id")), ask.user.role.value, own=False)
