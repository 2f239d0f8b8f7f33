"""verify: check account and PIN that were collected."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from ivr.call import CustomerAnswers, IvrCall
from ivr.events import CallerIdentified
from ivr.node import Node, Prompts, Target


class Verify(Node):
    """Checks the collected `account` and `pin`. Right: `next`. Wrong: `wrong` is said and `again` follows.

    After the policy's `verify_tries` in one call: `locked_prompts`, then `locked`.
    """

    do: Literal["verify"]
    account: str = "account"
    pin: str = "pin"
    wrong: Prompts = ("pin_again",)
    locked_prompts: Prompts = ("pin_locked",)
    again: Target
    locked: Target
    next: Target

    def reads(self) -> Iterator[tuple[str, str]]:
        yield "account", self.account
        yield "pin", self.pin

    async def run(self, call: IvrCall, here: str) -> str | None:
        account = call.known.get(self.account)
        pin = call.secrets.pop(self.pin, None)
        if account is None or pin is None:
            return self.again
        if (answers := await self._answers(call, account, pin)) is not None:
            call.known["verified"] = account
            call.answer_with(answers)
            await call.session.tell(
                CallerIdentified(
                    at=call.services.clock.now(), call_id=call.id, customer_id=answers.customer_id or "", how="pin"
                )
            )
            return self.next
        if call.again("verify") >= call.number("verify_tries"):
            await call.say(self.locked_prompts)
            return self.locked
        await call.say(self.wrong)
        return self.again

    async def _answers(self, call: IvrCall, account: str, pin: str) -> CustomerAnswers | None:
        """What the holder of `account` may hear; None for a wrong PIN. Raises TimeoutError like every look-up."""
        desk = call.services.desk
        async with asyncio.timeout(call.number("lookup_wait")):
            return await desk.by_account(account, call.language) if await desk.verify(account, pin) else None
