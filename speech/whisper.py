"""Whisper base as a recogniser: speech is decoded as one piece when the caller has stopped.

The model comes from two Python packages (`install.ensure_whisper`); `faster-whisper` is needed only where
this engine is chosen. It invents text on silence, so quiet audio is not decoded and unsure text is dropped.
"""

import asyncio
import math
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from core.errors import ConfigError, Unavailable
from speech.port import Heard, Samples, Word

RATE = 16000
_SIMPLIFIED = str.maketrans(
    "電費計戶繳欠單號碼請問應與個萬億點開發應報業務辦訴舉議聽轉員線時間斷復廠區縣鎮對這裡沒還會說話嗎謝見為從過來",
    "电费计户缴欠单号码请问应与个万亿点开发应报业务办诉举议听转员线时间断复厂区县镇对这里没还会说话吗谢见为从过来",
)
"""Traditional characters that Whisper puts into simplified text, in the words of this trade."""

_EDGE = 0.5
"""Seconds of silence put on both sides: without them the engine hears words that are not there."""
_LOOP = re.compile(r"([^\d零一二三四五六七八九幺]{1,8}?)\1{4,}\D*$")
"""What the engine falls into after the end of speech: the same few characters again and again."""


@dataclass(frozen=True, slots=True)
class WhisperSettings:
    """What is quieter, longer or less sure than the limits is not text; a prompt sets the script.

    `words`: with the time of each, which takes a second more; `quiet` is a root mean square from 0 to 1,
    `unsure` a mean log probability, `longest` and `patience` seconds, `waiting` utterances.
    """

    threads: int = 1
    beam: int = 5
    words: bool = True
    language: str = "zh"
    prompt: str = "以下是普通话的句子，是供电服务热线说的话。"
    quiet: float = 0.001
    unsure: float = -1.2
    longest: float = 60.0
    patience: float = 30.0
    waiting: int = 8


DEFAULT_SETTINGS = WhisperSettings()


class Whisper:
    """A recogniser whose one model and one thread are shared by all callers."""

    rate = RATE

    def __init__(self, model: Path, settings: WhisperSettings = DEFAULT_SETTINGS) -> None:
        """`model` is the folder that `install.ensure_whisper` returns."""
        self._folder = model
        self._settings = settings
        self._model: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self._waiting = 0

    async def start(self) -> None:
        """Load the model in the thread. Raises ConfigError when the engine or the model is missing."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.load)

    async def stop(self) -> None:
        """Let the model go once the decoding in hand has ended."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._model = None

    def listen(self, *, phrases: tuple[str, ...] = ()) -> "WhisperListening":
        """Begin to listen to one caller; `phrases` go into the prompt that the engine continues."""
        return WhisperListening(self, phrases)

    def load(self) -> None:
        """Load the model now; blocks for about a second."""
        try:
            from faster_whisper import WhisperModel
        except ModuleNotFoundError:
            raise ConfigError("faster-whisper is not installed; install it or choose another recogniser") from None
        if not (self._folder / "model.bin").exists():
            raise ConfigError(f"{self._folder}: no Whisper model here; name the folder that holds model.bin")
        self._model = WhisperModel(
            str(self._folder), device="cpu", compute_type="int8", cpu_threads=self._settings.threads
        )

    def decode(self, samples: Samples, phrases: Sequence[str] = ()) -> Heard:
        """Return what is said in 16 kHz samples from -1 to 1; blocks for half a second and more."""
        if self._model is None:
            self.load()
        settings = self._settings
        if not len(samples) or float(np.sqrt(np.mean(samples**2))) < settings.quiet:
            return Heard("", final=True)
        edge = np.zeros(round(_EDGE * RATE), np.float32)
        segments, _ = self._model.transcribe(
            np.concatenate([edge, samples, edge]), language=settings.language, beam_size=settings.beam, temperature=0.0,
            max_new_tokens=16 + round(10 * len(samples) / RATE), word_timestamps=settings.words,
            condition_on_previous_text=False, initial_prompt=settings.prompt + "，".join(phrases),
        )  # fmt: skip
        end = _EDGE + _last_sound(samples, settings.quiet)
        return _heard([s for s in segments if s.avg_logprob >= settings.unsure and s.start < end])

    async def decode_soon(self, samples: Samples, phrases: Sequence[str]) -> Heard:
        """Decode in the model's thread. Raises Unavailable when too many wait or it takes too long."""
        if self._waiting >= self._settings.waiting:
            raise Unavailable("too many utterances wait for the recogniser")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.patience):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._thread, self.decode, samples, phrases)
        except TimeoutError:
            raise Unavailable("the recogniser did not answer in time") from None
        finally:
            self._waiting -= 1


class WhisperListening:
    """One caller: audio is gathered and decoded when the caller has stopped."""

    def __init__(self, engine: Whisper, phrases: tuple[str, ...]) -> None:
        self._engine = engine
        self._phrases = phrases
        self._audio = bytearray()
        self._longest = round(engine._settings.longest * RATE) * 2

    async def accept(self, audio: bytes) -> Heard | None:
        """Gather 16 kHz, 16-bit little-endian mono; what exceeds the longest utterance is dropped. No partials."""
        self._audio += audio[: self._longest - len(self._audio)]
        return None

    async def finish(self) -> Heard:
        """Decode what was gathered. Raises Unavailable."""
        linear = np.frombuffer(bytes(self._audio[: len(self._audio) // 2 * 2]), "<i2")
        self._audio.clear()
        return await self._engine.decode_soon((linear / 32768).astype(np.float32), self._phrases)

    def abandon(self) -> None:
        """Let the audio go."""
        self._audio.clear()


def from_telephone(samples: Samples) -> Samples:
    """Bring 8 kHz samples to the rate of the model."""
    resampled: Samples = soxr.resample(samples, 8000, RATE)
    return resampled


def normalise(text: str) -> str:
    """Return text with the simplified characters of the trade, without spaces, a loop at its end said once."""
    plain = text.translate(_SIMPLIFIED).replace(" ", "").strip()
    return _LOOP.sub(r"\1", plain)


def _last_sound(samples: Samples, quiet: float) -> float:
    """Return the second at which the last sound ends."""
    place = RATE // 50
    whole = samples[: len(samples) // place * place].reshape(-1, place)
    loud = np.flatnonzero(np.sqrt(np.mean(whole**2, axis=1)) > quiet)
    return (int(loud[-1]) + 1) / 50 if len(loud) else 0.0


def _heard(segments: Sequence[Any]) -> Heard:
    words = [
        Word(normalise(word.word), round(word.start - _EDGE, 2), round(word.end - _EDGE, 2), float(word.probability))
        for segment in segments
        for word in segment.words or ()
    ]
    text = normalise("".join(segment.text for segment in segments))
    sure = [word.confidence for word in words] or [math.exp(segment.avg_logprob) for segment in segments]
    confidence = sum(sure) / len(sure) if sure else 0.0
    return Heard(text, final=True, words=tuple(words), confidence=round(confidence, 3))
