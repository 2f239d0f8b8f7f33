"""order_number: tell the number of the caller's work order."""

from collections.abc import Iterator
from typing import Literal

from core.errors import Unavailable
from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target
from ivr.nodes.fault_known import ORDER


class OrderNumber(Node):
    """Reads the number digit by digit; without an order it goes to `none`.

    When the voice cannot say it in time, the caller hears `unsaid` and goes on: the order stands all the same.
    """

    do: Literal["order_number"]
    unsaid: Prompts = ("fault_taken",)
    none: Target
    next: Target

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the number of the order."""
        yield "do", ORDER

    async def run(self, call: IvrCall, here: str) -> str | None:
        order = call.known.get(ORDER)
        if order is None:
            return self.none
        try:
            await call.tell([call.services.faults.number(order)])
        except Unavailable:
            await call.say(self.unsaid)
        return self.next
