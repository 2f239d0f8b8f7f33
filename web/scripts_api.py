"""What agents say: the sentences beside a call, as who asks would say them now."""

from desk.scripts.lines import situations
from web import shapes
from web.route import EVERYONE, Ask, Routes
from web.shapes import Shape
from web.speaking import speaker

routes = Routes("scripts")


class ScriptLine(Shape):
    """One sentence: `source` tells where the words come from, `ours` that they are not verbatim."""

    id: str
    text: str
    source: str
    ours: bool
    english: str


class ScriptSituation(Shape):
    """What is said in one situation, in order: opening, reply, faint, handset, noise, silent, account, hold …"""

    id: str
    lines: tuple[ScriptLine, ...]


@routes.add("GET", "/scripts", roles=EVERYONE)
async def list_scripts(ask: Ask) -> shapes.Items[ScriptSituation]:
    """List what agents say by situation: greeting for this hour and festival with one's own number, and the rest."""
    told = situations(speaker(ask.services, ask.user.username))
    return shapes.Items(items=[ScriptSituation.model_validate(one) for one in told])
