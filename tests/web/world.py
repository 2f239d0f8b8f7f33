"""A hotline without sound for tests of the web: real services on a real SQLite, a real HTTP server on a free port."""

import asyncio
import contextlib
import functools
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher
from sqlalchemy import Connection

from agents import store as agent_store
from agents.accounts import Accounts
from agents.model import Role, Seat, State, User
from agents.service import AgentService
from agents.shifts.service import ShiftService
from app.bill_process import ProcessPapers
from app.demo_data import demo_data
from app.simulator import ProcessSimulator
from core import policy
from core.bus import Bus
from core.clock import FakeClock, SystemClock
from core.config import Settings, Site, Storage
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.ids import new_id
from core.journal import Journal
from core.switches import STORM, Switches
from core.tasks import TaskOwner
from cti import parking, ringing, talk
from cti.events import SeatLost, SeatRegistered
from cti.handover import TalkEnd
from cti.messages import QueueGaveUp, SeatOffered
from cti.model import WITH_AGENT, CallState
from cti.ringing import Rang
from cti.service import CallHooks, CallService
from cti.session import CallSession
from cti.world import CallWorld
from desk.announcements.service import AnnouncementService
from desk.billing import booking_store, supply_store
from desk.billing import store as bill_store
from desk.billing.notes import BillNotes
from desk.billing.service import BillService
from desk.callbacks.service import CallbackService
from desk.customers import store as customer_store
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.nuisance.service import NuisanceService
from desk.outages import store as outage_store
from desk.outages.service import OutageService
from desk.surveys.service import SurveyService
from desk.workorders.service import WorkOrderService
from figures.asking import Words
from figures.export import to_data
from figures.layout import Names
from figures.live import LiveFigures
from figures.report import Report
from figures.service import make as make_report
from figures.slots import Slots
from ivr.events import CallerIdentified, DigitsCollected, IvrNodeEntered
from ivr.flow import Flow
from ivr.versions.prompts import PromptsFailed
from ivr.versions.service import FlowService
from recordings.service import RecordingService
from recordings.vault import Vault
from routing.callbacks.by_hand import CallbackDesk
from routing.callbacks.service import Means, RingBack
from routing.precedence import Cause
from routing.service import RoutingService
from routing.storm.model import Trigger
from routing.storm.watch import StormWatch
from speech.prompts import PromptPack, catalogue
from tests.databases import create_tables
from tests.noon import noon
from tests.recordings.captured import FakeCapture
from tests.until import until
from tests.web.quiet_pbx import QuietPbx
from web.app import make_app
from web.installation import Installation
from web.own_files import OwnFiles
from web.services import Probe, WebServices

ZONE = ZoneInfo("Asia/Shanghai")
PASSWORD = "correct horse battery"
ROOT_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json")
SEATS = 6
ROLES = {
    "1001": Role.AGENT,
    "1002": Role.AGENT,
    "lead": Role.SHIFT_LEAD,
    "deputy": Role.DEPUTY,
    "quality": Role.QUALITY,
    "supervisor": Role.SUPERVISOR,
    "admin": Role.ADMIN,
}


