"""Who goes ahead: the order of any callers, and that nobody is passed for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import policy
from routing.decisions import Call
from routing.matching import Matching
from routing.precedence import NONE, Cause, precedence
from routing.rules import Rules

pytestmark = pytest.mark.unit

RULES = policy.load("seed")
LONGEST_S = RULES.number("ahead_danger")
CAP = RULES.number("priority_cap")

callers = st.lists(st.tuples(st.integers(0, 2000), st.sets(st.sampled_from(Cause))), max_size=40)
"""When each comes, in seconds, and why it goes ahead."""


def waiting(name: str, second: float, *causes: Cause) -> Call:
    return Call(name, "general", second, precedence(causes, RULES).ahead_s)


def line() -> Matching:
    return Matching({"general": Rules("general")}, CAP)


@given(callers, st.integers(2000, 10_000))
def test_the_order_is_one_whoever_is_put_in_first_and_nobody_is_passed_beyond_the_longest_start(
    coming: list[tuple[int, set[Cause]]], served_at: int
) -> None:
    calls = [waiting(f"c{n:02}", second, *causes) for n, (second, causes) in enumerate(coming)]
    one, other = line(), line()
    for call in calls:
        one.wait(call, served_at)
    for call in reversed(calls):
        other.wait(call, served_at)
    order = [next(call for call in calls if call.call_id == call_id) for call_id in one.line("general")]
    assert other.line("general") == one.line("general")
    for place, before in enumerate(order):
        for after in order[place + 1 :]:
            won = before.since - after.since
            assert won <= before.ahead_s - after.ahead_s, "passed by less than a head start"
            if before.ahead_s == after.ahead_s:
                assert won <= 0, "among equals the longest wait comes first"
            assert won <= LONGEST_S
    for call in order:
        one.ready("a", served_at)
        assert [one.call_id for one in one.decide(served_at)] == [call.call_id], "served in the order of the line"


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5), st.lists(st.sampled_from([c for c in Cause if c is not Cause.DANGER]), min_size=1, max_size=200)
)
def test_a_plain_caller_is_served_though_callers_who_go_ahead_never_stop_coming(
    every: int, causes: list[Cause]
) -> None:
    """So many come each second and one is served: the line only grows."""
    centre, most = line(), max(RULES.number(f"ahead_{cause}") for cause in causes)
    centre.wait(waiting("plain", 0), 0)
    for turn in range(1, 2 + int(most) * every + every):
        now = turn / every
        centre.wait(waiting(f"c{turn:06}", now, causes[turn % len(causes)]), now)
        if turn % every == 0:
            centre.ready("a", now)
            if [one.call_id for one in centre.decide(now)] == ["plain"]:
                return
    position = centre.position("plain")
    assert position is not None
    assert position <= most * every + 1, f"only those of the first {most} s come before"


def test_causes_do_not_add_up_so_nobody_comes_before_danger() -> None:
    assert precedence([], RULES) == NONE
    several = precedence([Cause.REPEAT, Cause.VIP, Cause.IMPORTANT], RULES)
    assert several.causes == (Cause.IMPORTANT, Cause.VIP, Cause.REPEAT)
    assert several.ahead_s == precedence([Cause.IMPORTANT], RULES).ahead_s
    assert several.ahead_s < precedence([Cause.DANGER], RULES).ahead_s


def test_danger_comes_before_everybody_who_may_still_wait() -> None:
    assert RULES.number("ahead_danger") >= RULES.number("queue_wait_limit")
    assert RULES.number("ahead_danger") + RULES.number("queue_wait_limit") <= CAP, "no cap evens that out"
