"""A route of the API as data: the aiohttp handler, the role check and the OpenAPI document all come from it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from types import NoneType
from typing import Any, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agents.accounts import NotSignedIn
from agents.model import PERMISSIONS, Permission, Role, User
from core.errors import BadInput, Forbidden
from web.desktops import Desktops
from web.errors import NotBuilt, bad_input
from web.incoming import decoded
from web.metrics import Metrics
from web.services import WebServices

SERVICES = web.AppKey("services", WebServices)
DESKTOPS = web.AppKey("desktops", Desktops)
METRICS = web.AppKey("metrics", Metrics)
PREFIX = "/api/v1"
BODY_WAIT_S = 10
"""A client that sends its body slower than this is given up."""


def may(permission: Permission) -> frozenset[str]:
    """Return the roles that have `permission`."""
    return frozenset(role.value for role, permissions in PERMISSIONS.items() if permission in permissions)


EVERYONE = frozenset(role.value for role in Role)
DESK = may(Permission.TAKE_CALLS)
TEAM = may(Permission.SEE_TEAM)
STEERING = may(Permission.STEER_TEAM)
LEADS = STEERING | may(Permission.CHANGE_BUSINESS)
HEARING = may(Permission.HEAR_RECORDINGS) | {Role.ADMIN.value}
"""Who may hear any recording; the administrator answers for the store of them."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person who asks and the token of the session; `by_cookie`: a browser sent it by itself."""

    user: User
    token: str
    by_cookie: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What a handler is asked with: the request, the services, and who asks (None: a route open to all)."""

    request: web.Request
    services: WebServices
    signed_in: SignedIn | None

    @property
    def session(self) -> SignedIn:
        """The session in which it is asked. Raises NotSignedIn."""
        if self.signed_in is None:
            raise NotSignedIn
        return self.signed_in

    @property
    def user(self) -> User:
        """The person who asks. Raises NotSignedIn."""
        return self.session.user

    def part(self, name: str) -> str:
        """Return the part `name` of the path."""
        return self.request.match_info[name]


WHO = web.RequestKey("who", SignedIn)
Answer = BaseModel | web.StreamResponse | None
ApiHandler = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `roles` None: open without signing in. `body`, `query`, `gives`: pydantic models."""

    method: str
    path: str
    handler: ApiHandler
    roles: frozenset[str] | None
    status: int
    tag: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    gives: type[BaseModel] | None
    media: str = "application/json"
    built: bool = True

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or self.path).splitlines()[0]


@dataclass(slots=True)
class Routes:
    """The routes of one part of the API, collected by decorators."""

    tag: str
    prefix: str = PREFIX
    items: list[Route] = field(default_factory=list)

    def add(
        self, method: str, path: str, *, roles: frozenset[str] | None = EVERYONE, status: int = 200, **more: Any
    ) -> Callable[[ApiHandler], ApiHandler]:
        """Make the handler below it the operation `method path`.

        Its `body`, `query` and return type say the rest; one that returns a whole response names in `gives` what
        that holds.
        """

        def remember(handler: ApiHandler) -> ApiHandler:
            hints = get_type_hints(handler)
            gives = more.pop("gives", hints["return"])
            self.items.append(
                Route(
                    method,
                    self.prefix + path,
                    handler,
                    roles,
                    HTTPStatus.NO_CONTENT if gives is NoneType else status,
                    self.tag,
                    hints.get("body"),
                    hints.get("query"),
                    gives if _is_model(gives) else None,
                    **more,
                )
            )
            return handler

        return remember


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def aiohttp_handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler that checks the role, reads the input, runs the route and writes its answer."""

    async def handle(request: web.Request) -> web.StreamResponse:
        ask = Ask(request, request.app[SERVICES], request.get(WHO))
        check_role(route, ask)
        given = await route.handler(ask, **await _input(route, request))
        if isinstance(given, web.StreamResponse):
            return given
        if given is None:
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return json_answer(given, route.status)

    return handle


def json_answer(given: BaseModel, status: int = 200) -> web.Response:
    """Return `given` as a JSON response."""
    return web.Response(status=status, text=given.model_dump_json(by_alias=True), content_type="application/json")


def check_role(route: Route, ask: Ask) -> None:
    """Let through who may use `route`. Raises NotSignedIn, Forbidden, or NotBuilt for a route still to come."""
    if route.roles is not None and ask.user.role.value not in route.roles:
        raise Forbidden(role=ask.user.role.value, allowed=sorted(route.roles))
    if not route.built:
        raise NotBuilt


async def _input(route: Route, request: web.Request) -> dict[str, BaseModel]:
    if "\0" in request.path or any("\0" in value for value in request.query.values()):
        raise BadInput("address: holds a NUL character (%00), which no name here has; leave it out")
    given: dict[str, BaseModel] = {}
    if route.query is not None:
        given["query"] = _valid(route.query, dict(request.query), "query")
    if route.body is not None:
        given["body"] = _valid(route.body, await _read_json(request), "body")
    return given


def _valid(model: type[BaseModel], data: object, where: str) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise bad_input(error, where) from None


async def _read_json(request: web.Request) -> object:
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            text = await request.text()
    except TimeoutError:
        raise BadInput(f"body: did not arrive within {BODY_WAIT_S} s; send it whole") from None
    except (UnicodeDecodeError, LookupError):
        raise BadInput("body: must be JSON in UTF-8") from None
    return decoded(text) if text.strip() else {}
