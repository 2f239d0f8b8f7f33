"""Puts the house together: the only place where every room meets."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp.web import AppRunner

from agents.accounts import Accounts
from agents.browsers import BrowserSeats
from agents.presence import Around
from agents.service import AgentService
from agents.shifts.service import ShiftService
from app.asterisk_setup import secrets_of
from app.business import Business
from app.duty import DutyMessenger
from app.ears import SpokenRequests
from app.emergency import Emergency, Ground
from app.installation import installation
from app.left_behind import LeftBehind
from app.lifeboat import LifeboatKeeper
from app.lists import lists_of, queues_of
from app.probes import Probes
from app.report_process import ProcessReports
from app.simulator import ProcessSimulator
from app.voices import ALWAYS_SAID, Say, Voices
from app.web_doors import WebDoors
from core import log, policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings
from core.db import Database
from core.errors import HotlineError
from core.journal import Journal
from core.switches import STORM, Switches
from core.tasks import TaskOwner
from cti import store
from cti.adopt import Adopted
from cti.ami.link import AmiAddress
from cti.ami.service import AmiService
from cti.ari.client import AriAddress
from cti.ari.pbx import AriPbx
from cti.listening import Ears
from cti.messages import PageGone, SeatWithdrawn
from cti.service import CallHooks, CallService
from cti.session import CallSession
from cti.sweep import Sweep
from cti.world import CallWorld
from figures.live import LiveFigures
from ivr import flow
from ivr.call import IvrServices
from ivr.callbacks import IvrCallbacks
from ivr.desk import IvrDesk
from ivr.engine import Engine
from ivr.faults import IvrFaults
from ivr.messages import IvrMessages
from ivr.orders import IvrOrders
from ivr.speaker import VoiceSpeaker
from ivr.storm import IvrStorm
from ivr.texts import IvrTexts
from ivr.versions.prompts import VoicePrompts
from ivr.versions.service import FlowService
from ivr.watches import IvrWatches
from recordings.messages import MessageService
from recordings.service import RecordingService
from recordings.vault import Vault
from routing.callbacks.by_hand import CallbackDesk
from routing.callbacks.service import Means, RingBack
from routing.callers import CallerHistory
from routing.dialled import NumberPlan
from routing.service import RoutingService
from routing.stale import StalePlaces
from speech.install import VoiceFiles
from speech.second import ENGLISH
from speech.silero import Silero
from web.app import make_app
from web.services import WebServices

_log = log.get(__name__)

FLOW = Path(flow.__file__).parent / "flows" / "hotline.yaml"
SAY_AHEAD_S = 8.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What is there before the service starts: settings, the voice, the cache of prompts, pages, Whisper's folder."""

    settings: Settings
    voice: VoiceFiles
    cache: Path
    ui_dir: Path | None = None
    flow_file: Path = FLOW
    whisper: Path | None = None


