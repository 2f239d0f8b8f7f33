"""What the hotline can say: the prompts of the catalogue, to be chosen from."""

import asyncio

from agents.model import Permission
from speech.prompts import Catalogue, catalogue
from web import shapes
from web.route import Ask, Routes, may
from web.shapes import Shape

routes = Routes("prompts")
READERS = may(Permission.SEE_TEAM)
ENGLISH = "en"


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


@routes.add("GET", "/prompts", roles=READERS)
async def list_prompts(ask: Ask) -> shapes.Items[PromptRow]:
    """List the prompts of the site's catalogue in the order of its file, then those that are said in English alone."""
    site = ask.services.settings.site
    known, english = await asyncio.to_thread(_catalogues, site.language, site.name)
    rows = [_row(name, site.language, known, english) for name in known]
    return shapes.Items(items=rows + [_row(name, ENGLISH, english, {}) for name in english if name not in known])


def _catalogues(language: str, site: str) -> tuple[Catalogue, Catalogue]:
    return catalogue(language, site=site), catalogue(ENGLISH, site=site)


def _row(name: str, language: str, known: Catalogue, english: Catalogue) -> PromptRow:
    one, other = known[name], english.get(name)
    return PromptRow(
        id=one.id,
        language=language,
        text=one.text,
        english=other.text if other else None,
        source=one.source,
        ours=one.ours,
    )
