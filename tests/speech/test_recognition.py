"""Recognition in worker processes: bounded, started again, and never in the way of the loop."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from speech.port import Heard
from speech.recognition import RecogniserDown, Recognition, RecognitionLimits
from tests.until import until

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def started(folder: Path, *, streams: bool = False, **limits: float) -> AsyncIterator[Recognition]:
    command = [sys.executable, "-m", "tests.speech.echo_worker", str(folder / "gate")]
    one = Recognition(command, streams=streams, limits=RecognitionLimits(**limits))  # type: ignore[arg-type]
    await one.start()
    try:
        await until(lambda: len(one.worker_pids) == int(limits.get("workers", 2)) and one.ready, 60, what="workers")
        await until(lambda: all(seat.loaded for seat in one._seats), 60, what="loaded")
        yield one
    finally:
        await one.stop()
        assert one.worker_pids == []


async def say(one: Recognition, text: str, *phrases: str) -> Heard:
    listening = one.listen(phrases=phrases)
    for char in text:
        await listening.accept(char.encode("utf-16-le"))
    return await listening.finish()


async def test_a_whole_utterance_is_decoded_at_its_end_and_in_the_first_free_process(tmp_path: Path) -> None:
    async with started(tmp_path) as one:
        slow = asyncio.ensure_future(say(one, "等一等"))  # noqa: TID251
        await until(lambda: any(seat.waiting for seat in one._seats), 5, what="one works")
        assert (await say(one, "电费", "人工")).text == "电费人工", "told what to expect; not behind the slow one"
        (tmp_path / "gate").touch()
        assert await slow == Heard("等一等", True, confidence=0.5)


async def test_an_engine_that_streams_hears_while_the_caller_speaks(tmp_path: Path) -> None:
    async with started(tmp_path, streams=True, workers=1) as one:
        first, second = one.listen(phrases=("人工",)), one.listen()
        assert await first.accept("电".encode("utf-16-le")) == Heard("电", False)
        assert await second.accept("水".encode("utf-16-le")) == Heard("水", False)
        assert (await first.accept("费。".encode("utf-16-le"))).text == "电费。"  # type: ignore[union-attr]
        await first.accept("多少".encode("utf-16-le"))
        assert await first.finish() == Heard("电费。多少", True, confidence=0.8), "both pieces, no phrases"
        second.abandon()
        await say(one, "一")
        assert (tmp_path / "abandoned").read_text() == "水"


async def test_a_worker_that_dies_costs_one_utterance_and_is_started_again(tmp_path: Path) -> None:
    async with started(tmp_path, workers=1) as one:
        (before,) = one.worker_pids
        with pytest.raises(RecogniserDown):
            await say(one, "死")
        with pytest.raises(RecogniserDown):
            one.listen()
        await until(lambda: one.ready, 60, what="another")
        assert one.worker_pids != [before]
        os.kill(one.worker_pids[0], signal.SIGKILL)
        await until(lambda: not one.ready, 5, what="its death is seen without work")
        await until(lambda: one.ready, 60, what="a third")
        assert (await say(one, "电费")).text == "电费"


async def test_what_takes_too_long_is_given_up_and_the_worker_is_replaced(tmp_path: Path) -> None:
    async with started(tmp_path, workers=1, work=0.3) as one:
        with pytest.raises(Unavailable):
            await say(one, "等")
        await until(lambda: one.ready and one._seats[0].worker.starts == 2, 60, what="another")
        assert (await say(one, "电费")).text == "电费"


async def test_more_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    async with started(tmp_path, workers=1, waiting=2) as one:
        work = [asyncio.ensure_future(say(one, "等")) for _ in range(2)]  # noqa: TID251
        await until(lambda: one._seats[0].waiting == 2, 5, what="two wait")
        with pytest.raises(Unavailable, match="too many"):
            await say(one, "电费")
        (tmp_path / "gate").touch()
        assert [heard.text for heard in await asyncio.gather(*work)] == ["等", "等"]


async def test_a_caller_who_leaves_does_not_cost_the_worker(tmp_path: Path) -> None:
    async with started(tmp_path, workers=1) as one:
        pids = one.worker_pids
        leaving = asyncio.ensure_future(say(one, "等"))  # noqa: TID251
        await until(lambda: one._seats[0].waiting == 1, 5, what="at work")
        leaving.cancel()
        (tmp_path / "gate").touch()
        assert (await say(one, "电费")).text == "电费"
        assert one.worker_pids == pids


async def test_an_error_of_the_engine_is_told_and_the_worker_lives(tmp_path: Path) -> None:
    async with started(tmp_path, workers=1) as one:
        with pytest.raises(Unavailable, match="BadInput"):
            await say(one, "拒")
        assert (await say(one, "电费")).text == "电费"


async def test_before_a_worker_is_loaded_nobody_is_listened_to(tmp_path: Path) -> None:
    one = Recognition(["false"], streams=False)
    await one.start()
    try:
        assert not one.ready
        with pytest.raises(RecogniserDown):
            one.listen()
    finally:
        await one.stop()


async def test_a_worker_that_cannot_even_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Recognition(["false"], streams=False, limits=RecognitionLimits(workers=1))
    monkeypatch.setenv("PATH", "/nowhere")
    await one.start()
    try:
        await until(lambda: one._seats[0].worker.failures >= 2, 5, what="a second try")
    finally:
        await one.stop()
