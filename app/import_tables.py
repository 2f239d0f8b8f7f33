"""The files that can be imported: their columns, what a row means, and how rows are written."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from agents.shifts.model import Shift
from app.import_cells import BadCell, Row, amount
from core.journal import append
from core.policy import Policy
from desk.billing import store as bill_store
from desk.billing.model import FEN, Bill, Line, Part, to_fen
from desk.customers import pins
from desk.customers import store as customer_store
from desk.customers.model import Account, Category, Customer, SupplyState
from desk.outages import model as outage_model
from desk.outages import store as outage_store
from desk.outages.model import BadOutage, Kind, Outage, Status

CUSTOMER_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,32}")
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
CATEGORIES = {
    **{c.value: c for c in Category},
    "居民": Category.RESIDENTIAL,
    "工商业": Category.COMMERCIAL,
    "农业": Category.AGRICULTURAL,
}
SUPPLY = {**{s.value: s for s in SupplyState}, "正常": SupplyState.ON, "欠费停电": SupplyState.CUT_FOR_ARREARS}
KINDS = {**{k.value: k for k in Kind}, **{k.name.lower(): k for k in Kind}}
STATUSES = {s.value: s for s in (Status.DRAFT, Status.PUBLISHED, Status.CANCELLED)}
PARTS_OF_THE_DAY = {
    **{p.value: p for p in Part},
    **{"尖": Part.SHARP, "峰": Part.PEAK, "平": Part.FLAT, "谷": Part.VALLEY},
}
_LINE = re.compile(rf"(?:([1-9]):)?(?:({'|'.join(PARTS_OF_THE_DAY)}):)?([0-9.]+)\*([0-9.]+)(?:=([0-9.]+))?")


@dataclass(frozen=True, slots=True)
class Setting:
    """What rows are read by: the zone of times without offset, the numbers of the business, the shifts by code."""

    zone: ZoneInfo
    policy: Policy
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    seen: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """What this file has told by a number that may be told only once, with its line."""

    def length(self, rule: str) -> int:
        return int(self.policy.number(rule))


@dataclass(frozen=True, slots=True)
class Item:
    """A row understood: its `line`, the `key` that tells a duplicate, what it holds, and what must exist for it."""

    line: int
    key: str
    thing: Any
    needs: tuple[tuple[str, str], ...] = ()
    """Each the column and number of something that another file brings."""
    pin: str = ""


@dataclass(frozen=True, slots=True)
class ImportTable:
    """One kind of file: columns with the Chinese header accepted for each, and its two halves of work."""

    name: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    parse: Callable[[Row, Setting], Item]
    known: Callable[[Connection, Sequence[str]], set[str]]
    """Which of the numbers that items need are there."""
    missing: str
    """What to do when one is not."""
    write: Callable[[Connection, Sequence[Item], Mapping[str, str]], None]
    """Writes items, given the PIN hashes by key."""
    refuse: Callable[[Connection, Sequence[Item]], Mapping[int, str]] = lambda connection, items: {}
    """By line: what is wrong with items that are good by themselves, beside each other and what is there."""
    whole: bool = False
    """Nothing is imported when any row is bad, whatever was chosen."""
    manual: str = "docs/how-to/import.md"
    """Where its columns are explained."""


def _customer(row: Row, setting: Setting) -> Item:
    number = row.matching("customer", CUSTOMER_NUMBER, "write 1 to 32 letters, digits, - or _")
    phones = row.phones("phones")
    customer = Customer(number, row.text("name", 100), row.flag("vip"), row.flag("important"), phones, _manager(row))
    return Item(row.line, number, customer)


def _manager(row: Row) -> str:
    return (
        row.matching("manager", USERNAME, "write the user name of the agent, or nothing") if row.raw("manager") else ""
    )


def _account(row: Row, setting: Setting) -> Item:
    number = row.digits("account", setting.length("account_digits"))
    holder = row.matching("customer", CUSTOMER_NUMBER, "write the customer number of the customers file")
    pin = row.digits("pin", setting.length("pin_digits")) if row.raw("pin") else ""
    account = Account(
        number=number,
        customer_id=holder,
        address=row.text("address", 200),
        area=row.text("area", 60),
        category=row.choice("category", CATEGORIES, Category.RESIDENTIAL),
        voltage=row.text("voltage", 20, optional=True) or "220 V",
        supply_state=row.choice("supply_state", SUPPLY, SupplyState.ON),
    )
    return Item(row.line, number, account, (("customer", holder),), pin)


def _bill(row: Row, setting: Setting) -> Item:
    account = row.digits("account", setting.length("account_digits"))
    bill = Bill(
        account=account,
        period=row.month("period"),
        usage=row.number("usage_kwh", 4),
        amount=row.number("amount", 2),
        lines=tuple(_line(row, part) for part in row.listed("lines")),
        due_date=row.day("due_date"),
        paid_at=row.moment("paid_at", setting.zone) if row.raw("paid_at") else None,
        estimated=row.flag("estimated"),
        balance=row.amount_or_none("balance"),
    )
    _check_sums(row, bill)
    return Item(row.line, bill.id, bill, (("account", account),))


def _line(row: Row, part: str) -> Line:
    def bad(why: str, cure: str) -> BadCell:
        return row.bad("lines", f"{part!r}: {why}", cure)

    found = _LINE.fullmatch(part.replace(" ", ""))
    if not found:
        raise bad("it has another form", "write tier:part:kWh*price=amount, like 1:peak:286*0.5469=156.41")
    tier, part_of_day, kwh, price, total = found.groups()
    energy, each = amount(kwh, 4, bad), amount(price, 8, bad)
    return Line(
        kwh=energy,
        price=each,
        amount=amount(total, 2, bad) if total else to_fen(energy * each),
        tier=int(tier) if tier else None,
        part=PARTS_OF_THE_DAY[part_of_day] if part_of_day else None,
    )


def _check_sums(row: Row, bill: Bill) -> None:
    if not bill.lines:
        return
    total = sum((line.amount for line in bill.lines), Decimal(0))
    if abs(total - bill.amount) > FEN * len(bill.lines):
        raise row.bad("amount", f"the lines come to {total}", "correct amount or lines; they may differ by 0.01 a line")
    used = sum((line.kwh for line in bill.lines), Decimal(0))
    if used != bill.usage:
        raise row.bad("usage_kwh", f"the lines come to {used} kWh", "correct usage_kwh or lines")


def _outage(row: Row, setting: Setting) -> Item:
    named = row.listed("accounts")
    outage = Outage(
        id=row.matching("outage", CUSTOMER_NUMBER, "write 1 to 32 letters, digits, - or _"),
        kind=row.choice("kind", KINDS),
        areas=tuple(dict.fromkeys(row.listed("areas"))),
        accounts=tuple(dict.fromkeys(named)),
        cause=row.text("cause", outage_model.LONGEST_CAUSE),
        begins=row.moment("from", setting.zone),
        ends=row.moment("until", setting.zone),
        status=row.choice("status", STATUSES, Status.PUBLISHED),
    )
    if too_long := [area for area in outage.areas if len(area) > 60]:
        raise row.bad("areas", f"{too_long[0][:20]!r} … is too long", "write at most 60 characters an area")
    try:
        outage_model.check(outage)
    except BadOutage as error:
        field = str(error.details.get("field", "outage"))
        why, _, cure = error.message.partition("; ")
        raise row.bad({"begins": "from", "ends": "until"}.get(field, field), why, cure) from None
    return Item(row.line, outage.id, outage, tuple(("accounts", number) for number in outage.accounts))


def _write_customers(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    customer_store.save_customers(connection, [item.thing for item in items])


def _write_accounts(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    customer_store.save_accounts(connection, [item.thing for item in items], hashes)


def _write_bills(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    bill_store.save(connection, [item.thing for item in items])


def _write_outages(connection: Connection, items: Sequence[Item], hashes: Mapping[str, str]) -> None:
    """Write what differs from what is there, with the events that a person's doing the same would record."""
    old = {outage.id: outage for outage in outage_store.several(connection, [item.key for item in items])}
    now = datetime.now(UTC)
    for item in items:
        before = old.get(item.key)
        new = replace(item.thing, version=before.version + 1) if before else item.thing
        if before is None or replace(new, version=before.version) != before:
            outage_store.save(connection, [new])
            append(connection, outage_model.told(before, new, now))


