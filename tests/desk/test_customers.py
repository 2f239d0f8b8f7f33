"""Customers are found by number, account, name; PINs are checked; on both engines."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from core.db import Database
from desk.customers import pins, store
from desk.customers.model import Account, Category, Complaint, Customer, SupplyState
from desk.customers.service import CustomerService, NoSuchCustomer
from desk.customers.tables import accounts

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LIU = Customer("C5", "刘洋", phones=("13800000005", "076922223333"))
LIN = Customer("C9", "林_晓%", vip=True, important=True, phones=("13800000005",))
HOME = Account("3200000005", "C5", "人民路5号", "高新片区")
SHOP = Account("3200000006", "C5", "工业路6号", "城西片区", Category.COMMERCIAL, "10 kV", SupplyState.CUT_FOR_ARREARS)


@pytest.fixture
async def service(db: Database) -> CustomerService:
    await db.write(lambda c: store.save_customers(c, [LIU, LIN]))
    await db.write(lambda c: store.save_accounts(c, [HOME, SHOP], {HOME.number: pins.hash_pin("000005")}))
    return CustomerService(db)


async def test_a_number_finds_everyone_reached_at_it(service: CustomerService) -> None:
    found = await service.by_phone("13800000005")
    assert sorted(found, key=lambda c: c.id) == [Customer("C5", "刘洋", phones=("076922223333", "13800000005")), LIN]
    assert [c.id for c in await service.by_phone("076922223333")] == ["C5"]
    assert await service.by_phone("13800000006") == []


async def test_who_is_on_record_is_never_taken_for_a_stranger(service: CustomerService, db: Database) -> None:
    sqlite = db.engine.dialect.name == "sqlite"
    assert await db.write(lambda c: service.is_stranger(c, "13800000006")) is sqlite, "a server is not asked"
    assert not await db.write(lambda c: service.is_stranger(c, "13800000005"))


async def test_customers_that_cannot_be_read_cost_nobody_what_is_written_beside(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'without_customers.db'}")
    service = CustomerService(db)

    def books(connection: Connection) -> bool:
        connection.execute(text("CREATE TABLE books (page INTEGER)"))
        connection.execute(text("INSERT INTO books VALUES (1)"))
        return service.is_stranger(connection, "13800000006")

    assert not await db.write(books)
    assert await db.read(lambda c: c.execute(text("SELECT page FROM books")).scalars().all()) == [1]
    await db.close()


async def test_an_account_has_a_holder_and_a_holder_accounts(service: CustomerService) -> None:
    holder = await service.by_account("3200000006")
    assert holder is not None
    assert holder.id == "C5"
    assert await service.accounts("C5") == [HOME, SHOP]
    assert await service.account("3200000006") == SHOP
    assert await service.by_account("3200000099") is None
    assert await service.account("3200000099") is None
    with pytest.raises(NoSuchCustomer):
        await service.get("C77")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("刘", ["C5"]),
        ("工业路", ["C5"]),
        ("32000000", ["C5"]),
        ("0769", ["C5"]),
        ("_", ["C9"]),
        ("%", ["C9"]),
        ("\\", []),
        ("", []),
        ("  ", []),
        ("'; DROP TABLE customers; --", []),
        ("刘\x00", []),
    ],
)
async def test_search_finds_parts_of_names_and_addresses_and_beginnings_of_numbers(
    service: CustomerService, text: str, ids: list[str]
) -> None:
    assert [c.id for c in await service.search(text)] == ids


async def test_search_gives_no_more_than_asked_for(service: CustomerService) -> None:
    assert len(await service.search("13800000005", limit=1)) == 1


async def test_only_the_right_pin_opens_an_account(service: CustomerService) -> None:
    assert await service.verify("3200000005", "000005") == HOME
    assert await service.verify("3200000005", "000006") is None
    assert await service.verify("3200000005", "") is None
    assert await service.verify("3200000005", "0" * 60) is None
    assert await service.verify("3200000006", "000006") is None, "an account without PIN opens to nobody"
    assert await service.verify("3200000099", "000005") is None


async def test_pins_are_not_stored_as_they_are(service: CustomerService, db: Database) -> None:
    stored = await db.read(lambda c: c.execute(select(accounts.c.pin_hash)).scalars().all())
    assert all(value is None or (value.startswith("$argon2id$") and "000005" not in value) for value in stored)


async def test_complaints_count_from_a_moment_on(service: CustomerService, db: Database) -> None:
    told = [Complaint(f"k{d}", "C5", NOW - timedelta(days=d), "电压不稳定") for d in (1, 29, 31)]
    await db.write(lambda c: store.save_complaints(c, told))
    assert await service.complaints("C5", NOW - timedelta(days=30)) == 2
    assert await service.complaints("C9", NOW - timedelta(days=30)) == 0


async def test_writing_again_replaces_all_but_the_pin(service: CustomerService, db: Database) -> None:
    moved = Account("3200000005", "C9", "新址1号", "城南片区")
    await db.write(lambda c: store.save_customers(c, [Customer("C5", "刘洋洋", phones=("13900000005",))]))
    await db.write(lambda c: store.save_accounts(c, [moved], {}))
    assert await service.get("C5") == Customer("C5", "刘洋洋", phones=("13900000005",))
    assert await service.verify("3200000005", "000005") == moved


async def test_what_agents_have_written_down_outlives_an_import(service: CustomerService, db: Database) -> None:
    new = Customer(
        "N1", "周敏", phones=("13800000006",), category=Category.RESIDENTIAL, address="和平路6号", language="客家话"
    )
    await db.write(lambda c: store.add(c, new, "desk:u1:form-0001", "u1"))
    await db.write(lambda c: store.add_number(c, "C5", "13800000006", "u1"))
    await db.write(lambda c: store.save_customers(c, [Customer("C5", "刘洋", phones=("13900000005",))]))
    assert (await service.get("C5")).phones == ("13800000006", "13900000005")
    await db.write(lambda c: store.save_customers(c, [Customer("N1", "周敏", vip=True)]))
    assert await service.get("N1") == replace(new, vip=True)
    assert [c.id for c in await service.by_phone("13800000006")] == ["C5", "N1"]
    assert [c.id for c in await service.search("和平路")] == ["N1"]
    assert await db.read(lambda c: store.by_key(c, "desk:u1:form-0001")) == replace(new, vip=True)
    assert await db.read(lambda c: store.alike(c, "周 敏", "和平路6号", 5)) == [replace(new, vip=True)]
    assert [c.id for c in await db.read(lambda c: store.alike(c, "刘洋", "人民路5号", 5))] == ["C5"]
    for call_id, day in (("1.1", 1), ("1.2", 2), ("1.3", 3)):
        await db.write(lambda c, i=call_id, d=day: store.join(c, i, "N1", NOW + timedelta(days=d)))  # type: ignore[misc]
    await db.write(lambda c: store.join(c, "1.2", None, NOW))
    await db.write(lambda c: store.join(c, "1.3", "C5", NOW))
    assert await db.read(lambda c: store.joined(c, "N1", 10)) == ["1.1"]


def test_no_pin_opens_an_account_that_does_not_exist() -> None:
    assert not pins.matches(None, "nobody's PIN")


def test_a_wrong_account_takes_as_long_as_a_wrong_pin() -> None:
    known = pins.hash_pin("000005")
    pins.matches(None, "1")
    taken: dict[str, list[float]] = {known: [], "": []}
    for pin_hash, times in [*taken.items()] * 40:
        started = time.perf_counter()
        pins.matches(pin_hash or None, "000006")
        times.append(time.perf_counter() - started)
    assert min(taken[""]) > min(taken[known]) / 2
