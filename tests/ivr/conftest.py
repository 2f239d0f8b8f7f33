"""Fixtures: one caller on an empty database, and the flow that is shipped."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import ivr.flow
from core.db import Database
from ivr.flow import Flow, load
from speech.prompts import catalogue
from tests.databases import create_tables
from tests.ivr.caller import POLICY, Caller

SHIPPED = Path(ivr.flow.__file__).parent / "flows" / "hotline.yaml"


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    """A caller; the journal is a real one on SQLite."""
    db = Database(f"sqlite:///{tmp_path / 'ivr.db'}")
    create_tables(db.engine)
    one = Caller(db)
    yield one
    await one.close()
    await db.close()


@pytest.fixture
def shipped() -> Flow:
    """The flow of the hotline, as the service loads it."""
    return load(SHIPPED, catalogue(site="供电服务热线"), POLICY.rules)
