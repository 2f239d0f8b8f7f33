"""Why a caller goes ahead, as the books tell it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal
from cti import store as call_rows
from cti.model import Call, CallState
from desk.customers import store as customer_rows
from desk.customers.model import Account, Customer
from desk.customers.service import CustomerService
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.workorders.model import Kind, Report, Scope
from desk.workorders.service import WorkOrderService
from routing.callers import CallerHistory
from routing.precedence import Cause

pytestmark = pytest.mark.integration

NUMBER, ACCOUNT = "13800000001", "3200000001"
RULES = policy.load("seed")


class Books:
    """Customers, orders and calls on a database; `now` is the call that comes in."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.clock = db, FakeClock()
        journal = Journal(db, Bus())
        outbox = NotificationService(journal, db, self.clock, gateway=FileGateway(folder / "sms.jsonl"), policy=RULES)
        site = Site()
        self.orders = WorkOrderService(journal, db, self.clock, notifications=outbox, policy=RULES, site=site)
        self.history = CallerHistory(db, CustomerService(db), self.orders, self.clock, RULES)
        self.now = self.call("now")

    def call(self, call_id: str, minutes_ago: float = 0, *, caller: str = NUMBER) -> Call:
        started = self.clock.now() - timedelta(minutes=minutes_ago)
        return Call(call_id, caller, caller != "unknown", "95598", CallState.MENU, started)

    async def was(self, call: Call, *, queued: bool = True, talked: bool = False, ended: bool = True) -> None:
        """Book a call of the past."""
        at = call.started_at
        past = replace(
            call, queued_at=at if queued else None, talking_at=at if talked else None, ended_at=at if ended else None
        )
        await self.db.write(lambda c: call_rows.add(c, past))

    async def reports(self, call_id: str) -> None:
        report = Report(
            key=f"{call_id}:{ACCOUNT}", kind=Kind.FAULT, scope=Scope.HOME, call_id=call_id, caller=NUMBER,
            caller_known=True, account=ACCOUNT, customer_id="k1", area="城东片区", address="一号", outage_id=None,
        )  # fmt: skip
        await self.orders.take(report)

    async def why(self, customer: str | None = None) -> list[Cause]:
        return await self.history.causes(self.now, customer)


@pytest.fixture
async def books(db: Database, tmp_path: Path) -> Books:
    one = Books(db, tmp_path)
    people = [Customer("k1", "张伟"), Customer("k4", "国泰医院", vip=True, important=True)]
    accounts = [Account(ACCOUNT, "k1", "一号", "城东片区")]
    await db.write(lambda c: (customer_rows.save_customers(c, people), customer_rows.save_accounts(c, accounts, {})))
    return one


async def test_who_is_nobody_special_waits_as_others_do(books: Books) -> None:
    assert await books.why("k1") == await books.why(None) == []


async def test_a_vip_and_important_user_goes_ahead(books: Books) -> None:
    assert set(await books.why("k4")) == {Cause.VIP, Cause.IMPORTANT}


async def test_who_waited_in_vain_goes_ahead_next_time_within_the_hour(books: Books) -> None:
    await books.was(books.call("long ago", RULES.number("repeat_call_window") + 1))
    await books.was(books.call("only listened", 5), queued=False)
    await books.was(books.call("still waits", 1), ended=False)
    await books.was(books.call("another", 5, caller="13800000002"))
    assert await books.why() == []
    await books.was(books.call("in vain", 30))
    assert await books.why() == [Cause.REPEAT]
    await books.was(books.call("served since", 10), talked=True)
    assert await books.why() == []


async def test_withheld_numbers_are_not_one_caller(books: Books) -> None:
    await books.was(books.call("in vain", 5, caller="unknown"))
    assert await books.history.causes(books.call("now", caller="unknown"), None) == []


async def test_who_has_a_new_open_order_calls_again_but_not_by_the_call_that_made_it(books: Books) -> None:
    await books.reports("now")
    assert await books.why("k1") == []
    books.now = books.call("next")
    assert await books.why("k1") == [Cause.REPEAT]
    await books.clock.advance(RULES.number("repeat_order_window") * 3600 + 1)
    assert await books.why("k1") == []
