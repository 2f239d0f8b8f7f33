"""Raw sound to WAV: sides apart, complete or not at all, the same again after a crash."""

import hashlib
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from recordings.wav import convert, sha256_of
from tests.pbx import ROOT
from tests.recordings.captured import sides

pytestmark = pytest.mark.unit


def test_caller_is_left_and_what_it_hears_right(tmp_path: Path) -> None:
    raw, wav = tmp_path / "a.raw", tmp_path / "a.wav"
    raw.write_bytes(sides(2.5, caller=1000, agent=-2000))
    made = convert(raw, wav)
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert made.length_s == 2.5 == len(samples) / 8000
    assert (samples == [1000, -2000]).all()


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    raw, wav = tmp_path / "a.raw", tmp_path / "a.wav"
    raw.write_bytes(sides(1.0))
    made = convert(raw, wav)
    assert made.sha256 == hashlib.sha256(wav.read_bytes()).hexdigest() == sha256_of(wav)
    assert made.size == wav.stat().st_size
    assert wav.stat().st_mode & 0o777 == 0o600


def test_half_a_frame_at_the_end_is_left_out(tmp_path: Path) -> None:
    raw, wav = tmp_path / "a.raw", tmp_path / "a.wav"
    raw.write_bytes(sides(1.0) + b"\x01\x02\x03")
    assert convert(raw, wav).length_s == 1.0
    with wave.open(str(wav)) as file:
        assert file.getnframes() == 8000


def test_killed_in_the_middle_there_is_no_file_and_a_second_run_makes_it(tmp_path: Path) -> None:
    raw, wav = tmp_path / "a.raw", tmp_path / "a.wav"
    part = tmp_path / "a.wav.part"
    with raw.open("wb") as file:
        file.truncate(400_000_000)
    program = (
        "import sys; from pathlib import Path as P; from recordings.wav import convert; convert(*map(P, sys.argv[1:]))"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(raw), str(wav)], cwd=ROOT) as converting:
        limit = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size):
            assert time.monotonic() < limit
            assert converting.poll() is None
        converting.send_signal(signal.SIGKILL)
    assert not wav.exists()
    with raw.open("wb") as file:
        file.write(sides(1.0))
    made = convert(raw, wav)
    assert not part.exists()
    assert convert(raw, wav) == made
    assert made.sha256 == sha256_of(wav)


def test_a_disk_that_fails_leaves_nothing_half(tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    raw.write_bytes(sides(1.0))
    target = tmp_path / "a.wav"
    target.mkdir()
    (target / "x").touch()
    with pytest.raises(OSError, match=r"a\.wav"):
        convert(raw, target)
    assert not (tmp_path / "a.wav.part").exists()
