"""The definitions of queues: ours are fit, and what could never work is refused with what, where and what to do."""

from datetime import datetime

import pytest

from agents.catalogue import load as load_catalogue
from agents.catalogue import parse as parse_catalogue
from core.errors import ConfigError
from routing import queues
from routing.rules import Overflow
from routing.skills import Need, Step

pytestmark = pytest.mark.unit

CATALOGUE = parse_catalogue(
    "levels: 5\nskills: {english: {zh: 英, en: E}, fault: {zh: 修, en: F}}\n"
    "groups: {main: {zh: 主, en: M}, backup: {zh: 备, en: B}}",
    "skills.yaml",
)
PLAIN = "names: {zh: 甲, en: A}, strategy: longest_idle"


def test_our_queues_and_skills_are_fit() -> None:
    assert list(queues.load()) == ["general"]
    assert load_catalogue().levels == 5


def test_everything_that_a_queue_may_say() -> None:
    text = f"""
- id: english
  names: {{zh: 英语, en: English}}
  strategy: best_skill
  skills: {{english: 4}}
  groups: [main]
  relax:
    - {{after_s: 30, skills: {{english: 2}}}}
    - {{after_s: 60.5, groups: [backup]}}
    - {{after_s: 90, skills: {{english: 0}}, any_group: true}}
  overflow: [{{to: general, after_s: 120, keeps: 0.5}}, {{to: general, length: 10}}]
  priority: {{start: 5, rate: 2}}
  hours:
    - {{days: [working], begins: '08:30', ends: '17:30'}}
    - {{days: [sat], begins: '09:00', ends: '24:00'}}
  closed_to: general
  preferred_s: 20
- {{id: general, {PLAIN}}}
"""
    english = queues.parse(text, "queues.yaml", CATALOGUE)["english"]
    rules = english.rules
    assert rules.need == Need((("english", 4),), frozenset({"main"}))
    assert rules.steps[2] == Step(90.0, (("english", 0),), frozenset(), any_group=True)
    assert rules.need_at((), 2) == Need((("english", 2),), frozenset({"main", "backup"}))
    assert rules.need_at((), 3) == Need()
    assert rules.overflow[0] == Overflow("general", after_s=120, keeps=0.5)
    assert (rules.start, rules.rate, english.preferred_s, english.closed_to) == (5, 2, 20, "general")


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23 08:30", True),
        ("2026-11-23 17:29", True),
        ("2026-11-23 17:30", False),
        ("2026-11-28 23:59", True),
        ("2026-11-29 12:00", False),
        ("2026-10-01 12:00", False),
        ("2026-10-10 08:45", True),
    ],
)
def test_hours_know_public_holidays_and_worked_weekends(local: str, is_open: bool) -> None:
    """1 October 2026 is a Thursday, Saturday the 10th is worked for it."""
    hours = "[{days: [working], begins: '08:30', ends: '17:30'}, {days: [sat], begins: '20:00', ends: '24:00'}]"
    queue = queues.parse(f"- {{id: x, {PLAIN}, hours: {hours}}}", "queues.yaml", CATALOGUE)["x"]
    assert queue.hours.open_at(datetime.fromisoformat(local)) is is_open


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not valid YAML"),
        ("", "a list of queues"),
        ("- {id: x, names: {zh: 甲, en: A}, strategy: loudest}", "'loudest'"),
        ("- {id: x, names: {zh: 甲, en: A}, strategy: longest_idl}", "did you mean 'longest_idle'"),
        ("- {id: x, names: {zh: 甲}, strategy: longest_idle}", r"queue 'x': names\.en: field required"),
        ("- {id: x, nmes: {}, strategy: longest_idle}", "nmes: there is no such thing; did you mean 'names'"),
        ("- [1]", "queue number 1"),
        (f"- &q {{id: x, {PLAIN}}}\n- *q", "'x' stands there twice"),
        (f"- {{id: x, {PLAIN}, skills: {{englisch: 1}}}}", "no skill 'englisch'; did you mean 'english'"),
        (f"- {{id: x, {PLAIN}, skills: {{english: 6}}}}", "no agent reaches level 6: levels go from 1 to 5"),
        (f"- {{id: x, {PLAIN}, groups: [nobody]}}", "no group 'nobody'"),
        (
            f"- {{id: x, {PLAIN}, skills: {{english: 2}}, relax: [{{after_s: 9, skills: {{english: 3}}}}]}}",
            "would tighten",
        ),
        (
            f"- {{id: x, {PLAIN}, relax: [{{after_s: 9, groups: [main]}}]}}",
            "would tighten: the queue takes agents of any",
        ),
        (
            f"- {{id: x, {PLAIN}, groups: [main], relax: "
            "[{after_s: 9, any_group: true}, {after_s: 9, any_group: true}]}",
            "not later than the step before",
        ),
        (f"- {{id: x, {PLAIN}, relax: [{{after_s: 9}}]}}", "changes nothing"),
        (f"- {{id: x, {PLAIN}, relax: [{{after_s: -1, any_group: true}}]}}", r"relax\.0\.after_s"),
        (f"- {{id: x, {PLAIN}, overflow: [{{to: y, after_s: 9}}]}}", "to 'y'"),
        (f"- {{id: x, {PLAIN}, overflow: [{{to: y}}]}}\n- {{id: y, {PLAIN}}}", "can never happen"),
        (
            f"- {{id: x, {PLAIN}, overflow: [{{to: y, length: 1}}]}}\n"
            f"- {{id: y, {PLAIN}, overflow: [{{to: z, length: 1}}]}}\n"
            f"- {{id: z, {PLAIN}, overflow: [{{to: x, length: 1}}]}}",
            "in a circle: x → y → z → x",
        ),
        (f"- {{id: x, {PLAIN}, closed_to: y}}\n- {{id: y, {PLAIN}}}", "closed_to without hours"),
        (f"- {{id: x, {PLAIN}, hours: [{{days: [monday], begins: '08:00', ends: '09:00'}}]}}", "day 'monday'"),
        (f"- {{id: x, {PLAIN}, hours: [{{days: [mon], begins: '22:00', ends: '06:00'}}]}}", "over midnight"),
        (f"- {{id: x, {PLAIN}, hours: [{{days: [mon], begins: '8', ends: '09:00'}}]}}", "write them as"),
        (f"- {{id: x, {PLAIN}, priority: {{rate: 0}}}}", r"priority\.rate"),
    ],
)
def test_a_bad_definition_says_where_and_what(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        queues.parse(text, "queues.yaml", CATALOGUE)
    assert caught.value.message.startswith("queues.yaml: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("levels: 0\nskills: {}", "levels"),
        ("levels: 5\nskills: {english: {zh: 英}}", "skills.english.en"),
        ("levels: [", "not valid YAML"),
    ],
)
def test_a_bad_catalogue_says_where_and_what(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_catalogue(text, "skills.yaml")
    assert caught.value.message.startswith("skills.yaml: ")
