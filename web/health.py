"""Alive, ready to take calls, and in figures: what those who run the installation ask."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from core import log
from web.route import DESKTOPS, METRICS, Ask, Routes, json_answer
from web.services import Probe
from web.shapes import Shape

_log = log.get(__name__)
PROBE_LIMIT_S = 2.0

routes = Routes("health", prefix="")


class Alive(Shape):
    """The process answers."""

    alive: bool = True


class Dependency(Shape):
    """Whether something that calls need works, and what it says."""

    ok: bool
    detail: str


class Ready(Shape):
    """Whether calls may be taken, with the state of each dependency."""

    ready: bool
    dependencies: dict[str, Dependency]


@routes.add("GET", "/healthz", roles=None)
async def healthz(ask: Ask) -> Alive:
    """Tell that the process is alive."""
    return Alive()


@routes.add("GET", "/readyz", roles=None, gives=Ready)
async def readyz(ask: Ask) -> web.Response:
    """Tell whether calls may be taken; 503 when not."""
    asked = await ask_all(ask.services.probes)
    ready = Ready(ready=all(one.ok for one in asked.values()), dependencies=asked)
    return json_answer(ready, 200 if ready.ready else 503)


@routes.add("GET", "/metrics", roles=None, media="text/plain")
async def metrics(ask: Ask) -> web.Response:
    """Give the figures for Prometheus."""
    text = ask.request.app[METRICS].text(ask.services, ask.request.app[DESKTOPS])
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def ask_all(probes: Mapping[str, Probe]) -> dict[str, Dependency]:
    """Ask every probe at the same time; one that fails or is silent is not ok."""
    answers = await asyncio.gather(*(_ask(name, probe) for name, probe in probes.items()))
    return dict(zip(probes, answers, strict=True))


async def _ask(name: str, probe: Probe) -> Dependency:
    try:
        async with asyncio.timeout(PROBE_LIMIT_S):
            ok, detail = await probe()
    except TimeoutError:
        return Dependency(ok=False, detail=f"no answer within {PROBE_LIMIT_S:.0f} s")
    except Exception as error:  # noqa: BLE001 - a broken probe is a broken dependency, whatever it is
        _log.exception("probe failed", extra={"action": "probe_failed", "dependency": name})
        return Dependency(ok=False, detail=f"{type(error).__name__}: {error}")
    return Dependency(ok=ok, detail=detail)
