"""The figures of today, counted from the bus; after a restart they are counted again from the journal, and equal."""

import asyncio
import heapq
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from core.events import Event, Recorded
from core.policy import Policy
from core.tasks import TaskOwner
from figures import asking, export, formulas, reading, report, store
from figures.asking import Asked
from figures.board import Stock
from figures.layout import Names
from figures.model import KINDS, Fold, Picture, Snapshot
from figures.slots import Slots
from figures.terms import Terms

_log = log.get(__name__)

HELD_MOST = 1_000
"""Events that wait for one before them; with more, they are forgotten here and read from the journal."""
PATIENCE_S = 0.5
"""How long an event may be missing before it is read from the journal: it may still be on its way."""
LOAD_AGAIN_S = 5.0
_COUNTED = frozenset(KINDS)
_NAMES = frozenset(kind.__name__ for kind in KINDS)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """A share of callers in per cent, the variant by which it was computed, and T; None: nobody to count yet."""

    variant: str
    percent: Decimal | None
    threshold_s: float


class LiveFigures:
    """Follows the bus in the order of the journal, so what it has counted is what a restart would count."""

    def __init__(self, db: Database, clock: Clock, policy: Policy, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._policy = policy
        self._slots = Slots(zone)
        self._fold: Fold | None = None
        self._next = 0
        self._held: list[tuple[int, Event]] = []
        self._tasks = TaskOwner("figures")
        self._mending = False

    def listen(self, bus: Bus) -> None:
        """Hear every event from now on: their numbers tell what is missing."""
        bus.listen(Event, self._heard)

    async def load(self) -> None:
        """Count today's part of the journal, and from then on what is heard."""
        terms = self._today(self._clock.now())
        done = await self._db.read(partial(reading.read_to_follow, terms=terms, zone=self._slots.zone))
        self._fold, self._next = done.fold, done.last + 1
        await self._mend()

    def load_beside(self) -> None:
        """Begin to `load` beside everything else: callers do not wait for figures."""
        self._tasks.start(self._load_until_it_is_done(), "load")

    async def _load_until_it_is_done(self) -> None:
        while not self.ready:
            try:
                await self.load()
            except (SQLAlchemyError, Unavailable) as error:
                why = type(error).__name__
                _log.error("today not counted, tried again", extra={"action": "figures_not_counted", "why": why})
                await self._clock.sleep(LOAD_AGAIN_S)

    @property
    def slots(self) -> Slots:
        """The half hours of the site."""
        return self._slots

    @property
    def ready(self) -> bool:
        """Whether today is counted."""
        return self._fold is not None

    def snapshot(self) -> Snapshot | None:
        """Return all counts of today as of now; None until they are counted."""
        now = self._clock.now()
        fold = self._of_today(now)
        return fold.snapshot(now) if fold is not None else None

    async def report(self, group: str, variants: Collection[str], agent: str | None) -> dict[str, Any] | None:
        """Return today's figures as of now, as `export.to_data` gives them; None until they are counted.

        Raises NoSuchGroup, NoSuchVariant.
        """
        groups = asking.groups(group)
        wanted = formulas.chosen([one for text in variants for one in text.split(",")])
        now = self._clock.now()
        if (fold := self._of_today(now)) is None:
            return None
        terms = fold.terms
        asked = Asked(terms.begin, terms.end, groups, wanted, agent)
        # A whole day of a large centre takes a tenth of a second to sum up: calls do not wait for that.
        return await asyncio.to_thread(_summed, asked, fold.picture(now), self._slots)

    def stock(self) -> Stock | None:
        """Return what is counted of today as of now, line by line; None until it is."""
        now = self._clock.now()
        fold = self._of_today(now)
        return fold.stock(now) if fold is not None else None

    def service_level(self, queue: str) -> ServiceLevel | None:
        """Return today's service level of a queue by the rule that counts who waits only once T has passed."""
        now = self._clock.now()
        fold = self._of_today(now)
        if fold is None:
            return None
        variant = formulas.BY_ID[formulas.LIVE]
        return ServiceLevel(variant.id, variant.value(fold.of_queue(queue, now)), fold.terms.threshold.total_seconds())

    async def close(self) -> None:
        """End what goes on beside."""
        await self._tasks.close()

    # --- in order --------------------------------------------------------------------------------

    def _heard(self, recorded: Recorded) -> None:
        if self._fold is None or recorded.seq < self._next:
            return
        if recorded.seq > self._next:
            self._hold(recorded)
            return
        self._take(recorded.event)
        self._next += 1
        self._release()

    def _hold(self, recorded: Recorded) -> None:
        if len(self._held) >= HELD_MOST:
            self._held.clear()
        heapq.heappush(self._held, (recorded.seq, recorded.event))
        if not self._mending:
            self._mending = True
            self._tasks.start(self._mend_later(), "mend")

    def _release(self) -> None:
        while self._held and self._held[0][0] <= self._next:
            seq, event = heapq.heappop(self._held)
            if seq == self._next:
                self._take(event)
                self._next += 1

    def _take(self, event: Event) -> None:
        if type(event) in _COUNTED:
            fold = self._of_today(event.at)
            assert fold is not None
            fold.take(event)

    def _of_today(self, at: datetime) -> Fold | None:
        """Return the fold; at the first moment of another day it begins that day."""
        if self._fold is not None and at >= self._fold.terms.end:
            self._fold.go_on(self._today(at))
        return self._fold

    def _today(self, at: datetime) -> Terms:
        return Terms.by(self._policy, *self._slots.day(at.astimezone(self._slots.zone).date()))

    # --- what was not heard ----------------------------------------------------------------------

    async def _mend_later(self) -> None:
        try:
            await self._clock.sleep(PATIENCE_S)
            if self._held:
                await self._mend()
        except (SQLAlchemyError, Unavailable) as error:
            _log.error("figures behind the journal", extra={"action": "figures_behind", "why": type(error).__name__})
        finally:
            self._mending = False

    async def _mend(self) -> None:
        """Read what another process has written, or what was not heard, up to the end of the journal."""
        while True:
            after = self._next - 1
            found, up_to = await self._db.read(partial(_missing, after=after))
            for recorded in found:
                if recorded.seq >= self._next:
                    self._take(recorded.event)
            self._next = max(self._next, up_to + 1)
            self._release()
            if not self._held and up_to < after + store.PIECE:
                return


def _summed(asked: Asked, picture: Picture, slots: Slots) -> dict[str, Any]:
    return export.to_data(report.make(asked, picture.snapshot(), (), picture.terms, slots.zone), Names())


def _missing(connection: Connection, after: int) -> tuple[list[Recorded], int]:
    up_to = min(after + store.PIECE, max(store.last_number(connection), after))
    return store.piece(connection, after, up_to, _NAMES), up_to
