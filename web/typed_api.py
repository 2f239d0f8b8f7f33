"""What the browser's types are made of: the API's document without words, and the digest by which they are fresh.

`python -m web.typed_api` makes the types anew (needs a network the first time); a test tells when that is due.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from web import openapi
from web.app import all_routes

GENERATOR = "openapi-typescript@7.13.0"
OPTIONS = ("--default-non-nullable", "false")
"""What has a default may be left out by who asks; what is sent is always there, and listed as required."""
TYPES = Path(__file__).parent / "ui" / "src" / "api" / "schema.ts"
KNOWN_BY = "// Of the document with the SHA-256 "
"""The first line of the types, before the digest."""
WORDS = frozenset({"title", "description", "summary", "tags", "example", "examples", "operationId", "security"})
"""Of no use to a type; a better sentence makes no types stale."""


def document() -> dict[str, Any]:
    """Return the document with every shape that pages take and give, and nothing else."""
    whole = openapi.document(all_routes())
    paths = {
        path: {method: _operation(one) for method, one in operations.items()}
        for path, operations in whole["paths"].items()
        if path.startswith("/api/")
    }
    schemas = {name: _shape(one) for name, one in whole["components"]["schemas"].items()}
    return {
        "openapi": whole["openapi"],
        "info": {"title": "Hotline", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def digest() -> str:
    """Return the SHA-256 of the document, in hexadecimal."""
    return hashlib.sha256(text().encode()).hexdigest()


def text() -> str:
    """Return the document as JSON, the same for the same shapes."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True)


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    answers = {status: _shape(one) for status, one in operation["responses"].items() if status.startswith("2")}
    kept = {key: _shape(operation[key]) for key in ("parameters", "requestBody") if operation.get(key)}
    return kept | {"responses": {status: {"description": "", **one} for status, one in answers.items()}}


def _shape(part: Any) -> Any:
    """Return a part of the document without words; names of properties are none."""
    if isinstance(part, list):
        return [_shape(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {key: one for key, one in part.items() if key not in WORDS or isinstance(one, dict)}
    return {
        key: {name: _shape(each) for name, each in one.items()} if key == "properties" else _shape(one)
        for key, one in kept.items()
    }


def generate() -> None:
    """Make the types of the browser anew. Raises CalledProcessError when the generator fails."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "api.json", Path(folder) / "api.ts"
        given.write_text(text(), "utf-8")
        subprocess.run(["npx", "--yes", GENERATOR, given, *OPTIONS, "-o", made], check=True, stdout=sys.stderr)
        TYPES.write_text(f"{KNOWN_BY}{digest()}\n{made.read_text('utf-8')}", "utf-8")


if __name__ == "__main__":
    generate()