class Hotline:
    """The service: `start` it, and it serves until `stop`. Killed in between, the next one goes on."""

    def __init__(self, setup: Setup) -> None:
        settings = setup.settings
        self.settings = settings
        self._flow_file = setup.flow_file
        self.clock = SystemClock()
        self.policy = policy.load(settings.site.policy)
        self.db = Database(settings.database_url)
        self.bus = Bus()
        self.journal = Journal(self.db, self.bus)
        self.figures = LiveFigures(self.db, self.clock, self.policy, settings.site.zone)
        self.figures.listen(self.bus)
        self.switches = Switches(self.journal, self.db, self.clock, {STORM: settings.site.storm})
        self._in_storm = partial(self.switches.on, STORM)
        self._tasks = TaskOwner("hotline")
        self.detector = Silero()
        self.requests = SpokenRequests(settings.speech, self.policy, self.detector, setup.whisper)
        self.voices = Voices(setup.settings, setup.voice, setup.cache, self.clock)
        self.flows = FlowService(
            self.db,
            self.journal,
            self.clock,
            VoicePrompts(self.voices.pack, self.voices.voice),
            prompts=self.voices.known,
            rules=self.policy.rules,
            lists=lists_of(settings.site),
        )
        self.business = Business(
            self.journal, self.db, settings, self.policy, clock=self.clock, kept=self.voices.kept, storm=self._in_storm
        )
        told = (self.business.outages, self.business.announcements)
        self.lifeboat = LifeboatKeeper(settings, *told, self.voices.voice, self.voices.pack, self.clock)
        self._build_telephone()
        self._build_menu(setup)
        self._build_web(setup)
        self._restored = False

    def _build_telephone(self) -> None:
        settings, secrets = self.settings, secrets_of(self.settings)
        at = settings.asterisk
        self.accounts = Accounts(self.journal, self.db, self.clock, self.policy)
        self.agents = AgentService(self.journal, self.db, self.clock, self.policy, site=settings.site)
        self.pbx = AriPbx(AriAddress(at.host, at.http_port, secrets.ari_user, secrets.ari_password))
        self._plan = NumberPlan(self.agents, lambda: self.routing.queues, settings.trunk.permits, self.policy)
        pages, apology = BrowserSeats(self.agents.roster), self.voices.apology
        world = CallWorld(self.pbx, self.journal, self.clock, self.policy, apology, dialled=self._plan, pages=pages)
        self.calls = CallService(
            self.pbx, world, self.db, CallHooks(self._serve, self._adopted, self.business.customers.is_stranger)
        )
        self.ami = AmiService(
            AmiAddress(at.host, at.ami_port, secrets.ami_user, secrets.ami_secret),
            self.journal,
            self.clock,
            self.agents.phones_are,
        )
        self.routing = RoutingService(
            self.agents,
            self.journal,
            self.db,
            self.clock,
            self.policy,
            self.calls.deliver,
            definitions=queues_of(settings.site),
            zone=settings.site.zone,
        )
        site, shown = settings.site, settings.trunk.outbound_caller_id
        self.ring_back = RingBack(Means(self.calls, self.agents, self.routing, self.db, world, site.zone, shown))
        self.sweep = Sweep(self.calls, self.pbx, world, self.db, [self.agents.ghosts, StalePlaces(self.routing)])
        self.shifts = ShiftService(self.journal, self.db, self.clock, self.policy, site.zone, site=site)
        self.shifts.tell_by(DutyMessenger(self.business.notifications, self.clock))
        ground = Ground(self.db, self.bus, self.clock, self.policy, site.zone)
        self.emergency = Emergency(
            ground, self.routing, self.agents, shifts=self.shifts, figures=self.figures, switches=self.switches
        )
        self.recordings = RecordingService(self.journal, self.db, self.ami, Vault.of(settings), self.clock)
        self.agents.know(
            Around(
                withdraw=lambda call_id, agent_id, why: self.calls.deliver(call_id, SeatWithdrawn(agent_id, why)),
                page_gone=lambda call_id, agent_id, why: self.calls.deliver(call_id, PageGone(agent_id, why)),
                queue_of=self.calls.queue_of,
                wrap_up_of=lambda queue: self.routing.queues[queue].wrap_up_s if queue in self.routing.queues else None,
            )
        )
        self.agents.listen(self.bus)
        self.routing.listen(self.bus)
        self.ring_back.listen(self.bus)
        self.recordings.attach(self.bus)
        self.ami.listen(self.bus)
        said = MessageService(self.journal, self.db, self.pbx, Vault.of(settings), self.clock)
        self.messages = IvrMessages(said, self.business.orders, self.business.customers, self.db)
        self.messages.listen(self.bus)
        self._left_behind = LeftBehind(self.recordings, self.messages, self.calls, self.clock)

    def _build_menu(self, setup: Setup) -> None:
        zone = self.settings.site.zone
        self.desk = IvrDesk(
            self.business.customers,
            self.business.bills,
            self.business.outages,
            clock=self.clock,
            zone=zone,
            policy=self.policy,
        )
        self.storm = IvrStorm(
            self._in_storm, self.business.outages, self.routing, clock=self.clock, zone=zone, policy=self.policy
        )
        services = IvrServices(
            VoiceSpeaker(self.voices.pack, self.voices.voice, self.policy, {ENGLISH: self.voices.english}),
            self.desk,
            self.routing,
            self.business.surveys,
            self.clock,
            self.policy,
            lambda: self.clock.now().astimezone(zone).hour,
            self._tasks,
            IvrFaults(
                self.business.customers,
                self.business.outages,
                self.business.orders,
                clock=self.clock,
                zone=zone,
                policy=self.policy,
            ),
            IvrWatches(self.business.customers, self.business.outages, self.business.orders),
            IvrOrders(self.business.orders, clock=self.clock, zone=zone, policy=self.policy),
            IvrTexts(self.business.notifications, self.business.customers, self.clock, self.settings.site),
            self.messages,
            IvrCallbacks(self.business.callbacks, self.clock, zone, self.ring_back.place_of),
            zone=zone,
            detector=self.detector,
            ears=Ears(int(self.policy.number("silent_listeners"))),
            callers=CallerHistory(self.db, self.business.customers, self.business.orders, self.clock, self.policy),
            announcements=self.business.announcements,
            offered=(ENGLISH,) if self.settings.site.offer_english else (),
            recording_notice=self.settings.site.recording_notice,
            storm=self.storm,
            understanding=self.requests.words,
            returns=self._plan.returns,
            blocked=self.business.nuisance.blocked,
            job_number=self.accounts.job_number,
        )
        self.engine = Engine(self.flows, services, self.db)

    def _build_web(self, setup: Setup) -> None:
        self.web_app = make_app(
            WebServices(
                settings=self.settings,
                policy=self.policy,
                clock=self.clock,
                db=self.db,
                bus=self.bus,
                journal=self.journal,
                accounts=self.accounts,
                agents=self.agents,
                shifts=self.shifts,
                calls=self.calls,
                routing=self.routing,
                customers=self.business.customers,
                bills=self.business.bills,
                bill_notes=self.business.bill_notes,
                papers=self.business.papers,
                outages=self.business.outages,
                announcements=self.business.announcements,
                surveys=self.business.surveys,
                switches=self.switches,
                storm=self.emergency.storm,
                orders=self.business.orders,
                callbacks=self.business.callbacks,
                nuisance=self.business.nuisance,
                callback_desk=CallbackDesk(self.business.callbacks, self.ring_back),
                recordings=self.recordings,
                flows=self.flows,
                simulator=ProcessSimulator(self.settings.site),
                installation=installation(self.settings, self.journal, self.clock, self.flows, self.voices),
                figures=self.figures,
                reports=ProcessReports(self.settings),
                take_call=self.ami.take_call,
                probes=Probes(
                    self.calls, self.ami, self.db, self.recordings, self.voices.voice, self.voices.fragments
                ).by_name(),
                ui_dir=setup.ui_dir,
            )
        )
        self._runner = AppRunner(self.web_app, access_log=None, handle_signals=False, shutdown_timeout=5)
        self._doors = WebDoors(self._runner, self.settings, self.clock)

    # --- what calls need of the rooms above them ------------------------------------------------------

    async def _serve(self, session: CallSession) -> None:
        if session.call.direction == "out":
            await self.ring_back.serve(session, self._phone_of(session))
        else:
            await self.engine.serve(session)

    def _phone_of(self, session: CallSession) -> str | None:
        """Return the phone that a dialled call has to ring first; None when a service before us has rung it."""
        call = session.call
        seat = self.agents.seat_of(call.agent_id or "")
        return None if seat is None or session.adopted else seat.sip_username

    async def _adopted(self, adopted: Sequence[Adopted]) -> None:
        """Free every seat that no live call holds, then let routing know its places; only then calls go on."""
        held = {agent_id: (one.call.id, how) for one in adopted for agent_id, how in one.holds().items()}
        live = {one.call.id for one in adopted}
        await self.ring_back.restore(one.call for one in adopted)
        if self._restored:
            await self.agents.reconcile(held)
            await self.routing.sweep(live)
        else:
            await self.agents.restore(held)
            await self.routing.restore(live)
            self.routing.start()
            self._restored = True
        self._tasks.start(self._left_behind.settle(), "recordings")

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self, say: Say = lambda line: None) -> None:
        """Take in the flow, render what it says, listen on the web, connect to the PBX.

        Raises ConfigError with the cure, FlowError when the shipped flow is broken.
        """
        await self.recordings.open()
        await self.voices.start()
        await self.detector.start()
        await self.flows.open(self._flow_file)
        await self.voices.render(self.flow_prompts(), say)
        await self.agents.load()
        self.figures.load_beside()
        await self.business.announcements.refresh()
        await self.business.nuisance.load()
        await self.switches.load(self.bus)
        await self._doors.open()
        if not await self.db.read(store.live):
            # Callers who are already there come first; otherwise the first one should hear whole sentences.
            await self.voices.loaded()
        await self.lifeboat.start(self.bus)
        for service in (
            self.business.announcements,
            self.ami,
            self.calls,
            self.sweep,
            self.emergency.backup,
            self.emergency.storm,
            self.ring_back,
            self.storm,
            self.business.outages,
            self._doors,
        ):
            self._tasks.start(service.run(), type(service).__name__)
        self._tasks.start(self.voices.render_rest(), "prompts")
        self._tasks.start(self.business.notifications.run(), "notifications")
        self._tasks.start(self._left_behind.run(), "recordings sweep")
        await self.requests.start()

    async def say_ahead(self, callers: Iterable[str]) -> None:
        """Have ready what these numbers would hear of their bills and outages, as far as a while allows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SAY_AHEAD_S):
                for caller in callers:
                    answers = await self.desk.by_number(caller)
                    for sentence in answers.sentences():
                        with suppress(HotlineError):
                            await self.voices.voice.media(sentence, within=SAY_AHEAD_S)

    def flow_prompts(self) -> list[str]:
        """Return the prompts without which no call may be taken."""
        return [*ALWAYS_SAID, *(p for p in self.flows.live.prompts() if p != "greeting")]

    async def stop(self) -> None:
        """Stop serving; live calls stay with the PBX for the next start."""
        await self._runner.cleanup()
        await self.lifeboat.close()
        await self.business.announcements.close()
        await self._tasks.close()
        await self.calls.close()
        await self.engine.close()
        await self.ring_back.close()
        await self.emergency.close()
        await self.routing.close()
        await self.agents.close()
        await self.ami.close()
        await self.messages.close()
        await self.recordings.close()
        await self.voices.stop()
        await self.detector.stop()
        await self.requests.stop()
        await self.figures.close()
        await self.journal.close()
        await self.db.close()
