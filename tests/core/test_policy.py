"""The numbers of the business: each with its unit, its meaning and its source."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from core import config, policy
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


def test_an_installation_changes_some_rules_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("wrap_up_limit: {value: 5, source: 值长会议 2026-11-02}\n", "utf-8")
    (tmp_path / "hotline.toml").write_text('[site]\npolicy = "ours.yaml"\n', "utf-8")
    own = policy.load(config.load(tmp_path / "hotline.toml", {}).site.policy)
    seed = policy.load("seed")
    assert own.rules.pop("wrap_up_limit") == replace(
        seed.rules.pop("wrap_up_limit"), value=5, source="值长会议 2026-11-02"
    )
    assert own.rules == seed.rules


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wrap_up_limt: {value: 5, source: us}", "no rule 'wrap_up_limt'; did you mean 'wrap_up_limit'?"),
        ("zzz: {value: 5, source: us}", "no rule 'zzz'; profile 'seed' names all that there are"),
        ("wrap_up_limit: 5", "rule 'wrap_up_limit': write each as `rule: {value: 5, source: who decided it}`"),
        ("wrap_up_limit: {value: 5}", "write each as"),
        ("wrap_up_limit: {value: 5, source: ''}", "write each as"),
        ("wrap_up_limit: {value: -1, source: us}", "value -1 is not a number from 0 on, in s"),
        ("wrap_up_limit: {value: soon, source: us}", "value 'soon' is not a number"),
        ("wrap_up_limit: {value: .inf, source: us}", "value inf is not a number"),
        ("- a", "not a list of rules"),
        ("a: {", "not valid YAML"),
    ],
)
def test_a_wrong_rule_of_ones_own_is_told_with_file_and_cure(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        policy.load(str(file))
    assert str(refused.value).startswith(f"{file}: ")
    assert told in str(refused.value)


def test_a_file_of_ones_own_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file; \[site\] policy names it"):
        policy.load(str(tmp_path / "none.yaml"))
