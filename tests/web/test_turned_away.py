"""How many calls of a blocked number were turned away, on both engines."""

from datetime import timedelta
from functools import partial

import pytest

from core.clock import FakeClock
from core.db import Database
from cti import store as call_rows
from cti.events import CallArrived
from cti.model import arrive
from web.store import turned_away

pytestmark = pytest.mark.integration

NUMBER = "13800000009"


async def test_only_calls_of_this_number_while_it_was_blocked_count(db: Database) -> None:
    now, hour = FakeClock().now(), timedelta(hours=1)
    for n, (caller, at) in enumerate(
        [(NUMBER, now - hour), (NUMBER, now), (NUMBER, now + hour), (NUMBER, now + 2 * hour), ("13800000001", now)]
    ):
        one = CallArrived(
            at=at,
            call_id=f"9.{n}",
            caller=caller,
            caller_known=True,
            caller_raw=caller,
            number="95598",
            channel_id=f"9.{n}",
        )
        await db.write(partial(call_rows.add, call=arrive(one)))
    count = partial(turned_away, phone=NUMBER, since=now, until=now + 2 * hour)
    assert await db.read(count) == 2
