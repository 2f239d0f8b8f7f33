"""P18, pure: whatever happens to a callback, it is rung only when it may be, by rule, and finished once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import policy
from core.calendar import is_working_day
from core.errors import Conflict
from desk.callbacks import course
from desk.callbacks.course import Plan, Rules, Turn
from desk.callbacks.model import Callback, Hours, Outcome, Part, State, Wish, window

pytestmark = pytest.mark.unit

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rules(8, 21, 3, 600.0, 3600.0, 600.0, 48 * 3600.0)
HOURS = Hours(8, 21, (8, 12), (14, 18), 3600)
FIRST = datetime(2026, 11, 20, tzinfo=UTC)
MOMENTS = st.integers(0, 10 * 24 * 3600).map(lambda s: FIRST + timedelta(seconds=s))


def booked(at: datetime, part: Part) -> Callback:
    wish = Wish("c1:callback", "c1", "13800000001", "general", at - timedelta(minutes=5))
    return Callback("cb1", wish, at, window(at.astimezone(ZONE), part, HOURS, is_working_day))


def step(callback: Callback, what: str, now: datetime) -> Callback:
    """What may happen; what is refused changes nothing."""
    try:
        match what:
            case "ring":
                plan = course.plan(callback, now.astimezone(ZONE), RULES, on_the_line=False)
                return course.dialled(callback, "a1") if plan.turn is Turn.RING else callback
            case "missed":
                return course.missed(callback, now, RULES)
            case "not_rung":
                return course.not_rung(callback, now)
            case "trunk":
                return course.not_rung(callback, now, pause_s=RULES.skip_s)
            case "skipped":
                return course.skipped(callback, now, RULES, "not now")
            case _:
                return course.closed(callback, Outcome.ANSWERED, now)
    except Conflict:
        return callback


STEPS = st.sampled_from(["ring", "ring", "ring", "missed", "missed", "not_rung", "trunk", "skipped", "answered"])


@given(
    at=MOMENTS,
    part=st.sampled_from(list(Part)),
    story=st.lists(st.tuples(STEPS, st.integers(0, 8 * 3600)), max_size=40),
)
def test_p18_rung_only_when_it_may_be_and_finished_once(at: datetime, part: Part, story: list[tuple[str, int]]) -> None:
    callback, now = booked(at, part), at
    for what, seconds in story:
        now += timedelta(seconds=seconds)
        before, callback = callback, step(callback, what, now)
        assert before.state is not State.CLOSED or callback == before, "finished is finished"
        assert callback.calls - before.calls in (0, 1)
        assert callback.misses <= min(callback.calls, RULES.tries)
        assert (callback.state is State.CLOSED) is (callback.outcome is not None)
        if callback.calls > before.calls:
            local = now.astimezone(ZONE)
            assert 8 <= local.hour < 21
            assert callback.window.begins <= now < course.last_moment(callback, RULES)
            assert callback.due_at is None or callback.due_at <= now
            assert before.misses < RULES.tries
    if callback.misses == RULES.tries:
        assert callback.outcome is Outcome.UNREACHED


@given(at=MOMENTS, part=st.sampled_from(list(Part)), now=MOMENTS, on_the_line=st.booleans())
def test_a_plan_comes_to_an_end(at: datetime, part: Part, now: datetime, on_the_line: bool) -> None:
    """Each look names the next moment at which something changes, until it is over."""
    callback, plan = booked(at, part), Plan(Turn.LATER, now)
    for _ in range(12):
        assert plan.at is not None
        now = max(now, plan.at)
        plan = course.plan(callback, now.astimezone(ZONE), RULES, on_the_line=on_the_line)
        if plan.turn is Turn.OVER:
            return
        assert plan.turn is not Turn.RING or not on_the_line
        assert plan.at is not None
        assert plan.at > now
    raise AssertionError("never over")


def test_the_place_is_the_callers_or_the_begin_of_the_part_of_the_day_that_they_chose() -> None:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    soon, later = booked(at, Part.SOON), booked(at, Part.AFTERNOON)
    assert course.place_since(soon) == at - timedelta(minutes=5)
    assert course.place_since(later) == later.window.begins == at + timedelta(hours=4)


def test_the_rules_of_the_seed_policy() -> None:
    numbers = policy.load("seed")
    rules = ("callback_tries", "callback_pause", "callback_pause_later", "callback_skipped", "callback_wait_most")
    assert [numbers.number(rule) for rule in rules] == [3, 10, 60, 10, 48]
    assert "[domain 9]" in numbers.rules["callback_tries"].source


def test_a_pause_that_leads_beyond_the_part_of_the_day_finishes_it() -> None:
    late = datetime(2026, 11, 23, 9, 55, tzinfo=UTC)  # five minutes before the end of the afternoon
    callback = replace(booked(late - timedelta(hours=5), Part.AFTERNOON), state=State.DIALLING, calls=1)
    after = course.missed(callback, late, RULES)
    assert (after.state, after.outcome, after.misses) == (State.CLOSED, Outcome.TOO_LATE, 1)
