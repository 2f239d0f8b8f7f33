"""Working days in China: public holidays and the weekends that are worked for them.

The State Council publishes each year's plan (国务院办公厅关于部分节假日安排的通知) in the autumn before; the package
`chinesecalendar` carries them. For a year without a plan only what the law itself fixes by date is known.
"""

import datetime as dt
from functools import lru_cache

import chinese_calendar

FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the public holidays that need no moon [全国年节及纪念日放假办法, 2024, article 2]."""
LAST_PLANNED: int = max(day.year for day in chinese_calendar.holidays)
"""The last year whose plan is known."""
FIRST_PLANNED: int = min(day.year for day in chinese_calendar.holidays)
SATURDAY = 5


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
