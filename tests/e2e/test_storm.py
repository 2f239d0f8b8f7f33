"""A storm on a staffed evening: 60 seats, 180 callers in 300 s, the service killed in the middle of it.

Nobody is lost, no agent holds two calls, no call two agents, no seat is stuck, and at every second as many callers
have asked for a person as were answered, gave up, were let go or still wait [domain §19: 180 calls in 5 minutes,
12 times normal].
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from agents.accounts import Accounts
from agents.events import AgentStateChanged
from agents.model import Role, State
from app.robots import AgentApi, RobotSeat, SignInRefused
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.db import Database
from core.events import Recorded
from core.journal import Journal, since
from core.tasks import TaskOwner
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallDequeued,
    CallEnded,
    CallReleased,
    CallTransferred,
)
from cti.ua import CallOver, IncomingCall, UserAgent
from routing.events import AgentRequested
from tests.pbx import started_pbx
from tests.phone import caller
from tests.service import PASSWORD, Service, started_service
from tests.until import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
pytestmark.append(pytest.mark.timeout(1800))

SEATS, CALLERS, STORM_S, LONGEST_STORY_S = 60, 180, 300.0, 900.0
TALK_S, IN_THE_QUEUE_S, IN_THE_TALK_S = (60.0, 150.0), (2.0, 30.0), (60.0, 180.0)
NO_ANSWER, REFUSED = 0.04, 0.04
PATIENCE = {IN_THE_QUEUE_S: 0.15, IN_THE_TALK_S: 0.25, (LONGEST_STORY_S, LONGEST_STORY_S): 0.6}
"""After how many seconds callers hang up, and how many do; the rest stays for as long as the agent."""
dice = random.Random(95598)


@dataclass(slots=True)
class Storm:
    """What the phones saw: who called, and when two calls were at one seat."""

    answered: int = 0
    at_seat: Counter[str] = field(default_factory=Counter)
    twice: list[str] = field(default_factory=list)

    async def take(self, call: IncomingCall) -> None:
        """An agent: mostly answers and talks; now and then lets it ring, or refuses."""
        self.at_seat[call.user] += 1
        if self.at_seat[call.user] > 1:
            self.twice.append(call.user)
        try:
            await self._serve(call)
        finally:
            self.at_seat[call.user] -= 1

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
            await call.wait_ended(dice.uniform(*TALK_S))
        await call.hangup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Service]:
    """Service with 60 seats and as many agents' accounts, nobody signed in."""
    async with started_pbx(seats=SEATS) as pbx, started_service(pbx, start=False) as service:
        db = Database(service.settings.database_url)
        accounts = Accounts(Journal(db, Bus()), db, SystemClock(), policy.load("seed"))
        for seat in pbx.seats:
            await accounts.create_user(f"robot{seat.id}", PASSWORD, Role.AGENT, name=f"Robot {seat.id}")
        await db.close()
        await service.start()
        yield service


async def test_a_storm_is_served_although_the_service_dies_in_it(centre: Service) -> None:
    storm, tasks = Storm(), TaskOwner("storm")
    robots = [
        RobotSeat(f"robot{seat.id}", PASSWORD, seat.sip_username, seat.sip_password, seat.id)
        for seat in centre.pbx.seats
    ]
    async with UserAgent() as seats, UserAgent() as phones, AgentApi(centre.base) as api:
        for robot in robots:
            seats.on_call(storm.take, robot.sip_username)
            await seats.register(robot.sip_username, robot.sip_password, centre.pbx.sip, expires=600)
            tasks.start(_at_work(api, robot), robot.username)
        await until(lambda: _ready(centre), 60, every=0.5, what="every agent is ready")
        callers = [tasks.start(_call(centre, phones, n), f"caller {n}") for n in range(CALLERS)]
        await asyncio.sleep(STORM_S / 2)
        await centre.kill()
        died = asyncio.get_running_loop().time()
        await centre.start()
        away = asyncio.get_running_loop().time() - died
        async with asyncio.timeout(LONGEST_STORY_S):
            answered_at = await asyncio.gather(*callers)
        await until(lambda: _ready(centre), 90, every=0.5, what="every agent is ready again")
        await tasks.close()
    assert storm.twice == [], "a seat with two calls at once"
    assert "0 active channels" in await centre.pbx.asterisk.command("core show channels count")
    log = await _journal(centre)
    told = [type(one.event).__name__ for one in log]
    assert told.count("CallArrived") == told.count("CallEnded")
    met_the_lifeboat = CALLERS - told.count("CallArrived")
    assert met_the_lifeboat <= sum(died - 1 < at < died + away + 1 for at in answered_at)
    assert storm.answered >= told.count("AgentAnswered"), "who answered while the service was away is asked again"
    held_by_one(log)
    balanced(log)


