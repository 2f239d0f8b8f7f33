"""From the seat being chosen to the screen pop on the agent's socket.

The real web server with an open desktop on loopback, the real services on SQLite with 5,000 customers, their bills
and former calls. Two cases: the caller had waited (what is known is in memory), and an agent was free at once (the
fetch is still under way). Clocked from `reserve` being called and from its event being committed, to the browser's
side having the message: the server and the client share one process, so what it costs to receive is included.
"""

import asyncio
import random
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web
from sqlalchemy import Connection

from agents import store as agent_store
from agents.accounts import Accounts
from agents.events import AgentReserved
from agents.model import Role, Seat, State, User
from agents.service import AgentService
from agents.shifts.service import ShiftService
from app.bill_process import ProcessPapers
from app.report_process import ProcessReports
from app.simulator import ProcessSimulator
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings
from core.db import Database, metadata
from core.events import Recorded
from core.journal import Journal
from core.switches import STORM, Switches
from cti import store as call_store
from cti.ami.link import AmiAddress
from cti.ami.service import AmiService
from cti.ari.client import AriAddress
from cti.ari.pbx import AriPbx
from cti.events import CallAnswered, CallArrived, CallEnded, CallQueued
from cti.model import Call, CallState
from cti.service import CallHooks, CallService
from cti.world import CallWorld
from desk.announcements.service import AnnouncementService
from desk.billing import store as bill_store
from desk.billing.model import Bill
from desk.billing.notes import BillNotes
from desk.billing.service import BillService
from desk.callbacks.service import CallbackService
from desk.customers import store as customer_store
from desk.customers.model import Account, Customer
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.nuisance.service import NuisanceService
from desk.outages.service import OutageService
from desk.surveys.service import SurveyService
from desk.workorders.service import WorkOrderService
from figures.live import LiveFigures
from ivr.flow import Flow
from ivr.versions.service import FlowService
from recordings.service import RecordingService
from recordings.vault import Vault
from routing.callbacks.by_hand import CallbackDesk
from routing.callbacks.service import Means, RingBack
from routing.service import RoutingService
from routing.storm.port import Blind
from routing.storm.watch import StormWatch
from web import installation
from web.app import make_app
from web.own_files import OwnFiles
from web.route import DESKTOPS
from web.services import WebServices

LOOP = uvloop.new_event_loop
"""The loop of the service."""
CUSTOMERS = 5_000
FORMER_CALLS = 10
AGENT = "a1"


async def _no_pbx() -> bool:
    return False


class _Mute:
    """No flow is published here."""

    def know(self, flow: Flow) -> None: ...

    async def make_ready(self, flow: Flow) -> None: ...


async def _nothing(*_: object) -> None:
    return None