@functools.cache
def password_hash() -> str:
    """The hash of the password of all, of few rounds: these tests are not about its strength."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


class Warns(talk.Unguarded):
    """A guard that has words for nuisance callers."""

    def warning(self) -> list[str]:
        return ["sound:nuisance_warning"]


async def _nothing(offer: SeatOffered) -> None: ...


class PlainSpeech:
    """A voice that says everything at once, while it is `awake`, but what holds an English word."""

    def __init__(self) -> None:
        self.said: set[str] = set()
        self.awake = asyncio.Event()
        self.awake.set()

    def kept(self, text: str) -> str | None:
        return f"sound:{text}" if text in self.said else None

    async def speak(self, text: str) -> str:
        await self.awake.wait()
        if any(letter.isascii() and letter.isalpha() for letter in text):
            raise BadInput("no Mandarin", text=text)
        self.said.add(text)
        return f"sound:{text}"


class StillVoice:
    """Makes prompts without a sound; `fails` says why it cannot, `ready` is what was asked for."""

    def __init__(self) -> None:
        self.fails = ""
        self.ready: list[int] = []

    def know(self, flow: Flow) -> None:
        """Nothing has to be known."""

    async def make_ready(self, flow: Flow) -> None:
        if self.fails:
            raise PromptsFailed(self.fails)
        self.ready.append(flow.version)


class ReadReports:
    """Makes reports in a thread; those of the service are made in a process, told by tests/app."""

    def __init__(self, db: Database, clock: SystemClock, rules: policy.Policy) -> None:
        self._db, self._clock, self._rules = db, clock, rules

    async def kpi(self, words: Words, language: str) -> dict[str, Any]:
        def work(connection: Connection) -> Report:
            return make_report(connection, words, Slots(ZONE), self._rules, self._clock.now())

        return to_data(await self._db.read(work), Names())


class World:
    """The services, the server, and whoever uses it; `own`: keys of `[site]` whose files NAME.yaml are in `folder`."""

    def __init__(
        self,
        folder: Path,
        probes: dict[str, Probe] | None = None,
        ui_dir: Path | None = None,
        flow_file: Path | None = None,
        own: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.settings = Settings(
            site=Site(**{name: str(folder / f"{name}.yaml") for name in own}), storage=Storage(dir=folder / "var")
        )
        self.clock = SystemClock()
        self.policy = policy.load(self.settings.site.policy)
        self.db = Database(f"sqlite:///{folder / 'hotline.db'}")
        self.bus = Bus()
        self.figures = LiveFigures(self.db, self.clock, self.policy, ZONE)
        self.figures.listen(self.bus)
        self.journal = Journal(self.db, self.bus)
        self.switches = Switches(self.journal, self.db, self.clock, {STORM: False})
        self.accounts = Accounts(self.journal, self.db, self.clock, self.policy)
        self.agents = AgentService(self.journal, self.db, self.clock, self.policy, site=self.settings.site)
        self.pbx = QuietPbx()
        world = CallWorld(self.pbx, self.journal, self.clock, self.policy, list)
        self.calls = CallService(self.pbx, world, self.db, CallHooks(self._serve, self._adopted))
        self.routing = RoutingService(self.agents, self.journal, self.db, self.clock, self.policy, self.calls.deliver)
        self.vault = Vault(folder / "recordings", ZONE)
        self.capture = FakeCapture(FakeClock())
        self.outbox = outbox = NotificationService(
            self.journal, self.db, self.clock, gateway=FileGateway(folder / "sms.jsonl"), policy=self.policy
        )
        self.nuisance = NuisanceService(self.journal, self.db, self.clock, self.policy)
        self.callbacks = CallbackService(self.journal, self.db, self.clock, self.policy, noon())
        self.ring_back = RingBack(Means(self.calls, self.agents, self.routing, self.db, world, noon(), "95598"))
        self.callback_desk = CallbackDesk(self.callbacks, self.ring_back)
        self.orders = WorkOrderService(
            self.journal, self.db, self.clock, notifications=outbox, policy=self.policy, site=self.settings.site
        )
        self.recordings = RecordingService(self.journal, self.db, self.capture, self.vault, self.clock)
        self.surveys = SurveyService(self.db, self.journal, self.clock, visits=self.orders, low=2)
        self.speech = PlainSpeech()
        self.announcements = AnnouncementService(
            self.db, self.journal, self.clock, self.speech, self.settings.site.festivals
        )
        self.agents.listen(self.bus)
        self.routing.listen(self.bus)
        self.ring_back.listen(self.bus)
        self.maker = StillVoice()
        self.flows = FlowService(
            self.db,
            self.journal,
            self.clock,
            self.maker,
            prompts=catalogue(site=self.settings.site.name),
            rules=self.policy.rules,
        )
        self._flow_file = flow_file
        site = self.settings.site
        self.shifts = ShiftService(self.journal, self.db, self.clock, self.policy, site.zone, site=site)
        self.pbx_is_ours = True
        self.packs: dict[str, PromptPack] = {}
        self.seen: dict[Trigger, float] = {}
        """What storm mode sees of its triggers."""
        self.storm = StormWatch(self.switches, self.shifts, self, self.clock, self.policy)
        self.storm.listen(self.bus)
        self.users: dict[str, User] = {}
        self.identify: dict[str, str] = {}
        """Who the menu finds out that a caller is, by number: the customer's id."""
        self.causes: dict[str, tuple[Cause, ...]] = {}
        """Why a number goes ahead of others."""
        self._probes = probes or {}
        self._ui_dir = ui_dir
        self._tasks = TaskOwner("world")
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self.base = ""
        self.app: web.Application

    async def tell_seats(self) -> bool:
        """Whether the PBX takes over seats (`Installation.tell_seats`)."""
        return self.pbx_is_ours

    async def signals(self) -> dict[Trigger, float]:
        """What storm mode sees (`routing.storm.port.Outlook`)."""
        return self.seen

    def services(self) -> WebServices:
        return WebServices(
            settings=self.settings,
            policy=self.policy,
            clock=self.clock,
            db=self.db,
            bus=self.bus,
            journal=self.journal,
            accounts=self.accounts,
            agents=self.agents,
            storm=self.storm,
            shifts=self.shifts,
            calls=self.calls,
            routing=self.routing,
            customers=CustomerService(self.db),
            bills=BillService(self.db, self.clock, ZONE, self.policy),
            bill_notes=BillNotes(self.outbox, CustomerService(self.db), self.clock, self.settings.site),
            papers=ProcessPapers(self.settings, self.clock),
            outages=OutageService(self.db, self.journal, self.clock, ZONE),
            announcements=self.announcements,
            surveys=self.surveys,
            switches=self.switches,
            orders=self.orders,
            callbacks=self.callbacks,
            nuisance=self.nuisance,
            callback_desk=self.callback_desk,
            recordings=self.recordings,
            flows=self.flows,
            simulator=ProcessSimulator(self.settings.site),
            installation=Installation(
                own_files=OwnFiles(self.settings, self.journal, self.clock, self.flows.suits),
                tell_seats=self.tell_seats,
                packs=self.packs,
            ),
            figures=self.figures,
            reports=ReadReports(self.db, self.clock, self.policy),
            take_call=self.pbx.told_to_take,
            probes=self._probes,
            ui_dir=self._ui_dir,
        )

    # --- life ---

    async def start(self) -> None:
        create_tables(self.db.engine)
        self.users = {n: User(id=new_id(), username=n, name=f"坐席{n}", role=r) for n, r in ROLES.items()}
        await self.db.write(self._fill)
        await self.agents.load()
        await self.switches.load(self.bus)
        await self.figures.load()
        await self.agents.phones_are([])
        if self._flow_file is not None:
            await self.flows.open(self._flow_file)
        await self.start_web()
        self._tasks.start(self.calls.run(), "calls")
        self._tasks.start(self.ring_back.run(), "callbacks")
        self._tasks.start(self.announcements.run(), "announcements")
        await until(lambda: self.calls.pbx_trouble is None, what="the calls are served")

    def _fill(self, connection: Connection) -> None:
        """Write the demo's customers, seats, and people who all have the same password."""
        now = self.clock.now()
        data = demo_data(now, ZONE)
        customer_store.save_customers(connection, data.customers)
        customer_store.save_accounts(connection, data.accounts, {})
        customer_store.save_complaints(connection, data.complaints)
        bill_store.save(connection, data.bills)
        booking_store.save(connection, data.bookings, self.clock.now())
        supply_store.save(connection, data.supplies)
        outage_store.save(connection, data.outages)
        for number in range(1001, 1001 + SEATS):
            agent_store.add_seat(connection, Seat(str(number), f"seat{number}", "secret"))
        for user in self.users.values():
            agent_store.add_user(connection, user, password_hash(), now)

    async def start_web(self) -> None:
        """Serve the web, as after a restart of it when it was stopped."""
        self.app = make_app(self.services())
        self._runner = web.AppRunner(self.app, shutdown_timeout=3.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop_web(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def stop(self) -> None:
        await self.stop_web()
        await self._tasks.close()
        await self.calls.close()
        await self.ring_back.close()
        await self.routing.close()
        await self.agents.close()
        await self.recordings.close()
        self.capture.close()
        await self.figures.close()
        await self.journal.close()
        await self.db.close()

    # --- calls ---

    async def _adopted(self, adopted: Any) -> None:
        await self.agents.restore({})
        await self.ring_back.restore([one.call for one in adopted])
        await self.routing.restore(set())
        self.routing.start()

    async def _serve(self, session: CallSession) -> None:
        """A menu of one node, then the queue, the talk, the end."""
        call = session.call
        if call.direction == "out":
            seat = self.agents.seat_of(call.agent_id or "")
            assert seat is not None
            return await self.ring_back.serve(session, seat.sip_username)
        await session.answer()
        at = self.clock.now()
        await session.tell(
            IvrNodeEntered(at=at, call_id=call.id, flow="hotline", node="main"),
            DigitsCollected(at=at, call_id=call.id, node="main", digits="0", length=1),
        )
        if call.caller in self.identify:
            customer = self.identify[call.caller]
            await session.tell(CallerIdentified(at=at, call_id=call.id, customer_id=customer, how="pin"))
        queue: str | None = "general"
        end: TalkEnd | None = None
        while queue is not None:
            party = end.party if end else None
            has_agent = session.call.state in WITH_AGENT
            if session.call.state is CallState.PARKED:
                has_agent = await parking.picked_up(session, _nothing) is Rang.ANSWERED
            elif isinstance(party, SeatOffered):
                has_agent = await ringing.ring(session, party) is Rang.ANSWERED
            if not has_agent:
                await ringing.enter_queue(session, queue)
                await self.routing.request(call.id, queue, causes=self.causes.get(call.caller, ()))
                if not await self._answered(session):
                    await ringing.leave_queue(session, "no_agents")
                    return
            end = await talk.talk(session, Warns())
            queue = end.to

    async def _answered(self, session: CallSession) -> bool:
        while True:
            match await session.receive():
                case SeatOffered() as offer:
                    if await ringing.ring(session, offer) is Rang.ANSWERED:
                        return True
                    await self.routing.again(session.call.id)
                case QueueGaveUp():
                    return False

    def call(self, caller: str) -> str:
        """Let a caller call; returns the call's id."""
        call_id = f"{1000 + next(self._numbers)}.7"
        self.pbx.call(call_id, caller)
        return call_id

    async def until_state(self, call_id: str, state: str) -> None:
        """Wait until the call is in `state`."""

        def is_so() -> bool:
            return any(s.call.id == call_id and s.call.state == state for s in self.calls.live())

        await until(is_so, what=f"call {call_id} is {state}")

    async def rings(self, call_id: str) -> str:
        """Wait until a seat's phone rings for the call; returns its channel."""

        def channel() -> str | None:
            dialled = (d.channel_id for d in self.pbx.dialled if d.call_id == call_id and d.channel_id in self.pbx.live)
            return next(dialled, None)

        found = await until(channel, what=f"a seat rings for {call_id}")
        assert found is not None
        return found

    async def talking(self, caller: str) -> str:
        """A caller talks to whoever is ready; returns the call's id."""
        call_id = self.call(caller)
        self.pbx.pick_up(await self.rings(call_id))
        await self.until_state(call_id, "talking")
        return call_id

    async def phone(self, seat: str, there: bool = True) -> None:
        """The phone of a seat comes or goes."""
        at, name = self.clock.now(), f"seat{seat}"
        event = SeatRegistered(at=at, sip_username=name) if there else SeatLost(at=at, sip_username=name, why="gone")
        await self.journal.record(event)

    async def record(self, *events: Event) -> None:
        await self.journal.record(*events)

    # --- people ---

    @contextlib.asynccontextmanager
    async def client(self, name: str = "", *, seat: str | None = None) -> AsyncIterator["Client"]:
        """Someone who uses the API; signed in when a `name` is given."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            one = Client(self, session)
            if name:
                await one.sign_in(name, seat)
            yield one

    def state_of(self, name: str) -> str:
        """The state of an agent."""
        agent = self.agents.roster.get(self.users[name].id)
        return agent.state.value if agent else "unknown"

    async def ready(self, name: str, seat: str) -> None:
        """Let an agent be ready at a seat with a phone, without a desktop."""
        await self.phone(seat)
        await self.agents.sign_in(self.users[name].id, seat)
        await self.agents.set_state(self.users[name].id, State.READY)


class Client:
    """One program or browser with its token."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self.world = world
        self.http = session
        self.token = ""

    async def sign_in(self, name: str, seat: str | None = None) -> None:
        body = {"username": name, "password": PASSWORD} | ({"seat": seat} if seat else {})
        self.token = (await self.ask("POST", "/session", body, expect=201))["token"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def ask(self, method: str, path: str, body: Any = None, *, expect: int = 200, **more: Any) -> Any:
        """Send a request and return the JSON of its answer, whose status must be `expect`."""
        headers = self.headers | more.pop("headers", {})
        url = self.world.base + path if path in ROOT_PATHS else f"{self.world.base}/api/v1{path}"
        async with self.http.request(method, url, json=body, headers=headers, **more) as answer:
            text = await answer.text()
            assert answer.status == expect, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def refused(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> str:
        """Send a request that is refused with `status`; returns the error's code."""
        return str((await self.ask(method, path, body, expect=status, **more))["error"]["code"])

    def desktop(self, **query: Any) -> "Desk":
        """A desktop's socket, to be entered."""
        return Desk(self, {name: str(value) for name, value in query.items()})


class Desk:
    """An open desktop: what it received, in order, and the answers to its commands."""

    def __init__(self, client: Client, query: dict[str, str], headers: dict[str, str] | None = None) -> None:
        self._client = client
        self._query = query
        self._headers = client.headers if headers is None else headers
        self._tasks = TaskOwner("desk")
        self.got: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self.socket: aiohttp.ClientWebSocketResponse

    async def __aenter__(self) -> "Desk":
        self.socket = await self._client.http.ws_connect(
            f"{self._client.world.base}/api/v1/desktop", params=self._query, headers=self._headers
        )
        self._tasks.start(self._read(), "read")
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._tasks.close()
        await self.socket.close()

    async def _read(self) -> None:
        async for message in self.socket:
            self.got.append(json.loads(message.data))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a type that came so far."""
        return [message for message in self.got if message["type"] == kind]

    async def next(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the first message of a type with these fields, waiting for it."""

        def found() -> dict[str, Any] | None:
            fit = (m for m in self.all(kind) if all(m.get(k) == v for k, v in fields.items()))
            return next(fit, None)

        message = await until(found, what=f"{kind} {fields} among {[m['type'] for m in self.got]}")
        assert message is not None
        return message

    async def state(self, state: str) -> dict[str, Any]:
        """Wait until the desktop was told that its agent is in `state`."""
        return await self.next("agent_state", state=state)

    async def do(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and return its answer: ok or error."""
        message_id = f"c{next(self._ids)}"
        await self.socket.send_json({"type": kind, "id": message_id} | fields)
        return await until(
            lambda: next((m for m in self.got if m.get("id") == message_id), None), what=f"the answer to {kind}"
        )

    async def closed(self) -> int:
        """Wait until the server closed the socket; returns the code."""
        await until(lambda: self.socket.closed, 8, what="the socket is closed")
        assert self.socket.close_code is not None
        return self.socket.close_code


@contextlib.asynccontextmanager
async def open_world(folder: Path, **more: Any) -> AsyncIterator[World]:
    """A world that lives and is tidied up."""
    world = World(folder, **more)
    try:
        await world.start()
        yield world
    finally:
        await world.stop()
