"""What follows at once from an event: found before the event is written, and written with it in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from core import log
from core.events import Event

_log = log.get(__name__)

Save = Callable[[Connection], object]
Settle = Callable[[bool], None]
"""Is told True once something is committed, before any of it is published, or False when storage refused it."""


def unsettled(_stored: bool) -> None:
    """Do nothing, whatever became of it."""


@dataclass(frozen=True, slots=True)
class Sequel:
    """Events that follow from another one, and by `save` the state that they explain.

    Who makes one has done in memory what it says; `settle(False)` undoes that.
    """

    events: Sequence[Event]
    save: Save | None = None
    settle: Settle = unsettled


Follow = Callable[[Any], Sequence[Sequel]]
"""Of an event of its class: does in memory what follows and returns what is to be stored of that; never waits."""


class Sequels:
    """Who says what follows from an event, by its class."""

    def __init__(self) -> None:
        self._follow: dict[type[Event], list[Follow]] = defaultdict(list)

    def add(self, kind: type[Event], follow: Follow) -> bool:
        """Ask `follow` for each event of class `kind`; tells whether it is the first for that class."""
        self._follow[kind].append(follow)
        return len(self._follow[kind]) == 1

    def next(self, event: Event) -> list[Sequel]:
        """Return what follows from an event, without what follows from that."""
        return [sequel for follow in self._follow.get(type(event), ()) for sequel in _asked(follow, event)]

    def of(self, events: Iterable[Event]) -> list[Sequel]:
        """Return all that follows from `events`, what follows from that too, in order."""
        found: list[Sequel] = []
        for event in events:
            for sequel in self.next(event):
                found += (sequel, *self.of(sequel.events))
        return found


def _asked(follow: Follow, event: Event) -> Sequence[Sequel]:
    try:
        return follow(event)
    except Exception:  # noqa: BLE001 - what follows cannot keep the event from being written
        _log.exception("follower failed", extra={"action": "follower_failed", "event": type(event).__name__})
        return ()


def settle(settles: Iterable[Settle], stored: bool) -> None:
    """Tell what became of a transaction; who fails at it keeps nobody else from being told."""
    for one in settles:
        try:
            one(stored)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("not settled", extra={"action": "not_settled", "stored": stored})
