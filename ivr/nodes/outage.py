"""outage: tell of outages where the caller lives, or in the whole area."""

from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError, Unavailable
from ivr.call import IvrCall
from ivr.events import IvrFailed
from ivr.node import MaybeTarget, Node, Prompts, Target


class Outage(Node):
    """Tells the outages that concern the caller now; when there are none, says `none` (it may be empty).

    A customer system that does not answer, or a voice that does not, leads to `failed`, where one is named: nobody
    should go without a menu for an outage that was only to be mentioned.
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
            return self._failed(call, here, error)
        if not answers.accounts and self.unidentified:
            return self.unidentified
        if answers.outages:
            try:
                await call.tell(answers.outages)
            except Unavailable as error:  # the voice could not say it in time
                return self._failed(call, here, error)
            await call.say(self.after)
            return self.told or self.next
        await call.say(self.none)
        return self.next

    def _failed(self, call: IvrCall, here: str, error: Exception) -> str:
        if self.failed is None:
            raise error
        now, what = call.services.clock.now(), type(error).__name__
        call.session.note(IvrFailed(at=now, call_id=call.id, node=here, what=what, to=self.failed))
        return self.failed
