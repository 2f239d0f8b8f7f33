"""The clock of tests moves only when told, and wakes each sleeper at its own moment."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import FakeClock, SystemClock
from core.tasks import TaskOwner

pytestmark = pytest.mark.unit


async def test_sleepers_wake_at_their_own_moment_in_order() -> None:
    clock, tasks, woke = FakeClock(), TaskOwner("test"), list[tuple[str, float]]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woke.append((name, clock.monotonic()))

    for name, seconds in (("late", 3.0), ("early", 1.0), ("twin", 3.0), ("beyond", 9.0)):
        tasks.start(sleeper(name, seconds), name)
    await clock.advance(0.5)
    assert woke == []
    await clock.advance(4.5)
    assert woke == [("early", 1.0), ("late", 3.0), ("twin", 3.0)]
    assert (clock.monotonic(), len(tasks)) == (5.0, 1)
    await tasks.close()


async def test_who_sleeps_again_while_time_moves_wakes_again() -> None:
    clock, tasks, beats = FakeClock(), TaskOwner("test"), list[float]()

    async def heart() -> None:
        while True:
            await clock.sleep(1)
            beats.append(clock.monotonic())

    tasks.start(heart(), "heart")
    await clock.advance(3)
    assert beats == [1, 2, 3]
    await tasks.close()


async def test_a_cancelled_sleeper_stops_nobody() -> None:
    clock, tasks = FakeClock(), TaskOwner("test")
    gone = tasks.start(clock.sleep(1), "gone")
    stays = tasks.start(clock.sleep(2), "stays")
    await clock.advance(0)
    gone.cancel()
    await clock.advance(2)
    assert stays.done()
    assert not stays.cancelled()


async def test_now_moves_with_it() -> None:
    start = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    clock = FakeClock(start)
    await clock.advance(60)
    assert clock.now() == start + timedelta(minutes=1)
    await clock.sleep(0)
    await clock.sleep(-1)


async def test_the_machines_clock_is_aware_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    assert clock.now().utcoffset() == timedelta(0)
    async with asyncio.timeout(5):
        await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01
