"""The wallboard: everything on it in one answer."""

from aiohttp import web

from web.kpi_api import NotCounted
from web.route import EVERYONE, Ask, Routes
from web.wallboard import WALLBOARD
from web.wallboard_shapes import Wallboard

routes = Routes("figures")


@routes.add("GET", "/wallboard", roles=EVERYONE, gives=Wallboard)
async def wallboard(ask: Ask) -> web.Response:
    """Give queues, skills, agents, today against its forecast, and alarms; made once a second, so ask as often."""
    if (text := await ask.request.app[WALLBOARD].text()) is None:
        raise NotCounted
    return web.Response(body=text, content_type="application/json", charset="utf-8")
