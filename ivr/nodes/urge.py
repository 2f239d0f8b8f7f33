"""urge: urge the work order that was told."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from desk.workorders.model import Urging
from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target
from ivr.nodes.order_progress import ORDER_TOLD


class Urge(Node):
    """Attaches the caller's urging (催办) to the order last told, once in a call, and says `done`.

    Urged a moment ago by another call (`urge_interval`): `too_soon`. Urged as often as a machine takes it
    (`urge_most`), or closed meanwhile: `enough`, then `person`.
    """

    do: Literal["urge"]
    done: Prompts = ("urge_done",)
    too_soon: Prompts = ("urge_soon",)
    enough: Prompts = ("urge_enough",)
    person: Target
    next: Target

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the order that was told."""
        yield "do", ORDER_TOLD

    async def run(self, call: IvrCall, here: str) -> str | None:
        async with asyncio.timeout(call.number("lookup_wait")):
            urged = await call.services.orders.urge(call.known.get(ORDER_TOLD, ""), call.id)
        if urged in (Urging.ENOUGH, Urging.CLOSED):
            await call.say(self.enough)
            return self.person
        await call.say(self.done if urged is Urging.DONE else self.too_soon)
        return self.next
