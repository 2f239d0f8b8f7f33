"""The demo's robots: callers and agents on the real PBX, and the agents' sign-in against an API on the wire."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.robot_voice import babble
from app.robots import AgentApi, Counts, People, RobotAgent, RobotCaller, Robots, RobotSeat, SignInRefused
from core.tasks import TaskOwner
from cti.ua import IncomingCall, UserAgent
from tests.pbx import Pbx, started_pbx
from tests.until import until

pytestmark = pytest.mark.integration

DIALPLAN = """
[from-trunk](+)
exten => 4005,1,Dial(PJSIP/seat1001,20)
"""


class FakeApi:
    """The three requests of a robot agent; one agent, whose state a test changes."""

    def __init__(self) -> None:
        self.state, self.seat, self.tokens, self.told = "logged_out", "", 0, list[str]()
        self.app = web.Application()
        self.app.router.add_post("/api/v1/session", self.sign_in)
        self.app.router.add_get("/api/v1/agents/me", self.read)
        self.app.router.add_post("/api/v1/agents/me/state", self.change)

    def _known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer token{self.tokens}"

    async def sign_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["username"], body["password"]) != ("robot1001", "sesame"):
            return web.json_response({"error": {"code": "bad_credentials"}}, status=401)
        self.tokens, self.seat, self.state = self.tokens + 1, body["seat"], "not_ready"
        return web.json_response({"token": f"token{self.tokens}"}, status=201)

    async def read(self, request: web.Request) -> web.Response:
        return web.json_response({"state": self.state}, status=200 if self._known(request) else 401)

    async def change(self, request: web.Request) -> web.Response:
        assert self._known(request)
        self.state = (await request.json())["state"]
        self.told.append(self.state)
        return web.json_response({"state": self.state})


@pytest.fixture
async def api() -> AsyncIterator[tuple[FakeApi, str]]:
    fake = FakeApi()
    async with TestServer(fake.app) as server:
        yield fake, str(server.make_url("/"))


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with started_pbx(dialplan=DIALPLAN) as started:
        await started.asterisk.command("module load app_dial.so")
        yield started


def seat(pbx: Pbx | None = None) -> RobotSeat:
    first = pbx.seats[0] if pbx else None
    password = first.sip_password if first else ""
    return RobotSeat("robot1001", "sesame", "seat1001", password, "1001")


async def test_an_agent_signs_in_becomes_ready_and_leaves_wrap_up(api: tuple[FakeApi, str]) -> None:
    fake, base = api
    async with AgentApi(base) as requests:
        await requests.make_ready(seat())
        assert (fake.seat, fake.state, fake.tokens) == ("1001", "ready", 1)
        for state in ("ready", "talking", "ringing", "reserved"):
            fake.state = state
            await requests.make_ready(seat())
            assert fake.state == state, "left alone"
        fake.state = "wrap_up"
        await requests.make_ready(seat())
        assert fake.state == "ready"


async def test_a_session_that_ended_is_opened_again(api: tuple[FakeApi, str]) -> None:
    fake, base = api
    async with AgentApi(base) as requests:
        await requests.make_ready(seat())
        fake.tokens += 1
        await requests.make_ready(seat())
        await requests.make_ready(seat())
        assert (fake.tokens, fake.state) == (3, "ready")


async def test_a_wrong_password_is_refused(api: tuple[FakeApi, str]) -> None:
    async with AgentApi(api[1]) as requests:
        with pytest.raises(SignInRefused):
            await requests.make_ready(RobotSeat("robot1001", "wrong", "seat1001", "", "1001"))


async def test_a_caller_who_asks_for_a_person_reaches_a_robot_agent(pbx: Pbx, api: tuple[FakeApi, str]) -> None:
    fake, base = api
    async with Robots(pbx.sip, base, [seat(pbx)]) as robots, UserAgent() as ua:
        await until(lambda: fake.state == "ready", 10)
        caller = RobotCaller(pbx.sip, People(), robots.counts, number="4005")
        tasks = TaskOwner("test")
        story = tasks.start(caller.tell(ua, "person"), "person")
        await until(lambda: robots.counts.by_agent == 1, 10)
        counts = robots.counts
        await until(lambda: (counts.placed, counts.answered, counts.asked_for_person) == (1, 1, 1), 5)
        await until(lambda: ua.calls[0].received.count > 50, 5)
        story.cancel()
        await until(lambda: not ua.calls)
        await tasks.close()


async def test_an_agent_hangs_up_or_is_hung_up_on() -> None:
    async with UserAgent() as seats, UserAgent() as trunk:
        counts = Counts()
        agent = RobotAgent(seat(), ("127.0.0.1", 1), counts, seed=3)
        seats.on_call(agent.take, "seat1001")
        target = f"sip:seat1001@127.0.0.1:{seats.address[1]}"
        call = trunk.call(target, "1")
        await call.wait_answered(3)
        assert call.times.answered is not None
        assert 0.5 <= call.times.answered <= 2.1
        await call.hangup()
        gone = trunk.call(target, "1")
        await gone.wait_ringing()
        await gone.cancel()
        await until(lambda: not seats.calls)
        assert counts.by_agent == 1


async def test_callers_tell_varied_stories_within_their_number() -> None:
    people = People(bill=("13800000011",), outage=("13800000012",), strangers=("13900000001",))
    async with UserAgent() as hotline, UserAgent() as phones:
        got: list[IncomingCall] = []
        most = 0

        async def take(call: IncomingCall) -> None:
            nonlocal most
            got.append(call)
            most = max(most, len(hotline.calls))
            await call.answer()
            await asyncio.sleep(0.2)
            await call.hangup()

        hotline.on_call(take)
        counts = Counts()
        caller = RobotCaller(hotline.address, people, counts)
        tasks = TaskOwner("test")
        tasks.start(caller.run(phones, tasks, every=0.05, at_once=3), "callers")
        await until(lambda: len(counts.by_story) == 5, 60)
        await tasks.close()
        assert most <= 3
        assert counts.answered > 0
        assert {call.caller for call in got} == {"13800000011", "13800000012", "13900000001"}


async def test_of_who_asks_for_a_person_some_are_customers() -> None:
    people = People(bill=("13800000011",), outage=(), strangers=("13900000001",))
    async with UserAgent() as hotline, UserAgent() as phones:
        numbers: list[str] = []

        async def take(call: IncomingCall) -> None:
            numbers.append(call.caller)
            await call.answer()
            await call.hangup()

        hotline.on_call(take)
        caller = RobotCaller(hotline.address, people, Counts(), seed=1)
        for _ in range(15):
            await caller.tell(phones, "person")
        assert 0 < numbers.count("13800000011") < numbers.count("13900000001")


async def test_a_hotline_that_is_away_does_not_stop_the_callers() -> None:
    async with UserAgent() as phones, UserAgent() as away:
        counts = Counts()
        call = await RobotCaller(away.address, People(), counts).tell(phones, "bill")
        assert call is not None
        assert counts.refused == 1


def test_the_voice_is_loud_broken_by_pauses_and_repeatable() -> None:
    voice = babble(10.0, 180.0, 3)
    assert len(voice) == 80000
    assert (voice == babble(10.0, 180.0, 3)).all()
    levels = np.sqrt(np.mean(voice.astype(np.float64).reshape(-1, 400) ** 2, axis=1))
    assert 1500 < np.median(levels) < 12000
    assert 0.03 < np.mean(levels < 50) < 0.5
