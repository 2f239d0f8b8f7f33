"""The choice of call and agent, and the line of calls."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import ConfigError
from routing import queues
from routing.model import Line
from routing.turns import Idle, Waiting, choose

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_the_first_call_and_the_longest_idle_agent_with_the_next_five() -> None:
    calls = [Waiting(f"c{n}", "general", ago(90 - n)) for n in range(8)]
    agents = [Idle(f"a{n}", ago(n)) for n in range(8)]
    choice = choose("longest_idle", calls, agents, NOW)
    assert choice is not None
    assert (choice.call_id, choice.agent_id, choice.waited_s, choice.idle_s) == ("c0", "a7", 90.0, 7.0)
    assert choice.next_agents == ("a6", "a5", "a4", "a3", "a2")
    assert choice.next_calls == ("c1", "c2", "c3", "c4", "c5")


def test_without_a_call_or_an_agent_there_is_no_choice() -> None:
    assert choose("longest_idle", [], [Idle("a1", NOW)], NOW) is None
    assert choose("longest_idle", [Waiting("c1", "general", NOW)], [], NOW) is None


def test_equal_agents_are_told_apart_the_same_way_in_any_order() -> None:
    agents = [Idle(name, NOW) for name in "cab"]
    calls = [Waiting("c1", "general", NOW)]
    found = {choose("longest_idle", calls, random.sample(agents, 3), NOW) for _ in range(20)}
    assert [one.agent_id for one in found if one] == ["a"]


def test_a_line_keeps_the_order_of_asking() -> None:
    line, calls = Line(), [Waiting(f"c{n}", "general", ago(100 - n)) for n in range(20)]
    for call in random.sample(calls, 20):
        line.add(call)
    assert [line.position(call) for call in calls] == list(range(1, 21))
    line.remove(calls[0])
    assert (line.position(calls[0]), line.position(calls[1])) == (None, 1)
    with pytest.raises(ValueError, match="c0"):
        line.remove(calls[0])


def test_our_queues_are_fit() -> None:
    assert list(queues.load()) == ["general"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not valid YAML"),
        ("", "a list of queues"),
        ("- {id: x, names: {zh: 甲, en: A}, strategy: loudest}", "'loudest'"),
        ("- {id: x, names: {zh: 甲}, strategy: longest_idle}", "lacks en"),
        ("- {id: x, nmes: {}, strategy: longest_idle}", "nmes"),
        ("- &q {id: x, names: {zh: 甲, en: A}, strategy: longest_idle}\n- *q", "same id"),
    ],
)
def test_a_bad_definition_says_where_and_what(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        queues.parse(text, "queues.yaml")
    assert caught.value.message.startswith("queues.yaml")
