"""What storm mode sees: waiting callers, service level, calls beside their forecast, the gravest weather notice."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents.shifts.model import Level
from app.duty import QueueOutlook
from app.storm_outlook import StormOutlook
from core import policy
from core.clock import FakeClock
from core.db import Database
from core.journal import append
from cti.events import CallArrived, CallEnded, CallQueued
from figures.live import LiveFigures
from figures.outlook import DayOutlook
from figures.slots import Slots
from routing.events import AgentRequested
from routing.storm.model import Trigger
from tests.routing.test_storm import House
from tests.until import until

pytestmark = pytest.mark.integration

RULES = policy.load("seed")
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Figures:
    waiting: int


class Queues:
    """The queues in memory: what `QueueOutlook` and `StormOutlook` ask of routing."""

    queues = ("general",)

    def __init__(self) -> None:
        self.waiting = 0

    def figures(self, queue: str) -> Figures:
        return Figures(self.waiting)


class Sight:
    """An outlook on a database, and what its parts are fed with."""

    def __init__(self, db: Database) -> None:
        self.house, self.queues = House(db), Queues()
        self.clock: FakeClock = self.house.clock
        self.figures = LiveFigures(db, self.clock, RULES, ZONE)
        self.figures.listen(self.house.bus)
        seen = QueueOutlook(self.queues, None, self.clock, RULES)  # type: ignore[arg-type]
        seen.listen(self.house.bus)
        self.came = seen.came
        self.day = DayOutlook(db, self.clock, RULES, ZONE)
        self.outlook = StormOutlook(
            seen,
            self.queues,  # type: ignore[arg-type]
            self.house.shifts,
            self.figures,
            day=self.day,
            slots=Slots(ZONE),
            clock=self.clock,
            policy=RULES,
        )

    async def comes(self, number: int, *, hangs_up: bool) -> None:
        call_id, at = f"c{number}", self.clock.now()
        journal = self.house.journals[-1]
        arrived = CallArrived(
            at=at,
            call_id=call_id,
            channel_id=call_id,
            caller="13800000001",
            caller_known=True,
            caller_raw="",
            number="95598",
        )
        await journal.record(arrived, CallQueued(at=at, call_id=call_id, queue="general"))
        if hangs_up:
            await self.clock.advance(21)
            await journal.record(CallEnded(at=self.clock.now(), call_id=call_id, by="caller", why="x", where="queued"))


@pytest.fixture
async def sight(db: Database) -> AsyncIterator[Sight]:
    one = Sight(db)
    yield one
    await one.day.close()
    await one.figures.close()
    for journal in one.house.journals:
        await journal.close()


async def test_without_calls_only_the_queues_and_the_weather_are_known(sight: Sight) -> None:
    sight.queues.waiting = 12
    assert await sight.outlook.signals() == {Trigger.QUEUE_LENGTH: 12.0, Trigger.WEATHER: 0.0}
    now = sight.clock.now()
    for level in (Level.BLUE, Level.RED, Level.ORANGE):
        await sight.house.shifts.notice_weather(level, "台风", (now, now + timedelta(hours=1)), "lead")
    assert (await sight.outlook.signals())[Trigger.WEATHER] == 4.0
    await sight.clock.advance(3601)
    assert (await sight.outlook.signals())[Trigger.WEATHER] == 0.0


async def test_calls_stand_beside_the_forecast_of_the_half_hour_and_the_level_of_the_day(sight: Sight) -> None:
    """Ten calls in each half hour of the four weeks before; then forty within a quarter of an hour, half hang up."""
    today = sight.clock.now().astimezone(ZONE).date()
    midnight = datetime.combine(today, datetime.min.time(), ZONE).astimezone(UTC)
    past = [
        AgentRequested(at=midnight - timedelta(days=day, minutes=-30 * slot - 3 * n), call_id="p", queue="general")
        for day in range(1, 15)
        for slot in range(48)
        for n in range(10)
    ]
    await sight.house.db.write(lambda connection: append(connection, past))
    await sight.figures.load()
    for number in range(29):
        await sight.comes(number, hangs_up=number % 2 == 0)
    assert Trigger.ARRIVALS not in await sight.outlook.signals(), "fewer than 30 say nothing"
    for number in range(29, 40):
        await sight.comes(number, hangs_up=number % 2 == 0)
    await until(lambda: sight.day.today() is not None, what="the forecast is read")
    found = await sight.outlook.signals()
    came = sight.came()[0]
    assert 30 <= came <= 40
    assert found[Trigger.ARRIVALS] == pytest.approx(came / 5, rel=0.05)
    assert found[Trigger.SERVICE_LEVEL] == 0.0, "nobody was answered"
    await sight.clock.advance(1000)
    assert set(await sight.outlook.signals()) == {Trigger.QUEUE_LENGTH, Trigger.WEATHER}
