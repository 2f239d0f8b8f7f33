"""Who goes ahead: the order of any callers, and that nobody is passed for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import policy
from routing.model import Line
from routing.precedence import NONE, Cause, precedence
from routing.turns import Idle, Waiting, choose

pytestmark = pytest.mark.unit

RULES = policy.load("seed")
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
LONGEST_S = RULES.number("ahead_danger")

callers = st.lists(st.tuples(st.integers(0, 2000), st.sets(st.sampled_from(Cause))), max_size=40)
"""When each comes, in seconds, and why it goes ahead."""


def waiting(name: str, second: float, *causes: Cause) -> Waiting:
    return Waiting(name, "general", START + timedelta(seconds=second), precedence(causes, RULES))


@given(callers, st.randoms(use_true_random=False))
def test_the_order_is_one_whoever_is_put_in_first_and_nobody_is_passed_beyond_the_longest_start(
    coming: list[tuple[int, set[Cause]]], chance: object
) -> None:
    calls = [waiting(f"c{n:02}", second, *causes) for n, (second, causes) in enumerate(coming)]
    line, other = Line(), Line()
    for call in calls:
        line.add(call)
    for call in reversed(calls):
        other.add(call)
    assert line.calls == other.calls
    for place, before in enumerate(line.calls):
        for after in line.calls[place + 1 :]:
            won = (before.enqueued_at - after.enqueued_at).total_seconds()
            assert won <= before.precedence.ahead_s - after.precedence.ahead_s, "passed by less than a head start"
            if before.precedence == after.precedence:
                assert won <= 0, "among equals the longest wait comes first"
            assert won <= LONGEST_S


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5), st.lists(st.sampled_from([c for c in Cause if c is not Cause.DANGER]), min_size=1, max_size=200)
)
def test_a_plain_caller_is_served_though_callers_who_go_ahead_never_stop_coming(
    every: int, causes: list[Cause]
) -> None:
    """One comes each second and one is served every `every` seconds: the line only grows."""
    line, plain = Line(), waiting("plain", 0)
    line.add(plain)
    most = max(RULES.number(f"ahead_{cause}") for cause in causes)
    for turn in range(2, 2 + int(most) * every + every):
        line.add(waiting(f"c{turn:06}", turn / every, causes[turn % len(causes)]))
        if turn % every:
            continue
        choice = choose("longest_idle", line.calls, [Idle("a", START)], START)
        assert choice is not None
        if choice.call_id == "plain":
            return
        line.remove(line.calls[0])
    passed = sum(call.enqueued_at > plain.enqueued_at + timedelta(seconds=most) for call in line.calls)
    assert line.position(plain) is not None
    assert line.calls.index(plain) <= most * every, f"only those of the first {most} s come before; {passed} do not"


def test_causes_do_not_add_up_so_nobody_comes_before_danger() -> None:
    assert precedence([], RULES) == NONE
    several = precedence([Cause.REPEAT, Cause.VIP, Cause.IMPORTANT], RULES)
    assert several.causes == (Cause.IMPORTANT, Cause.VIP, Cause.REPEAT)
    assert several.ahead_s == precedence([Cause.IMPORTANT], RULES).ahead_s
    assert several.ahead_s < precedence([Cause.DANGER], RULES).ahead_s


def test_danger_comes_before_everybody_who_may_still_wait() -> None:
    assert RULES.number("ahead_danger") >= RULES.number("queue_wait_limit")
