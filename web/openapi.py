"""The OpenAPI 3.1 document, made from the same route table that serves the API."""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.route import Route

REF = "#/components/schemas/{model}"
ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs"},
                "message": {"type": "string", "description": "for people"},
                "details": {"type": "object"},
            },
        }
    },
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document of all `routes`."""
    listed = list(routes)
    schemas, definitions = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(_plain(route.path), {})[route.method.lower()] = _operation(route, schemas, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline",
            "version": _version(),
            "description": "Times: ISO 8601. Money: yuan as text.",
        },
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": definitions | {"Error": ERROR_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "hotline_session"},
            },
        },
    }


def _version() -> str:
    try:
        return version("hotline")
    except PackageNotFoundError:
        return "0"


def _plain(path: str) -> str:
    """The path without the patterns of its parts."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def _schemas(routes: list[Route]) -> tuple[dict[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    taken = {(model, "validation") for route in routes for model in (route.body, route.query) if model}
    given = {(route.gives, "serialization") for route in routes if route.gives}
    ordered: list[Any] = sorted(taken | given, key=lambda pair: (pair[0].__name__, pair[1]))
    refs, whole = models_json_schema(ordered, ref_template=REF)
    return {cast(type[BaseModel], model): ref for (model, _), ref in refs.items()}, whole.get("$defs", {})


def _operation(
    route: Route, schemas: dict[type[BaseModel], dict[str, Any]], definitions: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [route.tag],
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', _plain(route.path).lower()).strip('_')}",
        "parameters": [*_path_parameters(route), *_query_parameters(route, definitions)],
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[route.body]}}}
    if route.roles is None:
        operation["security"] = []
    else:
        operation["x-roles"] = sorted(route.roles)
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)", route.path)
    return [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]


def _query_parameters(route: Route, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = definitions[route.query.__name__]
    needed = schema.get("required", [])
    listed = schema.get("properties", {})
    return [{"name": name, "in": "query", "required": name in needed, "schema": one} for name, one in listed.items()]


def _responses(route: Route, schemas: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    error = {
        "description": "an error",
        "content": {"application/json": {"schema": {"$ref": REF.format(model="Error")}}},
    }
    if not route.built:
        return {"501": error | {"description": "named, not built yet"}}
    good: dict[str, Any] = {"description": "done"}
    if route.gives is not None:
        good["content"] = {"application/json": {"schema": schemas[route.gives]}}
    elif route.status != 204 and route.media != "application/json":
        good["content"] = {route.media: {"schema": {"type": "string"}}}
    return {str(int(route.status)): good, "default": error}
