"""Signing in: a session's token as Bearer for programs, as a cookie that no script can read for the browser."""

from http import HTTPStatus

from aiohttp import web

from agents.accounts import NotSignedIn
from agents.attempts import TooManyTries
from agents.model import User as Account
from web import shapes
from web.errors import Handler, TooManyAttempts
from web.route import DESKTOPS, EVERYONE, SERVICES, WHO, Ask, Routes, SignedIn, json_answer
from web.security import SAFE_METHODS, check_origin
from web.services import WebServices
from web.views import seat_of, user_shape

COOKIE = "hotline_session"

routes = Routes("session")


class SignIn(shapes.Given):
    """Who signs in, and at which seat when that is to be taken at once."""

    username: str
    password: str
    seat: str | None = None


class Session(shapes.Shape):
    """A session: the token goes into `Authorization: Bearer`; browsers have it in their cookie too."""

    token: str
    user: shapes.User
    seat: shapes.Seat | None


class WhoAmI(shapes.Shape):
    """Who is signed in, at which seat, and where they usually sit."""

    user: shapes.User
    seat: shapes.Seat | None
    usual_seat: str | None


@routes.add("POST", "/session", roles=None, status=HTTPStatus.CREATED, gives=Session)
async def sign_in(ask: Ask, body: SignIn) -> web.Response:
    """Sign in; with `seat`, sit down there too."""
    address = ask.request.remote or ""
    services = ask.services
    try:
        user = await services.accounts.authenticate(body.username, body.password, address)
    except TooManyTries as error:
        raise TooManyAttempts(retry_after_s=round(error.details["wait_s"])) from None
    if body.seat is not None:
        await services.agents.sign_in(user.id, body.seat)
    token = await services.accounts.open_session(user.id, address)
    session = Session(token=token, user=user_shape(user), seat=seat_of(services.agents.roster, user.id))
    response = json_answer(session, HTTPStatus.CREATED)
    secure = ask.request.secure or ask.request.headers.get("Origin", "").startswith("https://")
    response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", secure=secure, path="/")
    return response


@routes.add("GET", "/session", roles=EVERYONE)
async def who_am_i(ask: Ask) -> WhoAmI:
    """Tell who is signed in, at which seat, and where they usually sit."""
    seat = seat_of(ask.services.agents.roster, ask.user.id)
    return WhoAmI(user=user_shape(ask.user), seat=seat, usual_seat=ask.user.seat_id)


@routes.add("DELETE", "/session", roles=EVERYONE, status=HTTPStatus.NO_CONTENT)
async def sign_out(ask: Ask) -> web.Response:
    """Sign out: end the session and leave the seat (during a call: when the call is over)."""
    services = ask.services
    await services.accounts.close_session(ask.session.token, ask.request.remote or "")
    ask.request.app[DESKTOPS].session_ended(ask.user.id, ask.session.token)
    if services.agents.seat_of(ask.user.id) is not None:
        await services.agents.sign_out(ask.user.id)
    response = web.Response(status=HTTPStatus.NO_CONTENT)
    response.del_cookie(COOKIE, path="/")
    return response


@web.middleware
async def auth_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks; what a browser sends by itself counts only from our own pages."""
    services = request.app[SERVICES]
    token, by_cookie = _token(request)
    unsafe = request.method not in SAFE_METHODS
    if unsafe and (by_cookie or token is None):
        check_origin(request, services.settings.web, needed=by_cookie)
    if token is not None and token.isascii() and request.path.startswith("/api/"):
        user = await _user(services, token)
        if user is not None:
            request[WHO] = SignedIn(user, token, by_cookie)
    return await handler(request)


def _token(request: web.Request) -> tuple[str | None, bool]:
    """Return the token of a request and whether it came as a cookie. A Bearer token counts before a cookie."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip(), False
    cookie = request.cookies.get(COOKIE)
    return (cookie, True) if cookie else (None, False)


async def _user(services: WebServices, token: str) -> Account | None:
    try:
        return await services.accounts.session_user(token)
    except NotSignedIn:
        return None
