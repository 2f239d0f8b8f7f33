"""The festivals that have an opening of their own, and proposals of when to greet with it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

YEARS_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Festival:
    """A festival: its Chinese `name`, how an agent's `opening` begins, the `prompt` of the machine's.

    `lasts` counts days; `day` or `days` tell on which it begins.
    """

    id: str
    name: str
    opening: str
    prompt: str
    lasts: int
    day: str = ""
    days: tuple[str, ...] = ()

    def begins(self, year: int) -> date | None:
        """Return the day on which it begins in a year; None when the moon of that year is not in the list."""
        if self.day:
            return date.fromisoformat(f"{year}-{self.day}")
        return next((date.fromisoformat(day) for day in self.days if day.startswith(f"{year}-")), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """When a festival might be greeted: from `begins` until before `ends`."""

    festival: Festival
    begins: datetime
    ends: datetime


@cache
def festivals() -> dict[str, Festival]:
    """Return the festivals by id."""
    text = (files("desk.announcements") / "festivals.yaml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    return {name: Festival(name, **row | {"days": tuple(row.get("days", ()))}) for name, row in rows.items()}


def proposals(today: date, zone: ZoneInfo) -> list[Proposal]:
    """Return the coming greetings that might be given notice of, the next one of each festival, in order of time."""
    found = []
    for festival in festivals().values():
        lasts = timedelta(days=festival.lasts)
        days = (festival.begins(year) for year in range(today.year, today.year + YEARS_AHEAD))
        if first := next((day for day in days if day is not None and day + lasts > today), None):
            begins = datetime.combine(first, time(0), zone)
            found.append(Proposal(festival, begins, datetime.combine(first + lasts, time(0), zone)))
    return sorted(found, key=lambda one: one.begins)
