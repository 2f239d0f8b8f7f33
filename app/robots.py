"""Robot callers and robot agents that keep the demo alive: real calls, real seats, real sign-ins."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp

from app.robot_voice import babble
from core import log
from core.errors import HotlineError, Unavailable
from core.tasks import TaskOwner
from cti.ua import CallOver, CallRefused, IncomingCall, OutgoingCall, RegistrationRefused, UserAgent
from cti.ua.transactions import NoReply
from speech.g711 import Pcm

_log = log.get(__name__)
_TALK_S: Final = 20.0
_KNOWN: Final = 1 / 3
"""Share of customers among the callers who ask for a person."""
_LOOK_EVERY: Final = 2.0
_API_PATIENCE: Final = aiohttp.ClientTimeout(total=30)


class SignInRefused(Unavailable):
    """The API refuses a robot's sign-in."""

    code = "sign_in_refused"


@dataclass(frozen=True, slots=True)
class RobotSeat:
    """One robot agent's account and the seat at which it sits (as in `demo.json`)."""

    username: str
    password: str
    sip_username: str
    sip_password: str
    seat: str | None = None
    """Seat id for the sign-in, when it is not the SIP user name."""


@dataclass(frozen=True, slots=True)
class People:
    """Whose numbers the robot callers use; `accounts` are (account number, PIN) for callers of unknown numbers.

    By default the demo's further customers, so that the calls of the fixed ones stay a visitor's own.
    """

    bill: Sequence[str] = tuple(f"138{n:08}" for n in range(11, 21))
    outage: Sequence[str] = tuple(f"138{n:08}" for n in range(11, 21))
    accounts: Sequence[tuple[str, str]] = tuple((f"32{n:08}", f"{n:06}") for n in range(11, 21))
    strangers: Sequence[str] = tuple(f"1390000{n:04}" for n in range(1, 100))


@dataclass(slots=True)
class Counts:
    """What the robots have done: `served_by_menu` heard a bill or an outage, `by_agent` reached a robot agent."""

    placed: int = 0
    answered: int = 0
    served_by_menu: int = 0
    asked_for_person: int = 0
    hung_up_early: int = 0
    refused: int = 0
    by_agent: int = 0
    by_story: dict[str, int] = field(default_factory=dict)


class RobotCaller:
    """Places calls in varied stories, never more than `at_once` at a time."""

    def __init__(self, sip: tuple[str, int], people: People, counts: Counts, *, number: str = "95598", seed: int = 1):
        self._target = f"sip:{number}@{sip[0]}:{sip[1]}"
        self._people, self._counts = people, counts
        self._dice = random.Random(seed)  # noqa: S311 - a demo's variety, no secret
        self._stories = {
            "bill": self._bill,
            "outage": self._outage,
            "account": self._account,
            "person": self._person,
            "early": self._early,
        }
        self._voice: Pcm | None = None

    async def run(self, ua: UserAgent, tasks: TaskOwner, *, every: float = 6.0, at_once: int = 4) -> None:
        """Place a call about every `every` seconds until cancelled."""
        self._voice = await asyncio.to_thread(babble, _TALK_S, 190.0, 7)
        room = asyncio.Semaphore(at_once)
        while True:
            await room.acquire()
            story = self._dice.choices(list(self._stories), weights=(3, 2, 2, 6, 1))[0]
            tasks.start(self.tell(ua, story), f"robot-{story}").add_done_callback(lambda _: room.release())
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * every)

    async def tell(self, ua: UserAgent, story: str) -> OutgoingCall | None:
        """Make one call of a story: bill, outage, account, person or early; None when it could not be placed."""
        self._counts.placed += 1
        self._counts.by_story[story] = self._counts.by_story.get(story, 0) + 1
        try:
            call = ua.call(self._target, self._number_for(story), keep_audio=False)
        except (HotlineError, OSError):
            self._counts.refused += 1
            return None
        async with call:
            try:
                await self._stories[story](call)
            except (CallRefused, CallOver, TimeoutError):
                self._counts.refused += call.times.answered is None
        return call

    def _number_for(self, story: str) -> str:
        # Of who asks for a person some are customers: an agent's page shows their records as well as empty ones.
        asks = self._people.bill if self._dice.random() < _KNOWN else self._people.strangers
        of = {"bill": self._people.bill, "outage": self._people.outage, "person": asks}
        return self._dice.choice(of.get(story) or self._people.strangers)

    async def _answered(self, call: OutgoingCall) -> None:
        await call.wait_answered(30.0)
        self._counts.answered += 1

    async def _bill(self, call: OutgoingCall) -> None:
        await self._menu(call, f"w{self._dice.uniform(1, 5):.1f},2", stay=self._dice.uniform(12, 25))

    async def _outage(self, call: OutgoingCall) -> None:
        await self._menu(call, f"w{self._dice.uniform(1, 5):.1f},3", stay=self._dice.uniform(12, 25))

    async def _account(self, call: OutgoingCall) -> None:
        account, pin = self._dice.choice(self._people.accounts)
        await self._menu(call, f"w4,2,w6,{account}#,w6,{pin}#", stay=self._dice.uniform(12, 25))

    async def _menu(self, call: OutgoingCall, keys: str, *, stay: float) -> None:
        await self._answered(call)
        if await call.send_digits(keys):
            await self._stay(call, stay)
            self._counts.served_by_menu += 1

    async def _person(self, call: OutgoingCall) -> None:
        await self._answered(call)
        self._counts.asked_for_person += 1
        await call.send_digits(f"w{self._dice.uniform(1, 4):.1f},0")
        await self._stay(call, self._dice.uniform(10, 14))  # notices are played before an agent is sought
        for _ in range(self._dice.randint(3, 8)):
            if call.ended is None and self._voice is not None:
                await call.play(self._voice[: round(8000 * self._dice.uniform(2, 5))])
                await self._stay(call, self._dice.uniform(5, 10))

    async def _early(self, call: OutgoingCall) -> None:
        self._counts.hung_up_early += 1
        await self._stay(call, self._dice.choice((0.0, 0.3, 1.5, 4.0, 8.0)))

    async def _stay(self, call: OutgoingCall, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(seconds)


class RobotAgent:
    """Sits at one seat: registered, signed in, ready again after each call; answers, talks, hangs up or not."""

    def __init__(self, seat: RobotSeat, sip: tuple[str, int], counts: Counts, *, seed: int) -> None:
        self.seat, self._sip, self._counts = seat, sip, counts
        self._dice = random.Random(seed)  # noqa: S311 - a demo's variety, no secret
        self._pitch, self._seed = 100.0 + 20 * (seed % 8), seed
        self._voice: Pcm | None = None

    async def run(self, ua: UserAgent, api: "AgentApi") -> None:
        """Register the seat, sign in, and stay ready until cancelled; what fails is tried again."""
        self._voice = await asyncio.to_thread(babble, _TALK_S, self._pitch, self._seed)
        ua.on_call(self.take, self.seat.sip_username)
        await self._registered(ua)
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, SignInRefused):
                await api.make_ready(self.seat)
            await asyncio.sleep(_LOOK_EVERY)

    async def _registered(self, ua: UserAgent) -> None:
        while True:
            with contextlib.suppress(NoReply, RegistrationRefused):
                await ua.register(self.seat.sip_username, self.seat.sip_password, self._sip, expires=60)
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def take(self, call: IncomingCall) -> None:
        """Answer after 0.5 to 2 s, talk, and hang up in seven of ten calls."""
        if not await call.answer(after=self._dice.uniform(0.5, 2.0)):
            return
        self._counts.by_agent += 1
        if self._voice is not None:
            await call.play(self._voice[: round(8000 * self._dice.uniform(4, 12))])
        stays = self._dice.uniform(6, 18) if self._dice.random() < 0.7 else 120.0
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(stays)
        await call.hangup()


