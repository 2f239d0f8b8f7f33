"""The menu tells causes only of bills that were reckoned and agree with what was issued, on both engines."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from core import policy
from core.clock import FakeClock
from core.db import Database
from desk.billing import store, supply_store
from desk.billing.model import Bill, Line
from desk.billing.service import BillService, NoReadings
from desk.billing.supply import Supply
from desk.customers import store as customer_store
from desk.customers.model import Account, Customer
from tests.desk.supplies import home

pytestmark = pytest.mark.integration

ACCOUNT = "4400001001"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def supplies() -> list[Supply]:
    earlier = [home(540, period=date(2026, month, 1)) for month in range(1, 9)]
    return [replace(one, region="demo") for one in (*earlier, home(100, period=SEPTEMBER), home(200, period=OCTOBER))]


def bill(period: date, kwh: int, amount: str, tier: int) -> Bill:
    price = Decimal(amount) / kwh
    lines = (Line(Decimal(kwh), price, Decimal(amount), tier),)
    return Bill(ACCOUNT, period, Decimal(kwh), Decimal(amount), lines, date(2026, 11, 20))


ISSUED = [bill(SEPTEMBER, 100, "59.69", 2), bill(OCTOBER, 200, "119.38", 2)]


async def service(db: Database, readings: list[Supply], issued: list[Bill]) -> BillService:
    def save(connection: Connection) -> None:
        customer_store.save_customers(connection, [Customer("C1", "张伟")])
        customer_store.save_accounts(connection, [Account(ACCOUNT, "C1", "人民路1号", "城西片区")], {})
        store.save(connection, issued)
        supply_store.save(connection, readings)

    await db.write(save)
    clock = FakeClock(datetime(2026, 11, 10, tzinfo=UTC))
    return BillService(db, clock, ZoneInfo("Asia/Shanghai"), policy.load("seed"))


async def causes(db: Database, readings: list[Supply], issued: list[Bill]) -> list[str]:
    told = await (await service(db, readings, issued)).latest(ACCOUNT)
    assert told is not None
    return [one.key for one in told.causes]


async def test_causes_of_reckoned_bills_that_agree(db: Database) -> None:
    assert await causes(db, supplies(), ISSUED) == ["compare.kwh", "compare.tier", "compare.days"]


async def test_none_without_readings(db: Database) -> None:
    assert await causes(db, supplies()[:-1], ISSUED) == []


async def test_none_where_another_amount_was_issued(db: Database) -> None:
    assert await causes(db, supplies(), [ISSUED[0], bill(OCTOBER, 200, "119.39", 2)]) == []


async def test_none_where_there_are_no_tariffs(db: Database) -> None:
    nowhere = [replace(one, region="atlantis") for one in supplies()]
    assert await causes(db, nowhere, ISSUED) == []


async def test_an_explanation_has_the_year_the_issued_bill_and_what_is_odd(db: Database) -> None:
    bills = await service(db, supplies(), ISSUED)
    found = await bills.explained(ACCOUNT, OCTOBER)
    assert found.bill is not None
    assert found.supply.used_before == 8 * 540 + 100
    assert found.differences == []
    assert found.last_month is not None
    assert found.last_month.change.value == Decimal("59.69")
    assert found.last_year is None
    assert [one.kind for one in found.odd] == ["other_begin"], "each month of these begins at 0"
    assert found.late_fee is None, "it is not due yet"
    with pytest.raises(NoReadings):
        await bills.explained(ACCOUNT, date(2025, 10, 1))


async def test_the_late_fee_on_an_overdue_bill_is_told_with_its_steps(db: Database) -> None:
    overdue = replace(ISSUED[1], due_date=date(2026, 10, 11))
    found = await (await service(db, supplies(), [ISSUED[0], overdue])).explained(ACCOUNT, OCTOBER)
    assert found.late_fee is not None
    assert found.late_fee.value == Decimal("3.58"), "119.38 × 1 ‰ × 30 days"
    assert found.last_month is not None
    assert "compare.late_fee" in [one.key for one in found.last_month.causes]
