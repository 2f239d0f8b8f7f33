"""Makes good what talks and messages a kill, or the loss of the PBX, has left half done."""

from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.errors import HotlineError
from cti.service import CallService
from ivr.messages import IvrMessages
from recordings.service import RecordingService

_log = log.get(__name__)

EVERY_S = 60.0


class LeftBehind:
    """Recordings and messages: at the start, when the PBX is found again, and every minute."""

    def __init__(self, recordings: RecordingService, messages: IvrMessages, calls: CallService, clock: Clock) -> None:
        self._recordings = recordings
        self._messages = messages
        self._calls = calls
        self._clock = clock

    async def run(self) -> None:
        """Look every minute while the PBX is there, until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            if self._calls.pbx_trouble is None:
                await self.settle()

    async def settle(self) -> None:
        """Make good what is left; what cannot be is told to the log, and looked at again later."""
        for work in (self._recordings.reconcile, self._messages.settle):
            try:
                await work()
            except (HotlineError, SQLAlchemyError, OSError) as error:
                _log.error("recordings not reconciled", extra={"action": "reconcile_failed", "why": str(error)})
