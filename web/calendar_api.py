"""The calendar by which office days are told: the holidays of a year and the weekends worked for them."""

from datetime import date
from typing import Annotated

from pydantic import Field

from agents.model import Permission
from core import calendar
from web.route import Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("setup")
READERS = may(Permission.SEE_TEAM)


class CalendarQuery(Given):
    """The year; this one when it is not given."""

    year: Annotated[int, Field(ge=2000, le=2100)] | None = None


class SpecialDayRow(Shape):
    """A day that is not as its weekday says: `free` because of a `feast`, or a weekend worked for it."""

    day: date
    free: bool
    feast: str


class CalendarView(Shape):
    """The special days of a year; `planned`: by the official plan of that year, else only holidays of fixed date.

    Plans are known from `first_planned` to `last_planned`. `today` is the site's.
    """

    year: int
    planned: bool
    first_planned: int
    last_planned: int
    today: date
    days: list[SpecialDayRow]


@routes.add("GET", "/calendar", roles=READERS)
async def read_calendar(ask: Ask, query: CalendarQuery) -> CalendarView:
    """Read the holidays and swapped weekends of a year."""
    today = ask.services.clock.now().astimezone(ask.services.settings.site.zone).date()
    year = query.year or today.year
    return CalendarView(
        year=year,
        planned=calendar.planned(date(year, 1, 1)),
        first_planned=calendar.FIRST_PLANNED,
        last_planned=calendar.LAST_PLANNED,
        today=today,
        days=[SpecialDayRow.model_validate(one) for one in calendar.special_days(year)],
    )
