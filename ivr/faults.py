"""Tells what is known of a fault and takes reports of faults, for the menu."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.policy import Policy
from desk.billing import speech as bill_speech
from desk.customers.model import Account, SupplyState
from desk.customers.service import CustomerService
from desk.outages import speech as outage_speech
from desk.outages.service import OutageService
from desk.workorders import speech as order_speech
from desk.workorders.intake import Intake, Told
from desk.workorders.model import Kind, Scope
from desk.workorders.service import WorkOrderService
from ivr.call import FaultReport, KnownFault
from ivr.desk import ACCOUNTS_SAID


class IvrFaults:
    """The `Faults` of the menu on the rooms of `desk/`."""

    def __init__(
        self,
        customers: CustomerService,
        outages: OutageService,
        orders: WorkOrderService,
        *,
        clock: Clock,
        zone: ZoneInfo,
        policy: Policy,
    ) -> None:
        self._customers = customers
        self._outages = outages
        self._orders = orders
        self._clock = clock
        self._zone = zone
        self._policy = policy
        self._intake = Intake(customers, outages, orders)

    async def known(self, account: str, *, own: bool) -> KnownFault | None:
        """Return what is known of a fault at an account ([domain 6] first check); None: no such account.

        The supply is cut for arrears, which only its `own` holder hears; else a published outage holds there;
        else the fault is reported already.
        """
        found = await self._customers.account(account)
        if found is None:
            return None
        if own and found.supply_state is SupplyState.CUT_FOR_ARREARS:
            return KnownFault((bill_speech.cut_off_for_arrears(self._policy).text,))
        if outages := await self._outage(found):
            return KnownFault(outages)
        order = await self._orders.open_fault(found.number, found.area, Scope.HOME)
        return KnownFault((order_speech.known(order, account).text,), order.number) if order else KnownFault()

    async def _outage(self, account: Account) -> tuple[str, ...]:
        now, found = self._clock.now(), await self._outages.current(account=account.number)
        return tuple(outage_speech.outage(notice, now, self._zone, area=account.area).text for notice in found)

    def which(self, accounts: Sequence[str]) -> tuple[str, ...]:
        """Return a sentence for each of a caller's accounts that tells its key; none when they are too many."""
        if len(accounts) > ACCOUNTS_SAID:
            return ()
        return tuple(sentence.text for sentence in bill_speech.which(accounts))

    async def report(self, report: FaultReport) -> str:
        """Take a report and return the number of its order; the same number for the same call and account."""
        said = "" if report.account else report.address_recording
        order = await self._intake.take(
            Told(
                key=said or f"{report.call_id}:fault:{report.account}",
                kind=Kind.FAULT,
                scope=Scope(report.scope),
                call_id=report.call_id,
                caller=report.caller,
                caller_known=report.caller_known,
                account=report.account,
                recording_id=said or None,
                danger=report.danger,
            )
        )
        return order.number

    def number(self, order: str) -> str:
        """Return the sentence that tells the number of an order."""
        return order_speech.number_said(order).text
