"""What an installation's own journal knows for planning: past days of a queue, handling time, patience."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, make_url

from app.storage import state
from core.config import Settings
from core.db import open_engine
from core.errors import BadInput, ConfigError
from core.policy import Policy
from routing.staffing import store
from routing.staffing.load import Day, days

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in seconds and where it comes from."""

    seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a queue (None: of all) before a day."""

    queue: str | None
    days: list[Day]
    handling: Figure
    patience: Figure


def read(settings: Settings, rules: Policy, queue: str | None, day: dt.date, now: dt.datetime) -> History:
    """Return what the journal says of the days before `day`, the running one left out. Raises BadInput, ConfigError."""
    return _read(settings, lambda connection: _history(connection, settings, rules, queue, day, now))


def _read(settings: Settings, work: Callable[[Connection], T]) -> T:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ConfigError(f"there is no database {url.database}: is this the right hotline.toml? (see --config)")
    present, newest = state(settings.database_url)
    if present != newest:
        raise ConfigError(f"database is at {present or 'no revision'}, needed is {newest}: hotline db upgrade")
    engine = open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


def _history(
    connection: Connection, settings: Settings, rules: Policy, queue: str | None, day: dt.date, now: dt.datetime
) -> History:
    zone = settings.site.zone
    begun = store.first_arrival(connection)
    if begun is None:
        raise BadInput("the journal knows of nobody who asked for a person yet: there is nothing to plan from")
    last = min(day, now.astimezone(zone).date()) - dt.timedelta(days=1)
    whole = begun.astimezone(zone).date() + dt.timedelta(days=1)
    first = max(whole, last - dt.timedelta(weeks=rules.number("staffing_weeks")) + dt.timedelta(days=1))
    if first > last:
        raise BadInput(f"no whole day before {day} is in the journal, which begins on {whole - dt.timedelta(days=1)}")
    since = dt.datetime.combine(first, dt.time(), zone)
    until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone)
    arrived = store.arrivals(connection, since, until)
    if queue is not None and queue not in arrived:
        known = ", ".join(sorted(arrived)) or "none"
        raise BadInput(
            f"nobody asked for a person of queue {queue!r} from {first} to {last}; queues with calls: {known}"
        )
    counts: dict[dt.datetime, int] = {}
    for name, by_half_hour in arrived.items():
        if queue in (None, name):
            for begin, calls in by_half_hour.items():
                counts[begin] = counts.get(begin, 0) + calls
    return History(
        queue,
        days(counts, zone, first, last),
        _figure(rules, "staffing_handling", store.handling(connection, since, until), "calls"),
        _figure(rules, "staffing_patience", store.patience(connection, since, until, queue), "hang-ups"),
    )


def _figure(rules: Policy, rule: str, measured: store.Mean | None, what: str) -> Figure:
    if measured is not None and measured.number >= rules.number("staffing_cases") and measured.seconds > 0:
        return Figure(measured.seconds, f"journal, {measured.number} {what}")
    return Figure(rules.number(rule), f"policy {rule}")
