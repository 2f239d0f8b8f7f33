"""bill: tell the last bill of the caller's accounts."""

from typing import Literal

from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target


class Bill(Node):
    """Tells amount, parts, arrears of each account of the caller. Not known who calls: `unidentified`."""

    do: Literal["bill"]
    none: Prompts = ("bill_none",)
    unidentified: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        answers = await call.customer()
        if not answers.accounts:
            return self.unidentified
        if answers.bills:
            await call.tell(answers.bills)
        else:
            await call.say(self.none)
        return self.next
