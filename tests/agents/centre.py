"""A small centre for tests of agents and routing: real services on a real database, time that tests move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from agents import store
from agents.model import Role, Seat, State, User
from agents.service import AgentService
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.events import Event
from core.journal import Journal, since
from cti.events import AgentAnswered, AgentMissed, AgentRang, CallEnded, CallReleased, SeatLost, SeatRegistered
from tests.until import until

LEASE, WRAP_UP, GRACE = 20, 30, 15
"""Seconds of the seed policy: reservation_lease, wrap_up_limit, desktop_grace."""


class Centre:
    """Agents `a1` …, each with a seat `s1` … and its phone `seat1` …"""

    def __init__(self, db: Any, clock: FakeClock | None = None) -> None:
        self.db = db
        self.bus = Bus()
        self.clock = clock or FakeClock()
        self.policy = policy.load("seed")
        self.journal = Journal(db, self.bus)
        self.agents = AgentService(self.journal, db, self.clock, self.policy)
        self.agents.listen(self.bus)

    async def hire(self, count: int) -> None:
        """Add agents and seats."""
        await self.db.write(lambda connection: hire(connection, count, self.clock.now()))

    async def seat(self, number: int, *, ready: bool = True) -> str:
        """Sign agent `a<number>` in at the seat with a phone."""
        agent_id = f"a{number}"
        await self.phone(number)
        await self.agents.sign_in(agent_id, f"s{number}")
        if ready:
            await self.agents.set_state(agent_id, State.READY)
        return agent_id

    async def phone(self, number: int, there: bool = True, why: str = "unregistered") -> None:
        """Let the phone at seat `s<number>` come or go."""
        name, at = f"seat{number}", self.clock.now()
        await self.journal.record(
            SeatRegistered(at=at, sip_username=name) if there else SeatLost(at=at, sip_username=name, why=why)
        )

    def state(self, agent_id: str) -> str:
        agent = self.agents.roster.get(agent_id)
        return str(agent.state) if agent else "unknown"

    def cause(self, agent_id: str) -> str:
        agent = self.agents.roster.get(agent_id)
        assert agent is not None
        return str(agent.cause)

    async def say(self, kind: type[Event], **fields: Any) -> None:
        """Journal one event of the telephone."""
        await self.journal.record(kind(at=self.clock.now(), **fields))

    async def rang(self, call_id: str, agent_id: str) -> None:
        await self.say(AgentRang, call_id=call_id, agent_id=agent_id, seat_id=f"s{agent_id[1:]}", channel_id="ch")

    async def answered(self, call_id: str, agent_id: str) -> None:
        await self.say(AgentAnswered, call_id=call_id, agent_id=agent_id, seat_id=f"s{agent_id[1:]}", channel_id="ch")

    async def missed(self, call_id: str, agent_id: str, cause: str = "no_answer") -> None:
        await self.say(AgentMissed, call_id=call_id, agent_id=agent_id, seat_id=f"s{agent_id[1:]}", cause=cause)

    async def released(self, call_id: str, agent_id: str) -> None:
        await self.say(CallReleased, call_id=call_id, agent_id=agent_id, by="agent", why="normal")

    async def ended(self, call_id: str) -> None:
        await self.say(CallEnded, call_id=call_id, by="caller", why="normal", where="queue")

    async def advance(self, seconds: float) -> None:
        """Move time and wait until what woke is stored."""
        await self.clock.advance(seconds)

    async def reaches(self, agent_id: str, state: str) -> None:
        """Wait until the agent is in `state` and that is stored."""
        await until(lambda: self.state(agent_id) == state, what=f"{agent_id} {state}")
        await until(lambda: self.stored(agent_id, state), what=f"{agent_id} stored {state}")

    async def stored(self, agent_id: str, state: str) -> bool:
        rows = await self.db.read(store.load_presence)
        return any(row.agent_id == agent_id and row.state == state for row in rows)

    async def story(self, *kinds: type[Event]) -> list[Event]:
        """Return what the journal holds of these classes."""
        return [one.event for one in await self.db.read(lambda connection: since(connection, 0, kinds))]

    async def close(self) -> None:
        await self.agents.close()
        await self.journal.close()


def hire(connection: Any, count: int, at: datetime) -> None:
    for number in range(1, count + 1):
        store.add_seat(connection, Seat(f"s{number}", f"seat{number}", "x" * 12))
        user = User(id=f"a{number}", username=f"agent{number}", name=f"Agent {number}", role=Role.AGENT)
        store.add_user(connection, user, "unusable", at)


@asynccontextmanager
async def centre(db: Database, agents: int) -> AsyncIterator[Centre]:
    one = Centre(db)
    await one.hire(agents)
    await one.agents.phones_are([])
    await one.agents.restore({})
    try:
        yield one
    finally:
        await one.close()
