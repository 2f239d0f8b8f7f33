"""Puts the API, the desktops' socket and the browser's pages together into one aiohttp application."""

from collections.abc import AsyncIterator

from aiohttp import web

from web import (
    agents_api,
    announcements_api,
    audit_api,
    auth,
    bill_terms_api,
    bills_api,
    calendar_api,
    callbacks_api,
    calls_api,
    customers_api,
    flows_api,
    health,
    kept_files_api,
    kpi_api,
    messages_api,
    nuisance_api,
    openapi,
    orders_api,
    own_files_api,
    phone_api,
    prompts_api,
    recordings_api,
    scripts_api,
    seats_api,
    shifts_api,
    site_api,
    skills_api,
    socket,
    storm_api,
    surveys_api,
    unbuilt_api,
    users_api,
    wallboard_api,
)
from web.desktops import Desktops
from web.errors import error_middleware
from web.https import leader
from web.metrics import Metrics
from web.pages import add_pages
from web.route import DESKTOPS, METRICS, SERVICES, Ask, Route, Routes, aiohttp_handler
from web.security import header_writer
from web.services import WebServices
from web.wallboard import WALLBOARD, Wallboard

BODY_LIMIT = 1024 * 1024
"""No request of ours is longer: a whole flow in Chinese, each character escaped."""

_PARTS: tuple[Routes, ...] = (
    auth.routes,
    agents_api.routes,
    phone_api.routes,
    agents_api.queue_routes,
    skills_api.routes,
    calls_api.routes,
    callbacks_api.routes,
    customers_api.routes,
    customers_api.bill_routes,
    customers_api.outage_routes,
    announcements_api.routes,
    audit_api.routes,
    bills_api.routes,
    calendar_api.routes,
    bill_terms_api.routes,
    flows_api.routes,
    nuisance_api.routes,
    orders_api.routes,
    own_files_api.routes,
    kept_files_api.routes,
    prompts_api.routes,
    recordings_api.routes,
    scripts_api.routes,
    seats_api.routes,
    shifts_api.routes,
    site_api.routes,
    storm_api.routes,
    surveys_api.routes,
    socket.routes,
    users_api.routes,
    unbuilt_api.routes,
    health.routes,
    kpi_api.routes,
    messages_api.routes,
    wallboard_api.routes,
)


def all_routes() -> list[Route]:
    """Return every operation of the API."""
    return [route for part in (*_PARTS, _own) for route in part.items]


_own = Routes("openapi", prefix="")


@_own.add("GET", "/openapi.json", roles=None)
async def describe(ask: Ask) -> web.Response:
    """Give this API's OpenAPI document."""
    return web.json_response(openapi.document(all_routes()))


def make_app(services: WebServices) -> web.Application:
    """Return the application that serves `services`. It listens to the bus from now on, sockets open after start-up."""
    middlewares = [error_middleware, leader(services.settings.web), auth.auth_middleware]
    app = web.Application(middlewares=middlewares, client_max_size=BODY_LIMIT)
    app[SERVICES] = services
    app[DESKTOPS] = Desktops(services)
    app[METRICS] = Metrics(services.bus, services.clock)
    app[WALLBOARD] = Wallboard(services)
    for route in all_routes():
        app.router.add_route(route.method, route.path, aiohttp_handler(route))
    add_pages(app, services.ui_dir)
    app.on_response_prepare.append(header_writer(services.settings))
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_close_desktops)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    await app[DESKTOPS].start()
    app[METRICS].start()
    yield
    await app[METRICS].close()
    await app[WALLBOARD].close()


async def _close_desktops(app: web.Application) -> None:
    await app[DESKTOPS].close()
