"""outage: tell of outages where the caller lives, or in the whole area."""

from typing import ClassVar, Literal

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError, Unavailable
from ivr.call import IvrCall
from ivr.node import MaybeTarget, Node, Prompts, Target, failed


class Outage(Node):
    """Tells the outages that concern the caller now; when there are none, says `none` (it may be empty).

    A customer system that does not answer, or a voice that does not, leads to `failed`, where one is named: nobody
    should go without a menu for an outage that was only to be mentioned.
    Told something: `told`, where it is set.
    """

    leads_on: ClassVar[bool] = True

    do: Literal["outage"]
    none: Prompts = ()
    after: Prompts = ()
    unidentified: MaybeTarget = None
    failed: MaybeTarget = None
    told: MaybeTarget = None
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        try:
            answers = await call.customer()
        except (HotlineError, SQLAlchemyError, TimeoutError) as error:
            return failed(call, here, error, self.failed)
        if not answers.accounts and self.unidentified:
            return self.unidentified
        if answers.outages:
            try:
                await call.tell_of(answers, answers.outages)
            except Unavailable as error:  # the voice could not say it, or not in time
                return failed(call, here, error, self.failed)
            await call.say(self.after)
            return self.told or self.next
        await call.say(self.none)
        return self.next
