"""outage: tell of outages where the caller lives, or in the whole area."""

from typing import Literal

from ivr.call import IvrCall
from ivr.node import MaybeTarget, Node, Prompts, Target


class Outage(Node):
    """Tells the outages that concern the caller now; when there are none, says `none` (it may be empty).

    Told something: `told`, where it is set.
    """

    do: Literal["outage"]
    none: Prompts = ()
    after: Prompts = ()
    unidentified: MaybeTarget = None
    told: MaybeTarget = None
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        answers = await call.customer()
        if not answers.accounts and self.unidentified:
            return self.unidentified
        if answers.outages:
            await call.tell(answers.outages)
            await call.say(self.after)
            return self.told or self.next
        await call.say(self.none)
        return self.next
