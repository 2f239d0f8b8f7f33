"""The customers of the demo: fixed, so that what a call will hear can be told beforehand.

Dates are relative to the day of the demo, except the bill of 2026-10; loading again brings them up to date.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.demo_readings import FACTORY, JUMPED, issued_bills, supplies
from core.clock import Clock
from core.db import Database
from core.journal import append
from desk.billing import booking_store, supply_store
from desk.billing import store as bill_store
from desk.billing.booking import Booking, BookingKind
from desk.billing.model import Bill, Line, Part, month_before, to_fen
from desk.billing.supply import Supply
from desk.customers import pins
from desk.customers import store as customer_store
from desk.customers.model import Account, Category, Complaint, Customer, SupplyState
from desk.outages import model as outage_model
from desk.outages import store as outage_store
from desk.outages.model import Kind, Outage, Status

FIRST, SECOND = Decimal("0.5469"), Decimal("0.5969")
"""Prices of the demo tariff in yuan/kWh: first and second tier of a household."""
PLAIN = Decimal("0.6532")
"""Price of the demo tariff in yuan/kWh for business."""
BY_DAY = ((Part.PEAK, Decimal("0.5769")), (Part.VALLEY, Decimal("0.3369")))
"""Prices of the demo tariff in yuan/kWh for a household that pays by the time of day."""
PART_PAYER = 18
"""Who has paid a part of a bill that is overdue."""
FIXED_PERIOD = date(2026, 10, 1)
AREAS = ("城西片区", "城南片区", "城北片区", "高新片区")
OTHERS = ("孙丽", "周杰", "吴敏", "郑涛", "冯雪", "蒋勇", "沈洁", "韩磊", "杨静", "朱明")


@dataclass(frozen=True, slots=True)
class DemoData:
    """Everything that the demo loads."""

    customers: tuple[Customer, ...]
    accounts: tuple[Account, ...]
    bills: tuple[Bill, ...]
    bookings: tuple[Booking, ...]
    supplies: tuple[Supply, ...]
    outages: tuple[Outage, ...]
    complaints: tuple[Complaint, ...]


async def load_demo(db: Database, clock: Clock, zone: ZoneInfo) -> DemoData:
    """Write the demo's customers, accounts, bills, outages and complaints; what is there already is renewed."""
    data = demo_data(clock.now(), zone)
    hashes = await asyncio.to_thread(lambda: {a.number: pins.hash_pin(pin_of(a.number)) for a in data.accounts})
    await db.write(lambda connection: _save(connection, data, hashes, clock.now()))
    return data


def pin_of(account_number: str) -> str:
    """Return the demo PIN of an account: the last six digits of its number."""
    return account_number[-6:]


def _save(connection: Connection, data: DemoData, hashes: dict[str, str], now: datetime) -> None:
    customer_store.save_customers(connection, data.customers)
    customer_store.save_accounts(connection, data.accounts, hashes)
    customer_store.save_complaints(connection, data.complaints)
    bill_store.forget(connection, [account.number for account in data.accounts])
    bill_store.save(connection, data.bills)
    supply_store.save(connection, data.supplies)
    booking_store.save(connection, data.bookings, now)
    for outage in data.outages:
        before = outage_store.get(connection, outage.id)
        if before != outage:
            outage_store.save(connection, [outage])
            append(connection, outage_model.told(before, outage, now))


def demo_data(now: datetime, zone: ZoneInfo) -> DemoData:
    """Return the data of the demo as of the day that `now` is in `zone`."""
    today = now.astimezone(zone).date()
    customers, accounts = _people()
    bills, outages = _bills(today, zone), _outages(today, zone)
    return DemoData(
        customers, accounts, bills, _bookings(today), supplies(today, FIXED_PERIOD), outages, _complaints(now)
    )


def _people() -> tuple[tuple[Customer, ...], tuple[Account, ...]]:
    people = [
        _person(1, "张伟"),
        _person(2, "王芳"),
        _person(3, "李娜"),
        _person(4, "国泰医院", vip=True, important=True),
        _person(5, "刘洋"),
        _person(7, "陈静"),
        _person(8, "赵强"),
        _person(9, "何平"),
        _person(10, "高洁"),
        *(_person(11 + place, name) for place, name in enumerate(OTHERS)),
        _person(FACTORY, "华泰机械厂"),
    ]
    accounts = [
        _account(1, 1, "城西片区"),
        _account(2, 2, "城南片区"),
        _account(3, 3, "城东片区"),
        Account(_number(4), "C0004", "健康路4号", "城北片区", Category.COMMERCIAL, "10 kV"),
        _account(5, 5, "高新片区"),
        _account(6, 5, "城西片区"),
        _account(7, 7, "城南片区", supply=SupplyState.CUT_FOR_ARREARS),
        _account(8, 8, "城北片区"),
        _account(9, 9, "城北片区"),
        _account(10, 10, "城西片区"),
        *(_account(11 + place, 11 + place, AREAS[place % len(AREAS)]) for place in range(len(OTHERS))),
        Account(_number(FACTORY), f"C{FACTORY:04d}", "工业路21号", "高新片区", Category.COMMERCIAL, "10 kV"),
    ]
    return tuple(people), tuple(accounts)


