"""The forecast of calls (kinds of days, storms, clock changes, its error), and the agents that they need."""

import datetime as dt
import math
from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from routing.erlang import Goal, Load, erlang_a
from routing.staffing.load import (
    HALF_HOUR,
    SLOTS,
    Day,
    Kind,
    backtest,
    days,
    forecast,
    half_hours,
    kind,
    seasonal_naive,
    slot,
)
from routing.staffing.plan import Assumptions, plan

pytestmark = pytest.mark.unit

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY = dt.date(2025, 11, 3)
SHAPE = 10 + 8 * np.sin(np.arange(SLOTS) / SLOTS * 2 * np.pi)


def history(number: int, level: Callable[[dt.date], float], first: dt.date = MONDAY) -> list[Day]:
    """Return days of one shape, each with a level of its own."""
    dates = [first + dt.timedelta(days=n) for n in range(number)]
    return [Day(date, SHAPE * level(date)) for date in dates]


def test_the_official_calendar_tells_what_kind_of_day_it_is() -> None:
    assert kind(dt.date(2025, 10, 1)) is Kind.HOLIDAY, "National Day"
    assert kind(dt.date(2025, 10, 4)) is Kind.HOLIDAY, "a Saturday within it"
    assert kind(dt.date(2025, 9, 28)) is Kind.OFFICE, "a Sunday worked for it"
    assert kind(dt.date(2025, 10, 25)) is Kind.WEEKEND
    assert kind(dt.date(2025, 10, 27)) is Kind.OFFICE


def test_a_steady_rhythm_is_told_exactly() -> None:
    past = history(56, lambda date: 3.0 if kind(date) is Kind.OFFICE else 1.0)
    for ahead in (0, 3, 5, 6):
        date = MONDAY + dt.timedelta(days=56 + ahead)
        expected = SHAPE * (3.0 if kind(date) is Kind.OFFICE else 1.0)
        assert forecast(past, date) == pytest.approx(expected, rel=0.03)


def test_a_swapped_working_weekend_gets_the_calls_of_an_office_day() -> None:
    past = history(56, lambda date: 3.0 if kind(date) is Kind.OFFICE else 1.0, dt.date(2025, 7, 28))
    assert forecast(past, dt.date(2025, 9, 28)).sum() == pytest.approx(3 * SHAPE.sum(), rel=0.02)


def test_a_holiday_without_holidays_before_it_is_told_from_weekends() -> None:
    past = history(56, lambda date: 3.0 if kind(date) is Kind.OFFICE else 1.0, dt.date(2025, 7, 28))
    assert forecast(past, dt.date(2025, 10, 1)).sum() == pytest.approx(SHAPE.sum(), rel=0.02)


def test_mondays_are_busier_where_they_were() -> None:
    past = history(56, lambda date: 1.5 if date.weekday() == 0 else 1.0)
    monday, tuesday = (forecast(past, MONDAY + dt.timedelta(days=56 + n)).sum() for n in (0, 1))
    assert 1.3 < monday / tuesday <= 1.5
    assert tuesday == pytest.approx(SHAPE.sum(), rel=0.02)


def test_a_storm_passes_by() -> None:
    past = history(56, lambda _: 1.0)
    stormy = past[-5]
    calls = stormy.calls.copy()
    calls[20:30] *= 12
    past[-5] = Day(stormy.date, calls)
    assert forecast(past, MONDAY + dt.timedelta(days=56)) == pytest.approx(SHAPE, rel=0.08)


def test_the_last_weeks_count_most() -> None:
    change = MONDAY + dt.timedelta(days=56)
    past = history(84, lambda date: 1.0 if date < change else 2.0)
    assert forecast(past, MONDAY + dt.timedelta(days=84)).sum() > 1.75 * SHAPE.sum()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 50), min_size=48, max_size=48), min_size=1, max_size=30), st.integers(0, 400))
def test_any_past_gives_a_forecast_within_it(rows: list[list[int]], ahead: int) -> None:
    past = [Day(MONDAY + dt.timedelta(days=n), np.array(row, dtype=float)) for n, row in enumerate(rows)]
    date = MONDAY + dt.timedelta(days=len(rows) + ahead)
    if not any(day.total for day in past):
        with pytest.raises(BadInput, match="a forecast needs at least one"):
            forecast(past, date)
        return
    told = forecast(past, date)
    assert told.shape == (SLOTS,)
    assert (told >= 0).all()
    most = max(day.total for day in past)
    assert 0 <= told.sum() <= 2 * most + 1e-9, "no factor doubles what was ever seen"


