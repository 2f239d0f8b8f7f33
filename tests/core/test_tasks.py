"""Every task has an owner: failures are told, what is left is cancelled."""

import asyncio

import pytest

from core.errors import Conflict
from core.tasks import TaskOwner
from tests.core.conftest import Lines
from tests.until import until

pytestmark = pytest.mark.unit


async def test_a_task_gives_its_result_and_is_let_go() -> None:
    owner = TaskOwner("room")

    async def work() -> int:
        return 7

    task = owner.start(work(), "count")
    assert (len(owner), task.get_name()) == (1, "room:count")
    assert await task == 7
    await until(lambda: len(owner) == 0)


async def test_a_failure_is_logged_unless_it_is_one_of_our_own(logged: Lines) -> None:
    owner = TaskOwner("room")

    async def broken() -> None:
        raise ZeroDivisionError("sums")

    async def refused() -> None:
        raise Conflict

    owner.start(broken(), "broken")
    owner.start(refused(), "refused")
    await owner.drain()
    await until(lambda: len(owner) == 0)
    assert [(line["action"], line["task"]) for line in logged.lines] == [("task_failed", "room:broken")]
    assert "sums" in logged.lines[0]["error"]


async def test_close_cancels_what_is_left_but_not_who_calls_it() -> None:
    owner, ended = TaskOwner("room"), list[str]()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    async def closes() -> None:
        await asyncio.sleep(0)
        await owner.close()
        ended.append("closes")

    owner.start(waits(), "waits")
    await owner.start(closes(), "closes")
    assert ended == ["waits", "closes"]


async def test_a_task_that_does_not_end_is_told(logged: Lines) -> None:
    owner, stop = TaskOwner("room"), asyncio.Event()

    async def stubborn() -> None:
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue

    owner.start(stubborn(), "stubborn")
    await asyncio.sleep(0)
    await owner.close(patience=0.05)
    assert logged.actions() == ["task_stuck"]
    stop.set()
    await owner.drain()


async def test_drain_waits_for_work_to_end_by_itself() -> None:
    owner, done = TaskOwner("room"), list[int]()

    async def work() -> None:
        await asyncio.sleep(0.01)
        done.append(1)

    owner.start(work(), "work")
    await owner.drain()
    assert done == [1]
