"""The browser's types are those of the API as it is, and the API says what it takes and gives."""

import pytest

from web import typed_api
from web.app import all_routes
from web.typed_api import GENERATOR, KNOWN_BY, TYPES, digest, document

pytestmark = pytest.mark.unit

WITHOUT_SHAPE = {"/api/v1/flows/schema", "/api/v1/recordings/{id}/audio", "/api/v1/messages/{id}/audio"}
"""What is sent there is no shape of ours: a JSON Schema, sound."""


def test_the_types_of_the_browser_are_made_of_the_api_as_it_is() -> None:
    first = TYPES.read_text("utf-8").partition("\n")[0]
    cure = f"python -m {typed_api.__name__}, then `npm run check` in web/ui: it names what the page has to learn"
    assert first == f"{KNOWN_BY}{digest()}", f"the shapes of the API have changed; type:  {cure} ({GENERATOR})"


def test_every_answer_in_json_has_a_shape() -> None:
    bare = [
        f"{method} {path}"
        for path, operations in document()["paths"].items()
        for method, one in operations.items()
        for status, answer in one["responses"].items()
        if status != "204" and "content" not in answer and path not in WITHOUT_SHAPE
    ]
    assert bare == []


def test_words_are_left_out_and_properties_that_are_called_like_words_are_not() -> None:
    whole = document()
    assert "description" not in whole["components"]["schemas"]["Call"]
    assert "summary" in whole["components"]["schemas"]["Contact"]["properties"]
    assert len(whole["paths"]) == len({route.path.split(":")[0] for route in all_routes() if "/api/" in route.path}), (
        "every path of the API"
    )
