"""Where browsers find the PBX's WebSocket, as seen from the page that asks."""

import ipaddress

from aiohttp import web

from core.config import Settings

PATH = "/ws"


def phone_address(request: web.Request, settings: Settings) -> str:
    """Return the WebSocket of the PBX for the page that sent `request`: encrypted when the page is.

    A PBX on this machine is where the page came from; another one is at its own address. Behind a proxy that ends
    HTTPS and passes on `/ws` it is the page's own address.
    """
    pbx = settings.asterisk
    host = _host(request) if _is_here(pbx.host) else pbx.host
    if not is_secure(request):
        return f"ws://{host}:{pbx.http_port}{PATH}"
    return f"wss://{host}:{pbx.tls_port}{PATH}" if pbx.tls_port else f"wss://{request.host}{PATH}"


def is_secure(request: web.Request) -> bool:
    """Tell whether the browser sees this page under https."""
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"


def _host(request: web.Request) -> str:
    host = request.url.host or "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
