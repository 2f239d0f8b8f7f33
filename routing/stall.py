"""The alarm for a call that waits beside a free agent, which matching at events should never leave behind."""

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.errors import HotlineError

_log = log.get(__name__)


class StallWatch:
    """Looks every `interval_s` which queues have such a pair; one seen twice running is alarmed.

    So a pair that matching overlooked stands at most twice `interval_s`. It outlives an alarm that fails.
    """

    def __init__(
        self, clock: Clock, interval_s: float, look: Callable[[], set[str]], alarm: Callable[[str], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._look = look
        self._alarm = alarm

    async def run(self) -> None:
        """Watch until cancelled."""
        before: set[str] = set()
        while True:
            await self._clock.sleep(self._interval_s)
            now = self._look()
            for queue in now & before:
                _log.error("routing stalled", extra={"action": "routing_stalled", "queue": queue})
                await self._try(queue)
            before = now

    async def _try(self, queue: str) -> None:
        try:
            await self._alarm(queue)
        except (SQLAlchemyError, HotlineError) as error:
            _log.error("stall not journaled", extra={"action": "stall_not_journaled", "why": str(error)})
