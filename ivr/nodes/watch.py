"""watch: offer to tell the caller by a note when the power is back."""

import asyncio
from typing import Literal

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError
from core.phone import is_mobile
from ivr.call import IvrCall
from ivr.events import IvrFailed
from ivr.node import Node, Prompts, Target
from ivr.nodes.fault_known import FAULT_ACCOUNT


class Watch(Node):
    """Says `prompts` and waits a moment for `key`: who presses it is told by a note when the power is back.

    Any other key is kept for the node that follows, so that nobody has to listen to the offer. Without a known
    outage or fault, to who rings from no mobile or withholds the number, and where that cannot be found out, nothing
    is offered.
    """

    do: Literal["watch"]
    prompts: Prompts = ("watch_offer",)
    done: Prompts = ("watch_done",)
    over: Prompts = ("outage_restored",)
    key: str = Field(default="9", pattern="^[1-9]$")
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        caller, watches = call.session.call, call.services.watches
        accounts = await self._offered(call, here)
        if not accounts:
            return self.next
        await call.say(self.prompts)
        if await call.session.peek(call.number("offer_wait")) != self.key:
            return self.next
        call.collected(here, await call.session.digit(0) or "")
        async with asyncio.timeout(call.number("lookup_wait")):
            watched = await watches.watch(call.id, caller.caller, accounts)
        await call.say(self.done if watched else self.over)
        return self.next

    async def _offered(self, call: IvrCall, here: str) -> tuple[str, ...]:
        """Return the accounts for which it is offered; none where that cannot be found out: it is only an offer."""
        if not is_mobile(call.session.call.caller):
            return ()
        try:
            accounts = await self._accounts(call)
            async with asyncio.timeout(call.number("lookup_wait")):
                return accounts if accounts and await call.services.watches.watchable(accounts) else ()
        except (HotlineError, SQLAlchemyError, TimeoutError) as error:
            now, what = call.services.clock.now(), type(error).__name__
            call.session.note(IvrFailed(at=now, call_id=call.id, node=here, what=what, to=self.next))
            return ()

    async def _accounts(self, call: IvrCall) -> tuple[str, ...]:
        """Return the account that is reported, else the one that was proved, else those of the number."""
        reported = call.known.get(FAULT_ACCOUNT) or call.known.get("verified")
        return (reported,) if reported else (await call.customer()).accounts
