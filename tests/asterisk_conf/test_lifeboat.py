"""The lifeboat on the real PBX: a caller without a controller hears apology, notices and goodbye, never dead air."""

import contextlib
import os
import signal
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from asterisk_conf.lifeboat_notice import Notice, write_lifeboat
from cti.ua import OutgoingCall, UserAgent
from tests.asterisk_conf.controller import arrived, controller
from tests.pbx import Pbx, started_pbx
from tests.until import until

pytestmark = pytest.mark.integration

CONGESTION, APOLOGY, NOTICE, EXPIRED, GOODBYE, FIXED = 450, 600, 1000, 1400, 1800, 2200
"""Each medium is a tone of its own (Hz), so what was heard can be told by ear of a program."""


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with started_pbx() as started:
        yield started


def medium(pbx: Pbx, hz: int, name: str | None = None, seconds: float = 0.6) -> Path:
    """Write a tone as a WAV file and return its path without the extension."""
    path = pbx.spec.directories.lifeboat / (name or f"tone{hz}")
    samples = (np.sin(2 * np.pi * hz * np.arange(int(8000 * seconds)) / 8000) * 9000).astype("<i2")
    with wave.open(f"{path}.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path


async def heard_until_end(pbx: Pbx) -> tuple[OutgoingCall, list[int]]:
    """Call 95598, listen to the end; returns the tones in the order in which they were heard (Hz)."""
    async with UserAgent() as ua:
        call = ua.call(f"sip:95598@127.0.0.1:{pbx.spec.ports.sip}", "13800000001")
        await call.wait_answered()
        await call.wait_ended(30)
    found: list[int] = []
    end = call.received.last_at or 0.0
    for start in np.arange(call.times.answered or 0.0, end, 0.1):
        for hz in (CONGESTION, APOLOGY, NOTICE, EXPIRED, GOODBYE, FIXED):
            if call.received.tone_power(hz, start, start + 0.1) > -25 and hz not in found[-1:]:
                found.append(hz)
    return call, found


async def test_without_a_controller_the_caller_hears_apology_notice_and_goodbye(pbx: Pbx) -> None:
    now = datetime.now(UTC)
    write_lifeboat(
        pbx.spec.directories.lifeboat,
        apology=[medium(pbx, APOLOGY)],
        notices=[
            Notice((medium(pbx, EXPIRED),), now - timedelta(seconds=1)),
            Notice((medium(pbx, NOTICE),), now + timedelta(hours=1)),
        ],
        goodbye=[medium(pbx, GOODBYE)],
    )
    call, tones = await heard_until_end(pbx)
    assert tones == [APOLOGY, NOTICE, GOODBYE]
    assert call.received.first_at is not None
    assert call.received.first_at < 1.0
    assert call.ended is not None
    assert call.ended.by == "them"


async def test_a_corrupt_file_falls_back_to_the_fixed_apology(pbx: Pbx) -> None:
    (pbx.spec.directories.lifeboat / "lifeboat.json").write_text('{"apology": ["/tmp', "utf-8")
    medium(pbx, FIXED, "apology")
    call, tones = await heard_until_end(pbx)
    assert tones == [FIXED]
    assert call.ended is not None
    assert call.ended.by == "them"


async def test_with_nothing_at_all_the_caller_hears_a_tone_and_the_end(pbx: Pbx) -> None:
    call, tones = await heard_until_end(pbx)
    assert set(tones) == {CONGESTION}
    assert call.ended is not None
    assert call.ended.by == "them"


async def test_media_that_are_not_there_are_passed_over(pbx: Pbx) -> None:
    directory = pbx.spec.directories.lifeboat
    write_lifeboat(directory, apology=[directory / "gone", medium(pbx, APOLOGY)], notices=[], goodbye=[])
    _, tones = await heard_until_end(pbx)
    assert tones == [APOLOGY]


async def test_a_controller_that_comes_back_takes_the_caller_over(pbx: Pbx) -> None:
    write_lifeboat(pbx.spec.directories.lifeboat, apology=[medium(pbx, APOLOGY, seconds=2)], notices=[], goodbye=[])
    async with UserAgent() as ua, ua.call(f"sip:95598@127.0.0.1:{pbx.spec.ports.sip}", "13800000001") as call:
        await call.wait_rtp()
        async with controller(pbx) as events:
            start = await arrived(events)
            channel = start["channel"]
            assert isinstance(channel, dict)
            assert channel["state"] == "Up"
            assert call.ended is None


async def test_a_caller_who_hangs_up_ends_the_program(pbx: Pbx) -> None:
    write_lifeboat(pbx.spec.directories.lifeboat, apology=[medium(pbx, APOLOGY, seconds=20)], notices=[], goodbye=[])
    async with UserAgent() as ua:
        call = ua.call(f"sip:95598@127.0.0.1:{pbx.spec.ports.sip}", "13800000001")
        await call.wait_rtp()
        assert programs(pbx)
        await call.hangup()
    await until(lambda: not programs(pbx))
    assert "ERROR" not in pbx.messages


async def test_a_killed_pbx_leaves_no_program_behind(pbx: Pbx) -> None:
    write_lifeboat(pbx.spec.directories.lifeboat, apology=[medium(pbx, APOLOGY, seconds=20)], notices=[], goodbye=[])
    async with UserAgent() as ua:
        call = ua.call(f"sip:95598@127.0.0.1:{pbx.spec.ports.sip}", "13800000001")
        await call.wait_rtp()
        status = await pbx.asterisk.status()
        assert status.pid is not None
        os.kill(status.pid, signal.SIGKILL)
        await until(lambda: not programs(pbx))


def programs(pbx: Pbx) -> list[str]:
    """The command lines of this PBX's lifeboat programs that run now."""
    lines = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return [line for line in lines if "lifeboat.py" in line and str(pbx.spec.directories.lifeboat) in line]
