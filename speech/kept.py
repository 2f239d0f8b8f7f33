"""Texts spoken once and kept for as long as they are wanted, unlike a caller's own sentences."""

import asyncio
import hashlib
import shutil
from pathlib import Path

from core.errors import HotlineError
from speech import sound
from speech.prompts import PromptPack
from speech.synthesis import Voice

SPEAK_LIMIT_S = 120.0


class KeptSpeech:
    """Texts that stand in a pack are played from there (a studio may have recorded them); others are spoken once."""

    def __init__(self, directory: Path, voice: Voice, pack: PromptPack, *, settings_key: str) -> None:
        self._directory = directory.absolute()
        self._voice = voice
        self._pack = pack
        self._settings_key = settings_key
        self._of_pack = {prompt.text: prompt.id for prompt in pack.prompts.values()}

    def kept(self, text: str) -> str | None:
        """Return the medium of a text that has been spoken, None when it has not."""
        if (prompt := self._of_pack.get(text)) and self._pack.has(prompt):
            return self._pack.media(prompt)
        stem = self._stem(text)
        there = all((stem.parent / f"{stem.name}.{suffix}").is_file() for suffix in sound.FORMATS)
        return f"sound:{stem}" if there else None

    async def speak(self, text: str) -> str:
        """Speak a text whole, keep it and return its medium. Raises Unspoken, BadInput for a text that is too long."""
        media = await self._voice.media(text, fallback=(), within=SPEAK_LIMIT_S)
        stem = self._stem(text)
        try:
            await asyncio.to_thread(_keep, Path(media[0].removeprefix("sound:")), stem, text)
        except OSError as error:
            raise NotKept(f"{stem.parent}: cannot hold spoken texts: {error.strerror}") from None
        return f"sound:{stem}"

    def _stem(self, text: str) -> Path:
        return self._directory / hashlib.sha256(f"{self._settings_key}|{text}".encode()).hexdigest()[:32]


class NotKept(HotlineError):
    """A spoken text could not be written."""

    code = "not_kept"


def _keep(source: Path, stem: Path, text: str) -> None:
    """Copy a spoken sentence; the words beside it and the `.key` of the folder let a heard one be named."""
    stem.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    (stem.parent / ".key").touch(mode=0o600)
    sound.write_bytes(stem.parent / f"{stem.name}.txt", text.encode())
    for suffix in sound.FORMATS:
        part = stem.parent / f".{stem.name}.{suffix}"
        shutil.copyfile(source.parent / f"{source.name}.{suffix}", part)
        part.replace(stem.parent / f"{stem.name}.{suffix}")
