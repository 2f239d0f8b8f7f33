"""How many calls each half hour of a day will bring, told from the days before it; pure.

The model: calls(day, half hour) = level of the day x share of the half hour.

1. Days of one kind are compared: office days (swapped weekends too), weekends, public holidays. Too few of a kind: the
   nearest kind that has enough.
2. No half hour of a past day counts more than twice the median of its place and four calls, so a storm passes by.
3. The level is the weighted median of the days' totals, each divided by the factor of its weekday, times the factor of
   the day asked for; a weekday's factor is the median ratio to the level, drawn towards 1 while few days are known.
4. The share of a half hour is its weighted mean, drawn towards its neighbours as far as its counts are few.
5. A day's weight halves with every HALF_LIFE_DAYS of age.

`hotline bench load_forecast` measures its error beside that of simpler rules.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.calendar import is_public_holiday, is_working_day
from core.errors import BadInput

Floats = NDArray[np.float64]

HALF_HOUR = dt.timedelta(minutes=30)
SLOTS = 48
"""Half hours by the clock on the wall, from midnight."""
HALF_LIFE_DAYS = 21.0
LEAST_DAYS = 3
"""So many days of a kind are needed before they are compared with themselves only."""
WEEKDAY_DOUBT = 2.0
"""A weekday's own factor counts as much as 1 does once it is known from so many days."""
SLOT_DOUBT = 20.0
"""A half hour counts as much as its neighbours once it has seen so many calls."""
SATURDAY = 5


class Kind(StrEnum):
    """What kind of day it is for callers."""

    OFFICE = "office"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


_NEAREST = {
    Kind.OFFICE: (Kind.OFFICE, Kind.WEEKEND, Kind.HOLIDAY),
    Kind.WEEKEND: (Kind.WEEKEND, Kind.HOLIDAY, Kind.OFFICE),
    Kind.HOLIDAY: (Kind.HOLIDAY, Kind.WEEKEND, Kind.OFFICE),
}


@dataclass(frozen=True, slots=True)
class Day:
    """What a day brought: calls by half hour, shape (48,)."""

    date: dt.date
    calls: Floats

    @property
    def kind(self) -> Kind:
        return kind(self.date)

    @property
    def total(self) -> float:
        return float(self.calls.sum())


Model = Callable[[Sequence[Day], dt.date], Floats]
"""Tells the calls of a day by half hour, shape (48,), from days before it."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far forecasts were off over `days` days: sum of the errors without sign, divided by the calls."""

    days: int
    half_hours: float
    totals: float


def kind(day: dt.date) -> Kind:
    """Return what kind of day it is, by the official calendar."""
    if is_working_day(day):
        return Kind.OFFICE
    return Kind.HOLIDAY if is_public_holiday(day) or day.weekday() < SATURDAY else Kind.WEEKEND


def days(counts: Mapping[dt.datetime, int], zone: ZoneInfo, first: dt.date, last: dt.date) -> list[Day]:
    """Return the days from `first` to `last`; `counts` has calls by the beginning of their half hour, in any zone.

    Where the clock goes back the half hours that come twice count as their mean, those left out as their neighbour.
    Days without a single call are left out: nobody could call, or nobody counted.
    """
    found = []
    for number in range((last - first).days + 1):
        date = first + dt.timedelta(days=number)
        calls = _day(counts, date, zone)
        if calls.any():
            found.append(Day(date, calls))
    return found