class Installation:
    """The services and the web server of one installation, in a folder of its own.

    `ui_dir`: the built pages; `others`: so many agents sit beside the one who is measured.
    """

    def __init__(self, folder: Path, ui_dir: Path | None = None, others: int = 0) -> None:
        self._ui_dir, self._others = ui_dir, [str(n) for n in range(2, 2 + others)]
        self.settings, self.clock, self.policy = Settings(), SystemClock(), policy.load("seed")
        self.db = Database(f"sqlite:///{folder / 'bench.db'}")
        metadata.create_all(self.db.engine)
        self.bus = Bus()
        self.journal = Journal(self.db, self.bus)
        self.accounts = Accounts(self.journal, self.db, self.clock, self.policy)
        self.agents = AgentService(self.journal, self.db, self.clock, self.policy)
        self.agents.listen(self.bus)
        self.app = make_app(self._services(folder))
        self._runner = web.AppRunner(self.app, shutdown_timeout=1.0)
        self.base = ""

    def _services(self, folder: Path) -> WebServices:
        zone = self.settings.site.zone
        world = CallWorld(AriPbx(AriAddress("127.0.0.1", 1, "", "")), self.journal, self.clock, self.policy, list)
        calls = CallService(AriPbx(AriAddress("127.0.0.1", 1, "", "")), world, self.db, CallHooks(_nothing, _nothing))
        ami = AmiService(AmiAddress("127.0.0.1", 1, "", ""), self.journal, self.clock, self.agents.phones_are)
        outbox = NotificationService(
            self.journal, self.db, self.clock, gateway=FileGateway(folder / "sms.jsonl"), policy=self.policy
        )
        routing = RoutingService(self.agents, self.journal, self.db, self.clock, self.policy, calls.deliver)
        callbacks = CallbackService(self.journal, self.db, self.clock, self.policy, zone)
        means = Means(calls, self.agents, routing, self.db, world, zone, "95598")
        shifts = ShiftService(self.journal, self.db, self.clock, self.policy, zone)
        switches = Switches(self.journal, self.db, self.clock, {STORM: False})
        flows = FlowService(self.db, self.journal, self.clock, _Mute(), prompts=(), rules=self.policy.rules)
        return WebServices(
            settings=self.settings,
            policy=self.policy,
            clock=self.clock,
            db=self.db,
            bus=self.bus,
            journal=self.journal,
            accounts=self.accounts,
            agents=self.agents,
            shifts=shifts,
            storm=StormWatch(switches, shifts, Blind(), self.clock, self.policy),
            calls=calls,
            routing=routing,
            customers=CustomerService(self.db),
            bills=BillService(self.db, self.clock, zone, self.policy),
            bill_notes=BillNotes(outbox, CustomerService(self.db), self.clock, self.settings.site),
            papers=ProcessPapers(self.settings, self.clock),
            outages=OutageService(self.db, self.journal, self.clock, zone),
            announcements=AnnouncementService(self.db, self.journal, self.clock, None, ()),
            switches=switches,
            surveys=SurveyService(self.db, self.journal, self.clock),
            nuisance=NuisanceService(self.journal, self.db, self.clock, self.policy),
            callbacks=callbacks,
            callback_desk=CallbackDesk(callbacks, RingBack(means)),
            orders=WorkOrderService(
                self.journal, self.db, self.clock, notifications=outbox, policy=self.policy, site=self.settings.site
            ),
            recordings=RecordingService(self.journal, self.db, ami, Vault(folder / "recordings", zone), self.clock),
            flows=flows,
            installation=installation.Installation(
                own_files=OwnFiles(self.settings, self.journal, self.clock, flows.suits), tell_seats=_no_pbx
            ),
            take_call=ami.take_call,
            figures=LiveFigures(self.db, self.clock, self.policy, zone),
            reports=ProcessReports(self.settings),
            simulator=ProcessSimulator(self.settings.site),
            ui_dir=self._ui_dir,
        )

    async def open(self) -> str:
        """Fill the database, serve, seat the agent; returns the agent's token."""
        await self.db.write(self._fill)
        await self.agents.load()
        await self.agents.phones_are(["seat1", *(f"seat{n}" for n in self._others)])
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self.agents.sign_in(AGENT, "s1")
        return await self.accounts.open_session(AGENT, "127.0.0.1")

    async def open_others(self) -> list[str]:
        """Let the other agents sit down; returns their tokens."""
        for n in self._others:
            await self.agents.sign_in(f"a{n}", f"s{n}")
        return [await self.accounts.open_session(f"a{n}", "127.0.0.1") for n in self._others]

    def _fill(self, connection: Connection) -> None:
        now, today = self.clock.now(), date(2026, 10, 1)
        for who in ("1", *self._others):
            agent_store.add_seat(connection, Seat(f"s{who}", f"seat{who}", "unused"))
            user = User(id=f"a{who}", username=f"100{who}", name="A", role=Role.AGENT)
            agent_store.add_user(connection, user, "unused", now)
        numbers = range(CUSTOMERS)
        customer_store.save_customers(connection, [Customer(f"k{n}", f"客户{n}", phones=(_phone(n),)) for n in numbers])
        accounts = [Account(f"32{n:08}", f"k{n}", f"和平路{n}号", f"片区{n % 50}") for n in numbers]
        customer_store.save_accounts(connection, accounts, {})
        bills = [
            Bill(a.number, today, Decimal(286), Decimal("156.41"), (), today + timedelta(days=25)) for a in accounts
        ]
        bill_store.save(connection, bills)
        for n in range(CUSTOMERS * FORMER_CALLS // 10):
            at = now - timedelta(hours=n + 1)
            call = Call(f"f{n}", _phone(n % (CUSTOMERS // 10)), True, "95598", CallState.ENDED, at, ended_at=at)
            call_store.add(connection, call)

    async def queue(self, call_id: str, customer: int) -> None:
        """Let a call of a customer come and wait."""
        at, caller = self.clock.now(), _phone(customer)
        arrived: dict[str, Any] = {"caller": caller, "caller_raw": caller, "caller_known": True, "number": "95598"}
        await self.journal.record(
            CallArrived(at=at, call_id=call_id, channel_id=call_id, **arrived),
            CallAnswered(at=at, call_id=call_id),
            CallQueued(at=at, call_id=call_id, queue="general"),
        )

    async def end(self, call_id: str) -> None:
        """Take the seat from a call that was reserved, and end the call."""
        await self.agents.release(AGENT, call_id, "measured")
        at = self.clock.now()
        await self.journal.record(CallEnded(at=at, call_id=call_id, by="caller", why="measured", where="queue"))

    async def close(self) -> None:
        await self._runner.cleanup()
        await self.agents.close()
        await self.journal.close()
        await self.db.close()


def _phone(n: int) -> str:
    return f"138{n:08}"


class Measurement:
    """One call after the other for one agent."""

    def __init__(self, hotline: Installation, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._hotline = hotline
        self._socket = socket
        self._committed = 0.0
        self._chance = random.Random(95598)
        hotline.bus.listen(AgentReserved, self._reserved)

    async def _reserved(self, recorded: Recorded) -> None:
        self._committed = time.perf_counter()

    async def one(self, number: int, *, waited: bool) -> tuple[float, float]:
        """Let a call come, choose the seat; returns seconds from the choice and from its commit to the pop."""
        hotline, call_id = self._hotline, f"{number}.1"
        await hotline.agents.set_state(AGENT, State.READY)
        await self._queue(call_id)
        pops = hotline.app[DESKTOPS].pops
        if waited:
            await pops.fetched(call_id)
        chosen = time.perf_counter()
        stored = asyncio.gather(hotline.agents.reserve(AGENT, call_id), self._pop())
        received = (await stored)[1]
        await hotline.end(call_id)
        return received - chosen, received - self._committed

    async def _queue(self, call_id: str) -> None:
        await self._hotline.queue(call_id, self._chance.randrange(CUSTOMERS))

    async def _pop(self) -> float:
        while True:
            message = await self._socket.receive(timeout=10)
            received = time.perf_counter()
            if '"type":"screen_pop"' in message.data and '"customer":{' in message.data:
                return received


def figures(seconds: list[float]) -> dict[str, float]:
    """Return the percentiles of durations, in ms."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {f"p{p}_ms": round(ordered[round(last * p / 100)] * 1000, 2) for p in (50, 90, 95, 99)}


async def run(times: int = 500) -> dict[str, Any]:
    """Return the figures of both cases."""
    with tempfile.TemporaryDirectory() as folder:
        hotline = Installation(Path(folder))
        token = await hotline.open()
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.ws_connect(f"{hotline.base}/api/v1/desktop") as socket,
            ):
                work = Measurement(hotline, socket)
                waited = [await work.one(n, waited=True) for n in range(times)]
                at_once = [await work.one(times + n, waited=False) for n in range(times)]
        finally:
            await hotline.close()
    return {
        "calls": times,
        "customers": CUSTOMERS,
        "waited": _both(waited),
        "agent_free_at_once": _both(at_once),
        "python": sys.version.split()[0],
    }


def _both(pairs: list[tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {
        "from_choice": figures([chosen for chosen, _ in pairs]),
        "from_commit": figures([committed for _, committed in pairs]),
    }
