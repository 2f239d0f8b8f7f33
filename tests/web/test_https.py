"""What HTTPS asks of the web: browsers from elsewhere are led to it, cookies and HSTS as the connection is."""

import ssl
from asyncio import Transport
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from core.config import Settings, Web
from web.https import UseHttps, leader
from web.security import header_writer

pytestmark = pytest.mark.unit

BOTH = Web(host="0.0.0.0", https_port=8443, redirect=True)


def asked(
    path: str, peer: str, *, method: str = "GET", secure: bool = False, host: str = "desk.example:8095"
) -> web.Request:
    transport = SimpleNamespace(get_extra_info={"peername": (peer, 1)}.get, is_closing=lambda: False)
    context = ssl.create_default_context() if secure else None
    return make_mocked_request(method, path, {"Host": host}, transport=cast(Transport, transport), sslcontext=context)


async def served(request: web.Request, settings: Web = BOTH) -> str:
    """Return `served`, where the browser is led, or `refused`."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text="served")

    try:
        answer = await leader(settings)(request, handler)
    except web.HTTPPermanentRedirect as led:
        return str(led.location)
    except UseHttps:
        return "refused"
    return str(getattr(answer, "text", ""))


async def test_who_comes_from_elsewhere_by_plain_http_is_led_or_refused() -> None:
    far, here = "192.0.2.9", "127.0.0.1"
    assert await served(asked("/calls?x=1", far)) == "https://desk.example:8443/calls?x=1"
    assert await served(asked("//evil.example/", far)) == "https://desk.example:8443//evil.example/"
    assert await served(asked("/", far, host="[2001:db8::1]:8095")) == "https://[2001:db8::1]:8443/"
    usual = BOTH.model_copy(update={"https_port": 443})
    assert await served(asked("/", far), usual) == "https://desk.example/"
    assert await served(asked("/api/v1/session", far, method="POST")) == "refused"
    assert await served(asked("/api/v1/session", far)) == "refused"
    assert await served(asked("/", here)) == "served"
    assert await served(asked("/", "::1")) == "served"
    assert await served(asked("/", far, secure=True)) == "served"
    assert await served(asked("/", far), Web(host="0.0.0.0")) == "served"


@pytest.mark.parametrize(
    ("port", "secure", "host", "said"),
    [
        (443, True, "desk.example", "max-age=31536000"),
        (443, False, "desk.example", None),
        (8443, True, "desk.example:8443", None),
        (443, True, "192.0.2.1", None),
        (443, True, "[2001:db8::1]", None),
        (443, True, "localhost", None),
        (None, True, "desk.example", None),
    ],
)
async def test_a_browser_is_held_to_https_only_where_it_has_the_usual_port(
    port: int | None, secure: bool, host: str, said: str | None
) -> None:
    response = web.Response()
    settings = Settings(web=Web(https_port=port))
    await header_writer(settings)(asked("/", "192.0.2.9", secure=secure, host=host), response)
    assert response.headers.get("Strict-Transport-Security") == said
