"""order_number: tell the number of the caller's work order."""

from typing import Literal

from ivr.call import IvrCall
from ivr.node import Node, Target
from ivr.nodes.fault_known import ORDER


class OrderNumber(Node):
    """Reads the number digit by digit; without an order it goes to `none`."""

    do: Literal["order_number"]
    none: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        order = call.known.get(ORDER)
        if order is None:
            return self.none
        await call.tell([call.services.faults.number(order)])
        return self.next
