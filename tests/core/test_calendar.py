"""Working days: the official plan with its swapped weekends, and what is known without one."""

import datetime as dt

import pytest

from core import calendar

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-20", True),  # a Friday
        ("2026-11-21", False),  # a Saturday
        ("2026-02-17", False),  # 春节
        ("2026-02-14", True),  # a Saturday worked for 春节
        ("2026-10-01", False),  # 国庆节
        ("2026-10-10", True),  # a Saturday worked for 国庆节
        ("2026-09-25", False),  # 中秋节
    ],
)
def test_a_day_of_a_planned_year(day: str, works: bool) -> None:
    assert calendar.planned(dt.date.fromisoformat(day))
    assert calendar.is_working_day(dt.date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("month", "day", "works"), [(1, 1, False), (5, 1, False), (10, 3, False), (12, 25, None), (6, 17, None)]
)
def test_a_year_without_a_plan_has_weekends_and_fixed_holidays(month: int, day: int, works: bool | None) -> None:
    date = dt.date(calendar.LAST_PLANNED + 20, month, day)
    assert not calendar.planned(date)
    assert calendar.is_working_day(date) is (date.weekday() < 5 if works is None else works)