def hash_pins(items: Sequence[Item]) -> dict[str, str]:
    """Return the hash of each PIN that the items bring, by key."""
    return {item.key: pins.hash_pin(item.pin) for item in items if item.pin}


NOBODY: set[str] = set()
TABLES = {
    table.name: table
    for table in (
        ImportTable(
            "customers",
            {
                "customer": "客户编号",
                "name": "姓名",
                "phones": "电话",
                "vip": "VIP",
                "important": "重要用户",
                "manager": "客户经理",
            },
            ("customer", "name", "phones"),
            _customer,
            lambda connection, numbers: NOBODY,
            "",
            _write_customers,
        ),
        ImportTable(
            "accounts",
            {
                "account": "户号",
                "customer": "客户编号",
                "address": "地址",
                "area": "片区",
                "category": "用电类别",
                "voltage": "电压等级",
                "supply_state": "供电状态",
                "pin": "密码",
            },
            ("account", "customer", "address", "area"),
            _account,
            customer_store.known_customers,
            "import the customers file first or correct the number",
            _write_accounts,
        ),
        ImportTable(
            "bills",
            {
                "account": "户号",
                "period": "账期",
                "usage_kwh": "电量",
                "amount": "金额",
                "due_date": "缴费期限",
                "paid_at": "缴费时间",
                "lines": "明细",
                "estimated": "估抄",
                "balance": "账户余额",
            },
            ("account", "period", "usage_kwh", "amount", "due_date"),
            _bill,
            customer_store.known_accounts,
            "import the accounts file first or correct the number",
            _write_bills,
        ),
        ImportTable(
            "outages",
            {
                "outage": "通知编号",
                "kind": "停电类型",
                "areas": "片区",
                "accounts": "户号",
                "cause": "原因",
                "from": "开始时间",
                "until": "结束时间",
                "status": "状态",
            },
            ("outage", "kind", "cause", "from", "until"),
            _outage,
            customer_store.known_accounts,
            "import the accounts file first or correct the number",
            _write_outages,
        ),
    )
}
