"""Working days in China: public holidays and the weekends that are worked for them.

The State Council publishes each year's plan (国务院办公厅关于部分节假日安排的通知) in the autumn before; the package
`chinesecalendar` carries them. For a year without a plan only what the law itself fixes by date is known.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import chinese_calendar

FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the public holidays that need no moon [全国年节及纪念日放假办法, 2024, article 2]."""
LAST_PLANNED: int = max(day.year for day in chinese_calendar.holidays)
"""The last year whose plan is known."""
FIRST_PLANNED: int = min(day.year for day in chinese_calendar.holidays)
SATURDAY = 5
FEASTS = {
    "New Year's Day": "new_year",
    "Spring Festival": "spring_festival",
    "Tomb-sweeping Day": "tomb_sweeping",
    "Labour Day": "labour_day",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-autumn Festival": "mid_autumn",
    "National Day": "national_day",
    "Anti-Fascist 70th Day": "victory_day",
}
"""Our codes of the feasts, by the names of the package."""
_FIXED_FEASTS = {1: "new_year", 5: "labour_day", 10: "national_day"}


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not as its weekday says: `free` because of a `feast`, or a weekend that is worked for it."""

    day: dt.date
    free: bool
    feast: str


def planned(day: dt.date) -> bool:
    """Tell whether the official plan of that year is known."""
    return FIRST_PLANNED <= day.year <= LAST_PLANNED


@lru_cache(maxsize=64)
def is_working_day(day: dt.date) -> bool:
    """Tell whether offices work on `day`: a swapped weekend counts, a public holiday does not.

    Without a plan of that year: Monday to Friday except the holidays of fixed date; feasts by the moon are not known.
    """
    if planned(day):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED_HOLIDAYS


@lru_cache(maxsize=64)
def is_public_holiday(day: dt.date) -> bool:
    """Tell whether `day` is free because of a feast; a weekend within its days counts, an ordinary one does not."""
    if planned(day):
        free, feast = chinese_calendar.get_holiday_detail(day)
        return bool(free and feast)
    return (day.month, day.day) in FIXED_HOLIDAYS


def special_days(year: int) -> list[SpecialDay]:
    """Return the days of a year that are free because of a feast, and the weekends that are worked for one, in order.

    Without a plan of that year: only the holidays that the law fixes by date.
    """
    if not planned(dt.date(year, 1, 1)):
        return [SpecialDay(dt.date(year, m, d), True, _FIXED_FEASTS[m]) for m, d in sorted(FIXED_HOLIDAYS)]
    both = ((chinese_calendar.holidays, True), (chinese_calendar.workdays, False))
    found = [
        SpecialDay(day, free, FEASTS.get(str(feast), str(feast))) for days, free in both for day, feast in days.items()
    ]
    return sorted((one for one in found if one.day.year == year), key=lambda one: one.day)
