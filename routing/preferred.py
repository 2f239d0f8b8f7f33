"""For whom a call is held at first: the account manager of its customer, else whom the caller talked with last."""

import asyncio
import contextlib
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agents import store as people
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError
from core.policy import Policy
from cti import store as call_rows
from desk.customers import store as customer_rows


class Preference:
    """Asks the books; what does not answer in time costs the caller nothing."""

    def __init__(self, db: Database, clock: Clock, policy: Policy) -> None:
        self._db = db
        self._clock = clock
        self._last_within = timedelta(hours=policy.number("last_agent_window"))
        self._wait_s = policy.number("lookup_wait")

    async def of(self, call_id: str, customer_id: str | None) -> str | None:
        """Return the agent; None when there is none. `customer_id`: who calls, None while that is not known."""
        since = self._clock.now() - self._last_within
        with contextlib.suppress(HotlineError, SQLAlchemyError, TimeoutError):
            async with asyncio.timeout(self._wait_s):
                return await self._db.read(lambda connection: _preferred(connection, call_id, customer_id, since))
        return None


def _preferred(connection: Connection, call_id: str, customer_id: str | None, since: datetime) -> str | None:
    if customer_id and (name := customer_rows.manager(connection, customer_id)):
        manager = people.user_by_name(connection, name)
        if manager is not None and not manager.disabled:
            return manager.id
    return call_rows.last_agent(connection, call_id, since)
