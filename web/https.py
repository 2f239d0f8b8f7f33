"""What HTTPS asks of the web: browsers that came by plain HTTP are led to it, and stay there where that is right."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from core.config import Web
from core.errors import Forbidden
from web.errors import Handler

HTTPS, YEAR_S = 443, 365 * 24 * 3600


class UseHttps(Forbidden):
    """This came over plain HTTP, which anybody on the way can read: use the address that begins with https."""

    code = "use_https"


def leader(settings: Web) -> Middleware:
    """Return what leads browsers of other machines from plain HTTP to HTTPS; what is no plain look is refused."""

    @web.middleware
    async def lead_to_https(request: web.Request, handler: Handler) -> web.StreamResponse:
        if settings.https_port is None or request.secure or _is_from_here(request):
            return await handler(request)
        if request.method not in ("GET", "HEAD") or request.path.startswith("/api/"):
            raise UseHttps
        raise web.HTTPPermanentRedirect(_encrypted(request, settings.https_port))

    return lead_to_https


def _encrypted(request: web.Request, port: int) -> str:
    host = _host(request)
    at = "" if port == HTTPS else f":{port}"
    path = request.raw_path if request.raw_path.startswith("/") else "/"
    return f"https://{f'[{host}]' if ':' in host else host}{at}{path}"


def _host(request: web.Request) -> str:
    """Return the host of the Host header, which a path such as //elsewhere cannot change."""
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_from_here(request: web.Request) -> bool:
    """Tell whether a program of this machine asks (a proxy on it, too)."""
    return request.remote is None or ip_address(request.remote.partition("%")[0]).is_loopback


def stays_encrypted(request: web.Request, settings: Web) -> bool:
    """Tell whether a browser may be told to use nothing but HTTPS for this host (RFC 6797).

    The order holds for every port of the host, and leads `http` at port N to `https` at the same N; so it is right only
    where HTTPS has its own port 443, and means nothing for an address.
    """
    host = _host(request)
    return request.secure and settings.https_port == HTTPS and host not in ("", "localhost") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
