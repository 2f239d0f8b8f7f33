"""What the hotline asks about bills."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core.clock import Clock
from core.db import Database
from core.errors import NotFound
from core.policy import Policy
from desk.billing import model, store
from desk.billing.model import Bill, BillSummary, ExplanationLine, UsageHistory


class NoSuchBill(NotFound):
    """There is no such bill."""

    code = "no_such_bill"


class BillService:
    """Finds stored bills and says what is to be paid today, `zone` deciding which day that is."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, policy: Policy) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._policy = policy

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    async def latest(self, account: str) -> BillSummary | None:
        """Return the account's latest bill with everything still due, None when it has no bill."""
        return await self._db.read(lambda c: self.latest_in(c, account))

    def latest_in(self, connection: Connection, account: str) -> BillSummary | None:
        """Return what `latest` does, within a read that is under way."""
        bill = store.latest(connection, account)
        if bill is None:
            return None
        before = store.of_month(connection, account, model.month_before(bill.period))
        return model.summary(bill, store.unpaid(connection, account), before, self._today(), self._policy)

    async def bills(self, account: str, limit: int = 24) -> list[Bill]:
        """Return up to `limit` bills of the account, latest month first."""
        return await self._db.read(lambda c: store.of_account(c, account, limit))

    async def usage(self, account: str) -> UsageHistory | None:
        """Return what the account used in the last months (`usage_months`) and this year; None: it has no bill."""
        found = await self.bills(account)
        return model.usage_history(found, int(self._policy.number("usage_months")))

    async def get(self, bill_id: str) -> Bill:
        """Return the bill. Raises NoSuchBill."""
        found = await self._db.read(lambda c: store.get(c, bill_id))
        if found is None:
            raise NoSuchBill(bill=bill_id)
        return found

    async def explanation(self, bill_id: str) -> list[ExplanationLine]:
        """Return the rows that make up the bill. Raises NoSuchBill."""
        return model.explanation(await self.get(bill_id))
