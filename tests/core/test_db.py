"""The database commits what is written, gives decimals and moments back exactly, on both engines."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, insert, select
from sqlalchemy.exc import OperationalError

from core.db import Database, Exact, Utc

pytestmark = pytest.mark.integration

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("amount", Exact),
    Column("at", Utc),
)


async def test_decimals_and_moments_come_back_as_they_went_in(db: Database) -> None:
    things.metadata.create_all(db.engine)
    at = datetime(2026, 11, 22, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    await db.write(lambda c: c.execute(insert(things), {"id": 1, "amount": Decimal("156.410"), "at": at}))
    row = await db.read(lambda c: c.execute(select(things)).one())
    assert str(row.amount) == "156.410"
    assert row.at == at
    assert row.at.tzinfo is UTC


async def test_what_could_not_be_committed_is_not_committed_by_the_next_write(db: Database) -> None:
    things.metadata.create_all(db.engine)
    await db.write(lambda c: c.execute(insert(things), {"id": 1}))

    def refuse(_connection: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    event.listen(db.engine, "commit", refuse)
    with pytest.raises(OperationalError):
        await db.write(lambda c: c.execute(insert(things), {"id": 2}))
    event.remove(db.engine, "commit", refuse)
    await db.write(lambda c: c.execute(insert(things), {"id": 3}))
    assert await db.read(lambda c: c.execute(select(things.c.id).order_by(things.c.id)).scalars().all()) == [1, 3]
