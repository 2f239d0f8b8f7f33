"""fault_known: find the account that is without power, and tell what is known of it already."""

import asyncio
from typing import Literal

from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target

FAULT_ACCOUNT, ORDER = "fault_account", "order"
"""What the flow knows of a report: the account that is without power, and the number of its order."""


class FaultKnown(Node):
    """Decides which account is without power, and tells a cut supply, a published outage or an open order of it.

    Told something: `told`; nothing known: `next`. A caller with no account or several is asked: `unidentified`.
    An account typed in that does not exist gets `wrong` and is asked again; after `verify_tries`: `give_up`.
    """

    do: Literal["fault_known"]
    wrong: Prompts = ("account_again",)
    unidentified: Target
    give_up: Target
    told: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        own = await self._own(call)
        account = call.known.get(FAULT_ACCOUNT) or (own[0] if len(own) == 1 else None)
        if account is None:
            return self.unidentified
        async with asyncio.timeout(call.number("lookup_wait")):
            known = await call.services.faults.known(account, own=account in own)
        if known is None:
            return await self._wrong(call)
        call.known[FAULT_ACCOUNT] = account
        if known.order:
            call.known[ORDER] = known.order
        if not known.told:
            return self.next
        await call.tell(known.told)
        return self.told

    async def _own(self, call: IvrCall) -> tuple[str, ...]:
        """Return the accounts that are the caller's: the one that was proved, else those of the number."""
        verified = call.known.get("verified")
        return (verified,) if verified else (await call.customer()).accounts

    async def _wrong(self, call: IvrCall) -> str:
        call.known.pop(FAULT_ACCOUNT, None)
        if call.again("fault_account") >= call.number("verify_tries"):
            return self.give_up
        await call.say(self.wrong)
        return self.unidentified
