"""What waiting callers are told: their place, and the wait to be expected where it can be told at all.

Listens to what happens in the queues and teaches each queue's forecast with it. After a restart what the last hours
taught is read from the journal, beside the calls; until then it is the policy's handling and patience.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from agents.model import Agent
from agents.roster import Roster
from core import log
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError
from core.events import Recorded
from core.journal import Journal
from core.policy import Policy
from routing import store
from routing.events import QueueAnnounced
from routing.forecast import MINUTE_S, Expected, Told, told
from routing.learning import AT_WORK, KINDS, Learning, learned

_log = log.get(__name__)

LOOK_BACK = timedelta(hours=4)
"""So far a restart reads back: what came before it has faded from the means by day, and by night says little of now."""
READ_MOST = 50_000
HEARD_MOST = 10_000
COUNTED_FOR_S = 1.0
"""So long a count of the agents at work is good for others who ask."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a caller is told: the `position` (1 = next), and the wait in words, None where it is too unsure."""

    position: int
    wait: Told | None


@dataclass(slots=True)
class _Staff:
    """How many are at work for a queue, counted a moment ago."""

    agents: int = 0
    counted_at: float = float("-inf")


@dataclass(slots=True)
class Announcing:
    """Tells callers; `able` says whether an agent may serve a queue, `place` where a call stands in it."""

    roster: Roster
    journal: Journal
    clock: Clock
    policy: Policy
    able: Callable[[str, str], bool]
    place: Callable[[str], int | None]
    _staff: dict[str, _Staff] = field(default_factory=dict)
    _learning: Learning = field(init=False)
    _meanwhile: deque[Recorded] | None = None
    """What is heard while the last hours are read."""

    def __post_init__(self) -> None:
        self._learning = Learning(self._believed(), self._agents)

    def _believed(self) -> tuple[float, float]:
        return self.policy.number("staffing_handling"), self.policy.number("staffing_patience")

    def listen(self, bus: Bus) -> None:
        """Follow calls and agents."""
        for event in KINDS:
            bus.listen(event, self._heard)

    async def catch_up(self, db: Database) -> None:
        """Learn what the last hours taught; books that do not answer leave it at what is heard from now on."""
        self._meanwhile = deque(maxlen=HEARD_MOST)
        try:
            since = self.clock.now() - LOOK_BACK
            found = await db.read(partial(store.lately, kinds=KINDS, begin=since, most=READ_MOST))
            at_work = [one.agent_id for one in self.roster.signed_in() if self._works(one)]
            events = [recorded.event for recorded in found]
            fresh = await asyncio.to_thread(learned, events, self._believed(), self.able, at_work)
            last = found[-1].seq if found else 0
            for recorded in self._meanwhile:
                if recorded.seq > last:
                    fresh.take(recorded.event)
            fresh.working, self._learning = self._agents, fresh
        except (SQLAlchemyError, HotlineError) as error:
            _log.error("forecast begins anew", extra={"action": "forecast_anew", "why": type(error).__name__})
        finally:
            self._meanwhile = None

    def expected(self, queue: str, position: int) -> Expected | None:
        """Return the wait to be expected at a place of a queue; None while nobody is at work for it."""
        return self._learning.of(queue).expected(position, self._agents(queue))

    def announce(self, call_id: str, queue: str) -> Announcement | None:
        """Return what to tell a waiting call, and note that it is told; None when it does not wait."""
        position = self.place(call_id)
        if position is None:
            return None
        wait = self.expected(queue, position)
        words = told(wait, self.policy.number("queue_wait_told_most") * MINUTE_S) if wait else None
        self.journal.note(
            QueueAnnounced(
                at=self.clock.now(),
                call_id=call_id,
                queue=queue,
                position=position,
                wait_p50_s=round(wait.p50_s, 1) if wait else None,
                wait_p90_s=round(wait.p90_s, 1) if wait else None,
                told=f"{words.words} {words.minutes} min" if words else "",
            )
        )
        return Announcement(position, words)

    def _agents(self, queue: str) -> int:
        staff, now = self._staff.setdefault(queue, _Staff()), self.clock.monotonic()
        if now - staff.counted_at > COUNTED_FOR_S:
            staff.counted_at = now
            staff.agents = sum(self._works(one) and self.able(one.agent_id, queue) for one in self.roster.signed_in())
        return staff.agents

    def _works(self, agent: Agent) -> bool:
        return agent.state in AT_WORK or self.roster.routable(agent.agent_id)

    def _heard(self, recorded: Recorded) -> None:
        self._learning.take(recorded.event)
        if self._meanwhile is not None:
            self._meanwhile.append(recorded)