def test_nothing_of_the_day_itself_or_later_is_used() -> None:
    past = history(28, lambda _: 1.0)
    date = MONDAY + dt.timedelta(days=20)
    assert (forecast(past, date) == forecast(past[:20], date)).all()


def test_the_error_is_less_than_that_of_the_week_before() -> None:
    draw = np.random.default_rng(7)
    past = [Day(day.date, draw.poisson(day.calls).astype(float)) for day in history(84, lambda _: 1.0)]
    ours, naive = backtest(past, forecast, 28), backtest(past, seasonal_naive, 28)
    assert ours.days == naive.days == 28
    assert ours.half_hours < 0.85 * naive.half_hours
    noise = float(np.mean([np.abs(draw.poisson(SHAPE) - SHAPE).sum() for _ in range(200)]) / SHAPE.sum())
    assert ours.half_hours < 1.15 * noise, "hardly more than nobody can know"


def test_a_backtest_of_one_day_is_refused() -> None:
    with pytest.raises(BadInput, match="at least two days"):
        backtest(history(1, lambda _: 1.0), forecast, 5)


@pytest.mark.parametrize(
    ("date", "number"), [(dt.date(2026, 3, 29), 46), (dt.date(2026, 10, 25), 50), (dt.date(2026, 7, 1), 48)]
)
def test_a_day_on_which_the_clock_changes_has_its_own_number_of_half_hours(date: dt.date, number: int) -> None:
    begins = half_hours(date, BERLIN)
    assert len(begins) == number
    counts = dict.fromkeys(begins, 10)
    (day,) = days(counts, BERLIN, date, date)
    assert (day.calls == 10).all(), "an hour that comes twice is not twice as busy, one left out not empty"
    assert {slot(begin, BERLIN) for begin in begins} <= set(range(SLOTS))


def test_counts_belong_to_the_day_at_the_site() -> None:
    late = dt.datetime(2025, 11, 4, 15, 30, tzinfo=dt.UTC)
    counts = {late: 1, late + HALF_HOUR: 2}
    found = days(counts, SHANGHAI, MONDAY, MONDAY + dt.timedelta(days=3))
    assert [(day.date.day, float(day.calls[47]), float(day.calls[0])) for day in found] == [(4, 1, 0), (5, 0, 2)]


def assumed(shrinkage: float = 0.3, patience_s: float = math.inf, least: int = 1) -> Assumptions:
    return Assumptions(180, patience_s, Goal(0.8, 20), shrinkage, least)


def test_a_plan_has_the_agents_that_each_half_hour_needs() -> None:
    begins = half_hours(MONDAY, SHANGHAI)
    needs = plan(zip(begins[:3], [100.0, 0.0, 5.0], strict=True), assumed())
    assert [need.begin for need in needs] == begins[:3]
    assert [(need.agents, need.people) for need in needs] == [(14, 20), (1, 2), (2, 3)]
    assert needs[0].erlangs == pytest.approx(10)
    assert needs[1].outcome.within == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 3000), min_size=2, max_size=5), st.floats(0, 0.6), st.floats(10, 600), st.integers(0, 3))
def test_more_calls_never_need_fewer(numbers: list[float], shrinkage: float, patience_s: float, least: int) -> None:
    begins = half_hours(MONDAY, SHANGHAI)
    rules = assumed(shrinkage, patience_s, max(least, 1))
    needs = plan(zip(begins, sorted(numbers), strict=False), rules)
    agents = [need.agents for need in needs]
    assert agents == sorted(agents)
    for need in needs:
        assert need.agents >= rules.least
        assert need.people * (1 - shrinkage) >= need.agents - 1e-6
        load = Load(need.calls / 1800, 180, patience_s)
        assert erlang_a(load, need.agents, 20).within >= 0.8 or not need.calls


def test_a_plan_takes_no_impossible_numbers() -> None:
    with pytest.raises(BadInput, match="calls_per_s"):
        plan([(half_hours(MONDAY, SHANGHAI)[0], -1.0)], assumed())
