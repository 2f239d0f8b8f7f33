"""Music on hold: our own sound, correctly coded, and heard by a caller who waits."""

import wave
from pathlib import Path

import numpy as np
import pytest

from asterisk_conf.music import compose, encode_alaw, write_music
from cti.ua import UserAgent
from speech import g711
from tests.pbx import started_pbx

pytestmark = pytest.mark.integration

DIALPLAN = "[from-trunk](+)\nexten => 700,1,Answer(,i)\n same => n,MusicOnHold()\n"


def test_it_stays_behind_a_voice_and_repeats_without_a_seam() -> None:
    sound = compose()
    assert 4000 < np.abs(sound).max() < 6000
    steps = np.abs(np.diff(sound.astype(int)))
    assert abs(int(sound[0]) - int(sound[-1])) <= steps.max()


def test_every_sample_is_coded_as_g711_says() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    decoded = g711.decode(encode_alaw(samples).tobytes(), "PCMA").astype(int)
    assert (np.abs(decoded - samples) <= np.maximum(16, np.abs(samples.astype(int)) // 16)).all()


def test_files_are_written_once(tmp_path: Path) -> None:
    write_music(tmp_path)
    with wave.open(str(tmp_path / "hold.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == len((tmp_path / "hold.alaw").read_bytes())
    before = (tmp_path / "hold.wav").stat().st_mtime_ns
    write_music(tmp_path)
    assert (tmp_path / "hold.wav").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hold.alaw", "hold.wav"]


async def test_a_caller_on_hold_hears_it() -> None:
    async with started_pbx(dialplan=DIALPLAN) as pbx, UserAgent() as ua:
        async with ua.call(f"sip:700@127.0.0.1:{pbx.spec.ports.sip}", "13800000001") as call:
            await call.wait_rtp()
            await call.send_digits("w2")
            first = call.received.first_at or 0.0
            heard = call.received.pcm(first, first + 1.5)
        assert np.abs(heard).max() > 1500
        assert call.received.tone_share(261.63, first, first + 0.7) > 0.5  # the first note
