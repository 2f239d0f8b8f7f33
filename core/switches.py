"""Switches that people turn while the service runs: kept in the database, journaled, read from memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Boolean, Column, Connection, String, Table, select

from core.bus import Bus
from core.clock import Clock
from core.db import Database, Utc, metadata
from core.errors import NotFound
from core.events import Event, Recorded
from core.journal import Journal
from core.upsert import upsert

STORM = "site.storm"
"""Storm mode: so many call that persons are kept for those who need one."""

switches_table = Table(
    "switches",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    Column("user_id", String(32), nullable=False),
)
"""How each switch was turned last; one that never was has no row."""


class NoSuchSwitch(NotFound):
    """There is no such switch."""

    code = "no_such_switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """`user_id` changed `setting` from `before` to `value` while the service ran."""

    setting: str
    before: bool
    value: bool
    user_id: str


@dataclass(frozen=True, slots=True)
class Turned:
    """How a switch was turned last, when, and by whom."""

    on: bool
    at: datetime
    user_id: str


class Switches:
    """The switches of an installation; `settings` says how they stand until somebody turns them."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, settings: Mapping[str, bool]) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._now = dict(settings)
        self._turned: dict[str, Turned] = {}

    async def load(self, bus: Bus) -> None:
        """Take up how they were left, and follow every change from now on."""
        bus.listen(SettingChanged, self._changed)
        left = await self._db.read(_rows)
        self._turned = {name: turned for name, turned in left.items() if name in self._now}
        self._now |= {name: turned.on for name, turned in self._turned.items()}

    async def _changed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, SettingChanged)
        if event.setting in self._now:
            self._now[event.setting] = event.value
            self._turned[event.setting] = Turned(event.value, event.at, event.user_id)

    def on(self, name: str) -> bool:
        """Tell how a switch stands. Raises NoSuchSwitch."""
        if name not in self._now:
            raise NoSuchSwitch(f"there is no switch {name!r}; known: {', '.join(sorted(self._now))}", switch=name)
        return self._now[name]

    def turned(self, name: str) -> Turned | None:
        """Return how a switch was turned last; None when it stands as the settings say."""
        return self._turned.get(name)

    async def turn(self, name: str, user_id: str, *, on: bool) -> None:
        """Turn a switch; one that stands so already changes nothing. Raises NoSuchSwitch."""
        before = self.on(name)
        if before is on:
            return
        at = self._clock.now()
        row = {"name": name, "on": on, "at": at, "user_id": user_id}
        await self._journal.record(
            SettingChanged(at=at, setting=name, before=before, value=on, user_id=user_id), save=partial(_save, row=row)
        )


def _save(connection: Connection, *, row: Mapping[str, object]) -> None:
    upsert(connection, switches_table, [row])


def _rows(connection: Connection) -> dict[str, Turned]:
    return {row.name: Turned(row.on, row.at, row.user_id) for row in connection.execute(select(switches_table))}