class AgentApi:
    """The few requests by which a robot agent signs in and becomes ready."""

    def __init__(self, base: str) -> None:
        """`base` is the address of the web server, such as http://127.0.0.1:8095."""
        self._base = base.rstrip("/") + "/api/v1"
        self._session: aiohttp.ClientSession | None = None
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_API_PATIENCE, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def make_ready(self, seat: RobotSeat) -> None:
        """Sign in when needed, and set the agent ready when it is not ready or in wrap-up; raises SignInRefused."""
        if seat.username not in self._tokens:
            self._tokens[seat.username] = await self._sign_in(seat)
        status, agent = await self._request("GET", "/agents/me", seat)
        if status == 401:
            del self._tokens[seat.username]
        elif agent.get("state") in ("not_ready", "wrap_up", "logged_out"):
            await self._request("POST", "/agents/me/state", seat, {"state": "ready"})

    async def _sign_in(self, seat: RobotSeat) -> str:
        body = {"username": seat.username, "password": seat.password, "seat": seat.seat or seat.sip_username}
        status, answer = await self._request("POST", "/session", None, body)
        if status >= 300:
            raise SignInRefused(f"robot sign-in: {status}", status=status)
        return str(answer["token"])

    async def _request(
        self, method: str, path: str, seat: RobotSeat | None, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self._tokens[seat.username]}"} if seat else {}
        async with self._session.request(method, self._base + path, json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else {}


class Robots:
    """All robots of a demo: `async with Robots(...) as robots`, figures in `robots.counts`."""

    def __init__(self, sip: tuple[str, int], api: str, seats: Sequence[RobotSeat], people: People = People()) -> None:
        self.counts = Counts()
        self._sip, self._seats, self._people = sip, seats, people
        self._ua, self._api, self._tasks = UserAgent(), AgentApi(api), TaskOwner("robots")

    async def __aenter__(self) -> Self:
        await self._ua.open()
        await self._api.__aenter__()
        for number, seat in enumerate(self._seats):
            agent = RobotAgent(seat, self._sip, self.counts, seed=number + 1)
            self._tasks.start(agent.run(self._ua, self._api), f"agent-{number}")
        return self

    def start_callers(self, *, every: float = 6.0, at_once: int = 4) -> None:
        """Begin to place calls, one about every `every` seconds, at most `at_once` at a time."""
        caller = RobotCaller(self._sip, self._people, self.counts)
        self._tasks.start(caller.run(self._ua, self._tasks, every=every, at_once=at_once), "caller")

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._tasks.close()
            await self._ua.close()
        finally:
            await self._api.__aexit__()
