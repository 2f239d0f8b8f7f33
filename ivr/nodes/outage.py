"""outage: tell of outages where the caller lives, or in the whole area."""

from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError
from ivr.call import IvrCall
from ivr.events import IvrFailed
from ivr.node import MaybeTarget, Node, Prompts, Target


class Outage(Node):
    """Tells the outages that concern the caller now; when there are none, says `none` (it may be empty).

    A customer system that does not answer leads to `failed`, where one is named: nobody should go without a menu for
    an outage that was only to be mentioned.
    Told something: `told`, where it is set.
    """

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
            if self.failed is None:
                raise
            now, what = call.services.clock.now(), type(error).__name__
            call.session.note(IvrFailed(at=now, call_id=call.id, node=here, what=what, to=self.failed))
            return self.failed
        if not answers.accounts and self.unidentified:
            return self.unidentified
        if answers.outages:
            await call.tell(answers.outages)
            await call.say(self.after)
            return self.told or self.next
        await call.say(self.none)
        return self.next
