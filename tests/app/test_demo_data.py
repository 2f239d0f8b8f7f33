"""The demo's customers are as the interface promises, on whatever day, however often they are loaded."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.demo_data import load_demo
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.journal import Journal, since
from desk.billing import told as answers
from desk.billing.events import BookingImported
from desk.billing.service import BillService
from desk.billing.speech import causes
from desk.customers.model import SupplyState
from desk.customers.service import CustomerService
from desk.outages.events import OutageChanged, OutagePublished
from desk.outages.model import Kind
from desk.outages.service import OutageService

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


async def test_every_promise_about_the_demo_customers_holds(db: Database) -> None:
    clock = FakeClock(START)
    await load_demo(db, clock, ZONE)
    customers = CustomerService(db)
    bills = BillService(db, clock, ZONE, policy.load("seed"))
    names = {n: [c.name for c in await customers.by_phone(f"1380000000{n}")] for n in range(1, 9)}
    assert names == {
        1: ["张伟"],
        2: ["王芳"],
        3: ["李娜"],
        4: ["国泰医院"],
        5: ["刘洋"],
        6: [],
        7: ["陈静"],
        8: ["赵强"],
    }
    first = await bills.latest("3200000001")
    assert first is not None
    assert (first.period, first.usage, first.amount, first.paid) == (
        date(2026, 10, 1),
        Decimal(286),
        Decimal("156.41"),
        True,
    )
    assert [(line.price, line.tier) for line in first.lines] == [(Decimal("0.5469"), 1)]
    owing = await bills.latest("3200000002")
    assert owing is not None
    assert (owing.owed, owing.overdue_days) == (Decimal("100.00"), 5)
    assert (owing.late_fee, owing.total_due) == (Decimal("1.00"), Decimal("101.00"))
    [hospital] = await customers.by_phone("13800000004")
    assert hospital.vip
    assert hospital.important
    assert [a.voltage for a in await customers.accounts(hospital.id)] == ["10 kV"]
    [liu] = await customers.by_phone("13800000005")
    assert [a.number for a in await customers.accounts(liu.id)] == ["3200000005", "3200000006"]
    cut = await customers.account("3200000007")
    assert cut is not None
    assert cut.supply_state is SupplyState.CUT_FOR_ARREARS
    arrears = await bills.latest("3200000007")
    assert arrears is not None
    assert arrears.owed == Decimal("327.60")
    partly = await bills.latest("3200000018")
    assert partly is not None
    assert (partly.amount, partly.owed) == (Decimal("216.57"), Decimal("110.00")), "100 yuan paid, 6.57 taken off"
    assert (partly.late_fee, partly.overdue_days) == (Decimal("2.02"), 12)
    [zhao] = await customers.by_phone("13800000008")
    assert await customers.complaints(zhao.id, clock.now() - timedelta(days=30)) == 3


async def test_bills_of_the_demo_explain_themselves(db: Database) -> None:
    clock = FakeClock(START)
    await load_demo(db, clock, ZONE)
    bills = BillService(db, clock, ZONE, policy.load("seed"))

    async def why(account: str) -> list[str]:
        told = await bills.latest(account)
        assert told is not None
        return [one.text for one in causes(told)]

    assert await why("3200000001") == ["电价没有变，原因是用电减少。"]
    assert (await why("3200000002"))[1] == "原因是第二档电价，电费多两元六角五分。"
    assert [one[:5] for one in await why("3200000021")] == ["原因是用电", "原因是用电"]
    less = answers.answer(await bills.explained("3200000001", date(2026, 10, 1)), None, "zh-CN")
    assert "主要原因：用电少16度，少8.75元。" in less, "a day more is no part of less use"
    factory = await bills.explained("3200000021", date(2026, 10, 1))
    assert factory.differences == []
    assert factory.last_month is not None
    assert factory.last_year is not None
    assert {one.key for one in factory.last_month.causes} >= {"compare.basic", "compare.power_factor", "compare.hours"}
    assert (await bills.explained("3200000008", date(2026, 10, 1))).differences
    refused = await bills.explained("3200000013", date(2026, 10, 1))
    assert refused.refused is not None
    assert [one.kind for one in refused.odd] == ["below_last"]
    jumped = await bills.explained("3200000012", date(2026, 10, 1))
    assert jumped.differences == []
    assert [one.figures("zh-CN") for one in jumped.odd] == [["本期每月468度，平常每月约164度"]]
    assert "是否新增了空调" in jumped.odd[0].question("zh-CN")


@pytest.mark.parametrize("day", [datetime(2027, 1, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)])
async def test_the_explained_bills_hold_on_any_day(db: Database, day: datetime) -> None:
    clock = FakeClock(day)
    await load_demo(db, clock, ZONE)
    bills = BillService(db, clock, ZONE, policy.load("seed"))
    for account in ("3200000002", "3200000012", "3200000021"):
        told = await bills.latest(account)
        assert told is not None
        assert told.causes
    assert [one.kind for one in (await bills.explained("3200000012", told.period)).odd] == ["jump"]


async def test_pins_are_the_last_six_digits(db: Database) -> None:
    data = await load_demo(db, FakeClock(START), ZONE)
    customers = CustomerService(db)
    assert all([await customers.verify(a.number, a.number[-6:]) for a in data.accounts])
    assert await customers.verify("3200000001", "000002") is None


async def test_the_outage_of_the_day_concerns_its_area_alone_all_day(db: Database) -> None:
    clock = FakeClock(START)
    await load_demo(db, clock, ZONE)
    outages = OutageService(db, Journal(db, Bus()), clock, ZONE)
    midnight = datetime(2026, 11, 22, tzinfo=ZONE)
    [notice] = await outages.current(account="3200000003")
    assert (notice.kind, notice.begins, notice.ends) == (Kind.PLANNED, midnight, midnight + timedelta(days=1))
    others = [f"32{n:08d}" for n in (1, 2, 4, 5, 6, 7, 8, *range(11, 21))]
    assert [await outages.current(account=number) for number in others] == [[]] * len(others)


async def test_loading_again_is_harmless_and_on_another_day_brings_dates_up_to_date(db: Database) -> None:
    clock = FakeClock(START)
    await load_demo(db, clock, ZONE)
    await load_demo(db, clock, ZONE)
    assert [type(r.event) for r in await db.read(lambda c: since(c, 0))] == [BookingImported] * 2 + [
        OutagePublished
    ] * 2
    await clock.advance(40 * 86400)
    await load_demo(db, clock, ZONE)
    bills = BillService(db, clock, ZONE, policy.load("seed"))
    owing = await bills.latest("3200000002")
    assert owing is not None
    assert (owing.owed, owing.total_due) == (Decimal("100.00"), Decimal("101.00"))
    first = await bills.latest("3200000001")
    assert first is not None
    assert first.amount == Decimal("156.41")
    assert len(await OutageService(db, Journal(db, Bus()), clock, ZONE).current(account="3200000003")) == 1
    assert {type(r.event) for r in await db.read(lambda c: since(c, 4))} == {
        OutageChanged,
        BookingImported,
    }
