"""What every answer carries and every request must fulfil so that a browser cannot be used against its agent."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from core.config import Settings, Web
from core.errors import Forbidden
from web.https import YEAR_S, stays_encrypted
from web.phone_address import phone_address

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "connect-src 'self' {phone}",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing inline and nothing from elsewhere, styles included; `phone` is the PBX, which the page's phone talks to."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOrigin(Forbidden):
    """This came from a page that is not ours: open ours or list it in [web] origins; a script sends a Bearer token."""

    code = "foreign_origin"


def header_writer(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what puts the security headers on every answer; answers of the API are not to be stored."""

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        policy = _POLICY.format(phone=phone_address(request, settings))
        response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if stays_encrypted(request, settings.web):
            response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_S}")
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")

    return add_headers


def check_origin(request: web.Request, settings: Web, *, needed: bool) -> None:
    """Refuse a request whose Origin is not ours; `needed`: one without any Origin too.

    Ours is the address under which the request reached us, and those listed in `[web] origins`. A browser
    always sends Origin with an unsafe method or a WebSocket.
    """
    origin = request.headers.get("Origin")
    if origin is None and not needed:
        return
    if origin is None or not (origin in settings.origins or _place(origin) == request.host):
        raise ForeignOrigin(origin=(origin or "").encode("ascii", "backslashreplace").decode())


def _place(origin: str) -> str | None:
    """Return host and port of an Origin; None for what is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
