"""announce: say the announcements in force, before a caller has to choose anything."""

import contextlib
from collections.abc import Collection
from typing import ClassVar, Literal

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError
from ivr.call import IvrCall
from ivr.events import AnnouncementsHeard
from ivr.node import Node, Target


class Announce(Node):
    """Says the announcements that hold now, for everybody or for the caller's areas, in their order.

    Unless `interruptible`, everybody hears them to the end; a key pressed meanwhile counts for the menu. Only when one
    is for certain areas is it waited until it is known where the caller lives; who lives nowhere known hears those
    for everybody.
    """

    leads_on: ClassVar[bool] = True

    do: Literal["announce"]
    interruptible: bool = False
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        board = call.services.announcements
        told = board.current(await self._areas(call) if board.by_area() else ()) if board else []
        if told:
            call.stay()
            ids = tuple(one.announcement.id for one in told)
            call.session.note(AnnouncementsHeard(at=call.services.clock.now(), call_id=call.id, announcement_ids=ids))
            await call.session.play([one.medium for one in told], interruptible=self.interruptible)
        return self.next

    async def _areas(self, call: IvrCall) -> Collection[str]:
        with contextlib.suppress(HotlineError, SQLAlchemyError, TimeoutError):
            return (await call.customer()).areas
        return ()
