"""A storm on a staffed evening: 60 seats, 180 callers in 300 s, the service killed in the middle of it.

Nobody is lost: who waits for as long as it takes talks to an agent. No agent holds two calls and no call two agents,
by the phones and by the journal. No seat is stuck, at any time and at the end. At every second as many callers have
asked for a person as were answered, gave up, were let go or still wait: in the journal, in the figures that the service
shows meanwhile, and in its queues [domain §19: 180 calls in 5 minutes, 12 times normal]. `storm_laws` has these
words; `test_storm_laws` sees each of them fail. The small form is for a look within minutes.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio

from agents.accounts import Accounts
from agents.model import Role, State
from app.robots import AgentApi, RobotSeat, SignInRefused
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.events import Recorded
from core.journal import Journal, since
from core.tasks import TaskOwner
from cti.events import CallArrived
from cti.ua import CallOver, IncomingCall, UserAgent
from cti.ua.dialog import user_of
from tests.e2e import storm_laws
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import PASSWORD, Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
pytestmark.append(pytest.mark.timeout(1800))

LONGEST_STORY_S = 900.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a storm; seconds. `talk`: agents hang up between these."""

    seats: int
    callers: int
    storm_s: float
    talk: tuple[float, float]
    in_talk: tuple[float, float]


WHOLE = Scale(60, 180, 300.0, (60.0, 150.0), (60.0, 180.0))
SMALL = Scale(12, 40, 50.0, (8.0, 25.0), (10.0, 40.0))
IN_THE_QUEUE = (2.0, 30.0)
NO_ANSWER, REFUSED = 0.04, 0.04
HANGS_UP_IN_THE_QUEUE, HANGS_UP_IN_THE_TALK = 0.15, 0.25
"""So many callers; the rest stays for as long as the agent."""
ASKS = "w1,0,w15,0,w15,0"
"""Keys of a patient caller who wants a person, and asks again if nothing happens: nobody may have listened at the first
time, because the service died just then."""
APART_S = 6.0
"""So long figures and queue may say different things: one is a moment behind the other, and who waited when the service
died has to ask again."""
dice = random.Random(95598)


@dataclass(slots=True)
class Storm:
    """What the phones saw: how many answered, two calls at one seat, and one caller at two seats."""

    scale: Scale
    answered: int = 0
    at_seat: Counter[str] = field(default_factory=Counter)
    of_caller: Counter[str] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)
    patient: list[str] = field(default_factory=list)
    """Callers who wait for as long as it takes."""

    async def take(self, call: IncomingCall) -> None:
        """An agent: mostly answers and talks; now and then lets it ring, or refuses."""
        number = user_of(call.invite.headers.get_first("From"))
        self.at_seat[call.user] += 1
        self.of_caller[number] += 1
        self.twice += [f"seat {call.user}"] * (self.at_seat[call.user] > 1)
        self.twice += [f"caller {number}"] * (self.of_caller[number] > 1)
        try:
            await self._serve(call)
        finally:
            self.at_seat[call.user] -= 1
            self.of_caller[number] -= 1

    async def _serve(self, call: IncomingCall) -> None:
        chance = dice.random()
        if chance < REFUSED:
            await call.reject(486)
            return
        call.ring()
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(60 if chance < REFUSED + NO_ANSWER else dice.uniform(0.5, 3))
        if call.ended is not None or not await call.answer():
            return
        self.answered += 1
        call.stop_rtp()
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(dice.uniform(*self.scale.talk))
        await call.hangup()


@dataclass(slots=True)
class Seen:
    """What was read from the running service, once a second: how often, and for how long two of its books differed."""

    looks: int = 0
    apart_since: float | None = None
    longest_apart_s: float = 0.0
    waited: int = 0
    """The most who waited at a time: a storm without a queue would show nothing."""

    async def watch(self, centre: Service) -> None:
        """Look at figures and queues until cancelled; while the service is dead there is nothing to see."""
        while True:
            await asyncio.sleep(1)
            try:
                await self._look(centre)
            except (OSError, TimeoutError, aiohttp.ClientError):
                self.apart_since = None

    async def _look(self, centre: Service) -> None:
        try:
            figures = await centre.request("lead", "GET", "/kpi/today")
        except AssertionError as refused:
            if "not_counted" in str(refused):  # it has just begun, and reads the journal
                return
            raise
        queues = (await centre.request("lead", "GET", "/queues"))["items"]
        counts = {symbol: figures["total"]["counts"].get(symbol, 0) for symbol in "OABFCW"}
        assert figures["laws_hold"], figures["broken"]
        assert counts["O"] == sum(counts[symbol] for symbol in "ABFCW"), counts
        self.looks += 1
        self.waited = max(self.waited, counts["W"])
        now = asyncio.get_running_loop().time()
        if counts["W"] == sum(queue["waiting"] for queue in queues):
            self.apart_since = None
        else:
            self.apart_since = self.apart_since or now
            self.longest_apart_s = max(self.longest_apart_s, now - self.apart_since)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[SMALL, WHOLE], ids=["small", "whole"])
