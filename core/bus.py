"""One bus of facts: keyed by event class, awaited in order, a broken listener harms nobody."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable

from core import log
from core.events import Event, Recorded

_log = log.get(__name__)

Listener = Callable[[Recorded], Awaitable[None] | None]
"""A plain function where there is nothing to wait for: that costs no time limit."""
SLOW_S = 0.5
"""A listener that takes longer than this is named in the log: it delays everyone behind it."""
LIMIT_S = 5.0
"""A listener is given up after this long."""


class Bus:
    """Brings each journaled event to the listeners of its class, in the order they came."""

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[Listener]] = defaultdict(list)

    def listen(self, kind: type[Event], listener: Listener) -> Callable[[], None]:
        """Call `listener` for each event of class `kind` (`Event` = every one); returns its unsubscribe."""
        self._listeners[kind].append(listener)
        return lambda: self._listeners[kind].remove(listener)

    async def publish(self, recorded: Recorded) -> None:
        """Call every listener and wait where there is something to wait for.

        Their errors are logged and never reach the publisher.
        """
        for listener in (*self._listeners[type(recorded.event)], *self._listeners[Event]):
            started = time.monotonic()
            try:
                waiting = listener(recorded)
                if waiting is not None:
                    async with asyncio.timeout(LIMIT_S):
                        await waiting
            except Exception:  # noqa: BLE001 - a broken listener cannot stop the others
                _log.exception(
                    "listener failed",
                    extra={
                        "action": "listener_failed",
                        "event": type(recorded.event).__name__,
                        "seq": recorded.seq,
                    },
                )
            if (took := time.monotonic() - started) > SLOW_S:
                _log.warning(
                    "slow listener",
                    extra={
                        "action": "listener_slow",
                        "event": type(recorded.event).__name__,
                        "seconds": took,
                    },
                )
