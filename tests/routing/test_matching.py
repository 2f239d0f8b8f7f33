"""The pure core of routing, rule by rule."""

from random import Random

import pytest

from routing.decisions import Call, Decision, Scored
from routing.matching import Matching
from routing.rules import Overflow, Rules
from routing.skills import Need, Profile, Step

pytestmark = pytest.mark.unit

CAP = 1000.0


def core(*rules: Rules) -> Matching:
    return Matching({one.queue: one for one in rules}, CAP)


def pairs(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(decision.call_id, decision.agent_id) for decision in decisions]


def seat(centre: Matching, now: float, /, **levels: dict[str, int]) -> None:
    for agent_id, skills in levels.items():
        centre.know(Profile(agent_id, skills), now)
        centre.ready(agent_id, now)


def test_the_longest_wait_gets_the_longest_idle_and_the_decision_says_why() -> None:
    centre = core(Rules("q"))
    seat(centre, 0.0, b={})
    seat(centre, 1.0, a={}, c={})
    assert centre.decide(2.0) == []
    for number in range(3):
        centre.wait(Call(f"c{number}", "q", 5.0 - number), 6.0)
    first, second, third = centre.decide(6.0)
    assert pairs([first, second, third]) == [("c2", "b"), ("c1", "a"), ("c0", "c")]
    assert (first.rule, first.waited_s, first.idle_s, first.score, first.priority) == ("longest_idle", 3, 6, 6, 3)
    assert first.next_agents == (Scored("a", 5.0), Scored("c", 5.0))
    assert first.next_calls == (Scored("c1", 2.0), Scored("c0", 1.0))


def test_a_call_waits_for_the_skill_until_it_is_relaxed() -> None:
    need = Need((("en", 3),), frozenset({"main"}))
    centre = core(Rules("q", need, (Step(10.0, (("en", 2),)), Step(20.0, (("en", 0),), frozenset({"backup"})))))
    for agent_id, level, group in (("two", 2, "main"), ("none", 0, "backup"), ("other", 5, "")):
        centre.know(Profile(agent_id, {"en": level} if level else {}, frozenset({group} - {""})), 0.0)
        centre.ready(agent_id, 0.0)
    for call_id in ("c1", "c2"):
        centre.wait(Call(call_id, "q", 0.0), 0.0)
    assert (centre.decide(9.9), centre.due()) == ([], 10.0)
    waiting = centre.explain("c1", 9.9)
    assert waiting is not None
    assert (waiting.position, waiting.need, waiting.step, waiting.next_change) == (1, need, 0, 10.0)
    assert pairs(centre.decide(10.0)) == [("c1", "two")]
    assert (centre.decide(19.0), centre.due()) == ([], 20.0)
    (last,) = centre.decide(20.0)
    assert (last.call_id, last.agent_id, last.step) == ("c2", "none", 2)


@pytest.mark.parametrize(
    ("strategy", "winner"), [("longest_idle", "a"), ("best_skill", "b"), ("round_robin", "c"), ("least_occupied", "d")]
)
def test_each_strategy_picks_another(strategy: str, winner: str) -> None:
    """`a` is idle longest, `b` knows most, `c` was given none for the most calls, `d` was with one least."""
    centre = core(Rules("q", Need((("en", 1),)), strategy=strategy), Rules("own", Need((("own", 1),))))
    for agent_id, level in (("a", 1), ("b", 5), ("c", 1), ("d", 1)):
        centre.know(Profile(agent_id, {"en": level, "own": 1}), 0.0)
    for agent_id, until in (("c", 300.0), ("a", 100.0), ("b", 110.0), ("d", 120.0)):
        centre.ready(agent_id, 0.0 if agent_id != "d" else 119.0)
        centre.wait(Call(agent_id, "own", 0.0), 0.0)
        assert pairs(centre.decide(119.0 if agent_id == "d" else 0.0)) == [(agent_id, agent_id)]
        centre.ready(agent_id, until)
        centre.busy(agent_id, until)
    for agent_id, at in (("a", 400.0), ("b", 401.0), ("c", 402.0), ("d", 403.0)):
        centre.ready(agent_id, at)
    centre.wait(Call("x", "q", 404.0), 404.0)
    assert pairs(centre.decide(404.0)) == [("x", winner)]


