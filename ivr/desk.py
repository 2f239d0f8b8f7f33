"""Asks the customer system for what a caller may hear, and has it said in sentences."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.policy import Policy
from desk.billing import speech as bill_speech
from desk.billing.service import BillService
from desk.customers.model import Account, SupplyState
from desk.customers.service import CustomerService
from desk.outages import speech as outage_speech
from desk.outages.service import OutageService
from ivr import facts
from ivr.call import BillDetails, CustomerAnswers
from ivr.facts import YES

ACCOUNTS_SAID = 3
"""A caller with more accounts than this hears of the first ones; a person knows the rest."""


class IvrDesk:
    """The `Desk` of the menu on the rooms of `desk/`."""

    def __init__(
        self,
        customers: CustomerService,
        bills: BillService,
        outages: OutageService,
        *,
        clock: Clock,
        zone: ZoneInfo,
        policy: Policy,
    ) -> None:
        self._customers = customers
        self._bills = bills
        self._outages = outages
        self._clock = clock
        self._zone = zone
        self._policy = policy

    async def by_number(self, number: str) -> CustomerAnswers:
        """Return what the holder of a telephone number may hear; nothing when it is of several customers."""
        found = await self._customers.by_phone(number)
        if len(found) != 1:
            return CustomerAnswers()
        return await self._answers(found[0].id, await self._customers.accounts(found[0].id))

    async def by_account(self, account: str) -> CustomerAnswers:
        """Return what a caller who has proved to be of `account` may hear: of this account, not of others."""
        found = await self._customers.account(account)
        return await self._answers(found.customer_id, [found]) if found else CustomerAnswers()

    async def verify(self, account: str, pin: str) -> bool:
        """Tell whether `pin` is the PIN of `account`."""
        return await self._customers.verify(account, pin) is not None

    async def _answers(self, customer_id: str, accounts: Sequence[Account]) -> CustomerAnswers:
        bills, details, outages = {}, [], []
        for account in accounts[:ACCOUNTS_SAID]:
            if bill := await self._bill(account):
                told, detail = bill
                bills[account.number] = told
                details.append(detail)
            outages += [text for text in await self._outage(account) if text not in outages]
        which = bill_speech.which(list(bills)) if len(bills) > 1 else []
        return CustomerAnswers(
            customer_id,
            tuple(a.number for a in accounts),
            tuple(bills.values()),
            tuple(outages),
            tuple(dict.fromkeys(account.area for account in accounts)),
            tuple(s.text for s in which),
            tuple(details),
            {"cut_off": YES if any(a.supply_state is SupplyState.CUT_FOR_ARREARS for a in accounts) else ""},
        )

    async def _bill(self, account: Account) -> tuple[tuple[str, ...], BillDetails] | None:
        summary = await self._bills.latest(account.number)
        if summary is None:
            return None
        today = self._clock.now().astimezone(self._zone).date()
        cut = account.supply_state is SupplyState.CUT_FOR_ARREARS
        told = bill_speech.bill(summary, today, cut_off=cut, policy=self._policy)
        history = await self._bills.usage(account.number)
        usage = bill_speech.usage(history, today) if history else []
        details = BillDetails(tuple(s.text for s in usage), facts.of_bill(summary, today))
        return tuple(s.text for s in told), details

    async def _outage(self, account: Account) -> list[str]:
        today = self._clock.now().astimezone(self._zone).date()
        now = await self._outages.current(account=account.number)
        return [outage_speech.outage(notice, today, self._zone, area=account.area).text for notice in now]
