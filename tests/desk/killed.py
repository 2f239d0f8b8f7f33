"""A process that takes one report and kills itself after a certain line: `python -m tests.desk.killed URL LINE`."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import core.journal_rows
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.journal import Journal
from desk.notifications import store as note_store
from desk.notifications.files import FileGateway
from desk.notifications.service import NotificationService
from desk.workorders import store as order_store
from desk.workorders.model import Kind, Report, Scope
from desk.workorders.service import WorkOrderService

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
REPORT = Report(
    key="call-1:fault:3200000001",
    kind=Kind.FAULT,
    scope=Scope.HOME,
    call_id="call-1",
    caller="13800000001",
    caller_known=True,
    account="3200000001",
    customer_id="C0001",
    area="城西片区",
    address="人民路1号",
)


def die_after(line: str) -> None:
    """Have the function `line`, of those that write, be the last thing this process does."""
    places = [(module, line) for module in (order_store, note_store, core.journal_rows)]
    for module, name in [*places, (core.journal_rows, f"{line}_sqlite")]:
        if (real := getattr(module, name, None)) is not None:

            def last(*given: Any, real: Any = real) -> None:
                real(*given)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(module, name, last)


async def take(url: str, line: str) -> None:
    """Take the report; killed after `line`, or when all is committed."""
    die_after(line)
    db = Database(url)
    journal, clock, rules = Journal(db, Bus()), FakeClock(AT), policy.load("seed")
    outbox = NotificationService(journal, db, clock, gateway=FileGateway(Path(os.devnull)), policy=rules)
    await WorkOrderService(journal, db, clock, notifications=outbox, policy=rules, site=Site()).take(REPORT)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1], sys.argv[2]))
