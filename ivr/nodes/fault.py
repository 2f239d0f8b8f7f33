"""fault: take the caller's report of a fault."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from ivr.call import DANGER, FaultReport, IvrCall
from ivr.node import Node, Target
from ivr.nodes.fault_known import FAULT_ACCOUNT, ORDER
from ivr.nodes.message import ADDRESS


class Fault(Node):
    """Makes the work order of a fault of `scope` and goes on, with the account or the address that the caller has said.

    Neither is known: `unidentified`.

    Entered again in the same call, also after a restart, it finds the same order.
    """

    do: Literal["fault"]
    scope: Literal["room", "home", "street"]
    unidentified: Target
    next: Target

    def sets(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the number of the order."""
        yield "do", ORDER

    def reads(self) -> Iterator[tuple[str, str]]:
        """Yield (field, variable) for the account without power."""
        yield "do", FAULT_ACCOUNT

    async def run(self, call: IvrCall, here: str) -> str | None:
        account, said = call.known.get(FAULT_ACCOUNT, ""), call.known.get(ADDRESS, "")
        if not account and not said:
            return self.unidentified
        caller = call.session.call
        danger = DANGER in call.known
        report = FaultReport(call.id, account, self.scope, caller.caller, caller.caller_known, said, danger)
        async with asyncio.timeout(call.number("lookup_wait")):
            call.known[ORDER] = await call.services.faults.report(report)
        return self.next
