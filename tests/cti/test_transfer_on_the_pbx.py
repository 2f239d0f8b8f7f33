"""A caller is put through by the trunk of a real Asterisk: sound both ways, a restart in the talk, busy, a hang-up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from asterisk_conf.spec import Trunk
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.journal import Journal, since
from core.tasks import TaskOwner
from cti import transfer
from cti.adopt import Adopted
from cti.ari.pbx import AriPbx
from cti.events import CallPutThrough
from cti.model import CallState
from cti.service import CallHooks, CallService
from cti.session import CallSession
from cti.transfer import Outside
from cti.ua import IncomingCall, UserAgent
from cti.world import CallWorld
from tests.cti.lines import ari_address
from tests.databases import create_tables
from tests.pbx import Pbx, started_pbx
from tests.phone import caller
from tests.until import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

DUTY, ENGAGED = Outside("02112345678", "duty", 20, 600), Outside("02187654321", "engaged", 20, 600)


@dataclass
class Carrier:
    """The far side of the trunk: `rung` are the calls that came there."""

    rung: list[IncomingCall] = field(default_factory=list)

    async def comes(self, call: IncomingCall) -> None:
        self.rung.append(call)
        call.ring()
        await (call.reject(486) if call.called == ENGAGED.number else call.answer())


@dataclass
class House:
    """The call service on the PBX; each caller is put through to `to`; `ends` is how that went."""

    pbx: Pbx
    db: Database
    to: Outside = DUTY
    ends: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[CallService]:
        """A service of its own; leaving it is what a stop does: the calls are left alone."""
        journal, clock, tasks = Journal(self.db, Bus()), SystemClock(), TaskOwner("house")
        pbx = AriPbx(ari_address(self.pbx))
        world = CallWorld(pbx, journal, clock, policy.load("seed"), list)
        service = CallService(pbx, world, self.db, CallHooks(self._program, _nothing))
        tasks.start(service.run(), "calls")
        await until(lambda: service.pbx_trouble is None, 10, what="the service is connected")
        try:
            yield service
        finally:
            await tasks.close()
            await service.close()
            await journal.close()

    async def _program(self, session: CallSession) -> None:
        again = session.call.state is not CallState.ARRIVED
        if not again:
            await session.answer()
        story = [r.event for r in await self.db.read(lambda c: since(c, 0))]
        talked = any(isinstance(e, CallPutThrough) and e.call_id == session.call.id for e in story)
        self.ends.append(await transfer.put_through(session, self.to, again=again, talked=talked))
        while await session.receive(60) is not None:
            pass  # in the menu again, until the caller hangs up


async def _nothing(_: Sequence[Adopted]) -> None:
    """Nobody has seats here."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[House, Carrier]]:
    db, carrier = Database(f"sqlite:///{tmp_path / 'calls.db'}"), Carrier()
    create_tables(db.engine)
    async with UserAgent() as far:
        far.on_call(carrier.comes)
        host, port = far.address
        trunk = Trunk(("127.0.0.1",), ("95598",), 100, "95598", outbound_to=f"{host}:{port}")
        async with started_pbx(trunk=trunk) as pbx:
            yield House(pbx, db), carrier
    await db.close()


async def test_they_hear_each_other_through_a_restart_and_the_caller_comes_back(
    house: tuple[House, Carrier],
) -> None:
    here, carrier = house
    async with caller(here.pbx, "13900000071") as call:
        async with here.served():
            await call.wait_answered(5)
            await until(lambda: bool(carrier.rung) and carrier.rung[0].first_rtp is not None, 15, what="they talk")
            far = carrier.rung[0]
            assert far.called == DUTY.number
            call.tone(440)
            far.tone(700)
            await asyncio.sleep(1.5)
        before = call.now()
        async with here.served():
            await asyncio.sleep(1.5)
            after = call.now()
            assert call.received.tone_power(700, before - 1, after) > -20, "dB of full scale"
            assert far.received.tone_power(440, far.now() - 1.5, far.now() - 0.2) > -20
            assert here.ends == []
            await far.hangup()
            await until(lambda: here.ends == ["talked"], 10, what=lambda: f"the caller is back: {here.ends}")
            assert call.ended is None
            assert len(carrier.rung) == 1, "dialled once"
            await call.hangup()


async def test_busy_is_told_and_who_leaves_takes_the_other_leg_along(house: tuple[House, Carrier]) -> None:
    here, carrier = house
    async with here.served():
        here.to = ENGAGED
        async with caller(here.pbx, "13900000072") as call:
            await until(lambda: here.ends == ["busy"], 15, what=lambda: f"busy: {here.ends}")
            await call.hangup()
        here.to = DUTY
        async with caller(here.pbx, "13900000073") as call:
            await until(lambda: len(carrier.rung) == 2 and carrier.rung[1].first_rtp is not None, 15, what="they talk")
            await call.hangup()
            await carrier.rung[1].wait_ended(5)
