"""Puts the house together: the only place where every room meets."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp.web import AppRunner, TCPSite
from sqlalchemy.exc import SQLAlchemyError

from agents.accounts import Accounts
from agents.service import AgentService
from app.asterisk_setup import secrets_of
from app.ears import SpokenRequests
from app.lifeboat import LifeboatKeeper
from app.probes import Probes
from app.simulator import ProcessSimulator
from core import log, policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings
from core.db import Database
from core.errors import ConfigError, HotlineError
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
from cti.model import WITH_AGENT, CallState
from cti.service import CallHooks, CallService
from cti.session import CallSession, CallWorld
from desk.announcements.service import AnnouncementService
from desk.billing.service import BillService
from desk.callbacks.service import CallbackService
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.outages.service import OutageService
from desk.surveys.service import SurveyService
from desk.watches.service import WatchService
from desk.workorders.service import WorkOrderService
from ivr import flow
from ivr.call import PLEASE_WAIT, IvrServices
from ivr.callbacks import IvrCallbacks
from ivr.desk import IvrDesk
from ivr.engine import Engine
from ivr.faults import IvrFaults
from ivr.messages import IvrMessages
from ivr.orders import IvrOrders
from ivr.silence import PROMPTS as SILENT_PROMPTS
from ivr.speaker import VoiceSpeaker
from ivr.texts import IvrTexts
from ivr.versions.prompts import VoicePrompts
from ivr.versions.service import FlowService
from ivr.watches import IvrWatches
from recordings.messages import MessageService
from recordings.service import RecordingService
from recordings.vault import Vault
from routing.callers import CallerHistory
from routing.service import RoutingService
from speech.fragments import FragmentPack, carriers
from speech.install import VoiceFiles
from speech.kept import KeptSpeech
from speech.kokoro import RENDERING, settings_key
from speech.process import kokoro_command
from speech.prompts import PromptPack, catalogue
from speech.second import ENGLISH, SecondLanguage
from speech.silero import Silero
from speech.synthesis import Voice
from web.app import make_app
from web.services import WebServices

_log = log.get(__name__)

FLOW = Path(flow.__file__).parent / "flows" / "hotline.yaml"
RECONCILE_RECORDINGS_S = 60.0
VOICE_PATIENCE_S = 20.0
SAY_AHEAD_S = 8.0
ALWAYS_SAID = ("greeting_morning", "greeting_day", PLEASE_WAIT, "apology", "apology_outage", "goodbye", *SILENT_PROMPTS)
Say = Callable[[str], None]


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
        self.switches = Switches(self.journal, self.db, self.clock, {STORM: settings.site.storm})
        self._tasks = TaskOwner("hotline")
        self.detector = Silero()
        self.requests = SpokenRequests(settings.speech, self.policy, self.detector, setup.whisper)
        self._build_voice(setup)
        self._build_desk()
        self._build_telephone()
        self._build_menu(setup)
        self._build_web(setup)
        self._restored = False

    def _build_voice(self, setup: Setup) -> None:
        site, var, key = setup.settings.site, setup.settings.var, settings_key(setup.voice.name)
        known = catalogue(site.language, site=site.name)
        self.pack = PromptPack(var / "prompts", known, settings_key=key, cache=setup.cache / "prompts")
        self.fragments = FragmentPack(
            var / "prompts" / "fragments", carriers(), settings_key=key, cache=setup.cache / "prompts"
        )
        self.voice = Voice(
            var / "prompts" / "sentences",
            kokoro_command(setup.voice),
            settings_key=key,
            clock=self.clock,
            cover=self.fragments.cover,
            # It gives way to the telephone by its niceness, and a first start waits for it.
            renderer=kokoro_command(setup.voice, RENDERING),
        )
        self.flows = FlowService(
            self.db,
            self.journal,
            self.clock,
            VoicePrompts(self.pack, self.voice),
            prompts=known,
            rules=self.policy.rules,
        )
        self.english = SecondLanguage(var / "prompts", cache=setup.cache, clock=self.clock, site=site.name)
        self.kept_speech = KeptSpeech(var / "prompts" / "announcements", self.voice, self.pack, settings_key=key)

    def _build_desk(self) -> None:
        zone = self.settings.site.zone
        self.customers = CustomerService(self.db)
        self.bills = BillService(self.db, self.clock, zone, self.policy)
        self.notifications = NotificationService(
            self.journal,
            self.db,
            self.clock,
            gateway=FileGateway(self.settings.var / "outbox" / "sms.jsonl"),
            policy=self.policy,
        )
        self.callbacks = CallbackService(self.journal, self.db, self.clock, self.policy, zone)
        self.watches = WatchService(self.journal, self.db, self.clock, self.notifications)
        self.outages = OutageService(
            self.db, self.journal, self.clock, zone, watches=self.watches, site=self.settings.site, policy=self.policy
        )
        self.orders = WorkOrderService(
            self.journal,
            self.db,
            self.clock,
            notifications=self.notifications,
            policy=self.policy,
            site=self.settings.site,
            watches=self.watches,
        )
        low = self.policy.number("survey_low")
        self.surveys = SurveyService(self.db, self.journal, self.clock, visits=self.orders, low=low)
        festivals = self.settings.site.festivals
        self.announcements = AnnouncementService(self.db, self.journal, self.clock, self.kept_speech, festivals)
        told = (self.outages, self.announcements)
        self.lifeboat = LifeboatKeeper(self.settings, *told, self.voice, self.pack, self.clock)

    def _build_telephone(self) -> None:
        settings, secrets = self.settings, secrets_of(self.settings)
        at = settings.asterisk
        self.accounts = Accounts(self.journal, self.db, self.clock, self.policy)
        self.agents = AgentService(self.journal, self.db, self.clock, self.policy)
        self.pbx = AriPbx(AriAddress(at.host, at.http_port, secrets.ari_user, secrets.ari_password))
        world = CallWorld(self.pbx, self.journal, self.clock, self.policy, self._apology)
        self.calls = CallService(self.pbx, world, self.db, CallHooks(self._serve, self._adopted))
        self.ami = AmiService(
            AmiAddress(at.host, at.ami_port, secrets.ami_user, secrets.ami_secret),
            self.journal,
            self.clock,
            self.agents.phones_are,
        )
        self.routing = RoutingService(self.agents, self.journal, self.db, self.clock, self.policy, self.calls.deliver)
        self.recordings = RecordingService(self.journal, self.db, self.ami, Vault.of(settings), self.clock)
        self.agents.listen(self.bus)
        self.routing.listen(self.bus)
        self.recordings.attach(self.bus)
        self.ami.listen(self.bus)
        said = MessageService(self.journal, self.db, self.pbx, Vault.of(settings), self.clock)
        self.messages = IvrMessages(said, self.orders, self.customers, self.db)
        self.messages.listen(self.bus)

    def _build_menu(self, setup: Setup) -> None:
        zone = self.settings.site.zone
        self.desk = IvrDesk(self.customers, self.bills, self.outages, clock=self.clock, zone=zone, policy=self.policy)
        services = IvrServices(
            VoiceSpeaker(self.pack, self.voice, self.policy, {ENGLISH: self.english}),
            self.desk,
            self.routing,
            self.surveys,
            self.clock,
            self.policy,
            lambda: self.clock.now().astimezone(zone).hour,
            self._tasks,
            IvrFaults(self.customers, self.outages, self.orders, clock=self.clock, zone=zone, policy=self.policy),
            IvrWatches(self.customers, self.outages, self.orders),
            IvrOrders(self.orders, clock=self.clock, zone=zone, policy=self.policy),
            IvrTexts(self.notifications, self.customers, self.clock, self.settings.site),
            self.messages,
            IvrCallbacks(self.callbacks, self.clock, zone),
            zone=zone,
            detector=self.detector,
            ears=Ears(int(self.policy.number("silent_listeners"))),
            callers=CallerHistory(self.db, self.customers, self.orders, self.clock, self.policy),
            announcements=self.announcements,
            offered=(ENGLISH,) if self.settings.site.offer_english else (),
            recording_notice=self.settings.site.recording_notice,
            storm=lambda: self.switches.on(STORM),
            understanding=self.requests.words,
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
                calls=self.calls,
                routing=self.routing,
                customers=self.customers,
                bills=self.bills,
                outages=self.outages,
                announcements=self.announcements,
                surveys=self.surveys,
                switches=self.switches,
                orders=self.orders,
                callbacks=self.callbacks,
                recordings=self.recordings,
                flows=self.flows,
                simulator=ProcessSimulator(self.settings.site),
                probes=Probes(self.calls, self.ami, self.db, self.recordings, self.voice, self.fragments).by_name(),
                ui_dir=setup.ui_dir,
            )
        )
        self._runner = AppRunner(self.web_app, access_log=None, handle_signals=False, shutdown_timeout=5)

    # --- what calls need of the rooms above them ------------------------------------------------------

    def _apology(self) -> Sequence[str]:
        return [self.pack.media("apology")] if self.pack.has("apology") else []

    async def _serve(self, session: CallSession) -> None:
        await self.engine.serve(session)

    async def _adopted(self, adopted: Sequence[Adopted]) -> None:
        """Free every seat that no live call holds, then let routing know its places; only then calls go on."""
        held = {}
        for one in adopted:
            if one.call.agent_id and one.call.state in (*WITH_AGENT, CallState.RINGING):
                how = "ringing" if one.call.state is CallState.RINGING else "talking"
                held[one.call.agent_id] = (one.call.id, how)
        live = {one.call.id for one in adopted}
        if self._restored:
            await self.agents.reconcile(held)
            await self.routing.sweep(live)
        else:
            await self.agents.restore(held)
            await self.routing.restore(live)
            self.routing.start()
            self._restored = True
        self._tasks.start(self._reconcile(), "recordings")

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self, say: Say = lambda line: None) -> None:
        """Take in the flow, render what it says, listen on the web, connect to the PBX.

        Raises ConfigError with the cure, FlowError when the shipped flow is broken.
        """
        await self.recordings.open()
        await self.voice.start()
        await self.english.start()
        await self.detector.start()
        await self.flows.open(self._flow_file)
        await self._render(self.flow_prompts(), say)
        # What another run has made is the fallback of the first calls, while the voice still loads.
        await asyncio.to_thread(self.fragments.take_cached, self.fragments.missing())
        await self.agents.load()
        await self.announcements.refresh()
        await self.switches.load(self.bus)
        await self._listen()
        if not await self.db.read(store.live):
            # Callers who are already there come first; otherwise the first one should hear whole sentences.
            await self._voice_loaded()
        await self.lifeboat.start(self.bus)
        for service in (self.announcements, self.ami, self.calls, self.outages):
            self._tasks.start(service.run(), type(service).__name__)
        self._tasks.start(self._render_rest(), "prompts")
        self._tasks.start(self.notifications.run(), "notifications")
        self._tasks.start(self._reconcile_recordings(), "recordings sweep")
        await self.requests.start()

    async def say_ahead(self, callers: Iterable[str]) -> None:
        """Have ready what these numbers would hear of their bills and outages, as far as a while allows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SAY_AHEAD_S):
                for caller in callers:
                    answers = await self.desk.by_number(caller)
                    for sentence in answers.sentences():
                        with suppress(HotlineError):
                            await self.voice.media(sentence, within=SAY_AHEAD_S)

    async def _voice_loaded(self) -> None:
        """Wait a while for the voice: a caller right after the start should hear whole sentences."""
        until = self.clock.monotonic() + VOICE_PATIENCE_S
        while not self.voice.healthy and self.clock.monotonic() < until:
            await self.clock.sleep(0.05)

    def flow_prompts(self) -> list[str]:
        """Return the prompts without which no call may be taken."""
        return [*ALWAYS_SAID, *(p for p in self.flows.live.prompts() if p != "greeting")]

    async def _render(self, prompts: list[str], say: Say) -> None:
        def progress(done: int, of: int, name: str) -> None:
            say(f"rendering prompts {done}/{of} {name}")

        await self.voice.render(self.pack, prompts, progress)

    async def _render_rest(self) -> None:
        # Fragments first: they are what a caller hears when the voice cannot keep up.
        await self.voice.render(self.fragments)
        await self.voice.render(self.pack)
        await self.english.render()

    async def _listen(self) -> None:
        await self._runner.setup()
        host, port = self.settings.web.host, self.settings.web.port
        try:
            await TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise ConfigError(
                f"the web port {host}:{port} cannot be used ({error.strerror}): "
                "end what uses it or change [web] port (HOTLINE_WEB__PORT)"
            ) from None

    async def _reconcile_recordings(self) -> None:
        while True:
            await self.clock.sleep(RECONCILE_RECORDINGS_S)
            if self.calls.pbx_trouble is not None:
                continue
            await self._reconcile()

    async def _reconcile(self) -> None:
        """Make good what talks and messages a kill has left half done."""
        for work in (self.recordings.reconcile, self.messages.settle):
            try:
                await work()
            except (HotlineError, SQLAlchemyError, OSError) as error:
                _log.error("recordings not reconciled", extra={"action": "reconcile_failed", "why": str(error)})

    async def stop(self) -> None:
        """Stop serving; live calls stay with the PBX for the next start."""
        await self._runner.cleanup()
        await self.lifeboat.close()
        await self.announcements.close()
        await self._tasks.close()
        await self.calls.close()
        await self.engine.close()
        await self.routing.close()
        await self.agents.close()
        await self.ami.close()
        await self.messages.close()
        await self.recordings.close()
        await self.voice.stop()
        await self.english.stop()
        await self.detector.stop()
        await self.requests.stop()
        await self.journal.close()
        await self.db.close()
