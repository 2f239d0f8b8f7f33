"""Turns whatever goes wrong into one shape of answer: a status and {"error": {code, message, details}}."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from agents.accounts import BadCredentials, NotSignedIn
from core import log
from core.errors import BadInput, Conflict, Forbidden, HotlineError, NotFound, Unavailable
from core.ids import new_id

_log = log.get(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NotBuilt(HotlineError):
    """This part of the API is named but not built yet."""

    code = "not_built"


class TooManyAttempts(HotlineError):
    """Too many failed sign-ins: wait `retry_after_s` seconds and try again."""

    code = "too_many_attempts"


_BY_CODE = {
    NotSignedIn.code: 401,
    BadCredentials.code: 401,
    TooManyAttempts.code: 429,
    NotBuilt.code: 501,
}
_BY_CLASS = ((BadInput, 400), (Forbidden, 403), (NotFound, 404), (Conflict, 409), (Unavailable, 503))
_HTTP_CODES = {404: "no_such_path", 405: "method_not_allowed", 413: "too_large", 415: "bad_input"}


def status_of(error: HotlineError) -> int:
    """Return the HTTP status of an error of Hotline: by its code where that says more, else by its class."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _BY_CLASS if isinstance(error, kind)), 500)


def body_of(error: HotlineError) -> dict[str, Any]:
    """Return the JSON-ready {code, message, details} of an error."""
    return {"code": error.code, "message": error.message, "details": error.details}


def bad_input(error: ValidationError, where: str) -> BadInput:
    """Return the error that names each unusable field of `where` (body, query) and what it should be."""
    fields = [
        {"field": ".".join(str(part) for part in one["loc"]) or where, "problem": one["msg"]}
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    text = "; ".join(f"{f['field']}: {f['problem']}" for f in fields)
    return BadInput(f"{where} cannot be used: {text}", fields=fields)


def answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
    """Return the response that carries one error."""
    text = json.dumps({"error": body}, ensure_ascii=False, default=str)
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in the one shape; an unknown one gets an id under which the log explains it."""
    try:
        return await handler(request)
    except HotlineError as error:
        status = status_of(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return _unexpected(request, error)
        return answer(status, body_of(error), _headers(error))
    except web.HTTPException as error:
        return _from_aiohttp(error)
    except Exception as error:  # noqa: BLE001 - the edge: nothing may reach the client unexplained
        return _unexpected(request, error)


def _headers(error: HotlineError) -> dict[str, str]:
    wait = error.details.get("retry_after_s")
    return {"Retry-After": str(wait)} if wait is not None else {}


def _from_aiohttp(error: web.HTTPException) -> web.StreamResponse:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    code = _HTTP_CODES.get(error.status, "bad_request" if error.status < HTTPStatus.INTERNAL_SERVER_ERROR else "error")
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return answer(error.status, {"code": code, "message": error.reason, "details": {}}, allow)


def _unexpected(request: web.Request, error: Exception) -> web.Response:
    error_id = new_id()
    resource = request.match_info.route.resource
    _log.error(
        "request failed",
        extra={
            "action": "request_failed",
            "error_id": error_id,
            "method": request.method,
            "path": resource.canonical if resource else "",
        },
        exc_info=error,
    )
    message = "Something unexpected went wrong; the log explains it under this id"
    return answer(500, {"code": "internal", "message": message, "details": {"id": error_id}})
