"""What an installation's own journal knows for planning: past days of a queue, handling time, patience."""

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, make_url

from app.storage import state
from core.clock import YEARS
from core.config import Settings
from core.db import open_engine
from core.errors import BadInput, ConfigError
from core.policy import Policy
from routing.erlang import Goal
from routing.staffing import store
from routing.staffing.load import Day, days, forecast, half_hours, slot
from routing.staffing.plan import Assumptions

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
    by_queue: dict[str, list[Day]]
    handling: Figure
    patience: Figure

    def given(self, aht: float | None, patience: float | None) -> "History":
        """Return the same with what was given instead of it; a patience of 0 is endless."""
        handling = self.handling if aht is None else Figure(aht, "given")
        waits = self.patience if patience is None else Figure(patience or math.inf, "given")
        return replace(self, handling=handling, patience=waits)


def check(rules: Policy, given: dict[str, Any]) -> None:
    """Refuse what no plan can be made with, before anything is read. Raises BadInput."""
    unknown = Figure(1.0, "unknown")
    assumptions(rules, History(None, [], {}, unknown, unknown).given(given["aht"], given["patience"]), given)


def read(settings: Settings, rules: Policy, queue: str | None, day: dt.date, now: dt.datetime) -> History:
    """Return what the journal says of the days before `day`, the running one left out. Raises BadInput, ConfigError."""
    return reading(settings, lambda connection: _history(connection, settings, rules, queue, day, now))


def reading(settings: Settings, work: Callable[[Connection], T]) -> T:
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
        begins = whole - dt.timedelta(days=1)
        raise BadInput(
            f"no whole day before {day} is in the journal, which begins on {begins}: a plan needs the calls of one day"
            f" from midnight to midnight, so it can be made from {whole + dt.timedelta(days=1)} on"
        )
    since = dt.datetime.combine(first, dt.time(), zone)
    until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone)
    arrived = store.arrivals(connection, since, until)
    if queue is not None and queue not in arrived:
        known = ", ".join(sorted(arrived)) or "none"
        raise BadInput(
            f"nobody asked for a person of queue {queue!r} from {first} to {last}; queues with calls: {known}"
        )
    wanted = {name: counts for name, counts in arrived.items() if queue in (None, name)}
    return History(
        queue,
        days(sum((Counter(counts) for counts in wanted.values()), Counter()), zone, first, last),
        {name: days(counts, zone, first, last) for name, counts in sorted(wanted.items())},
        _figure(rules, "staffing_handling", store.handling(connection, since, until), "calls"),
        _figure(rules, "staffing_patience", store.patience(connection, since, until, queue), "hang-ups"),
    )


def _figure(rules: Policy, rule: str, measured: store.Mean | None, what: str) -> Figure:
    if measured is not None and measured.number >= rules.number("staffing_cases") and measured.seconds > 0:
        return Figure(measured.seconds, f"journal, {measured.number} {what}")
    return Figure(rules.number(rule), f"policy {rule}")


def expected(past: Sequence[Day], day: dt.date, zone: ZoneInfo) -> list[tuple[dt.datetime, float]]:
    """Return when each half hour of a day begins, at the site, and the calls that it will bring."""
    told = forecast(past, day)
    return [(begin.astimezone(zone), float(told[slot(begin, zone)])) for begin in half_hours(day, zone)]


def day_of(text: str) -> dt.date:
    """Return the day that `--day` names. Raises BadInput."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--day {text}: a day is written YYYY-MM-DD, as 2026-12-01") from None
    if day.year not in YEARS:
        raise BadInput(f"--day {text}: the year cannot be meant; write one from {YEARS[0]} to {YEARS[-1]}")
    return day


def assumptions(rules: Policy, history: History, given: dict[str, Any]) -> Assumptions:
    """Return what a plan takes for granted: options where given, else the policy. Raises BadInput."""
    share, within_s = rules.number("staffing_share"), rules.number("staffing_within")
    if (target := given.get("target")) is not None:
        if not (parts := re.fullmatch(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)", target)):
            raise BadInput(f"--target {target}: is written 80/20 for 80 % within 20 s")
        share, within_s = (float(part) for part in parts.groups())
    asa_s = rules.number("answer_average_limit") if given.get("asa") is None else given["asa"]
    shrinkage = rules.number("staffing_shrinkage") if given.get("shrinkage") is None else given["shrinkage"]
    answered = rules.number("staffing_answered") if given.get("connect") is None else given["connect"]
    goal = Goal(share / 100, within_s, asa_s or math.inf, answered / 100)
    if not 0 <= shrinkage < 100:
        raise BadInput(f"--shrinkage {shrinkage:g}: must be from 0 to below 100, in percent")
    least = int(rules.number("staffing_least"))
    return Assumptions(history.handling.seconds, history.patience.seconds, goal, shrinkage / 100, least)