def test_the_best_in_all_skills_together_is_found_behind_many_who_are_better_in_one() -> None:
    centre = core(Rules("q", Need((("a", 1), ("b", 1))), strategy="best_skill"))
    seat(centre, 0.0, **{f"p{number}": {"a": 3, "b": 1} for number in range(10)}, best={"a": 2, "b": 5})
    seat(centre, 0.0, alike={"a": 1, "b": 1})
    assert centre.decide(0.0) == []
    centre.wait(Call("c", "q", 1.0), 1.0)
    (decision,) = centre.decide(1.0)
    assert (decision.agent_id, decision.score) == ("best", 7.0)
    assert decision.next_agents == tuple(Scored(f"p{number}", 4.0) for number in range(5))


def test_a_call_is_held_for_its_agent_for_a_bounded_time_and_only_while_that_one_is_there() -> None:
    centre = core(Rules("q"))
    seat(centre, 0.0, other={})
    centre.busy("mine", 0.0)
    for call_id in ("c1", "c2"):
        centre.wait(Call(call_id, "q", 0.0, preferred="mine", preferred_until=30.0), 0.0)
    assert centre.decide(10.0) == []
    held = centre.explain("c1", 10.0)
    assert held is not None
    assert (held.held_for, held.next_change) == ("mine", 30.0)
    centre.ready("mine", 12.0)
    (decision,) = centre.decide(12.0)
    assert (decision.call_id, decision.agent_id, decision.rule) == ("c1", "mine", "preferred")
    centre.gone("mine", 20.0)
    assert pairs(centre.decide(20.0)) == [("c2", "other")]
    centre.busy("mine", 20.0)
    seat(centre, 20.0, other={})
    centre.wait(Call("c3", "q", 20.0, preferred="mine", preferred_until=30.0), 20.0)
    assert (centre.decide(29.9), pairs(centre.decide(30.0))) == ([], [("c3", "other")])


def test_a_step_counts_at_the_very_moment_that_was_told_for_it() -> None:
    """Else the clock would ring for it again and again: floats round."""
    rng = Random(7)
    for _ in range(20_000):
        since, after = rng.uniform(1.7e9, 1.8e9), rng.uniform(0.001, 600.0)
        rules = Rules("q", steps=(Step(after, any_group=True),))
        at = rules.next_step(since, 0)
        assert at is not None
        assert (rules.step_at(since, at), rules.step_at(since, at - 0.001)) == (1, 0)


def test_overflow_by_wait_adds_agents_and_keeps_the_place_at_home() -> None:
    home = Rules("home", Need((("h", 1),)), overflow=(Overflow("away", after_s=10.0, keeps=0.5),))
    centre = core(home, Rules("away", Need((("a", 1),))))
    centre.busy("h", 0.0)
    for agent_id, skill in (("h", "h"), ("a", "a")):
        centre.know(Profile(agent_id, {skill: 1}), 0.0)
    centre.wait(Call("c1", "home", 0.0), 0.0)
    centre.wait(Call("c2", "home", 0.0), 0.0)
    centre.wait(Call("young", "away", 6.0), 6.0)
    assert centre.decide(10.0) == []
    assert [(one.call_id, one.to, one.cause, one.since) for one in centre.overflowed()] == [
        ("c1", "away", "wait", 5.0),
        ("c2", "away", "wait", 5.0),
    ]
    centre.ready("a", 11.0)
    (decision,) = centre.decide(11.0)
    assert (decision.call_id, decision.by_queue, decision.next_calls) == (
        "c1",
        "away",
        (Scored("c2", 6.0), Scored("young", 5.0)),
    )
    centre.ready("h", 12.0)
    assert pairs(centre.decide(12.0)) == [("c2", "h")]


