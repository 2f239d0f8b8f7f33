"""How far the forecast of calls by half hour is off on made-up centres, beside simpler rules and what none can know.

Two years by the official calendar: two peaks a day, weekdays, summer, growth, days that are busier or quieter than
others without a reason (8 %, half of it kept the next day), storms on one day of thirty (some hours with three to
eight times the calls). Calls are drawn by Poisson's law around that. The last 120 days are forecast, each from those
before it.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np

from routing.staffing.load import Day, Floats, Kind, backtest, forecast, kind, seasonal_naive

FIRST = dt.date(2024, 3, 4)
DAYS = 730
TRIED = 120
KEEP = 84
SIZES = {"small centre": 600, "province": 5_000, "large": 45_000}

_HOURS = [4, 2, 1, 1, 1, 2, 8, 22, 50, 62, 60, 52, 40, 38, 48, 50, 48, 46, 52, 60, 56, 40, 22, 10]
_OF_KIND = {Kind.OFFICE: 1.0, Kind.WEEKEND: 0.8, Kind.HOLIDAY: 0.6}
_OF_WEEKDAY = (1.12, 1.03, 1.0, 0.98, 0.95, 1.0, 0.9)


def _rates(draw: np.random.Generator, size: int) -> tuple[list[dt.date], Floats]:
    """Return the days and what each half hour of them would bring on average, shape (DAYS, 48)."""
    shape = np.interp(np.arange(48) / 2, np.arange(25), [*_HOURS, _HOURS[0]])
    shape /= shape.sum()
    dates, rows, luck = [FIRST + dt.timedelta(days=number) for number in range(DAYS)], [], 0.0
    for number, date in enumerate(dates):
        luck = 0.5 * luck + draw.normal(0, 0.08 * np.sqrt(0.75))
        summer = 1 + 0.35 * np.exp(-(((date.timetuple().tm_yday - 205) / 30) ** 2))
        level = size * _OF_KIND[kind(date)] * _OF_WEEKDAY[date.weekday()] * summer * (1 + 0.1 * number / DAYS)
        row = level * np.exp(luck) * shape
        if draw.random() < 1 / 30:
            begin, length = draw.integers(0, 44), draw.integers(2, 9)
            row[begin : begin + length] *= draw.uniform(3, 8)
        rows.append(row)
    return dates, np.stack(rows)


def _mean_of_four(past: Sequence[Day], date: dt.date) -> Floats:
    same = [day.calls for day in past if day.date.weekday() == date.weekday() and day.date < date]
    mean: Floats = np.mean(same[-4:], axis=0)
    return mean


def _measure(size: int, seed: int) -> dict[str, dict[str, float]]:
    draw = np.random.default_rng(seed)
    dates, rates = _rates(draw, size)
    past = [Day(date, draw.poisson(row).astype(float)) for date, row in zip(dates, rates, strict=True)]
    true = dict(zip(dates, rates, strict=True))
    models = {
        "forecast": lambda known, date: forecast(known[-KEEP:], date),
        "same weekday of the week before": seasonal_naive,
        "mean of four weeks": _mean_of_four,
        "who knew the true rate": lambda _, date: true[date],
    }
    found = {name: backtest(past, model, TRIED) for name, model in models.items()}
    return {
        name: {"half_hours_percent": round(100 * e.half_hours, 1), "days_percent": round(100 * e.totals, 1)}
        for name, e in found.items()
    }


def run(seed: int = 95598) -> dict[str, dict[str, dict[str, float]]]:
    """Return by size of the centre and model the error without sign, in percent of the calls."""
    return {f"{name}, {size} calls a day": _measure(size, seed) for name, size in SIZES.items()}
