"""The published JSON Schema is that of the code, and takes and refuses what the checker takes and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from ivr.flow import schema
from ivr.nodes import VERBS
from tests.ivr.conftest import SHIPPED

pytestmark = pytest.mark.unit

PUBLISHED = Path(__file__).parent.parent.parent / "docs" / "reference" / "flow.schema.json"


def shipped() -> Any:
    return YAML(typ="safe", pure=True).load(SHIPPED.read_text("utf-8"))


def faults(flow: Any) -> list[str]:
    return [
        error.json_path for error in Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8"))).iter_errors(flow)
    ]


def test_the_published_schema_is_that_of_the_code() -> None:
    told = "write it again: ./hotline flow schema > docs/reference/flow.schema.json"
    assert json.loads(PUBLISHED.read_text("utf-8")) == schema(), told


def test_it_is_a_schema_and_knows_every_verb() -> None:
    Draft202012Validator.check_schema(schema())
    assert {kind["properties"]["do"]["const"] for kind in schema()["$defs"].values()} == set(VERBS)


def test_the_shipped_flow_fits_and_names_the_schema() -> None:
    assert faults(shipped()) == []
    named = SHIPPED.read_text("utf-8").splitlines()[0].partition("$schema=")[2]
    assert (SHIPPED.parent / named).resolve() == PUBLISHED.resolve()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"do": "menue"}, "$.nodes.main"),
        ({"keyz": {}}, "$.nodes.main"),
        ({"prompts": "menu"}, "$.nodes.main"),
        ({"keys": {}}, "$.nodes.main"),
        ({"keys": {"12": "bill"}}, "$.nodes.main"),
    ],
)
def test_a_broken_flow_does_not_fit(change: dict[str, Any], place: str) -> None:
    flow = shipped()
    flow["nodes"]["main"] |= change
    assert faults(flow) == [place]


def test_it_tells_what_a_field_names() -> None:
    kinds = {kind["properties"]["do"]["const"]: kind["properties"] for kind in schema()["$defs"].values()}
    named = {verb: {name: field.get("x-names") for name, field in fields.items()} for verb, fields in kinds.items()}
    menu = {name: kind for name, kind in named["menu"].items() if kind}
    assert menu == {
        "prompts": "prompt",
        "wrong": "prompt",
        "silent": "prompt",
        "keys": "node",
        "give_up": "node",
        "unheard": "node",
    }
    assert (named["collect"]["length"], named["collect"]["into"]) == ("rule", "variable")
    assert (named["queue"]["queue"], named["queue"]["nobody"]) == ("queue", "node")
