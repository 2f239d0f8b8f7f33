"""Places whose call is gone, found by the sweep of the PBX."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.db import Database
from cti.events import Reconciled
from cti.model import Call, CallState
from cti.sweep import Sighting
from routing.stale import StalePlaces
from tests.agents.centre import centre
from tests.routing.test_service import Hotline

pytestmark = pytest.mark.integration


@pytest.fixture
async def hotline(db: Database) -> AsyncIterator[Hotline]:
    async with centre(db, 1) as office:
        await office.seat(1, ready=False)
        one = Hotline(office)
        yield one
        await one.routing.close()


def sighting(*call_ids: str) -> Sighting:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    calls = {i: Call(i, "13800000001", True, "95598", CallState.QUEUED, at) for i in call_ids}
    return Sighting(calls, frozenset())


async def test_p02_every_place_is_that_of_a_live_call_after_two_sightings(hotline: Hotline) -> None:
    stale = StalePlaces(hotline.routing)
    await stale.compare(sighting())
    for call_id in ("c1", "c2"):
        await hotline.routing.request(call_id, "general")
    await stale.compare(sighting("c1", "c2"))
    await stale.compare(sighting("c1"))
    assert await hotline.kept() == ["c1", "c2"], "one sighting without it is not enough"
    await stale.compare(sighting("c1"))
    assert await hotline.kept() == ["c1"]
    assert hotline.routing.position("c1") == 1
    assert [e.call_id for e in await hotline.office.story(Reconciled)] == ["c2"]  # type: ignore[attr-defined]
