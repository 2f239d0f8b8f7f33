"""Asks the customer system for what a caller may hear, and has it said in sentences."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.policy import Policy
from desk.billing.service import BillService
from desk.customers.model import Account, SupplyState
from desk.customers.service import CustomerService
from desk.outages.service import OutageService
from ivr import facts
from ivr.call import BillDetails, CustomerAnswers
from ivr.facts import YES
from ivr.sentences import Words, words

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

    async def by_number(self, number: str, language: str = "") -> CustomerAnswers:
        """Return what the holder of a telephone number may hear; nothing when it is of several customers."""
        found = await self._customers.by_phone(number)
        if len(found) != 1:
            return CustomerAnswers(language=language)
        accounts = await self._customers.accounts(found[0].id)
        return await self._answers(found[0].id, accounts, self._words(language))

    async def by_account(self, account: str, language: str = "") -> CustomerAnswers:
        """Return what a caller who has proved to be of `account` may hear: of this account, not of others."""
        found = await self._customers.account(account)
        if found is None:
            return CustomerAnswers(language=language)
        return await self._answers(found.customer_id, [found], self._words(language))

    async def verify(self, account: str, pin: str) -> bool:
        """Tell whether `pin` is the PIN of `account`."""
        return await self._customers.verify(account, pin) is not None

    def _words(self, language: str) -> Words:
        return words(language)(self._clock.now(), self._zone, self._policy)

    async def _answers(self, customer_id: str, accounts: Sequence[Account], say: Words) -> CustomerAnswers:
        bills, details, outages = {}, [], list[str]()
        for account in accounts[:ACCOUNTS_SAID]:
            if bill := await self._bill(account, say):
                told, detail = bill
                bills[account.number] = told
                details.append(detail)
            outages += [text for text in await self._outage(account, say) if text not in outages]
        which = say.which(list(bills)) if len(bills) > 1 else ()
        return CustomerAnswers(
            customer_id,
            tuple(a.number for a in accounts),
            tuple(bills.values()),
            tuple(outages),
            tuple(dict.fromkeys(account.area for account in accounts)),
            tuple(which),
            tuple(details),
            {"cut_off": YES if any(a.supply_state is SupplyState.CUT_FOR_ARREARS for a in accounts) else ""},
            say.language,
        )

    async def _bill(self, account: Account, say: Words) -> tuple[tuple[str, ...], BillDetails] | None:
        summary = await self._bills.latest(account.number)
        if summary is None:
            return None
        told = say.bill(summary, cut_off=account.supply_state is SupplyState.CUT_FOR_ARREARS)
        history = await self._bills.usage(account.number)
        usage = say.usage(history) if history else []
        return tuple(told), BillDetails(tuple(usage), facts.of_bill(summary, say.today))

    async def _outage(self, account: Account, say: Words) -> list[str]:
        now = await self._outages.current(account=account.number)
        return [text for notice in now for text in say.outage(notice, account.area)]
