"""A second language: its prompts in a pack of their own, rendered by its own voice behind everything else."""

from pathlib import Path

from core import log
from core.clock import Clock
from core.errors import HotlineError
from speech.install import find_voice
from speech.kokoro import settings_key
from speech.process import kokoro_command
from speech.prompts import PromptPack, catalogue
from speech.synthesis import Voice

_log = log.get(__name__)

ENGLISH, ENGLISH_VOICE = "en", "af_heart"
FOLDER = "english"
"""No code of a language: in a folder `en` Asterisk itself would look first for the sound of every prompt."""


class SecondLanguage:
    """English prompts in `directory`/english; where its voice was never fetched, people can record them."""

    def __init__(self, directory: Path, *, cache: Path, clock: Clock, site: str) -> None:
        key = settings_key(ENGLISH_VOICE)
        self.pack = PromptPack(
            directory / FOLDER, catalogue(ENGLISH, site=site), settings_key=key, cache=cache / "prompts"
        )
        self._voice = find_voice(cache, ENGLISH_VOICE)
        self._directory, self._clock, self._key = directory, clock, key

    async def render(self) -> None:
        """Make what is missing; without a voice, or when it fails, the language stays unready."""
        if self._voice is None or not self.pack.missing():
            return
        command = kokoro_command(self._voice)
        voice = Voice(self._directory / "sentences", command, settings_key=self._key, clock=self._clock)
        try:
            await voice.render(self.pack)
        except (HotlineError, OSError, ValueError) as error:
            _log.error("second language not rendered", extra={"action": "language_unready", "why": str(error)})
