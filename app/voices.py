"""All that the service can say: prompts, fragments, whole sentences, announcements, and the second language."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from core.clock import Clock
from core.config import Settings
from ivr.blocked import PROMPTS as NUISANCE_PROMPTS
from ivr.call import HOLD_REMINDER, PLEASE_WAIT
from ivr.silence import PROMPTS as SILENT_PROMPTS
from speech.fragments import FragmentPack, carriers
from speech.install import VoiceFiles
from speech.kept import KeptSpeech
from speech.kokoro import RENDERING, settings_key
from speech.process import kokoro_command
from speech.prompts import PromptPack, catalogue
from speech.second import SecondLanguage
from speech.synthesis import Voice

VOICE_PATIENCE_S = 20.0
Say = Callable[[str], None]

ALWAYS_SAID = (
    *("greeting_morning", "greeting_day", PLEASE_WAIT, "apology", "apology_outage", "goodbye", HOLD_REMINDER),
    *NUISANCE_PROMPTS,
    *SILENT_PROMPTS,
)
"""Prompts that callers or agents may hear whatever the flow says."""


class Voices:
    """The voice of the site's language with what it has made, and the English one."""

    def __init__(self, settings: Settings, files: VoiceFiles, cache: Path, clock: Clock) -> None:
        site, said, key = settings.site, settings.var / "prompts", settings_key(files.name)
        self._clock = clock
        self.known = catalogue(site.language, site=site.name)
        self.pack = PromptPack(said, self.known, settings_key=key, cache=cache / "prompts")
        self.fragments = FragmentPack(said / "fragments", carriers(), settings_key=key, cache=cache / "prompts")
        self.voice = Voice(
            said / "sentences",
            kokoro_command(files),
            settings_key=key,
            clock=clock,
            cover=self.fragments.cover,
            # It gives way to the telephone by its niceness, and a first start waits for it.
            renderer=kokoro_command(files, RENDERING),
        )
        self.english = SecondLanguage(said, cache=cache, clock=clock, site=site.name)
        self.kept = KeptSpeech(said / "announcements", self.voice, self.pack, settings_key=key)

    async def start(self) -> None:
        """Load the voice beside everything else; `loaded` waits for it."""
        await self.voice.start()
        await self.english.start()

    async def loaded(self) -> None:
        """Wait a while for the voice: a caller right after the start should hear whole sentences."""
        until = self._clock.monotonic() + VOICE_PATIENCE_S
        while not self.voice.healthy and self._clock.monotonic() < until:
            await self._clock.sleep(0.05)

    async def render(self, prompts: Sequence[str], say: Say) -> None:
        """Make those of `prompts` that are not there, telling each; take what another run has made of the fallback."""

        def progress(done: int, of: int, name: str) -> None:
            say(f"rendering prompts {done}/{of} {name}")

        await self.voice.render(self.pack, prompts, progress)
        await asyncio.to_thread(self.fragments.take_cached, self.fragments.missing())

    async def render_rest(self) -> None:
        """Make what is not needed before the first call."""
        # Fragments first: they are what a caller hears when the voice cannot keep up.
        await self.voice.render(self.fragments)
        await self.voice.render(self.pack)
        await self.english.render()

    def apology(self) -> Sequence[str]:
        """Return what is played to a caller who cannot be served; nothing before it has been made."""
        return [self.pack.media("apology")] if self.pack.has("apology") else []

    async def stop(self) -> None:
        """End the voices' processes."""
        await self.voice.stop()
        await self.english.stop()
