"""A second language: its prompts in a pack of their own, and its voice, which is loaded only while callers want it."""

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
FOLDER, SENTENCES = "english", "english_sentences"
"""No code of a language: in a folder `en` Asterisk itself would look first for the sound of every prompt."""

UNLOAD_AFTER = 600.0
"""Seconds after the last English sentence in which its voice (some 640 MB) stays loaded for the next caller."""


class SecondLanguage:
    """English prompts in `directory`/english; where its voice was never fetched, people can record them.

    `voice` says figures and is None where there is none: then nobody hears figures in English.
    """

    def __init__(self, directory: Path, *, cache: Path, clock: Clock, site: str) -> None:
        key = settings_key(ENGLISH_VOICE)
        self.pack = PromptPack(
            directory / FOLDER, catalogue(ENGLISH, site=site), settings_key=key, cache=cache / "prompts"
        )
        files = find_voice(cache, ENGLISH_VOICE)
        self.voice: Voice | None = None
        if files is not None:
            command, folder = kokoro_command(files), directory / SENTENCES
            self.voice = Voice(folder, command, settings_key=key, clock=clock, unload_after=UNLOAD_AFTER)

    async def start(self) -> None:
        """Take in what was said before; loads nothing."""
        if self.voice is not None:
            await self.voice.start()

    async def stop(self) -> None:
        """End the voice."""
        if self.voice is not None:
            await self.voice.stop()

    async def render(self) -> None:
        """Make what is missing; without a voice, or when it fails, the language stays unready."""
        if self.voice is None or not self.pack.missing():
            return
        try:
            await self.voice.render(self.pack)
        except (HotlineError, OSError, ValueError) as error:
            _log.error("second language not rendered", extra={"action": "language_unready", "why": str(error)})
