"""How long it takes from a request, or from an agent becoming ready, until the offer is in the call's inbox.

The real services on SQLite in a temporary folder, the journal included; once one at a time, as on a quiet day, and
once with all of a full centre at the same moment.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import Connection

from agents import store
from agents.model import Role, Seat, State, User
from agents.service import AgentService
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database, metadata
from core.journal import Journal
from cti.messages import RoutingMessage
from routing.service import RoutingService

Figures = dict[str, float]


class Centre:
    """Agents at their seats and calls whose inbox notes when an offer came."""

    def __init__(self, folder: Path, agents: int) -> None:
        self.db = Database(f"sqlite:///{folder / 'bench.db'}")
        metadata.create_all(self.db.engine)
        bus, clock, rules = Bus(), SystemClock(), policy.load("seed")
        self.journal = Journal(self.db, bus)
        self.agents = AgentService(self.journal, self.db, clock, rules)
        self.routing = RoutingService(self.agents, self.journal, self.db, clock, rules, self._deliver)
        self.agents.listen(bus)
        self.routing.listen(bus)
        self.people = [f"a{number}" for number in range(agents)]
        self.offered: dict[str, float] = {}
        self._came = asyncio.Event()

    def _deliver(self, call_id: str, message: RoutingMessage) -> bool:
        self.offered[call_id] = time.perf_counter()
        self._came.set()
        return True

    async def open(self) -> None:
        """Seat everybody, not ready."""
        await self.db.write(self._hire)
        await self.agents.phones_are([f"seat{agent_id}" for agent_id in self.people])
        await self.agents.restore({})
        self.routing.start()
        for agent_id in self.people:
            await self.agents.sign_in(agent_id, f"s{agent_id}")

    def _hire(self, connection: Connection) -> None:
        for agent_id in self.people:
            seat = Seat(f"s{agent_id}", f"seat{agent_id}", "unused")
            user = User(id=agent_id, username=agent_id, name=agent_id, role=Role.AGENT)
            store.add_seat(connection, seat)
            store.add_user(connection, user, "unused", SystemClock().now())

    async def until_offered(self, count: int) -> None:
        """Wait until so many calls were offered."""
        async with asyncio.timeout(60):
            while len(self.offered) < count:
                self._came.clear()
                await self._came.wait()

    async def close(self) -> None:
        await self.routing.close()
        await self.agents.close()
        await self.journal.close()
        await self.db.close()


async def _alone(centre: Centre, times: int) -> tuple[list[float], list[float]]:
    """One pair after the other: request beside a ready agent, then readiness beside a waiting call, in turn."""
    by_request: list[float] = []
    by_ready: list[float] = []
    for number in range(times):
        agent_id, call_id = centre.people[number % len(centre.people)], f"c{number}"
        ready, request = _ready(centre, agent_id), _request(centre, call_id)
        first, second, taken = (ready, request, by_request) if number % 2 == 0 else (request, ready, by_ready)
        await first()
        started = time.perf_counter()
        await second()
        await centre.until_offered(number + 1)
        taken.append(centre.offered[call_id] - started)
        await centre.routing.leave(call_id, "measured")
        await centre.agents.set_state(agent_id, State.NOT_READY, "training")
    return by_request, by_ready


async def _together(centre: Centre) -> list[float]:
    """Everybody is ready, and as many calls come at the same moment."""
    centre.offered.clear()
    for agent_id in centre.people:
        await centre.agents.set_state(agent_id, State.READY)
    calls = [f"b{number}" for number in range(len(centre.people))]
    started = time.perf_counter()
    await asyncio.gather(*(_request(centre, call_id)() for call_id in calls))
    await centre.until_offered(len(calls))
    return [centre.offered[call_id] - started for call_id in calls]


def _ready(centre: Centre, agent_id: str) -> Callable[[], Awaitable[object]]:
    return lambda: centre.agents.set_state(agent_id, State.READY)


def _request(centre: Centre, call_id: str) -> Callable[[], Awaitable[object]]:
    return lambda: centre.routing.request(call_id, "general")


def _figures(seconds: list[float]) -> Figures:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {f"p{p}_ms": round(ordered[round(last * p / 100)] * 1000, 2) for p in (50, 90, 99)}


async def _measure(agents: int, times: int) -> dict[str, Figures | int]:
    with tempfile.TemporaryDirectory() as folder:
        centre = Centre(Path(folder), agents)
        try:
            await centre.open()
            by_request, by_ready = await _alone(centre, times)
            together = await _together(centre)
        finally:
            await centre.close()
    return {
        "agents": agents,
        "decisions": times,
        "request_to_offer": _figures(by_request),
        "ready_to_offer": _figures(by_ready),
        "all_at_once": _figures(together),
    }


def run(agents: int = 250, times: int = 1000) -> dict[str, Figures | int]:
    """Return p50, p90 and p99 in milliseconds, each from the call of the service to the offer in the inbox."""
    return asyncio.run(_measure(agents, times))


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