async def centre(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Service, Scale]]:
    """Service with seats and as many agents' accounts, nobody signed in."""
    scale: Scale = request.param
    async with started_pbx(seats=scale.seats) as pbx, started_service(pbx, start=False) as service:
        db = Database(service.settings.database_url)
        accounts = Accounts(Journal(db, Bus()), db, SystemClock(), policy.load("seed"))
        for seat in pbx.seats:
            await accounts.create_user(f"robot{seat.id}", PASSWORD, Role.AGENT, name=f"Robot {seat.id}")
        await db.close()
        await service.start()
        yield service, scale


async def test_a_storm_is_served_although_the_service_dies_in_it(centre: tuple[Service, Scale]) -> None:
    service, scale = centre
    storm, seen, tasks = Storm(scale), Seen(), TaskOwner("storm")
    robots = [
        RobotSeat(f"robot{seat.id}", PASSWORD, seat.sip_username, seat.sip_password, seat.id)
        for seat in service.pbx.seats
    ]
    async with UserAgent() as seats, UserAgent() as phones, AgentApi(service.base) as api:
        assert not await _ready(centre), "and the lead is signed in before sixty others are at the door"
        for robot in robots:
            seats.on_call(storm.take, robot.sip_username)
            await seats.register(robot.sip_username, robot.sip_password, service.pbx.sip, expires=600)
            tasks.start(_at_work(api, robot), robot.username)
        await until(lambda: _ready(centre), 180, every=0.5, what="every agent is ready")
        watch = tasks.start(seen.watch(service), "watch")
        callers = [tasks.start(_call(service, phones, storm, n), f"caller {n}") for n in range(scale.callers)]
        await asyncio.sleep(scale.storm_s / 2)
        await service.kill()
        died = asyncio.get_running_loop().time()
        await service.start()
        back = asyncio.get_running_loop().time()
        async with asyncio.timeout(LONGEST_STORY_S):
            answered_at = dict(await asyncio.gather(*callers))
        await until(lambda: _ready(centre), 90, every=0.5, what="every agent is ready again")
        assert not watch.done(), f"the figures of a running service: {watch.exception()!r}"
        await tasks.close()
    assert storm.twice == [], "a seat with two calls, or a caller at two seats"
    assert "0 active channels" in await service.pbx.asterisk.command("core show channels count")
    log = await _journal(service)
    known = {one.event.caller for one in log if isinstance(one.event, CallArrived)}
    lifeboat = set(answered_at) - known
    assert all(died - 1 < answered_at[number] < back + 1 for number in lifeboat), "unknown to a service that lives"
    storm_laws.nobody_lost(log, storm.patient, lifeboat)
    storm_laws.held_by_one(log)
    storm_laws.none_stuck(log, back - died)
    assert storm_laws.balanced(log) >= scale.storm_s
    told = [type(one.event).__name__ for one in log]
    assert storm.answered >= told.count("AgentAnswered"), "who answered while the service was away is asked again"
    assert seen.looks >= scale.storm_s / 2, "the figures were looked at meanwhile"
    assert seen.waited > 0, "nobody ever waited: this was no storm"
    assert seen.longest_apart_s <= APART_S, "figures and queues counted other callers"


async def _at_work(api: AgentApi, robot: RobotSeat) -> None:
    """Be ready again soon after each call, whatever happens to the service."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, aiohttp.ClientError, SignInRefused):
            await api.make_ready(robot)
        await asyncio.sleep(dice.uniform(1, 3))


async def _ready(centre: tuple[Service, Scale]) -> bool:
    service, scale = centre
    agents = (await service.request("lead", "GET", "/agents?limit=200"))["items"]
    return sum(agent["state"] == State.READY for agent in agents) == scale.seats


async def _call(service: Service, phones: UserAgent, storm: Storm, place: int) -> tuple[str, float]:
    """A caller who wants a person; returns the number, and when the hotline answered."""
    number, chance = f"139{place:08}", dice.random()
    stays = (LONGEST_STORY_S, LONGEST_STORY_S)
    if chance < HANGS_UP_IN_THE_QUEUE:
        stays = IN_THE_QUEUE
    elif chance < HANGS_UP_IN_THE_QUEUE + HANGS_UP_IN_THE_TALK:
        stays = storm.scale.in_talk
    else:
        storm.patient.append(number)
    await asyncio.sleep(dice.uniform(0, storm.scale.storm_s))
    async with caller(service.pbx, number, ua=phones, keep_audio=False) as call:
        await call.wait_answered(30)
        answered_at = asyncio.get_running_loop().time()
        with contextlib.suppress(CallOver):
            await call.send_digits(ASKS if number in storm.patient else "w1,0")
        call.stop_rtp()
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(dice.uniform(*stays))
    return number, answered_at


async def _journal(service: Service) -> list[Recorded]:
    db = Database(service.settings.database_url)
    try:
        return await db.read(lambda connection: since(connection, 0, (), 1_000_000))
    finally:
        await db.close()
