"""What the hotline asks about bills."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import ConfigError, NotFound
from core.policy import Policy
from desk.billing import booking_store, explanation, model, store, supply_store, tariff_check
from desk.billing.arrears import Owed
from desk.billing.comparison import compare
from desk.billing.explanation import Explained, Records
from desk.billing.ledger import Rules, ledger
from desk.billing.model import Bill, BillSummary, ExplanationLine, UsageHistory
from desk.billing.steps import Step
from desk.billing.supply import Supply
from desk.billing.tariff import TariffBook

MONTHS_KNOWN = 36
"""Bills that are looked at for one explanation: this year, the last, and what lies between."""
_log = log.get(__name__)


class NoSuchBill(NotFound):
    """There is no such bill."""

    code = "no_such_bill"


class NoReadings(NotFound):
    """There are no readings of that account and month: import them (`hotline bill import`)."""

    code = "no_readings"


@dataclass(frozen=True, slots=True)
class _Books:
    """Every bill of an account with what the utility's books have on it, and the yuan that no bill has asked for."""

    bills: Sequence[Bill]
    credit: Decimal

    def on(self, found: Sequence[Bill]) -> list[Bill]:
        """Return these bills with what was booked on each."""
        booked = {one.period: one.booked for one in self.bills}
        return [replace(one, booked=booked.get(one.period, ())) for one in found]


class BillService:
    """Finds stored bills and says what is to be paid today, `zone` deciding which day that is."""

    def __init__(
        self, db: Database, clock: Clock, zone: ZoneInfo, policy: Policy, tariffs: str = tariff_check.NATIONAL
    ) -> None:
        """`tariffs`: the region, or the file, by whose tariffs bills are reckoned that name no region themselves."""
        self._tariffs = tariffs
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
        causes = self._causes(connection, bill, before) if before else ()
        books = self._books(connection, account)
        if books is None:
            unpaid = store.unpaid(connection, account)
            return model.summary(bill, unpaid, before, self._today(), self._policy, causes)
        (bill,) = books.on([bill])
        return model.summary(bill, books.bills, before, self._today(), self._policy, causes, books.credit)

    def _books(self, connection: Connection, account: str) -> _Books | None:
        """Place what the utility's books have on the account; None when they have nothing."""
        bookings = booking_store.of_account(connection, account)
        if not bookings:
            return None
        bills = store.without_lines(connection, account)
        fee_first = self._policy.number("payment_fee_first") > 0
        rules = Rules(lambda bill: model.fee_terms(bill, self._policy), fee_first, self._zone)
        found = ledger(bills, bookings, self._today(), rules)
        return _Books([replace(one, booked=found.booked[one.period]) for one in bills], found.credit)

    def _booked(self, connection: Connection, account: str, found: Sequence[Bill]) -> list[Bill]:
        """Return bills of an account with what the utility's books have on them."""
        books = self._books(connection, account) if found else None
        return books.on(found) if books is not None else list(found)

    def _causes(self, connection: Connection, bill: Bill, before: Bill) -> tuple[Step, ...]:
        """Why a bill is not that of the month before; only where both agree with what was issued.

        Who cannot be explained (no tariffs, refused readings) still hears the bill.
        """
        records = self._records(connection, bill.account, bill.period)
        if not {bill.period, before.period} <= set(records.supplies):
            return ()
        try:
            both = [explanation.reckoned(records, one.period, self._tariffs) for one in (before, bill)]
        except ConfigError as error:
            _log.warning("bills are not explained: %s", error.message, extra={"action": "bill.explain"})
            return ()
        first, second = both
        if first is None or second is None:
            return ()
        if explanation.differences(first, before) or explanation.differences(second, bill):
            return ()
        return compare(first, second).causes

    def _records(self, connection: Connection, account: str, period: date) -> Records:
        since = date(period.year - 1, 1, 1)
        supplies = supply_store.of_account(connection, account, since, period)
        if not supplies:
            return Records({}, {})
        known = [one for one in store.of_account(connection, account, MONTHS_KNOWN) if one.period <= period]
        return Records(supplies, {one.period: one for one in self._booked(connection, account, known)})

    async def explained(self, account: str, period: date) -> Explained:
        """Explain the bill of an account for a month by its readings, beside what was issued and former bills.

        Raises NoReadings when they are not there, ConfigError when there are no tariffs.
        """
        today = self._today()

        def read(connection: Connection) -> Explained | None:
            records = self._records(connection, account, period)
            return explanation.explain(records, period, today, self._policy, self._tariffs)

        found = await self._db.read(read)
        if found is None:
            raise NoReadings(account=account, period=f"{period:%Y-%m}")
        return found

    async def records(self, account: str, period: date) -> tuple[Records, Supply]:
        """Return what the bill of a month is explained by. Raises NoReadings."""
        records = await self._db.read(lambda c: self._records(c, account, period))
        supply = records.supplies.get(period)
        if supply is None:
            raise NoReadings(account=account, period=f"{period:%Y-%m}")
        return records, supply

    async def issued(self, account: str, period: date) -> Bill | None:
        """Return the bill that was issued for a month, None when none was."""

        def read(connection: Connection) -> Bill | None:
            found = store.of_month(connection, account, period)
            return self._booked(connection, account, [found])[0] if found else None

        return await self._db.read(read)

    def told(self, bill: Bill) -> BillSummary:
        """Return a bill alone with what is due on it today."""
        return model.summary(bill, [bill], None, self._today(), self._policy)

    def owed(self, bill: Bill) -> Owed:
        """Return what is still to be paid of a bill today, with its steps."""
        return model.owed(bill, self._today(), self._policy)

    async def credit(self, account: str) -> Decimal:
        """Return the yuan that were paid and that no bill has asked for, by the utility's books."""
        books = await self._db.read(lambda c: self._books(c, account))
        return books.credit if books is not None else model.NOTHING

    async def supplies(self, account: str, period: date, months: int = 12) -> list[Supply]:
        """Return the supplies of the months up to `period`, ready to be reckoned, the latest last."""

        def read(connection: Connection) -> list[Supply]:
            records = self._records(connection, account, period)
            found = (explanation.prepared(records, month, self._tariffs) for month in sorted(records.supplies))
            return [one for one in found if one is not None][-months:]

        return await self._db.read(read)

    def book_of(self, supply: Supply) -> TariffBook:
        """Return the tariffs that hold for a supply. Raises ConfigError."""
        return explanation.book_of(supply, self._tariffs)

    async def bills(self, account: str, limit: int = 24) -> list[Bill]:
        """Return up to `limit` bills of the account, latest month first."""
        return await self._db.read(lambda c: self._booked(c, account, store.of_account(c, account, limit)))

    async def usage(self, account: str) -> UsageHistory | None:
        """Return what the account used in the last months (`usage_months`) and this year; None: it has no bill."""
        found = await self.bills(account)
        return model.usage_history(found, int(self._policy.number("usage_months")))

    async def get(self, bill_id: str) -> Bill:
        """Return the bill. Raises NoSuchBill."""

        def read(connection: Connection) -> Bill | None:
            found = store.get(connection, bill_id)
            return self._booked(connection, found.account, [found])[0] if found else None

        bill = await self._db.read(read)
        if bill is None:
            raise NoSuchBill(bill=bill_id)
        return bill

    async def explanation(self, bill_id: str) -> list[ExplanationLine]:
        """Return the rows that make up the bill. Raises NoSuchBill."""
        return model.explanation(await self.get(bill_id))
