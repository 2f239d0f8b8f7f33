"""Speech is told from silence, noise and coughs; each caller by themselves, and the loop never waits."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from speech import silero
from speech.g711 import decode, encode
from speech.silero import Silero
from speech.vad import LEAST_S, SpeechRule, VadDown
from tests import sounds
from tests.sounds import SPEECH_DB, Wave

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

SAID = "喂，我家里停电了。"


@pytest.fixture
async def detector() -> AsyncIterator[Silero]:
    detector = Silero()
    await detector.start()
    yield detector
    await detector.stop()


async def spoken_at(detector: Silero, wave: Wave) -> float | None:
    """Seconds after which speech was heard in a sound that came over a telephone line, 20 ms at a time."""
    octets = decode(encode(sounds.pcm(wave))).astype("<i2").tobytes()
    listening = detector.listen()
    for start in range(0, len(octets), 320):
        if await listening.accept(octets[start : start + 320]):
            return (start + 320) / 2 / sounds.RATE
    return None


@pytest.mark.parametrize("text", ["喂", "你好。", SAID, "哎，听得见吗？"])
async def test_speech_is_heard_soon_after_it_begins(detector: Silero, text: str) -> None:
    at = await spoken_at(detector, sounds.after(2.0, sounds.speech(text)))
    assert at is not None
    assert 2.0 < at < 3.2


async def test_speech_in_noise_ten_decibels_below_is_heard(detector: Silero) -> None:
    said = sounds.after(2.0, sounds.speech(SAID))
    at = await spoken_at(detector, sounds.together(said, sounds.noise(6, SPEECH_DB - 10)))
    assert at is not None
    assert 2.0 < at < 3.5


@pytest.mark.parametrize("distance_db", [-12, -18, -24])
@pytest.mark.parametrize("silent_before", [2.0, 20.0])
@pytest.mark.parametrize("text", ["你好，听得见吗？", SAID])
async def test_a_far_away_speaker_is_heard(
    detector: Silero, text: str, silent_before: float, distance_db: float
) -> None:
    far = sounds.after(silent_before, sounds.far_away(sounds.speech(text), SPEECH_DB + distance_db))
    for line in (far, sounds.together(far, sounds.noise(len(far) / sounds.RATE, SPEECH_DB - 45))):
        at = await spoken_at(detector, line)
        assert at is not None
        assert at > silent_before


QUIET = {
    "silence": sounds.silence(20),
    "noise 10 dB below speech": sounds.noise(20, SPEECH_DB - 10),
    "noise as loud as speech": sounds.noise(20, SPEECH_DB, seed=1),
    "a faint hiss": sounds.noise(20, SPEECH_DB - 40, seed=2),
    "a hum of the mains": 0.05 * np.sin(2 * np.pi * 50 * np.arange(20 * sounds.RATE) / sounds.RATE),
    "coughs across the room": sounds.after(1.0, sounds.far_away(sounds.cough(7))),
    **{f"coughs {seed}": sounds.after(1.0, sounds.cough(seed)) for seed in range(6)},
    "coughs in noise": sounds.together(sounds.after(1.0, sounds.cough(9)), sounds.noise(4, SPEECH_DB - 20, seed=3)),
}


@pytest.mark.parametrize("name", QUIET)
async def test_what_is_no_speech_is_not_taken_for_it(detector: Silero, name: str) -> None:
    assert await spoken_at(detector, QUIET[name]) is None


async def test_callers_at_once_do_not_mix(detector: Silero) -> None:
    speaks, is_silent = await asyncio.gather(
        spoken_at(detector, sounds.after(1.0, sounds.speech(SAID))), spoken_at(detector, sounds.silence(4))
    )
    assert speaks is not None
    assert is_silent is None


async def test_the_loop_goes_on_while_it_is_decided(detector: Silero) -> None:
    """A minute of sound at once, given whole: the loop is never away for as long as deciding takes."""
    longest, last = 0.0, time.monotonic()
    deciding = asyncio.gather(detector.listen().accept(sounds.pcm(sounds.silence(60)).astype("<i2").tobytes()))
    began = last
    while not deciding.done():
        await asyncio.sleep(0.001)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert (await deciding)[0] is False
    assert longest < max(0.05, (last - began) / 2)


async def test_without_its_model_it_says_so() -> None:
    with pytest.raises(VadDown, match="not loaded"):
        Silero().listen()
    ended = Silero()
    await ended.start()
    listening = ended.listen()
    await ended.stop()
    with pytest.raises(VadDown, match="ended"):
        await listening.accept(bytes(4096))


def test_a_damaged_or_missing_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "silero_of_a_test"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(silero, "PACKAGE", package.name)
    with pytest.raises(ConfigError, match="not installed"):
        silero.model()
    (package / "data" / "silero_vad.onnx").write_bytes(b"something else")
    with pytest.raises(ConfigError, match="damaged"):
        silero.model()


@pytest.mark.parametrize(
    ("windows", "heard"),
    [
        ([0.9] * 7, False),
        ([0.9] * 8, True),
        ([0.9] * 4 + [0.0] * 10 + [0.9] * 4, True),
        ([0.9] * 4 + [0.0] * 30 + [0.9] * 4, False),
        ([0.49] * 100, False),
    ],
)
def test_enough_speech_within_a_second_counts(windows: list[float], heard: bool) -> None:
    assert LEAST_S == 0.25
    rule = SpeechRule(0.032)
    assert any(rule.hears(probability) for probability in windows) is heard
