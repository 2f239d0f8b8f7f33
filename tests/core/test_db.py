"""The database commits what is written, gives decimals and moments back exactly, on both engines."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

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
