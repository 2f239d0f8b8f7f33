"""A recording service in a world of its own: journal, database, vault, and a call whose story a test tells."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.events import Recorded
from core.journal import Journal
from cti.events import AgentAnswered, CallEnded, CallReleased, CallTransferred, ConsultAnswered, ConsultEnded
from recordings.events import RecordingMissing, RecordingStored
from recordings.model import Recording
from recordings.port import Capture
from recordings.service import RecordingService
from recordings.store import RecordingFilter
from recordings.vault import Vault
from tests.until import until


@dataclass(slots=True)
class World:
    """The service attached to a bus; the methods journal what `cti` would."""

    service: RecordingService
    journal: Journal
    db: Database
    vault: Vault
    clock: Clock

    async def answered(self, call_id: str, agent_id: str = "a1", n: int = 1) -> Recorded:
        """An agent answers: on return the recording has begun, or not."""
        event = AgentAnswered(
            at=self.clock.now(),
            call_id=call_id,
            agent_id=agent_id,
            seat_id="1001",
            channel_id=f"{call_id}-seat-{n}",
        )
        return (await self.journal.record(event))[0]

    async def released(self, call_id: str, agent_id: str = "a1", by: str = "agent") -> None:
        await self.journal.record(
            CallReleased(at=self.clock.now(), call_id=call_id, agent_id=agent_id, by=by, why="hung_up")
        )

    async def transferred(self, call_id: str, agent_id: str = "a1") -> None:
        await self.journal.record(CallTransferred(at=self.clock.now(), call_id=call_id, agent_id=agent_id, to="q"))

    async def consulted(self, call_id: str, channel_id: str, agent_id: str = "a1") -> None:
        """The third party of a talk answers on a channel."""
        event = ConsultAnswered(at=self.clock.now(), call_id=call_id, agent_id=agent_id, channel_id=channel_id)
        await self.journal.record(event)

    async def consult_over(self, call_id: str, agent_id: str = "a1") -> None:
        event = ConsultEnded(at=self.clock.now(), call_id=call_id, agent_id=agent_id, by="third", why="hung_up")
        await self.journal.record(event)

    async def ended(self, call_id: str) -> None:
        await self.journal.record(
            CallEnded(at=self.clock.now(), call_id=call_id, by="caller", why="hung_up", where="talking")
        )

    async def hung_up(self, call_id: str, agent_id: str = "a1") -> None:
        """The caller hangs up in the talk: as one transaction, like the call's session."""
        now = self.clock.now()
        await self.journal.record(
            CallReleased(at=now, call_id=call_id, agent_id=agent_id, by="caller", why="hung_up"),
            CallEnded(at=now, call_id=call_id, by="caller", why="hung_up", where="talking"),
        )

    async def of_call(self, call_id: str) -> list[Recording]:
        """The recordings of a call, in the order of its talks."""
        return (await self.service.list(RecordingFilter(call_id=call_id)))[::-1]

    async def story(self, call_id: str) -> list[str]:
        """The names of the call's events."""
        return [type(recorded.event).__name__ for recorded in await self.journal.of_call(call_id)]

    async def settled(self, call_id: str, count: int = 1, timeout: float = 5.0) -> list[Recording]:
        """Wait until `count` recordings of the call are stored or missing, and return all of them."""

        async def enough() -> bool:
            story = await self.journal.of_call(call_id)
            return sum(isinstance(r.event, RecordingStored | RecordingMissing) for r in story) >= count

        await until(enough, timeout, what="the recordings are settled")
        return await self.of_call(call_id)


@asynccontextmanager
async def recording_world(
    db: Database, vault: Vault, capture: Capture, clock: Clock, *, attach: bool = True
) -> AsyncIterator[World]:
    """A started service; with `attach` false it hears of no call, as a service that is not running."""
    bus = Bus()
    journal = Journal(db, bus)
    service = RecordingService(journal, db, capture, vault, clock)
    await service.open()
    if attach:
        service.attach(bus)
    yield World(service, journal, db, vault, clock)
    await service.close()
    await journal.close()


def vault_in(folder: Path, free: int = 10**12) -> Vault:
    """A vault in `folder` on a disk with `free` bytes free, of which 500 MB are wanted."""
    return Vault(folder / "recordings", min_free_mb=500, free=lambda _: free)
