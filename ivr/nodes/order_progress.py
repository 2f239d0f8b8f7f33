"""order_progress: tell how far a work order has come."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target
from ivr.port import Asker, Progress

ORDER_ASKED, ORDER_TOLD = "order_asked", "order_told"
"""What the flow knows: the number that was typed in, and that of the order last told."""


class OrderProgress(Node):
    """Tells the order whose number was typed in, else the caller's own newest one; with `again` the one last told.

    It can be urged: `open`; it is closed: `next`. None to tell: `unknown`, where a number can be typed in. A number
    that does not exist, or is not for this caller, gets `wrong` and is asked again; after `verify_tries`: `give_up`.
    """

    do: Literal["order_progress"]
    again: bool = False
    wrong: Prompts = ("order_unknown",)
    unknown: Target
    give_up: Target
    open: Target
    next: Target

    def sets(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the order that was told."""
        yield "do", ORDER_TOLD

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the number that was typed in."""
        yield "do", ORDER_ASKED

    async def run(self, call: IvrCall, here: str) -> str | None:
        typed = call.known.pop(ORDER_ASKED, None) or (call.known.get(ORDER_TOLD) if self.again else None)
        async with asyncio.timeout(call.number("lookup_wait")):
            found = await self._find(call, typed)
        if found is None and typed is None:
            return self.unknown
        if found is None:
            return await self._wrong(call)
        call.known[ORDER_TOLD] = found.number
        await call.tell(found.told)
        return self.open if found.open else self.next

    async def _find(self, call: IvrCall, number: str | None) -> Progress | None:
        caller, orders = call.session.call, call.services.orders
        asker = Asker((await call.customer()).accounts, caller.caller if caller.caller_known else "")
        return await orders.by_number(number, asker) if number else await orders.latest(asker)

    async def _wrong(self, call: IvrCall) -> str:
        if call.again("order_asked") >= call.number("verify_tries"):
            return self.give_up
        await call.say(self.wrong)
        return self.unknown
