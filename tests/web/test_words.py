"""The desktop has words, in both languages, for every node of the shipped flow and every event of a call's story."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import app.wiring
from agents.model import Role
from core import policy
from core.events import Event
from desk.announcements.festivals import festivals
from desk.announcements.model import State
from ivr.checks import Rule
from ivr.flow import load
from ivr.nodes import VERBS
from speech.phrases import SETS
from speech.prompts import catalogue
from tests.ivr.caller import RULES
from tests.ivr.conftest import SHIPPED
from web.audit import AREAS, Area
from web.own_files import Name

pytestmark = pytest.mark.unit

WORDS = Path(app.wiring.__file__).parents[1] / "web/ui/src/i18n"
SILENT = {"VoiceMeasured"}
"""Figures of a line that tell an agent nothing."""


def block(language: str, name: str) -> set[str]:
    """Return the keys of one block of the words."""
    found = re.search(rf"^  {name}: {{\n(.*?)^  }},", (WORDS / f"{language}.ts").read_text("utf-8"), re.M | re.S)
    assert found is not None
    return set(re.findall(r"^    (\w+):", found[1], re.M))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_node_of_the_shipped_flow_has_words(language: str) -> None:
    flow = load(SHIPPED, catalogue(site="供电服务热线"), RULES.rules)
    assert set(flow.nodes) - block(language, "node") == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_event_of_a_call_has_words(language: str) -> None:
    rooms = ("cti.", "ivr.", "routing.", "agents.", "recordings.", "desk.")
    told = {n for n, k in Event.kinds.items() if k.__module__.startswith(rooms) and "call_id" in k.__annotations__}
    assert told - SILENT - block(language, "event") == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_verb_and_field_of_the_flow_language_has_words_in_the_editor(language: str) -> None:
    words = f"flows.{language}"
    kinds = [kind.model_json_schema()["properties"] for kind in VERBS.values()]
    assert set(VERBS) - block(words, "verb") == set()
    assert set(VERBS) - block(words, "does") == set()
    assert {rule.value for rule in Rule} - {Rule.BAD_FILE.value} - block(words, "fault") == set()
    assert {name for fields in kinds for name in fields} - {"do", "note"} - block(words, "field") == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_what_may_be_asked_for_in_words_is_told_in_words(language: str) -> None:
    data = YAML(typ="safe").load((SETS / "zh-CN.yaml").read_text("utf-8"))
    assert {*data["intents"], "yes", "no"} - block(language, "intent") == set()
    story = (WORDS.parent / "desktop/story.ts").read_text("utf-8")
    assert {"need", "intent", "outcome", "language"} - set(re.findall(r'wordFor\("(\w+)"', story)) == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_festival_and_every_state_of_an_announcement_has_words(language: str) -> None:
    words = f"announce.{language}"
    assert set(festivals()) - block(words, "festival") == set()
    assert {state.value for state in State} - block(words, "state") == set()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_act_of_the_audit_and_every_role_has_words(language: str) -> None:
    assert {area.value for area in Area} - block(f"admin.{language}", "area") == set()
    assert {role.value for role in Role} - block(f"admin.{language}", "role") == set()
    assert {name.value for name in Name} - block(f"admin.{language}", "list") == set()
    sentences = (WORDS.parent / "admin/told.ts").read_text("utf-8")
    assert {kind.__name__ for kind in AREAS} - set(re.findall(r'case "(\w+)":', sentences)) == set()


def test_every_number_of_the_business_is_told_in_chinese_too() -> None:
    rules = policy.load(policy.STANDARD).rules
    told = (WORDS / "policy.zh-CN.ts").read_text("utf-8")
    units, means = (set(re.findall(r'^  "?([^":]+)"?: "', part, re.M)) for part in told.split("MEANS"))
    assert set(rules) - means == set()
    assert {rule.unit for rule in rules.values()} - units == set()
