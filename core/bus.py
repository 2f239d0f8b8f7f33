"""One bus of facts: keyed by event class, awaited in order, a broken listener harms nobody."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from core import log
from core.events import Event, Recorded

_log = log.get(__name__)

Listener = Callable[[Recorded], Awaitable[object] | None]
"""A plain function where there is nothing to wait for: that costs no time limit, and no task."""
SLOW_S = 0.5
"""A listener that takes longer than this is named in the log: it delays everyone behind it."""
LIMIT_S = 5.0
"""A listener is given up after this long."""


class Bus:
    """Brings each journaled event to the listeners of its class, in the order they came."""

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[Listener]] = defaultdict(list)
        self._last: dict[type[Event], list[Listener]] = defaultdict(list)
        self._of: dict[type[Event], tuple[Listener, ...]] = {}
        """Of each class those who hear it, until somebody comes or goes."""

    def listen(self, kind: type[Event], listener: Listener, *, last: bool = False) -> Callable[[], None]:
        """Call `listener` for each event of class `kind` (`Event` = every one); returns its unsubscribe.

        `last`: after all others, as who takes its time and is waited for.
        """
        listeners = (self._last if last else self._listeners)[kind]
        listeners.append(listener)
        self._of.clear()

        def leave() -> None:
            listeners.remove(listener)
            self._of.clear()

        return leave

    async def publish(self, recorded: Recorded) -> None:
        """Call every listener and wait where there is something to wait for.

        Their errors are logged and never reach the publisher.
        """
        rest = self.tell([recorded])
        if rest is not None:
            await rest

    def tell(self, told: Sequence[Recorded]) -> Coroutine[Any, Any, None] | None:
        """Call the listeners of each event in order, as far as there is nothing to wait for.

        Returns None once all have heard all, else what tells the rest when it is awaited.
        """
        for at, recorded in enumerate(told):
            listeners = self._of.get(type(recorded.event)) or self._who_hear(recorded)
            if (waiting := _call(recorded, listeners, 0)) is not None:
                return _tell_rest(recorded, listeners, waiting, self, told[at + 1 :])
        return None

    def _who_hear(self, recorded: Recorded) -> tuple[Listener, ...]:
        kind = type(recorded.event)
        found = self._of[kind] = (*self._listeners[kind], *self._listeners[Event], *self._last[kind])
        return found


_Waiting = tuple[int, Awaitable[object], float]
"""The number of a listener, what it waits for, and since when."""


def _call(recorded: Recorded, listeners: tuple[Listener, ...], first: int) -> _Waiting | None:
    """Call listeners from number `first` on, up to the one that has something to wait for."""
    started = time.monotonic()
    for number in range(first, len(listeners)):
        try:
            waiting = listeners[number](recorded)
        except Exception:  # noqa: BLE001 - a broken listener cannot stop the others
            _failed(recorded)
            continue
        if waiting is not None:
            return number, waiting, started
    if time.monotonic() - started > SLOW_S:
        _ended(recorded, started)
    return None


async def _tell_rest(
    recorded: Recorded, listeners: tuple[Listener, ...], waiting: _Waiting | None, bus: Bus, after: Sequence[Recorded]
) -> None:
    while waiting is not None:
        number, listening, started = waiting
        try:
            async with asyncio.timeout(LIMIT_S):
                await listening
        except Exception:  # noqa: BLE001 - a broken listener cannot stop the others
            _failed(recorded)
        _ended(recorded, started)
        waiting = _call(recorded, listeners, number + 1)
    if (rest := bus.tell(after)) is not None:
        await rest


def _failed(recorded: Recorded) -> None:
    _log.exception(
        "listener failed",
        extra={"action": "listener_failed", "event": type(recorded.event).__name__, "seq": recorded.seq},
    )


def _ended(recorded: Recorded, started: float) -> None:
    """Name an event whose listeners were slow."""
    if (took := time.monotonic() - started) > SLOW_S:
        _log.warning(
            "slow listener",
            extra={"action": "listener_slow", "event": type(recorded.event).__name__, "seconds": took},
        )