def half_hours(date: dt.date, zone: ZoneInfo) -> list[dt.datetime]:
    """Return when the half hours of a day begin, UTC: 48, or more or fewer where the clock changes."""
    midnights = (dt.datetime.combine(day, dt.time(), zone) for day in (date, date + dt.timedelta(days=1)))
    begin, end = (midnight.astimezone(dt.UTC) for midnight in midnights)
    return [begin + HALF_HOUR * number for number in range((end - begin) // HALF_HOUR)]


def slot(moment: dt.datetime, zone: ZoneInfo) -> int:
    """Return which half hour of its day a moment is in, by the clock on the wall."""
    local = moment.astimezone(zone)
    return local.hour * 2 + local.minute // 30


def _day(counts: Mapping[dt.datetime, int], date: dt.date, zone: ZoneInfo) -> Floats:
    calls, times = np.zeros(SLOTS), np.zeros(SLOTS)
    for begin in half_hours(date, zone):
        calls[slot(begin, zone)] += counts.get(begin, 0)
        times[slot(begin, zone)] += 1
    calls /= np.maximum(times, 1)
    for missing in np.flatnonzero(times == 0):
        calls[missing] = calls[missing - 1]
    return calls


def forecast(past: Sequence[Day], date: dt.date) -> Floats:
    """Return the calls of `date` by half hour, shape (48,). Raises BadInput without a day before it."""
    known = _comparable(past, date)
    counts = np.stack([day.calls for day in known])
    weights = np.array([0.5 ** ((date - day.date).days / HALF_LIFE_DAYS) for day in known])
    counts = np.minimum(counts, 2 * np.median(counts, axis=0) + 4)
    totals = counts.sum(axis=1)
    middle = _median(totals, weights)
    factors = np.array([_factor(known, totals / middle, day.date.weekday()) for day in known])
    level = _median(totals / factors, weights) * _factor(known, totals / middle, date.weekday())
    return level * _shares(counts, weights)


def _comparable(past: Sequence[Day], date: dt.date) -> list[Day]:
    before = [day for day in past if day.date < date and day.total > 0]
    if not before:
        raise BadInput(f"no day before {date} with calls is known: a forecast needs at least one")
    for one in _NEAREST[kind(date)]:
        known = [day for day in before if day.kind is one]
        if len(known) >= LEAST_DAYS:
            return known
    return before


def _factor(known: Sequence[Day], ratios: Floats, weekday: int) -> float:
    same = [float(ratio) for day, ratio in zip(known, ratios, strict=True) if day.date.weekday() == weekday]
    if not same:
        return 1.0
    return (len(same) * float(np.median(same)) + WEEKDAY_DOUBT) / (len(same) + WEEKDAY_DOUBT)


def _median(values: Floats, weights: Floats) -> float:
    """Return the weighted median: between the two values that meet where half of the weight is passed."""
    order = np.argsort(values)
    passed = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(weights.sum() / 2, passed, values[order]))


def _shares(counts: Floats, weights: Floats) -> Floats:
    seen: Floats = weights @ counts
    around = (np.roll(seen, 1) + np.roll(seen, -1)) / 2
    doubt = SLOT_DOUBT / (SLOT_DOUBT + seen)
    drawn = (1 - doubt / 2) * seen + doubt / 2 * around
    total = drawn.sum()
    return drawn / total if total > 0 else np.full(SLOTS, 1 / SLOTS)


def seasonal_naive(past: Sequence[Day], date: dt.date) -> Floats:
    """Return what the same weekday of the week before brought, or the nearest one before that: the rule to beat."""
    before = {day.date: day for day in past if day.date < date}
    for weeks in range(1, 60):
        if (day := before.get(date - dt.timedelta(weeks=weeks))) is not None:
            return day.calls
    raise BadInput(f"no same weekday before {date} is known")


def backtest(past: Sequence[Day], model: Model, last: int) -> Errors:
    """Return how far `model` would have been off on each of the `last` days, told from those before it."""
    tried = sorted(past, key=lambda day: day.date)
    wrong = wrong_total = calls = 0.0
    for number in range(max(len(tried) - last, 1), len(tried)):
        told, day = model(tried[:number], tried[number].date), tried[number]
        wrong += float(np.abs(told - day.calls).sum())
        wrong_total += abs(float(told.sum()) - day.total)
        calls += day.total
    if not calls:
        raise BadInput("a backtest needs at least two days with calls")
    return Errors(min(last, len(tried) - 1), wrong / calls, wrong_total / calls)
