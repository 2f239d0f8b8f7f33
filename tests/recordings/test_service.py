"""Talks recorded, stored, found again, or journaled as missing with the reason."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import FakeClock
from core.db import Database
from recordings.events import RecordingMissing, RecordingStarted, RecordingStored
from recordings.model import Kind, NoAudio, NoSuchRecording, RecordingState, Verdict
from tests.recordings.captured import FakeCapture, sides
from tests.recordings.world import World, recording_world, vault_in
from tests.until import until

pytestmark = pytest.mark.integration

CALL = "pbx-1700000000.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def capture(clock: FakeClock) -> Iterator[FakeCapture]:
    made = FakeCapture(clock)
    yield made
    made.close()


@pytest.fixture
async def world(db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock) -> AsyncIterator[World]:
    async with recording_world(db, vault_in(tmp_path), capture, clock) as made:
        yield made


async def test_a_talk_is_recorded_from_answer_to_release(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL)
    assert capture.asked == [("start", CALL)]
    await capture.talk(CALL, 12.0)
    await world.released(CALL)
    (recording,) = await world.settled(CALL)
    assert capture.asked == [("start", CALL), ("stop", CALL)]
    assert (recording.state, recording.verdict, recording.length_s) == (RecordingState.STORED, Verdict.OK, 12.0)
    assert recording.agent_id == "a1"
    assert await world.story(CALL) == ["AgentAnswered", "RecordingStarted", "CallReleased", "RecordingStored"]


async def test_the_sound_is_given_back_with_the_sides_apart(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 1.0)
    await world.released(CALL)
    (recording,) = await world.settled(CALL)
    file = await world.service.open_audio(recording.id)
    samples = np.frombuffer(file.read_bytes()[44:], "<i2").reshape(-1, 2)
    assert (samples == [1000, -2000]).all()
    assert await world.service.intact(recording.id)
    await until(lambda: world.vault.spooled_ids() == [], what="the spool file is gone")


async def test_a_changed_byte_is_seen_and_a_lost_file_said(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 1.0)
    await world.released(CALL)
    (recording,) = await world.settled(CALL)
    file = await world.service.open_audio(recording.id)
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    assert not await world.service.intact(recording.id)
    file.unlink()
    with pytest.raises(NoAudio, match="gone from the vault"):
        await world.service.open_audio(recording.id)


async def test_the_caller_hangs_up(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 5.0)
    capture.gone(CALL)
    await world.hung_up(CALL)
    (recording,) = await world.settled(CALL)
    assert (recording.state, recording.verdict) == (RecordingState.STORED, Verdict.OK)
    assert (await world.story(CALL)).count("RecordingStored") == 1


async def test_each_talk_of_a_handed_on_call_has_its_own_recording(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL, "a1")
    await capture.talk(CALL, 4.0)
    await world.transferred(CALL, "a1")
    await capture.talk(CALL, 3.0)
    await world.answered(CALL, "a2", n=2)
    await capture.talk(CALL, 6.0)
    capture.gone(CALL)
    await world.hung_up(CALL, "a2")
    first, second = await world.settled(CALL, 2)
    assert (first.agent_id, first.length_s, first.verdict) == ("a1", 4.0, Verdict.OK)
    assert (second.agent_id, second.length_s, second.verdict) == ("a2", 6.0, Verdict.OK)


@pytest.mark.parametrize("end", ["third", "completed", "caller"])
async def test_the_talk_with_a_third_party_is_recorded_beside_the_callers(
    world: World, capture: FakeCapture, end: str
) -> None:
    third = f"{CALL}-seat-2"
    await world.answered(CALL)
    await capture.talk(CALL, 4.0)
    await world.consulted(CALL, third)
    assert capture.asked[-1] == ("start", third)
    await capture.talk(third, 3.0)
    if end == "third":
        await world.consult_over(CALL)
        assert ("stop", CALL) not in capture.asked, "that with the caller goes on"
        await world.released(CALL)
    elif end == "completed":
        await world.transferred(CALL)
    else:
        await world.hung_up(CALL)
    both = await world.settled(CALL, 2)
    assert [one.kind for one in both] == [Kind.TALK, Kind.CONSULT]
    assert [one.channel_id for one in both] == [CALL, third]
    assert both[1].length_s == 3.0
    assert both[1].state is RecordingState.STORED


async def test_lost_time_is_said(world: World, capture: FakeCapture, clock: FakeClock) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 7.0)
    await clock.advance(5.0)
    await world.released(CALL)
    (recording,) = await world.settled(CALL)
    assert (recording.state, recording.verdict) == (RecordingState.STORED, Verdict.TIME_LOST)
    stored = (await world.journal.of_call(CALL))[-1].event
    assert isinstance(stored, RecordingStored)
    assert stored.reason == recording.reason
    assert "5.0 s shorter" in (recording.reason or "")


async def test_a_full_disk_is_journaled_and_the_talk_goes_on(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    async with recording_world(db, vault_in(tmp_path, free=499_000_000), capture, clock) as world:
        await world.answered(CALL)
        await capture.talk(CALL, 5.0)
        await world.released(CALL)
        (recording,) = await world.of_call(CALL)
        assert (recording.state, recording.reason) == (RecordingState.MISSING, "disk_full")
        assert capture.asked == [("stop", CALL)]
        assert not (await world.service.space()).enough
        with pytest.raises(NoAudio) as told:
            await world.service.open_audio(recording.id)
        assert told.value.details["reason"] == "disk_full"


@pytest.mark.parametrize(("fault", "reason"), [("down", "pbx_down"), ("refuses", "refused")])
async def test_a_pbx_that_does_not_record_is_journaled(
    world: World, capture: FakeCapture, fault: str, reason: str
) -> None:
    setattr(capture, fault, True)
    await world.answered(CALL)
    (recording,) = await world.of_call(CALL)
    assert (recording.state, recording.reason) == (RecordingState.MISSING, reason)


async def test_a_pbx_that_is_back_records_the_rest_and_says_so(
    world: World, capture: FakeCapture, clock: FakeClock
) -> None:
    capture.down = True
    await world.answered(CALL)
    await clock.advance(4.0)
    assert (await world.service.reconcile()).missing != []
    capture.down = False
    done = await world.service.reconcile()
    assert len(done.running) == 1
    await capture.talk(CALL, 8.0)
    await world.released(CALL)
    (recording,) = await world.settled(CALL, 2)
    assert (recording.verdict, recording.length_s) == (Verdict.LATE_START, 8.0)
    assert await world.story(CALL) == [
        "AgentAnswered",
        "RecordingMissing",
        "RecordingStarted",
        "CallReleased",
        "RecordingStored",
    ]


async def test_a_talk_without_any_sound_is_missing(world: World, capture: FakeCapture) -> None:
    await world.answered(CALL)
    world.vault.spool_file((await world.of_call(CALL))[0].id).unlink()
    await world.released(CALL)
    (recording,) = await world.settled(CALL)
    assert (recording.state, recording.reason) == (RecordingState.MISSING, "no_file")
    await world.answered("pbx-2")
    await world.released("pbx-2")
    (empty,) = await world.settled("pbx-2")
    assert (empty.state, empty.reason) == (RecordingState.MISSING, "empty")


async def test_a_talk_that_ends_while_the_pbx_is_asked_is_finished(world: World, capture: FakeCapture) -> None:
    capture.gate = asyncio.Event()
    answering = asyncio.gather(world.answered(CALL))
    await until(lambda: capture.asked, what="the PBX is asked")
    await world.hung_up(CALL)
    capture.gate.set()
    await answering
    (recording,) = await world.settled(CALL)
    assert (recording.state, recording.reason) == (RecordingState.MISSING, "empty")


async def test_nobody_goes_on_before_the_talk_is_no_longer_recorded_whoever_stops_it(
    world: World, capture: FakeCapture
) -> None:
    """Else the stop of the first talk would come in the second one, on the same channel."""
    await world.answered(CALL)
    await capture.talk(CALL, 4.0)
    capture.stop_gate = asyncio.Event()
    ending = asyncio.gather(world.transferred(CALL))
    await until(lambda: ("stop", CALL) in capture.asked, what="the PBX is told")
    other = asyncio.gather(world.service.finish(CALL))
    done, _ = await asyncio.wait({other, ending}, timeout=0.2)
    assert not done
    capture.stop_gate.set()
    await asyncio.gather(other, ending)
    assert capture.asked == [("start", CALL), ("stop", CALL)]
    (recording,) = await world.settled(CALL)
    assert (recording.length_s, recording.verdict) == (4.0, Verdict.OK)


# --- restarts -------------------------------------------------------------------------------------


async def test_killed_in_a_talk_the_next_service_stores_it_whole(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    vault = vault_in(tmp_path)
    async with recording_world(db, vault, capture, clock) as first:
        await first.answered(CALL)
    await capture.talk(CALL, 10.0)
    async with recording_world(db, vault, capture, clock) as second:
        done = await second.service.reconcile()
        assert len(done.running) == 1
        assert capture.asked == [("start", CALL)]
        await capture.talk(CALL, 2.0)
        await second.released(CALL)
        (recording,) = await second.settled(CALL)
        assert (recording.verdict, recording.length_s) == (Verdict.OK, 12.0)


async def test_a_talk_that_ended_while_nobody_looked_is_stored(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    vault = vault_in(tmp_path)
    async with recording_world(db, vault, capture, clock) as first:
        await first.answered(CALL)
    await capture.talk(CALL, 10.0)
    capture.gone(CALL)
    await clock.advance(3.0)
    async with recording_world(db, vault, capture, clock, attach=False) as second:
        await second.hung_up(CALL)
        done = await second.service.reconcile()
        assert len(done.stored) == 1
        (recording,) = await second.of_call(CALL)
        assert (recording.verdict, recording.length_s) == (Verdict.ENDED_EARLY, 10.0)
        assert (await second.service.reconcile()).stored == []


async def test_killed_between_the_pbx_and_our_books_nothing_is_recorded_twice(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    vault = vault_in(tmp_path)
    async with recording_world(db, vault, capture, clock, attach=False) as first:
        recorded = await first.answered(CALL)
        await capture.start(CALL, str(vault.spool_file(f"{CALL}-{recorded.seq}")))
    await capture.talk(CALL, 6.0)
    async with recording_world(db, vault, capture, clock) as second:
        assert len((await second.service.reconcile()).running) == 1
        assert capture.asked == [("start", CALL)]
        await second.released(CALL)
        (recording,) = await second.settled(CALL)
        assert recording.verdict is Verdict.OK


async def test_killed_before_the_pbx_was_asked_the_rest_is_recorded(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    async with recording_world(db, vault_in(tmp_path), capture, clock, attach=False) as first:
        await first.answered(CALL)
        assert (await first.service.reconcile()).running == [f"{CALL}-1"]
        assert capture.asked == []  # it may be just being begun
    await clock.advance(6.0)
    async with recording_world(db, vault_in(tmp_path), capture, clock) as second:
        await second.service.reconcile()
        assert capture.asked == [("start", CALL)]


async def test_killed_after_the_file_was_kept_the_next_one_ends_the_work(
    db: Database, tmp_path: Path, capture: FakeCapture, clock: FakeClock
) -> None:
    vault = vault_in(tmp_path)
    async with recording_world(db, vault, capture, clock) as first:
        await first.answered(CALL)
        await capture.talk(CALL, 5.0)
        capture.gone(CALL)
    async with recording_world(db, vault, capture, clock, attach=False) as second:
        await second.released(CALL)
        recording = (await second.of_call(CALL))[0]
        vault.keep(recording.id, recording.talk_started_at)  # and killed here
    async with recording_world(db, vault, capture, clock) as third:
        assert (await third.service.reconcile()).stored == [recording.id]
        assert await third.service.intact(recording.id)
        vault.spool_file(recording.id).write_bytes(sides(5.0))  # killed between the books and the spool
        await third.service.reconcile()
        assert vault.spooled_ids() == []
        assert (await third.story(CALL)).count("RecordingStored") == 1


async def test_strangers_in_the_spool_are_told_and_left_alone(world: World) -> None:
    world.vault.spool_file("pbx-9-9").write_bytes(sides(1.0))
    done = await world.service.reconcile()
    assert done.strangers == ["pbx-9-9"]
    assert world.vault.spooled("pbx-9-9")


async def test_a_file_that_stays_open_is_taken_up_later(world: World, capture: FakeCapture, clock: FakeClock) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 5.0)
    capture.stuck = True
    await world.released(CALL)
    assert (await world.of_call(CALL))[0].state is RecordingState.CAPTURING
    capture.gone(CALL)
    (recording,) = await world.settled(CALL)
    assert recording.verdict is Verdict.OK


async def test_a_disk_that_fails_while_keeping_is_tried_again(
    world: World, capture: FakeCapture, clock: FakeClock
) -> None:
    await world.answered(CALL)
    await capture.talk(CALL, 5.0)
    day = world.vault.root / "2026"
    day.touch()  # a file where the directory of the day belongs
    await world.released(CALL)
    recording = (await world.of_call(CALL))[0]

    async def failed() -> bool:
        return (await world.service.reconcile()).waiting == [recording.id]

    await until(failed, what="keeping fails")
    day.unlink()
    assert (await world.service.reconcile()).stored == [recording.id]
    assert capture.asked.count(("stop", CALL)) == 1  # a closed file is not stopped again: the next talk may run


async def test_an_unknown_recording(world: World) -> None:
    with pytest.raises(NoSuchRecording):
        await world.service.open_audio("nothing")


async def test_events_name_the_recording_the_call_and_the_agent(world: World, capture: FakeCapture) -> None:
    answered = await world.answered(CALL)
    await capture.talk(CALL, 1.0)
    await world.released(CALL)
    await world.settled(CALL)
    events = [
        recorded.event
        for recorded in await world.journal.of_call(CALL)
        if isinstance(recorded.event, RecordingStarted | RecordingStored | RecordingMissing)
    ]
    assert {(e.call_id, e.recording_id, e.agent_id) for e in events} == {(CALL, f"{CALL}-{answered.seq}", "a1")}
