"""How fast the next caller's call is at an agent's phone, beside Asterisk's own app_queue on the same PBX.

Two cases, each in turn by the hotline and by app_queue: callers wait and an agent hangs up (no wrap-up), until the next
INVITE at that phone; and all agents are free, from a caller's INVITE to an agent's. The hotline does what it
always does for such a call: journal, customer, screen pop, reservation, recording. Waiting callers come from SIPp
and are replaced as they go; agents answer at once and talk for some seconds. All prompts are left out.
"""

import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.accounts import Accounts
from agents.model import Role
from app.flow_versions import publish_file
from app.robots import AgentApi, RobotSeat
from bench.load import sipp, site
from bench.load.site import HOTLINE
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.journal import Journal
from cti.ua import IncomingCall, UserAgent
from tests.pbx import Pbx
from tests.service import PASSWORD, Service, started_service
from tests.until import until

QUEUE: Final = "95502"
PEERS: Final = {HOTLINE: "hotline", QUEUE: "app_queue"}
WAITING: Final = 50
"""So many callers wait at any time beside those who talk."""
TALK_S: Final = (8.0, 16.0)
"""Shorter talks would measure what this machine can carry, and not how fast it is."""
MARGIN_S: Final = 30.0
SAID: Final = "account_ask.alaw"
"""What callers say all the while: who says nothing is listened to for as long as they talk, and gets the silent-call
script, which is another story."""
_FLOW = """
flow: hotline
version: 1
start: office
trouble: office
nodes:
  office: {do: queue, queue: general, nobody: bye, too_long: bye, next: bye}
  bye: {do: hangup}
"""
_NUMBERS = "wrap_up_limit: {value: 0, source: bench}\nqueue_comfort_interval: {value: 600, source: bench}\n"
_QUEUES = """[general]
autofill = yes
[bench]
strategy = leastrecent
ringinuse = no
timeout = 15
retry = 1
wrapuptime = 0
joinempty = yes
"""
_DIALPLAN = f"""
[from-trunk](+)
exten => {QUEUE},1,Queue(bench)
 same => n,Hangup()
"""


