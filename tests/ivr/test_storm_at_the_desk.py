"""Storm mode for the menu on the real outages and on queues in memory: what is told first, and when a queue is full."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.journal import Journal
from desk.outages.model import Kind
from desk.outages.service import OutageService
from ivr.storm import Full, IvrStorm
from routing.forecast import Expected
from routing.model import Figures
from routing.precedence import Cause

pytestmark = pytest.mark.integration

RULES = policy.load("seed")
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@dataclass
class Queues:
    """One queue in memory."""

    waiting: int = 0
    p50_s: float | None = None

    def figures(self, queue: str) -> Figures:
        return Figures(queue, self.waiting, 0.0, 0, 1, 0)

    def expected_wait_now(self, figures: Figures) -> Expected | None:
        return None if self.p50_s is None else Expected(self.p50_s, self.p50_s, 2 * self.p50_s)


class Evening:
    """Storm mode, its outages and queues."""

    def __init__(self, db: Database) -> None:
        self.there, self.clock, self.queues = True, FakeClock(NOON), Queues()
        self.journal = Journal(db, Bus())
        self.outages = OutageService(db, self.journal, self.clock, ZONE)
        self.storm = IvrStorm(lambda: self.there, self.outages, self.queues, clock=self.clock, zone=ZONE, policy=RULES)

    async def out(self, area: str, begins_h: float, hours: float, **scope: object) -> str:
        begins = NOON + timedelta(hours=begins_h)
        where = scope or {"areas": (area,)}
        draft = await self.outages.create(Kind.PLANNED, "线路检修", begins, begins + timedelta(hours=hours), **where)  # type: ignore[arg-type]
        return (await self.outages.publish(draft.id)).id

    async def told(self) -> list[str]:
        await self.storm.refresh()
        return [next(area for area in "甲乙丙丁戊己" if f"{area}片区" in text) for text in self.storm.news()]


@pytest.fixture
async def evening(db: Database) -> AsyncIterator[Evening]:
    one = Evening(db)
    yield one
    await one.journal.close()


async def test_the_latest_outages_in_force_are_told_while_the_storm_lasts(evening: Evening) -> None:
    for hours, area in enumerate("甲乙丙丁"):
        await evening.out(f"{area}片区", hours - 4.0, 8)
    await evening.out("戊片区", 1, 8)  # not yet
    await evening.out("", -1, 8, accounts=("3200000001",))  # of nobody else's concern
    assert await evening.told() == ["丁", "丙", "乙"]
    evening.there = False
    assert await evening.told() == []


async def test_an_outage_that_was_ended_is_told_no_more_and_one_that_nobody_ended_for_a_while(evening: Evening) -> None:
    ended, overdue = await evening.out("甲片区", -3, 8), await evening.out("乙片区", -2, 3)
    assert sorted(await evening.told()) == ["乙", "甲"]
    await evening.outages.end(ended)
    assert await evening.told() == ["乙"]
    await evening.clock.advance(2 * 3600)
    assert "尚未收到恢复消息" in (await evening.told() and evening.storm.news()[0])
    await evening.clock.advance(RULES.number("overdue_told_within") * 3600)
    assert await evening.told() == []
    assert overdue


def test_a_queue_is_full_only_in_a_storm_and_never_for_danger(db: Database) -> None:
    evening = Evening(db)
    evening.queues.waiting = 150
    assert evening.storm.full("general", [Cause.REPEAT]) == Full(150, None)
    assert evening.storm.full("general", [Cause.DANGER]) is None
    assert evening.storm.full("general", [Cause.VIP]) is None
    evening.there = False
    assert evening.storm.full("general", []) is None


def test_a_queue_is_full_by_the_wait_to_be_expected(db: Database) -> None:
    evening = Evening(db)
    evening.queues.waiting, evening.queues.p50_s = 20, 599.0
    assert evening.storm.full("general", []) is None
    evening.queues.p50_s = 600.0
    assert evening.storm.full("general", []) == Full(20, 600.0)