def _number(account: int) -> str:
    return f"32{account:08d}"


def _person(key: int, name: str, *, vip: bool = False, important: bool = False) -> Customer:
    return Customer(f"C{key:04d}", name, vip, important, (f"138{key:08d}",))


def _account(key: int, holder: int, area: str, supply: SupplyState = SupplyState.ON) -> Account:
    return Account(_number(key), f"C{holder:04d}", f"人民路{key}号", area, supply_state=supply)


def _bills(today: date, zone: ZoneInfo) -> tuple[Bill, ...]:
    paid = datetime.combine(today - timedelta(days=3), time(10, 15), zone)
    last = month_before(today)
    first_customer = (
        _bill(1, FIXED_PERIOD, [(286, FIRST, 1)], date(2026, 11, 20), datetime(2026, 11, 8, 9, 30, tzinfo=zone)),
        _bill(1, date(2026, 9, 1), [(302, FIRST, 1)], date(2026, 10, 20), datetime(2026, 10, 9, 18, 5, tzinfo=zone)),
    )
    earlier = datetime.combine(today - timedelta(days=33), time(9, 40), zone)
    before = month_before(last)
    in_arrears = (
        _bill(2, last, [(125, FIRST, 1), (53, SECOND, 2)], today - timedelta(days=5)),
        _bill(2, before, [(121, FIRST, 1)], today - timedelta(days=35), earlier),
        _bill(7, last, [(360, FIRST, 1), (219, SECOND, 2)], today - timedelta(days=40)),
        _bill(PART_PAYER, last, [(396, FIRST, 1)], today - timedelta(days=12)),
    )
    due = today + timedelta(days=8)
    hospital = _bill(4, last, [(86_400, PLAIN, None)], due, paid, residential=False)
    ordinary = (3, 5, 8, *(key for key in range(11, 11 + len(OTHERS)) if key != JUMPED))
    others = [
        _bill(key, last, [(90 + key * 17, FIRST, 1)], due, paid if key % 3 else None)
        for key in ordinary
        if key != PART_PAYER
    ]
    others += [_bill(key, before, [(110 + key * 15, FIRST, 1)], due - timedelta(days=30), earlier) for key in ordinary]
    return (*first_customer, *in_arrears, hospital, *others, *_odd(last, due, paid), *issued_bills(today, zone))


def _bookings(today: date) -> tuple[Booking, ...]:
    """What the books have on the bill of one account, twelve days overdue: paid in part, and made less."""
    account, last = _number(PART_PAYER), month_before(today)
    paid, less = today - timedelta(days=5), today - timedelta(days=3)
    return (
        Booking("JF-0018-1", account, BookingKind.PAYMENT, paid, Decimal("100.00")),
        Booking("TB-0018-1", account, BookingKind.ADJUSTMENT, less, Decimal("-6.57"), last, "抄表差错"),
    )


def _odd(last: date, due: date, paid: datetime) -> tuple[Bill, ...]:
    """Bills that are not like the others: by the time of day, estimated with money in advance, and without any use."""
    parts = tuple(
        Line(Decimal(kwh), price, to_fen(kwh * price), None, part)
        for (part, price), kwh in zip(BY_DAY, (112, 80), strict=True)
    )
    by_day = replace(
        _bill(6, last, [], due), usage=Decimal(192), amount=sum((p.amount for p in parts), Decimal(0)), lines=parts
    )
    estimated = replace(_bill(9, last, [(120, FIRST, 1)], due, paid), estimated=True, balance=Decimal("34.40"))
    return (
        by_day,
        estimated,
        _bill(10, last, [(0, FIRST, 1)], due, paid),
        _bill(10, month_before(last), [(31, FIRST, 1)], due, paid),
    )


def _bill(
    account: int,
    period: date,
    parts: list[tuple[int, Decimal, int | None]],
    due: date,
    paid: datetime | None = None,
    *,
    residential: bool = True,
) -> Bill:
    lines = tuple(Line(Decimal(kwh), price, to_fen(kwh * price), tier) for kwh, price, tier in parts)
    usage = sum((line.kwh for line in lines), Decimal(0))
    amount = sum((line.amount for line in lines), Decimal(0))
    return Bill(_number(account), period, usage, amount, lines, due, paid, residential)


def _outages(today: date, zone: ZoneInfo) -> tuple[Outage, ...]:
    midnight = datetime.combine(today, time(0), zone)
    tomorrow = today + timedelta(days=1)
    nine, eleven = (datetime.combine(tomorrow, time(hour), zone) for hour in (9, 11))
    ends = datetime.combine(tomorrow, time(0), zone)
    published = Status.PUBLISHED
    return (
        Outage("demo-today", Kind.PLANNED, ("城东片区",), (), "线路检修", midnight, ends, published),
        Outage("demo-tomorrow", Kind.TEMPORARY, ("高新片区",), (), "更换变压器", nine, eleven, published),
    )


def _complaints(now: datetime) -> tuple[Complaint, ...]:
    told = ((3, "抄表数据有误"), (12, "停电未提前通知"), (25, "电压不稳定"))
    return tuple(Complaint(f"demo-{days}", "C0008", now - timedelta(days=days), about) for days, about in told)