@dataclass(slots=True)
class Phones:
    """The phones of all seats: each answers at once, talks for a while, and hangs up."""

    dice: random.Random
    picked: list[float] = field(default_factory=list)
    """Seconds from an agent's BYE to the next INVITE at the same phone."""
    invited: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    """When each INVITE arrived, on the monotonic clock."""
    talk_s: tuple[float, float] = TALK_S
    _freed: dict[str, float] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew: what is measured belongs to another peer."""
        self.picked, self._freed, self.invited = [], {}, asyncio.Queue()

    async def take(self, call: IncomingCall) -> None:
        """Serve one call at one seat."""
        if (freed := self._freed.pop(call.user, None)) is not None:
            self.picked.append(call.invited_at - freed)
        self.invited.put_nowait(call.invited_at)
        if not await call.answer():
            return
        call.stop_rtp()
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(self.dice.uniform(*self.talk_s))
        if call.ended is None:
            self._freed[call.user] = time.monotonic()
        await call.hangup()


@dataclass(frozen=True, slots=True)
class Centre:
    """PBX, service and phones of a bench."""

    pbx: Pbx
    service: Service
    phones: Phones
    ua: UserAgent
    folder: Path

    async def crowd(self, number: str, seconds: float) -> list[float]:
        """More callers than agents for so long; returns the seconds from hanging up to the next INVITE."""
        self.phones.forget()
        seats = len(self.pbx.seats)
        talks_per_second = seats / (sum(TALK_S) / 2)
        calls = round(seats + WAITING + talks_per_second * seconds)
        load = sipp.Crowd(number, self.folder / "prompts" / SAID, at_once=seats + WAITING, calls=calls)
        await sipp.crowd(load, self.pbx.sip, self.folder / "sipp", within_s=seconds + MARGIN_S)
        await self.quiet()
        return list(self.phones.picked)

    async def alone(self, number: str, calls: int) -> list[float]:
        """One caller after the other while all agents are free; the seconds from INVITE to INVITE."""
        took, host = [], "{}:{}".format(*self.pbx.sip)
        for _ in range(calls):
            self.phones.forget()
            at = time.monotonic()
            async with self.ua.call(f"sip:{number}@{host}", "13900000001", keep_audio=False) as call:
                async with asyncio.timeout(10):
                    took.append(await self.phones.invited.get() - at)
                    await call.wait_ended(10)
            await self.quiet()
        return took

    async def quiet(self) -> None:
        """Wait until nobody talks and, for the hotline, every agent is ready."""

        async def free() -> bool:
            queues = await self.service.request("lead", "GET", "/queues/general")
            return not self.ua.calls and queues["agents_ready"] == len(self.pbx.seats)

        await until(free, 30, what="every agent is ready")


async def run(
    seats: int = 100, seconds: float = 30.0, calls: int = 60, rounds: int = 1, *, quick: bool = False
) -> dict[str, Any]:
    """Return both cases for both peers (ms), and how many times faster the hotline is."""
    if quick:
        seats, seconds, calls, rounds = 20, 12.0, 10, 1
    load_before = os.getloadavg()[0]
    crowd: dict[str, list[float]] = {name: [] for name in PEERS.values()}
    alone: dict[str, list[float]] = {name: [] for name in PEERS.values()}
    async with opened(seats) as at:
        for _ in range(rounds):
            for number, name in PEERS.items():
                at.phones.talk_s = (0.2, 0.3)
                alone[name] += await at.alone(number, calls)
                at.phones.talk_s = TALK_S
                crowd[name] += await at.crowd(number, seconds)
    return {
        "seats": seats,
        "hang_up_to_next_invite": _beside(crowd),
        "invite_to_invite": _beside(alone),
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
    }


def _beside(found: dict[str, list[float]]) -> dict[str, Any]:
    told = {name: _figures(seconds) for name, seconds in found.items()}
    faster = {p: round(told["app_queue"][p] / told["hotline"][p], 1) for p in ("p50_ms", "p99_ms")}
    return {**told, "app_queue_of_hotline": faster}


def _figures(seconds: list[float]) -> dict[str, Any]:
    p50, p95, p99 = (round(float(p) * 1000, 1) for p in np.percentile(seconds, (50, 95, 99)))
    return {"n": len(seconds), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


@contextlib.asynccontextmanager
async def opened(seats: int) -> AsyncIterator[Centre]:
    """A centre of its own in a temporary folder: all phones registered, all agents ready, in both kinds of queue."""
    sipp.installed()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        var = Path(folder)
        async with (
            site.started(var, _DIALPLAN, seats=seats, files={"queues.conf": _QUEUES}) as pbx,
            started_service(pbx, start=False) as service,
            UserAgent() as ua,
            AgentApi(service.base) as api,
        ):
            robots = await _staffed(service)
            await service.start()
            phones = Phones(random.Random(1))
            await pbx.asterisk.command("module load app_queue.so")
            for robot in robots:
                ua.on_call(phones.take, robot.sip_username)
                await ua.register(robot.sip_username, robot.sip_password, pbx.sip, expires=3600)
                await pbx.asterisk.command(f"queue add member PJSIP/{robot.sip_username} to bench")
            for robot in robots:
                await api.make_ready(robot)
            centre = Centre(pbx, service, phones, ua, var)
            await centre.quiet()
            yield centre


async def _staffed(service: Service) -> list[RobotSeat]:
    """An agent for each seat, the bare flow and its numbers; before the service starts."""
    settings, db, robots = service.settings, Database(service.settings.database_url), []
    text = service.config.read_text("utf-8").replace("[site]\n", '[site]\npolicy = "bench.yaml"\n', 1)
    service.config.write_text(text, "utf-8")
    (service.config.parent / "bench.yaml").write_text(_NUMBERS, "utf-8")
    flow = service.config.parent / "straight.yaml"
    flow.write_text(_FLOW, "utf-8")
    try:
        accounts = Accounts(Journal(db, Bus()), db, SystemClock(), policy.load(settings.site.policy))
        for seat in service.pbx.seats:
            await accounts.create_user(f"robot{seat.id}", PASSWORD, Role.AGENT, name=f"Robot {seat.id}")
            robots.append(RobotSeat(f"robot{seat.id}", PASSWORD, seat.sip_username, seat.sip_password, seat.id))
    finally:
        await db.close()
    await publish_file(settings, flow, "bench", "admin")
    return robots
