"""Everything that the API and the desktops need of the rooms below, handed over by the wiring."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.accounts import Accounts
from agents.messages.service import MessageService
from agents.service import AgentService
from agents.shifts.service import ShiftService
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.db import Database
from core.journal import Journal
from core.policy import Policy
from core.switches import Switches
from cti.service import CallService
from desk.announcements.service import AnnouncementService
from desk.billing.notes import BillNotes
from desk.billing.port import Papers
from desk.billing.service import BillService
from desk.callbacks.service import CallbackService
from desk.customers.service import CustomerService
from desk.nuisance.service import NuisanceService
from desk.outages.service import OutageService
from desk.surveys.service import SurveyService
from desk.workorders.service import WorkOrderService
from figures.live import LiveFigures
from figures.port import Reports
from ivr.versions.port import Simulator
from ivr.versions.service import FlowService
from recordings.service import RecordingService
from routing.callbacks.by_hand import CallbackDesk
from routing.service import RoutingService
from routing.storm.watch import StormWatch
from web.installation import Installation

Probe = Callable[[], Awaitable[tuple[bool, str]]]
"""Asks one dependency whether it works: (ok, detail in words). Must answer soon; the web waits 2 s at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """The services behind the API. `probes`: what /readyz asks, by name. `ui_dir`: the built browser files."""

    settings: Settings
    policy: Policy
    clock: Clock
    db: Database
    bus: Bus
    journal: Journal
    accounts: Accounts
    agents: AgentService
    shifts: ShiftService
    calls: CallService
    routing: RoutingService
    customers: CustomerService
    bills: BillService
    bill_notes: BillNotes
    papers: Papers
    outages: OutageService
    announcements: AnnouncementService
    surveys: SurveyService
    switches: Switches
    storm: StormWatch
    orders: WorkOrderService
    callbacks: CallbackService
    nuisance: NuisanceService
    callback_desk: CallbackDesk
    recordings: RecordingService
    flows: FlowService
    simulator: Simulator
    installation: Installation
    figures: LiveFigures
    reports: Reports
    take_call: Callable[[str], Awaitable[None]]
    """Has the phone on a ringing channel (id) take the call. Raises PbxDown, PbxRefused."""
    probes: Mapping[str, Probe] = field(default_factory=dict)
    ui_dir: Path | None = None

    @property
    def messages(self) -> MessageService:
        """Messages between people of the centre."""
        return MessageService(self.journal, self.db, self.clock, self.policy)
