"""The voice of live calls over its true worker protocol: in time, late, refused, dead, full, purged."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.errors import BadInput, ConfigError, NotFound
from speech.process import VoiceDown
from speech.prompts import PromptPack, read_catalogue
from speech.synthesis import Unspoken, Voice, VoiceLimits
from tests.speech import tone_worker
from tests.until import until

pytestmark = pytest.mark.integration

FEW = VoiceLimits(waiting=2, at_most=0.3, keep_bytes=50_000)
PATIENT = 20.0
"""Seconds that a busy machine may take to do what is expected at once."""


class World:
    """A voice with a gate: texts with 等 wait until it is opened."""

    def __init__(self, folder: Path, **how: object) -> None:
        self.gate = folder / "gate"
        self.folder = folder / "sentences"
        self.clock = FakeClock()
        command = [sys.executable, tone_worker.__file__, str(self.gate)]
        self.voice = Voice(self.folder, command, settings_key="humming", clock=self.clock, **how)  # type: ignore[arg-type]

    def open_gate(self) -> None:
        self.gate.touch()

    def sounds(self) -> list[Path]:
        return sorted(self.folder.glob("*.alaw"))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path, limits=FEW, cover=cover)
    await world.voice.start()
    await until(lambda: world.voice.healthy, PATIENT)
    yield world
    world.open_gate()
    await world.voice.stop()
    assert world.voice.worker_pid is None


def cover(text: str) -> list[str]:
    if "元" not in text:
        raise NotFound("no fragment says it")
    return [f"sound:/fragments/{char}" for char in text]


async def test_a_prepared_sentence_is_played_whole(world: World) -> None:
    world.voice.prepare("三百元")
    (media,) = await world.voice.media("三百元", within=PATIENT)
    assert len(beside(media, "alaw").read_bytes()) == round(0.5 * 8000)
    assert beside(media, "txt").read_text() == "三百元"
    assert await world.voice.media("三百元", within=0) == [media]


async def test_sentences_are_private(world: World) -> None:
    (media,) = await world.voice.media("三百元", within=PATIENT)
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in world.folder.iterdir()} == {0o600}
    other = World(world.folder.parent / "other")
    await other.voice.start()
    try:
        (elsewhere,) = await other.voice.media("三百元", within=PATIENT)
    finally:
        await other.voice.stop()
    assert Path(media).name != Path(elsewhere).name, "names of files must not tell which texts were said"


async def test_a_late_sentence_is_played_in_fragments_and_whole_the_next_time(world: World) -> None:
    late = await world.voice.media("等元", within=0.05)
    assert late == ["sound:/fragments/等", "sound:/fragments/元"]
    world.open_gate()
    assert len(await world.voice.media("等元", within=PATIENT)) == 1


async def test_the_callers_own_fallback_goes_before_the_fragments(world: World) -> None:
    assert await world.voice.media("等元", fallback=["sound:x"], within=0.05) == ["sound:x"]


async def test_what_no_fragment_covers_is_waited_for_and_then_given_up(world: World) -> None:
    with pytest.raises(Unspoken):
        await world.voice.media("等", within=0.05)


async def test_what_no_fragment_covers_is_played_when_it_comes_in_the_longer_time(tmp_path: Path) -> None:
    world = World(tmp_path, limits=VoiceLimits(at_most=PATIENT), cover=cover)
    await world.voice.start()
    try:
        waiting = asyncio.get_running_loop().create_task(world.voice.media("等", within=0.01))
        await until(lambda: world.voice.waiting == 1)
        world.open_gate()
        assert len(await waiting) == 1
    finally:
        await world.voice.stop()


async def test_a_sentence_that_cannot_be_said_takes_the_fragments(world: World) -> None:
    assert len(await world.voice.media("拒元", within=PATIENT)) == 2
    assert world.voice.healthy


async def test_a_dead_worker_is_started_again_and_goes_on(world: World) -> None:
    first = world.voice.worker_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert len(await world.voice.media("三百元", within=PATIENT)) == 1
    assert world.voice.worker_pid != first


async def test_an_idle_worker_that_died_is_started_again_without_work(world: World) -> None:
    first = world.voice.worker_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: not world.voice.healthy, PATIENT)
    await until(lambda: world.voice.healthy, PATIENT)
    assert world.voice.worker_pid != first


async def test_a_sentence_that_kills_the_worker_is_given_up_after_two_tries(world: World) -> None:
    assert await world.voice.media("死元", fallback=["sound:x"], within=PATIENT) == ["sound:x"]
    assert len(await world.voice.media("三百元", within=PATIENT)) == 1


async def test_a_full_queue_lets_prepared_sentences_go_for_a_caller_who_waits(world: World) -> None:
    world.voice.prepare("等一")
    await until(lambda: world.voice.waiting == 1)
    world.voice.prepare("等二")
    world.voice.prepare("等三")
    assert world.voice.waiting == 2
    waiting = asyncio.get_running_loop().create_task(world.voice.media("四元", within=PATIENT))
    await until(lambda: world.voice.waiting == 2)
    world.open_gate()
    assert len(await waiting) == 1
    await until(lambda: world.voice.waiting == 0, PATIENT)
    said = {file.with_suffix(".txt").read_text() for file in world.sounds()}
    assert said == {"等一", "四元"}


async def test_callers_who_wait_go_before_what_is_only_prepared_or_waited_for_elsewhere(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.voice.start()
    try:
        start = asyncio.get_running_loop().create_task
        world.voice.prepare("等一")
        elsewhere = start(world.voice.media("二元", within=PATIENT, live=False))
        await until(lambda: world.voice.waiting == 2)
        world.voice.prepare("三元")
        waiting = start(world.voice.media("三元", within=PATIENT))
        await until(lambda: world.voice.healthy, PATIENT)
        world.open_gate()
        (media,) = await waiting
        (other,) = await elsewhere
        assert beside(media, "alaw").stat().st_mtime_ns < beside(other, "alaw").stat().st_mtime_ns
    finally:
        await world.voice.stop()


@pytest.mark.parametrize("text", ["", "  ", "元" * 401])
async def test_texts_out_of_bounds_are_refused(world: World, text: str) -> None:
    with pytest.raises(BadInput):
        world.voice.prepare(text)


async def test_old_sentences_are_purged_and_those_being_played_are_not(world: World) -> None:
    await world.voice.media("三百元", within=PATIENT)
    await world.clock.advance(3500)
    await world.voice.media("三百元", within=0)
    await world.clock.advance(101)
    await world.voice.sweep()
    assert len(world.sounds()) == 1, "handed out a hundred seconds ago"
    await world.clock.advance(180)
    await world.voice.sweep()
    assert [file.name for file in world.folder.iterdir()] == [".key"]
    assert len(await world.voice.media("三百元", within=PATIENT)) == 1


async def test_the_oldest_go_when_there_are_too_many_bytes(world: World) -> None:
    for text in ("一百元", "二百元", "三百元"):
        await world.voice.media(text, within=PATIENT)
        await world.clock.advance(1)
    await world.clock.advance(200)
    await world.voice.sweep()
    assert sorted(file.with_suffix(".txt").read_text() for file in world.sounds()) == ["三百元", "二百元"]


async def test_a_restarted_voice_finds_its_sentences(tmp_path: Path) -> None:
    first = World(tmp_path)
    await first.voice.start()
    media = await first.voice.media("三百元", within=PATIENT)
    await first.voice.stop()
    second = World(tmp_path)
    await second.voice.start()
    try:
        assert await second.voice.media("三百元", within=0) == media
    finally:
        await second.voice.stop()


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "sentences").write_text("a file stands here")
    with pytest.raises(ConfigError, match="cannot hold spoken sentences"):
        await World(tmp_path).voice.start()


async def test_a_voice_that_is_rarely_wanted_is_loaded_when_it_is_and_unloaded_again(tmp_path: Path) -> None:
    world = World(tmp_path, unload_after=600.0)
    await world.voice.start()
    try:
        assert world.voice.worker_pid is None
        assert len(await world.voice.media("三百元", within=0)) == 1, "waited for, there is nothing else"
        pid = world.voice.worker_pid
        assert pid is not None
        await world.clock.advance(599)
        assert len(await world.voice.media("五百元", within=0)) == 1
        assert world.voice.worker_pid == pid
        await world.clock.advance(601)
        await until(lambda: world.voice.worker_pid is None, PATIENT)
        world.voice.wake()
        await until(lambda: world.voice.healthy, PATIENT)
    finally:
        await world.voice.stop()


async def test_nobody_waits_for_a_voice_that_cannot_be_loaded(tmp_path: Path) -> None:
    broken = Voice(
        tmp_path / "sentences",
        [sys.executable, "-c", ""],
        settings_key="none",
        clock=FakeClock(),
        limits=VoiceLimits(at_most=1000.0),
        unload_after=600.0,
    )
    await broken.start()
    try:
        with pytest.raises(Unspoken):
            async with asyncio.timeout(PATIENT):
                await broken.media("三百元", within=0)
    finally:
        await broken.stop()


async def test_prompts_are_rendered_behind_live_sentences(world: World, tmp_path: Path) -> None:
    pack = a_pack(tmp_path, "等一下")
    rendering = asyncio.get_running_loop().create_task(world.voice.render(pack))
    assert len(await world.voice.media("三百元", within=PATIENT)) == 1, "a prompt in work holds no caller up"
    assert pack.missing() == ["hello"]
    world.open_gate()

    async def rendered() -> bool:
        await world.clock.advance(0.2)
        return rendering.done()

    await until(rendered, PATIENT)
    assert await rendering == ["hello"]
    assert pack.has("hello")


async def test_prompts_do_not_wait_for_sentences_of_a_voice_that_is_down(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    renderer = [sys.executable, tone_worker.__file__, str(gate)]
    command = [sys.executable, "-c", ""]
    voice = Voice(tmp_path / "s", command, settings_key="none", clock=FakeClock(), renderer=renderer)
    await voice.start()
    try:
        voice.prepare("三百元")
        pack = a_pack(tmp_path, "您好")
        async with asyncio.timeout(PATIENT):
            assert await voice.render(pack) == ["hello"]
        assert voice.waiting == 1
        assert pack.has("hello")
    finally:
        await voice.stop()


async def test_a_prompt_that_kills_the_renderer_is_reported(world: World, tmp_path: Path) -> None:
    with pytest.raises(VoiceDown):
        await world.voice.render(a_pack(tmp_path, "死"))


def beside(media: str, suffix: str) -> Path:
    return Path(f"{media.removeprefix('sound:')}.{suffix}")


def a_pack(folder: Path, text: str) -> PromptPack:
    file = folder / "one.yaml"
    file.write_text(f"hello: {{text: {text}, source: a test, ours: true}}", encoding="utf-8")
    return PromptPack(folder / "pack", read_catalogue(file, site=""), settings_key="humming", cache=folder / "cache")
