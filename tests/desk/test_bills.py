"""Bills are kept digit for digit and summed up for the day of asking, on both engines."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from core import policy
from core.clock import FakeClock
from core.db import Database
from desk.billing import store
from desk.billing.model import Bill, Line
from desk.billing.service import BillService, NoSuchBill
from desk.customers import store as customer_store
from desk.customers.model import Account, Category, Customer

pytestmark = pytest.mark.integration

ACCOUNT = "3200000001"
OCTOBER = Bill(
    account=ACCOUNT,
    period=date(2026, 10, 1),
    usage=Decimal("286.5000"),
    amount=Decimal("156.69"),
    lines=(
        Line(Decimal("200"), Decimal("0.5469"), Decimal("109.38"), 1),
        Line(Decimal("86.5"), Decimal("0.54690000"), Decimal("47.31")),
    ),
    due_date=date(2026, 11, 20),
)
SEPTEMBER = replace(
    OCTOBER, period=date(2026, 9, 1), lines=(), usage=Decimal(251), paid_at=datetime(2026, 10, 9, tzinfo=UTC)
)


@pytest.fixture
async def service(db: Database) -> BillService:
    def save(connection: Connection) -> None:
        customer_store.save_customers(connection, [Customer("C1", "张伟")])
        customer_store.save_accounts(connection, [Account(ACCOUNT, "C1", "人民路1号", "城西片区")], {})
        store.save(connection, [SEPTEMBER, OCTOBER])

    await db.write(save)
    clock = FakeClock(datetime(2026, 11, 22, 17, 0, tzinfo=UTC))
    return BillService(db, clock, ZoneInfo("Asia/Shanghai"), policy.load("seed"))


async def test_bills_come_back_as_they_went_in_latest_first(service: BillService) -> None:
    found = await service.bills(ACCOUNT)
    assert found == [OCTOBER, SEPTEMBER]
    assert str(found[0].usage) == "286.5000"
    assert await service.bills(ACCOUNT, limit=1) == [OCTOBER]
    assert await service.bills("3200000099") == []


async def test_the_summary_is_of_the_latest_bill_as_of_the_local_day(service: BillService) -> None:
    told = await service.latest(ACCOUNT)
    assert told is not None
    assert told.bill == OCTOBER
    assert told.overdue_days == 3, "17:00 UTC is the next day in Shanghai"
    assert (told.owed, told.late_fee, told.total_due) == (Decimal("156.69"), Decimal("1.00"), Decimal("157.69"))
    assert told.previous_usage == 251
    assert not told.paid


async def test_an_account_without_bill_has_no_summary(service: BillService) -> None:
    assert await service.latest("3200000099") is None
    with pytest.raises(NoSuchBill):
        await service.get("3200000099-202610")


async def test_the_fee_of_a_business_follows_the_category_of_its_account(service: BillService, db: Database) -> None:
    business = Account(ACCOUNT, "C1", "人民路1号", "城西片区", Category.COMMERCIAL)
    big = replace(OCTOBER, amount=Decimal("10000.00"), lines=())
    await db.write(lambda c: customer_store.save_accounts(c, [business], {}))
    await db.write(lambda c: store.save(c, [big]))
    told = await service.latest(ACCOUNT)
    assert told is not None
    assert told.late_fee == Decimal("60.00")
    assert told.lines == (), "the lines of the earlier version are gone"


async def test_the_explanation_names_each_line_and_the_sum(service: BillService) -> None:
    rows = await service.explanation(f"{ACCOUNT}-202610")
    assert [(row.text, row.reckoning, str(row.amount)) for row in rows] == [
        ("第1档电费", "200 度 × 0.5469 元/度", "109.38"),
        ("电费", "86.5 度 × 0.5469 元/度", "47.31"),
        ("合计", "286.5 度", "156.69"),
    ]


async def test_bills_can_be_forgotten(service: BillService, db: Database) -> None:
    await db.write(lambda c: store.forget(c, [ACCOUNT]))
    assert await service.bills(ACCOUNT) == []
