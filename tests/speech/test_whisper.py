"""Whisper on the real voice: prompts are understood as they are rendered; silence and noise are no text."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.speech_understood import amount_heard, date_heard
from core.errors import ConfigError
from speech import g711, sound
from speech.fragments import FragmentPack
from speech.install import ensure_voice, ensure_whisper
from speech.kokoro import Kokoro
from speech.port import recognise
from speech.prompts import render
from speech.render import open_fragments, open_pack, user_cache
from speech.syllables import syllables
from speech.whisper import Whisper, from_telephone, normalise

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

GREETING = "您好，供电服务热线欢迎您的来电。"


@pytest.fixture(scope="module")
def ears() -> Whisper:
    ears = Whisper(ensure_whisper(user_cache(), lambda _: None))
    ears.load()
    return ears


@pytest.fixture(scope="module")
def voice() -> Kokoro:
    return Kokoro(ensure_voice(user_cache(), lambda _: None))


def telephone(octets: bytes) -> sound.Samples:
    return from_telephone((g711.decode(octets) / 32768).astype(np.float32))


def wrong(said: str, heard: str) -> float:
    """Return the share of syllables of `said` that are missing in `heard`."""
    wanted, left = syllables(said), syllables(heard)
    missed = 0
    for syllable in wanted:
        if syllable in left:
            left.remove(syllable)
        else:
            missed += 1
    return missed / len(wanted)


def batches(pack_media: dict[str, bytes], longest: float = 27.0) -> Iterator[list[str]]:
    """Yield ids in groups that fill the recogniser's window, which costs the same however full it is."""
    group: list[str] = []
    seconds = 0.0
    for name, octets in pack_media.items():
        if group and seconds + len(octets) / 8000 > longest:
            yield group
            group, seconds = [], 0.0
        group.append(name)
        seconds += len(octets) / 8000
    yield group


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.long)])
def test_prompts_of_the_catalogue_are_understood(ears: Whisper, voice: Kokoro, tmp_path: Path, every: int) -> None:
    files = ensure_voice(user_cache(), lambda _: None)
    pack = open_pack(tmp_path / "pack", files, cache=user_cache(), site="供电服务热线")
    pack.render(pack.missing(), voice)
    sounds = {name: (tmp_path / "pack" / f"{name}.alaw").read_bytes() for name in sorted(pack.prompts)[::every]}
    heard = dict.fromkeys(sounds, "")
    for group in batches(sounds):
        words = ears.decode(telephone(b"".join(sounds[name] for name in group))).words
        end = 0.0
        for name in group:
            start, end = end, end + len(sounds[name]) / 8000
            heard[name] = "".join(word.text for word in words if start <= (word.start + word.end) / 2 < end)
    for name in [name for name, text in heard.items() if wrong(pack.text(name), text) > 0.3]:
        heard[name] = ears.decode(telephone(sounds[name])).text  # a window of several prompts may lose one
    shares = {name: wrong(pack.text(name), text) for name, text in heard.items()}
    assert sum(shares.values()) / len(shares) < 0.12
    assert {name: heard[name] for name, share in shares.items() if share > 0.5} == {}


def test_a_bill_in_fragments_is_understood(ears: Whisper, voice: Kokoro, tmp_path: Path) -> None:
    files = ensure_voice(user_cache(), lambda _: None)
    pack = fragments_for(
        "本期电费一百五十六元四角一分", open_fragments(tmp_path / "made", files, cache=user_cache()), voice
    )
    octets = b"".join(Path(f"{media.removeprefix('sound:')}.alaw").read_bytes() for media in pack)
    assert amount_heard(ears.decode(telephone(octets)).text) == 15641


def fragments_for(text: str, pack: FragmentPack, voice: Kokoro) -> list[str]:
    render(pack, [piece.id for clause in pack.clauses(text) for piece in clause], voice)
    return pack.cover(text)


async def test_an_utterance_is_heard_through_the_port(ears: Whisper, voice: Kokoro) -> None:
    said = await asyncio.to_thread(voice.speak, GREETING)
    finished = sound.finish(said.samples, said.rate, sound.Finish())
    wide = sound.encode(finished, said.rate, "sln16")

    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(wide), 6400):
            yield wide[at : at + 6400]

    heard = await recognise(ears, stream())
    assert heard.final
    assert wrong(GREETING, heard.text) < 0.2
    assert heard.confidence > 0.5
    assert all(word.start <= word.end for word in heard.words)


def test_silence_and_faint_noise_are_no_text(ears: Whisper) -> None:
    noise = np.random.default_rng(1).normal(0, 0.0005, 32000).astype(np.float32)
    assert ears.decode(np.zeros(16000, np.float32)).text == ""
    assert ears.decode(noise).text == ""
    assert ears.decode(np.zeros(0, np.float32)).text == ""


async def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Whisper model here"):
        await Whisper(tmp_path).start()


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("電費 已繳清", "电费已缴清"),
        ("本期电费请问请问请问请问请问请问请", "本期电费请问"),
        ("零零零零零零", "零零零零零零"),
    ],
)
def test_heard_text_is_normalised(written: str, normal: str) -> None:
    assert normalise(written) == normal


def test_amounts_and_dates_are_read_however_they_are_written() -> None:
    written = ["156元4角1分", "156.41元", "156元4.1分", "一百五十六元四角一分", "156块4毛1分"]
    assert {amount_heard(text) for text in written} == {15641}
    assert amount_heard("6,561元") == 656100
    assert amount_heard("没有") is None
    assert str(date_heard("2026年十一月22日")) == "2026-11-22"
