"""Who looks into the file of a customer: told once for each person and customer and a while, not once a request."""

from collections import OrderedDict

from agents.model import User
from desk.customers.model import Customer
from web.events import CustomerFileOpened
from web.live_calls import LiveCalls
from web.services import WebServices

REMEMBERED = 10_000
"""Looks kept in mind; who looks again after the oldest are forgotten is told once more."""


class CustomerLooks:
    """Notes looks in the journal without keeping who looks waiting; the pop of a call is told by the call itself."""

    def __init__(self, services: WebServices, calls: LiveCalls) -> None:
        self._services = services
        self._calls = calls
        self._again_s = services.policy.number("file_look_again")
        self._latest: OrderedDict[tuple[str, str], float] = OrderedDict()
        """By person and customer or account, when that was told."""

    def call_with(self, user: User, customer: Customer) -> str | None:
        """Return the user's present call when it is with this customer."""
        agent = self._services.agents.roster.get(user.id)
        live = self._calls.get(agent.call_id) if agent else None
        if live is None or (live.customer_id != customer.id and live.call.caller not in customer.phones):
            return None
        return live.call.id

    async def into(self, user: User, customer: Customer) -> None:
        """Somebody sees the file of a customer."""
        if self._told(user.id, customer.id):
            return
        accounts = await self._services.customers.accounts(customer.id)
        told = CustomerFileOpened(
            at=self._services.clock.now(),
            call_id=self.call_with(user, customer),
            customer_id=customer.id,
            account=accounts[0].number if accounts else "",
            by=user.id,
        )
        self._services.journal.note(told)
        self._keep(user.id, customer.id)

    async def into_account(self, user: User, account: str) -> None:
        """Somebody sees the bills of an account; one that nobody has is nobody's file."""
        if self._told(user.id, account):
            return
        customer = await self._services.customers.by_account(account)
        if customer is not None:
            await self.into(user, customer)
            self._keep(user.id, account)

    def _told(self, user_id: str, what: str) -> bool:
        at = self._latest.get((user_id, what))
        return at is not None and self._services.clock.monotonic() - at < self._again_s

    def _keep(self, user_id: str, what: str) -> None:
        self._latest[user_id, what] = self._services.clock.monotonic()
        self._latest.move_to_end((user_id, what))
        while len(self._latest) > REMEMBERED:
            self._latest.popitem(last=False)