async def _at_work(api: AgentApi, robot: RobotSeat) -> None:
    """Be ready again soon after each call, whatever happens to the service."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, SignInRefused):
            await api.make_ready(robot)
        await asyncio.sleep(dice.uniform(1, 3))


async def _ready(centre: Service) -> bool:
    agents = (await centre.request("lead", "GET", "/agents?limit=200"))["items"]
    return sum(agent["state"] == State.READY for agent in agents) == SEATS


async def _call(centre: Service, phones: UserAgent, number: int) -> float:
    """A caller who wants a person; returns when the hotline answered."""
    await asyncio.sleep(dice.uniform(0, STORM_S))
    stays = dice.choices(list(PATIENCE), PATIENCE.values())[0]
    async with caller(centre.pbx, f"139{number:08}", ua=phones, keep_audio=False) as call:
        await call.wait_answered(30)
        answered_at = asyncio.get_running_loop().time()
        with contextlib.suppress(CallOver):
            await call.send_digits("w1,0")
        call.stop_rtp()
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(dice.uniform(*stays))
    return answered_at


async def _journal(centre: Service) -> list[Recorded]:
    db = Database(centre.settings.database_url)
    try:
        return await db.read(lambda connection: since(connection, 0, (), 1_000_000))
    finally:
        await db.close()


def held_by_one(log: Sequence[Recorded]) -> None:
    """An agent rings for, or talks with, one call at a time, and a call with one agent."""
    of_call: dict[str, str] = {}
    for recorded in log:
        event = recorded.event
        match event:
            case AgentRang():
                assert event.call_id not in of_call, f"{recorded.seq}: offered while held"
                assert event.agent_id not in of_call.values(), f"{recorded.seq}: {event.agent_id} has a call"
                of_call[event.call_id] = event.agent_id
            case AgentAnswered():
                assert of_call[event.call_id] == event.agent_id
            case AgentMissed() | CallReleased() | CallTransferred() | CallDequeued() | CallEnded():
                of_call.pop(event.call_id, None)
            case AgentStateChanged(to=State.READY):
                assert event.agent_id not in of_call.values(), f"{recorded.seq}: ready in a call"
            case _:
                pass
    assert of_call == {}


def balanced(log: Sequence[Recorded]) -> None:
    """At each second: asked for a person = answered + gave up + let go + still waiting, each counted apart."""
    asked, answered, left, let_go, waiting = set[str](), set[str](), set[str](), set[str](), set[str]()
    second = datetime.min.replace(tzinfo=UTC)
    for recorded in log:
        event = recorded.event
        match event:
            case AgentRequested() if event.call_id not in asked:
                asked.add(event.call_id)
                waiting.add(event.call_id)
            case AgentAnswered():
                answered.add(event.call_id)
                waiting.discard(event.call_id)
            case CallDequeued() if event.call_id in waiting:
                let_go.add(event.call_id)
                waiting.remove(event.call_id)
            case CallEnded() if event.call_id in waiting:
                left.add(event.call_id)
                waiting.remove(event.call_id)
            case _:
                pass
        if event.at >= second:
            second = event.at + timedelta(seconds=1)
            assert len(asked) == len(answered) + len(left) + len(let_go) + len(waiting), f"at {event.at}"
    assert waiting == set()
    assert len(answered) > CALLERS / 2
