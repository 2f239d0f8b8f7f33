"""What the hotline can say: the prompts of the catalogue, to be chosen from."""

import asyncio

from agents.model import Permission
from speech.prompts import catalogue
from web import shapes
from web.route import Ask, Routes, may
from web.shapes import Shape

routes = Routes("prompts")
READERS = may(Permission.SEE_TEAM)


class PromptRow(Shape):
    """A prompt: what it says, where the words come from, whether they are ours or verbatim."""

    id: str
    text: str
    source: str
    ours: bool


@routes.add("GET", "/prompts", roles=READERS)
async def list_prompts(ask: Ask) -> shapes.Items[PromptRow]:
    """List the prompts of the catalogue in the order of its file."""
    site = ask.services.settings.site
    known = await asyncio.to_thread(catalogue, site.language, site=site.name)
    rows = [PromptRow(id=one.id, text=one.text, source=one.source, ours=one.ours) for one in known.values()]
    return shapes.Items(items=rows)
