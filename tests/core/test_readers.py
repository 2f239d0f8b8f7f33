"""Reads go to the warm reader, wait when all are busy, see the newest commit; prepared statements fail as others do."""

import asyncio
import threading

import pytest
from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, String, Table, bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError

from core.db import READERS, Database
from core.prepared import Prepared, PreparedSelect
from core.readers import Closed, Readers

pytestmark = pytest.mark.integration

people = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String(20)),
    Column("kind", Boolean),
)
ADD = Prepared(insert(people), ("id", "name", "kind"))
BY_NAME = PreparedSelect(
    select(people.c.kind, people.c.id).where(people.c.name == bindparam("wanted")).order_by(people.c.id)
)
SECRET = "13800000001"


@pytest.fixture
async def people_db(db: Database) -> Database:
    people.metadata.create_all(db.engine)
    return db


def reader(_: Connection) -> str:
    return threading.current_thread().name


async def test_reads_one_after_the_other_are_done_by_the_same_reader(db: Database) -> None:
    waiting = threading.Barrier(READERS, timeout=10)
    busy = await asyncio.gather(*(db.read(lambda c: (waiting.wait(), reader(c))[1]) for _ in range(READERS)))
    assert len(set(busy)) == READERS
    assert len({await db.read(reader) for _ in range(20)}) == 1


async def test_what_finds_all_readers_busy_waits_and_is_done(db: Database) -> None:
    free, entered = threading.Event(), threading.Semaphore(0)

    def occupy(_: Connection) -> None:
        entered.release()
        free.wait(10)

    occupied = [asyncio.ensure_future(db.read(occupy)) for _ in range(READERS)]  # noqa: TID251 - owned by this test
    for _ in range(READERS):
        assert await asyncio.to_thread(entered.acquire, timeout=10)
    later = [asyncio.ensure_future(db.read(reader)) for _ in range(3)]  # noqa: TID251 - owned by this test
    await asyncio.sleep(0)
    assert not any(one.done() for one in later)
    free.set()
    await asyncio.gather(*occupied)
    assert len(await asyncio.gather(*later)) == 3


async def test_a_kept_connection_sees_what_was_committed_since(people_db: Database) -> None:
    db = people_db
    for number in range(5):
        await db.write(lambda c, n=number: ADD.execute(c, {"id": n, "name": "anna", "kind": n % 2 == 0}))  # type: ignore[misc]
        assert len(await db.read(lambda c: c.execute(select(people)).all())) == number + 1
        rows = await db.read(lambda c: BY_NAME.rows(c, {"wanted": "anna"}))
        assert rows == [(n % 2 == 0, n) for n in range(number + 1)]
        assert all(kind is True or kind is False for kind, _ in rows)
    assert await db.read(lambda c: BY_NAME.rows(c, {"wanted": "nobody"})) == []


async def test_a_read_that_fails_leaves_the_reader_usable_and_writes_nothing(people_db: Database) -> None:
    def write_and_fail(connection: Connection) -> None:
        connection.execute(insert(people), {"id": 1, "name": "anna", "kind": True})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await people_db.read(write_and_fail)
    assert await people_db.read(lambda c: c.execute(select(people)).all()) == []


async def test_what_a_read_writes_by_mistake_is_not_kept(people_db: Database) -> None:
    await people_db.read(lambda c: ADD.execute(c, {"id": 1, "name": "anna", "kind": True}))
    assert await people_db.write(lambda c: c.execute(select(people)).all()) == []


async def test_a_prepared_statement_fails_as_sqlalchemy_does_and_keeps_the_values_to_itself(
    people_db: Database,
) -> None:
    values = {"id": 1, "name": SECRET, "kind": True}
    await people_db.write(lambda c: ADD.execute(c, values))
    with pytest.raises(IntegrityError) as failed:
        await people_db.write(lambda c: ADD.execute(c, values))
    assert SECRET not in str(failed.value)


async def test_a_prepared_statement_belongs_to_the_transaction_of_its_connection(people_db: Database) -> None:
    def add_and_fail(connection: Connection) -> None:
        ADD.execute(connection, {"id": 1, "name": "anna", "kind": True})
        connection.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(Exception, match="nowhere"):
        await people_db.write(add_and_fail)
    assert await people_db.read(lambda c: c.execute(select(people)).all()) == []


async def test_a_closed_database_takes_no_more_reads(db: Database) -> None:
    readers = Readers(db.engine, 2)
    assert await readers.read(reader)
    readers.close()
    with pytest.raises(Closed):
        await readers.read(reader)


async def test_who_no_longer_waits_gets_nothing_and_the_reader_goes_on(db: Database) -> None:
    readers, free, entered = Readers(db.engine, 1), threading.Event(), threading.Event()
    done: list[str] = []

    def occupy(_: Connection) -> None:
        entered.set()
        free.wait(10)

    first = asyncio.ensure_future(readers.read(occupy))  # noqa: TID251 - owned by this test
    await asyncio.to_thread(entered.wait, 10)
    second = asyncio.ensure_future(readers.read(lambda c: done.append("second")))  # noqa: TID251 - owned by this test
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    free.set()
    assert await readers.read(reader)
    assert done == []
    readers.close()
