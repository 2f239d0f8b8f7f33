"""What storm mode changes for callers: the outages of the moment come first, and a full queue takes nobody new."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.errors import HotlineError
from core.policy import Policy
from desk.outages import speech as outage_speech
from desk.outages.service import OutageService
from routing.forecast import Expected
from routing.model import Figures
from routing.precedence import Cause
from routing.storm.model import Room

_log = log.get(__name__)

REFRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class Full:
    """A queue that takes nobody new: so many `waiting`, and the wait to be expected (median, seconds) if known."""

    waiting: int
    wait_p50_s: float | None


class Storm(Protocol):
    """Storm mode as the menu sees it; answered from memory."""

    def on(self) -> bool:
        """Tell whether there is a storm."""
        ...

    def news(self) -> Sequence[str]:
        """Return the sentences of the outages that hold now, for who is not known yet; none when there is no storm."""
        ...

    def full(self, queue: str, causes: Collection[Cause]) -> Full | None:
        """Return why a new caller with these causes finds no room in a queue; None when there is room."""
        ...


class Calm:
    """A `Storm` that never comes."""

    def on(self) -> bool:
        return False

    def news(self) -> Sequence[str]:
        return ()

    def full(self, queue: str, causes: Collection[Cause]) -> Full | None:
        return None


class Queues(Protocol):
    """What is known of a queue (`routing.service` does it)."""

    def figures(self, queue: str) -> Figures: ...

    def expected_wait_now(self, figures: Figures) -> Expected | None: ...


class IvrStorm:
    """Implements `Storm` with the switch, the published outages and the queues."""

    def __init__(
        self,
        on: Callable[[], bool],
        outages: OutageService,
        queues: Queues,
        *,
        clock: Clock,
        zone: ZoneInfo,
        policy: Policy,
    ) -> None:
        self.on = on
        self._outages = outages
        self._queues = queues
        self._clock = clock
        self._zone = zone
        self._most = int(policy.number("storm_outages_said"))
        self._room = Room.of(policy)
        self._news: tuple[str, ...] = ()

    async def run(self) -> None:
        """Keep the news current until cancelled."""
        while True:
            try:
                await self.refresh()
            except (HotlineError, SQLAlchemyError) as error:
                _log.error("outages not read", extra={"action": "storm_news", "why": type(error).__name__})
            await self._clock.sleep(REFRESH_S)

    async def refresh(self) -> None:
        """Read the outages that hold now; those of single accounts concern nobody else."""
        now = self._clock.now()
        holding = [one for one in await self._outages.everywhere() if one.areas]
        latest = sorted(holding, key=lambda one: (one.begins, one.id), reverse=True)[: self._most]
        self._news = tuple(outage_speech.outage(one, now, self._zone).text for one in latest)

    def news(self) -> Sequence[str]:
        """Return the sentences of the latest outages in force; none when there is no storm."""
        return self._news if self.on() else ()

    def full(self, queue: str, causes: Collection[Cause]) -> Full | None:
        """Return why a new caller finds no room; only in a storm, and never who reports danger."""
        if not self.on() or self._room.lets_in(causes):
            return None
        figures = self._queues.figures(queue)
        expected = self._queues.expected_wait_now(figures)
        wait_s = None if expected is None else expected.p50_s
        return Full(figures.waiting, wait_s) if self._room.full(figures.waiting, wait_s) else None
