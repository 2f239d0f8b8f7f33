"""The call service on the fake Asterisk, with seats whose phones do what their names say and a program of the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.journal import Journal
from core.policy import Policy
from core.tasks import TaskOwner
from cti import store
from cti.adopt import Adopted
from cti.ari.pbx import AriPbx
from cti.events import CallArrived, CallEnded, CallReleased, CallTransferred
from cti.messages import Command, SeatOffered
from cti.model import MOVING, WITH_AGENT, Call, CallState, advance, arrive
from cti.port import NoPages, PagePhones
from cti.service import CallHooks, CallService
from cti.session import CallSession, Program
from cti.world import CallWorld
from tests.cti.fake_ari import FakeAri
from tests.cti.lines import SEATS, PhonesOfFake
from tests.databases import create_tables
from tests.until import until

TALKS_END = (CallReleased, CallTransferred)


def offer(phone: str = "answer", agent_id: str = "a1") -> SeatOffered:
    """An agent whose phone does as said (see lines.SEATS)."""
    return SeatOffered(agent_id, "1001", SEATS[phone])


def _no_number(call: Call, number: str) -> Command:
    raise BadInput("no such number", field="number")


@dataclass(slots=True)
class Exchange:
    """Fake PBX, database, and the call service between them."""

    fake: FakeAri
    db: Database
    journal: Journal
    world: CallWorld
    tasks: TaskOwner
    program: Program
    service: CallService
    adopted: list[Sequence[Adopted]] = field(default_factory=list)
    plan: Callable[[Call, str], Command] = _no_number
    """What a number means that is dialled on a phone."""

    async def serve(self) -> None:
        """Start the service and wait until it takes calls."""
        self.tasks.start(self.service.run(), "calls")
        await until(lambda: self.service.pbx_trouble is None, what="the service is connected")

    async def story(self, call_id: str) -> list[Event]:
        """Return the events of a call."""
        return [recorded.event for recorded in await self.journal.of_call(call_id)]

    async def call(self, call_id: str) -> Call | None:
        """Return a call as the books have it."""
        return await self.db.read(lambda connection: store.get(connection, call_id))

    async def state(self, call_id: str, state: CallState) -> None:
        """Wait until the books have the call in a state."""

        async def there() -> bool:
            call = await self.call(call_id)
            return call is not None and call.state is state

        await until(there, what=f"{call_id} is {state}")

    async def over(self, call_id: str) -> list[Event]:
        """Wait until the call is over, check that it left nothing behind, and return its story."""
        await self.state(call_id, CallState.ENDED)
        await until(lambda: not self.service.live(), what="no session lives")
        await until(lambda: not self.fake.channels, what=lambda: f"no leg is left: {list(self.fake.channels)}")
        await until(lambda: not self.fake.bridges, what=lambda: f"no bridge is left: {self.fake.bridges}")
        story = await self.story(call_id)
        check(story)
        call = await self.call(call_id)
        assert call is not None
        assert call == replayed(story)
        return story

    async def command(self, call_id: str, command: Command) -> None:
        await self.service.command(call_id, command)

    async def put(self, call: Call) -> None:
        """Write a call into the books as a service before this one left it."""
        await self.db.write(lambda connection: store.add(connection, call))


def check(story: list[Event]) -> None:
    """Every story ends once, at its end, and every talk in it ended before."""
    assert isinstance(story[0], CallArrived)
    assert [isinstance(event, CallEnded) for event in story] == [False] * (len(story) - 1) + [True], story
    call, talks = arrive(story[0]), 0
    for event in story[1:]:
        if isinstance(event, TALKS_END):
            assert call.state in WITH_AGENT
            talks += 1
        if type(event) in MOVING:
            call = advance(call, event)
    answered = [type(e).__name__ for e in story].count("AgentAnswered")
    assert talks == answered, f"{answered} talks, {talks} ends: {[type(e).__name__ for e in story]}"


def replayed(story: list[Event]) -> Call:
    """Return the call that the events of a story make."""
    assert isinstance(story[0], CallArrived)
    call = arrive(story[0])
    for event in story[1:]:
        call = advance(call, event) if type(event) in MOVING else call
    return call


async def silence(session: CallSession) -> None:
    """A program that answers and waits for ever."""
    if session.call.state is CallState.ARRIVED:
        await session.answer()
    while True:
        await session.receive()


@contextlib.asynccontextmanager
async def opened_exchange(
    folder: Path,
    *,
    wrap: Callable[[AriPbx], AriPbx] = lambda p: p,
    pages: PagePhones | None = None,
    **numbers: float,
) -> AsyncIterator[Exchange]:
    """An exchange whose service is not started yet, with other `numbers` of the policy; all is closed at the end."""
    db = Database(f"sqlite:///{folder / 'calls.db'}")
    create_tables(db.engine)
    tasks, clock = TaskOwner("exchange"), SystemClock()
    journal = Journal(db, Bus())
    async with FakeAri() as fake:
        tasks.start(PhonesOfFake(fake, 0.01).run(), "seats")
        pbx = wrap(AriPbx(fake.address))

        async def dialled(call: Call, number: str) -> Command:
            return exchange.plan(call, number)

        world = CallWorld(
            pbx, journal, clock, _rules(numbers), lambda: ["sound:apology"], dialled=dialled, pages=pages or NoPages()
        )

        async def program(session: CallSession) -> None:
            await exchange.program(session)

        async def adopted(found: Sequence[Adopted]) -> None:
            exchange.adopted.append(found)

        service = CallService(pbx, world, db, CallHooks(program, adopted))
        exchange = Exchange(fake, db, journal, world, tasks, silence, service)
        try:
            yield exchange
        finally:
            await tasks.close()
            await service.close()
            await journal.close()
            await db.close()
            await asyncio.sleep(0)


def _rules(numbers: Mapping[str, float]) -> Policy:
    seed = policy.load("seed")
    return replace(seed, rules=seed.rules | {n: replace(seed.rules[n], value=v) for n, v in numbers.items()})
