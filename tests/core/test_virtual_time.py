"""On a virtual loop waiting takes no time, order and threads are kept, and standing still for ever is told."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from core.virtual_time import LoopClock, NothingFollows, VirtualLoop, run

pytestmark = pytest.mark.unit


def virtual() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.idle = lambda: False
    return loop


def test_an_hour_is_over_at_once_and_timers_keep_their_order() -> None:
    async def work() -> tuple[float, list[str]]:
        loop, done = virtual(), list[str]()
        loop.call_later(1800, done.append, "half")
        loop.call_later(60, done.append, "minute")
        began = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return loop.time() - began, done

    began = time.monotonic()
    assert run(work()) == (pytest.approx(3600), ["minute", "half"])
    assert time.monotonic() - began < 5


def test_a_thread_is_waited_for_before_time_leaps() -> None:
    async def work() -> str:
        virtual()
        async with asyncio.timeout(0.01):
            return await asyncio.to_thread(lambda: time.sleep(0.1) or "read")

    assert run(work()) == "read"


def test_who_is_idle_may_make_something_happen_before_time_leaps() -> None:
    async def work() -> float:
        loop, pressed = virtual(), asyncio.Event()
        loop.idle = lambda: not pressed.is_set() and (pressed.set() is None)
        began = loop.time()
        async with asyncio.timeout(5):
            await pressed.wait()
        return loop.time() - began

    assert run(work()) == 0


def test_standing_still_for_ever_is_told() -> None:
    async def work() -> None:
        virtual()
        await asyncio.Event().wait()

    with pytest.raises(NothingFollows):
        run(work())


def test_the_clock_of_a_loop_begins_where_it_is_told() -> None:
    async def work() -> datetime:
        clock = LoopClock(virtual(), datetime(2026, 11, 22, 8, tzinfo=UTC))
        await clock.sleep(90)
        assert clock.monotonic() == pytest.approx(90)
        return clock.now()

    assert run(work()).replace(microsecond=0) == datetime(2026, 11, 22, 8, 1, 30, tzinfo=UTC)
