"""Files for the telephone: whole frames, levels, formats, and that they appear whole."""

import wave
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from speech import g711, sound

pytestmark = pytest.mark.unit


def tone(frequency: float, seconds: float, rate: int = 24000, size: float = 0.5) -> sound.Samples:
    return (size * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def quiet(seconds: float) -> sound.Samples:
    return np.zeros(round(seconds * 24000), np.float32)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0.005, 0.05), (0.4, 0.5)])
def test_finished_speech_has_the_same_silence_round_it_whatever_it_had(before: float, after: float) -> None:
    said = np.concatenate([quiet(before), tone(1000, 1), quiet(after)])
    finished = sound.finish(said, 24000, sound.Finish(high_pass=0))
    sounding = np.flatnonzero(np.abs(finished) > 0.01)
    assert sounding[0] == pytest.approx(0.02 * 24000, abs=3)
    assert len(finished) - sounding[-1] == pytest.approx(0.18 * 24000, abs=3)
    assert np.abs(finished).max() == pytest.approx(10 ** (-3 / 20), rel=0.01)


def test_a_consonant_that_rises_slowly_is_kept_from_its_beginning() -> None:
    hiss = np.random.default_rng(1).normal(0, 1, round(0.12 * 24000)).astype(np.float32)
    rising = hiss * np.geomspace(0.002, 0.05, len(hiss)).astype(np.float32)
    finished = sound.finish(np.concatenate([quiet(0.3), rising, tone(1000, 1)]), 24000, sound.Finish(high_pass=0))
    assert len(finished) / 24000 == pytest.approx(0.02 + 0.12 + 1 + 0.18, abs=0.011)


def test_pauses_inside_speech_are_left_alone() -> None:
    said = np.concatenate([tone(1000, 0.5), quiet(0.4), tone(1000, 0.5)])
    assert len(sound.finish(said, 24000, sound.Finish())) / 24000 == pytest.approx(1.4 + 0.2, abs=0.011)


def test_the_high_pass_takes_hum_away_and_leaves_speech() -> None:
    mixed = tone(50, 1) + tone(1000, 1)
    passed = sound.high_pass(mixed, 24000, 200)
    spectrum = np.abs(np.fft.rfft(passed)) / np.abs(np.fft.rfft(mixed))
    assert spectrum[50] < 0.001
    assert spectrum[1000] == pytest.approx(1, rel=0.001)


def test_silence_stays_silence() -> None:
    assert not sound.finish(np.zeros(2400, np.float32), 24000, sound.Finish()).any()


def test_both_files_hold_the_same_sound_in_whole_frames(tmp_path: Path) -> None:
    samples = tone(440, 0.333)
    files = sound.write(samples, 24000, tmp_path / "hello")
    alaw, linear = files["alaw"].read_bytes(), files["sln16"].read_bytes()
    assert len(alaw) % 160 == 0
    assert len(linear) % 640 == 0
    assert 0.333 <= len(alaw) / 8000 < 0.354
    narrow = g711.decode(alaw) / 32768
    wide = np.frombuffer(linear, "<i2") / 32768
    assert np.sqrt(np.mean(narrow[160:2400] ** 2)) == pytest.approx(np.sqrt(np.mean(wide[320:4800] ** 2)), rel=0.05)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hello.alaw", "hello.sln16"]


def test_private_files_are_private_from_their_first_byte(tmp_path: Path) -> None:
    sound.write_bytes(tmp_path / "private", b"x", mode=0o600)
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600


def test_a_wav_of_any_shape_is_read_as_mono(tmp_path: Path) -> None:
    file = tmp_path / "studio.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((2, 2, 44100, 0, "NONE", ""))
        out.writeframes(np.array([[1000, 3000]] * 100, "<i2").tobytes())
    samples, rate = sound.read_wav(file)
    assert rate == 44100
    assert samples == pytest.approx(np.full(100, 2000 / 32768))


def test_what_is_no_wav_is_named(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(BadInput, match=r"song\.mp3: not a WAV file"):
        sound.read_wav(tmp_path / "song.mp3")
