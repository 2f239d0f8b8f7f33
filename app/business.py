"""The business behind the call, put together: customers, bills, outages, orders and what is told to people."""

from collections.abc import Callable

from app.bill_process import ProcessPapers
from core.clock import Clock
from core.config import Settings
from core.db import Database
from core.journal import Journal
from core.policy import Policy
from desk.announcements.service import AnnouncementService
from desk.billing.notes import BillNotes
from desk.billing.service import BillService
from desk.billing.tariff_file import book
from desk.callbacks.service import CallbackService
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.nuisance.service import NuisanceService
from desk.outages.service import OutageService
from desk.surveys.service import SurveyService
from desk.watches.service import WatchService
from desk.workorders.service import WorkOrderService
from speech.kept import KeptSpeech


class Business:
    """The services of `desk/` on one journal and database; announcements are spoken into `kept`."""

    def __init__(
        self,
        journal: Journal,
        db: Database,
        settings: Settings,
        policy: Policy,
        *,
        clock: Clock,
        kept: KeptSpeech,
        storm: Callable[[], bool] = lambda: False,
    ) -> None:
        site, zone = settings.site, settings.site.zone
        outbox = FileGateway(settings.var / "outbox" / "sms.jsonl")
        self.customers = CustomerService(db)
        book(site.tariffs)  # a wrong name is told at the start, and no caller waits for the file to be read
        self.bills = BillService(db, clock, zone, policy, site.tariffs)
        self.notifications = NotificationService(journal, db, clock, gateway=outbox, policy=policy)
        self.bill_notes = BillNotes(self.notifications, self.customers, clock, site)
        self.papers = ProcessPapers(settings, clock)
        self.nuisance = NuisanceService(journal, db, clock, policy)
        self.callbacks = CallbackService(journal, db, clock, policy, zone)
        self.watches = WatchService(journal, db, clock, self.notifications)
        self.outages = OutageService(db, journal, clock, zone, watches=self.watches, site=site, policy=policy)
        self.orders = WorkOrderService(
            journal,
            db,
            clock,
            notifications=self.notifications,
            policy=policy,
            site=site,
            watches=self.watches,
            storm=storm,
        )
        low = policy.number("survey_low")
        self.surveys = SurveyService(db, journal, clock, visits=self.orders, low=low)
        self.announcements = AnnouncementService(db, journal, clock, kept, site.festivals)