def test_overflow_by_length_and_by_expected_wait_are_for_who_comes_then() -> None:
    centre = core(
        Rules("full", Need((("f", 1),)), overflow=(Overflow("away", length=1),)),
        Rules("slow", Need((("s", 1),)), overflow=(Overflow("away", expected_s=25.0),)),
        Rules("away", Need((("a", 1),))),
    )
    for number in range(2):
        centre.wait(Call(f"f{number}", "full", 0.0), 0.0)
    for number in range(4):
        centre.wait(Call(f"s{number}", "slow", 0.0), 0.0)
    centre.know(Profile("s", {"s": 1}), 0.0)
    for now in (10.0, 20.0):
        centre.ready("s", now)
        assert len(centre.decide(now)) == 1
    assert centre.expected_wait("slow") == 30.0
    centre.wait(Call("late", "slow", 20.0), 20.0)
    assert [(one.call_id, one.cause) for one in centre.overflowed()] == [("f1", "length"), ("late", "expected")]
    seat(centre, 21.0, a={"a": 1})
    assert pairs(centre.decide(21.0)) == [("f1", "a")]


def test_a_closed_queue_takes_no_overflow_until_it_opens() -> None:
    centre = core(Rules("home", Need((("h", 1),)), overflow=(Overflow("away", after_s=10.0),)), Rules("away"))
    centre.open("away", False, 0.0)
    seat(centre, 0.0, a={})
    centre.wait(Call("c", "home", 0.0), 0.0)
    assert (centre.decide(50.0), centre.due()) == ([], None)
    centre.open("away", True, 60.0)
    assert pairs(centre.decide(60.0)) == [("c", "a")]


def test_queues_compete_by_start_and_rate_until_the_cap_where_age_decides() -> None:
    centre = core(Rules("slow", rate=1.0), Rules("fast", start=50.0, rate=10.0))
    centre.wait(Call("old", "slow", 0.0), 0.0)
    centre.wait(Call("new", "fast", 40.0), 40.0)
    centre.ready("a", 45.0)
    assert pairs(centre.decide(45.0)) == [("new", "a")]
    centre.wait(Call("new", "fast", 1000.0), 1000.0)
    centre.ready("a", 1200.0)
    (decision,) = centre.decide(1200.0)
    assert (decision.call_id, decision.priority, decision.next_calls) == ("old", CAP, (Scored("new", CAP),))


def test_p5_capacity_is_how_many_calls_an_agent_has_at_once() -> None:
    centre = core(Rules("q"))
    centre.know(Profile("a", capacity=2), 0.0)
    centre.ready("a", 0.0)
    for number in range(3):
        centre.wait(Call(f"c{number}", "q", float(number)), 3.0)
    assert pairs(centre.decide(3.0)) == [("c0", "a"), ("c1", "a")]
    centre.ready("a", 4.0, load=1)
    assert pairs(centre.decide(4.0)) == [("c2", "a")]


def test_skills_learned_count_at_once_and_every_agent_can_be_explained() -> None:
    centre = core(Rules("q", Need((("en", 2),))))
    seat(centre, 0.0, a={"en": 1}, b={})
    call = Call("c", "q", 0.0)
    centre.wait(call, 0.0)
    assert centre.decide(1.0) == []
    rows = {one.agent_id: one for one in centre.candidates(call, 1.0)}
    assert (rows["a"].fits, rows["a"].free, rows["a"].lacks) == (False, True, ("en",))
    centre.know(Profile("a", {"en": 2}), 2.0)
    assert pairs(centre.decide(2.0)) == [("c", "a")]
    assert [one.fits for one in centre.candidates(call, 2.0)] == [True, False]
