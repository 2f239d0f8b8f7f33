"""Reminds an agent who leaves a caller on hold, again and again until the caller is taken back."""

import asyncio
import contextlib
from collections.abc import Sequence

from cti.events import HoldReminded
from cti.model import CallState, Third
from cti.port import NoSuchChannel, PbxRefused
from cti.session import CallSession


class HoldReminder:
    """Watches one talk; after a restart the time begins anew."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._every = session.world.policy.number("hold_reminder")
        self._since: float | None = None
        self._times = 0

    def left(self) -> float | None:
        """Return the seconds until the next reminder, None while the caller is not on hold."""
        if self._session.call.state is not CallState.HELD:
            self._since, self._times = None, 0
            return None
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since = now
        return max(0.0, self._since + self._every * (self._times + 1) - now)

    async def remind(self, media: Sequence[str]) -> None:
        """Remind when it is time: an event, and `media` in the ear of an agent who speaks to nobody meanwhile."""
        if self.left() != 0.0:
            return
        self._times += 1
        session, call = self._session, self._session.call
        held_s = round(self._every * self._times)
        at, agent_id = session.world.clock.now(), call.agent_id or ""
        session.note(HoldReminded(at=at, call_id=call.id, agent_id=agent_id, held_s=held_s))
        if media and call.seat_channel_id and call.third in (None, Third.RINGING):
            with contextlib.suppress(NoSuchChannel, PbxRefused):
                await session.begin(media, to=call.seat_channel_id)
