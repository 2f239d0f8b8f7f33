"""The numbers of the business: each with its unit, its meaning and its source."""

import re
from pathlib import Path

import pytest

from core import policy
from core.errors import ConfigError

pytestmark = pytest.mark.unit

SOURCE = re.compile(r"\[(ours|seed \d{3}[^]]*|public[^]]*)\]|domain|interface|reliability|spec")
ROOT = Path(__file__).parent.parent.parent


def test_every_rule_of_every_profile_is_whole() -> None:
    for name in policy.profiles():
        for key, rule in policy.load(name).rules.items():
            assert rule.value >= 0, key
            assert rule.unit, key
            assert rule.means, key
            assert SOURCE.search(rule.source), f"{key}: {rule.source!r} names no source"


def test_a_rule_is_read_by_its_name() -> None:
    assert policy.load("seed").number("account_digits") == 10


def test_a_rule_or_profile_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="profile 'seed' has no rule 'ring_tmeout'"):
        policy.load("seed").number("ring_tmeout")
    with pytest.raises(ConfigError, match=r"policy = 'sead': there is no such profile; known: .*seed"):
        policy.load("sead")


def test_every_rule_that_the_code_asks_for_is_there() -> None:
    asked = set[str]()
    for room in ("cti", "desk", "agents", "routing", "recordings", "ivr", "web", "app"):
        for file in (ROOT / room).rglob("*.py"):
            asked |= set(re.findall(r'(?:policy|call)\.number\(\s*"([a-z_]+)"', file.read_text("utf-8")))
    assert len(asked) > 15
    for name in policy.profiles():
        assert asked - set(policy.load(name).rules) == set()
