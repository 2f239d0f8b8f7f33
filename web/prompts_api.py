"""What the hotline can say: the prompts of the catalogue, to be chosen from and to be heard."""

import asyncio
import io
import wave
from collections.abc import Mapping

from aiohttp import web
from pydantic import Field

from agents.model import Permission
from core.errors import NotFound
from speech.prompts import Catalogue, Entry, PromptPack, catalogue
from speech.sound import FORMATS
from web import shapes
from web.route import Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("prompts")
READERS = may(Permission.SEE_TEAM)
ENGLISH = "en"
_PLAYED = "sln16"
"""The better one of the two files of a prompt."""


class NoAudio(NotFound):
    """There is no sound of this prompt yet; `hotline prompts render` makes it."""

    code = "no_audio"


class Sound(Shape):
    """The sound of a prompt; `made`: rendered by the voice, or recorded by a person."""

    made: str
    length_s: float


class PromptRow(Shape):
    """A prompt: what it says in `language`, where the words come from, whether they are ours or verbatim.

    `english`: what callers who chose English hear instead; null when there is no such prompt.
    """

    id: str
    language: str
    text: str
    english: str | None
    source: str
    ours: bool
    sound: Sound | None = Field(description="null while there is none of these words")
    english_sound: Sound | None = None


class AudioQuery(Given):
    """Which sound of a prompt: `en` for what callers who chose English hear; the site's own language by default."""

    language: str = ""


@routes.add("GET", "/prompts", roles=READERS)
async def list_prompts(ask: Ask) -> shapes.Items[PromptRow]:
    """List the prompts of the site's catalogue in the order of its file, then those that are said in English alone."""
    site = ask.services.settings.site
    known, english = await asyncio.to_thread(_catalogues, site.language, site.name)
    packs = ask.services.installation.packs
    rows = [_row(name, site.language, known, english, packs) for name in known]
    return shapes.Items(items=rows + [_row(name, ENGLISH, english, {}, packs) for name in english if name not in known])


@routes.add("GET", "/prompts/{id}/audio", roles=READERS, media="audio/wav")
async def read_prompt(ask: Ask, query: AudioQuery) -> web.Response:
    """Hear a prompt: WAV 16 kHz 16-bit, one channel."""
    name, language = ask.part("id"), query.language or ask.services.settings.site.language
    pack = ask.services.installation.packs.get(language)
    if pack is None or name not in pack.prompts or not pack.has(name):
        raise NoAudio(prompt=name, language=language)
    body = await asyncio.to_thread(_wav, pack, name)
    return web.Response(body=body, content_type="audio/wav", headers={"Cache-Control": "private, no-store"})


def _wav(pack: PromptPack, name: str) -> bytes:
    try:
        samples = (pack.directory / f"{name}.{_PLAYED}").read_bytes()
    except OSError:
        raise NoAudio(prompt=name) from None
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FORMATS[_PLAYED])
        file.writeframes(samples)
    return out.getvalue()


def _catalogues(language: str, site: str) -> tuple[Catalogue, Catalogue]:
    return catalogue(language, site=site), catalogue(ENGLISH, site=site)


def _row(name: str, language: str, known: Catalogue, english: Catalogue, packs: Mapping[str, PromptPack]) -> PromptRow:
    one, other = known[name], english.get(name)
    return PromptRow(
        id=one.id,
        language=language,
        text=one.text,
        english=other.text if other else None,
        source=one.source,
        ours=one.ours,
        sound=_sound(packs.get(language), name),
        english_sound=_sound(packs.get(ENGLISH), name) if other else None,
    )


def _sound(pack: PromptPack | None, name: str) -> Sound | None:
    if pack is None or name not in pack.prompts or not pack.has(name):
        return None
    entry: Entry = pack.entries()[name]
    return Sound(made=entry.made, length_s=entry.seconds)
