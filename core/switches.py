"""Switches that people turn while the service runs: kept in the database, journaled, read from memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Boolean, Column, Connection, String, Table, select

from core.bus import Bus
from core.clock import Clock
from core.db import Database, Utc, metadata
from core.errors import BadInput, NotFound
from core.events import Event, Recorded
from core.journal import Journal
from core.upsert import upsert

STORM = "site.storm"
"""Storm mode: so many call that persons are kept for those who need one."""

LONGEST_WHY = 200

switches_table = Table(
    "switches",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    Column("user_id", String(32), nullable=False),
    Column("why", String(LONGEST_WHY), nullable=False, server_default=""),
)
"""How each switch was turned last; one that never was has no row."""


class NoSuchSwitch(NotFound):
    """There is no such switch."""

    code = "no_such_switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """`user_id` changed `setting` from `before` to `value` while the service ran; empty: a rule did, for `why`."""

    setting: str
    before: bool
    value: bool
    user_id: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """How a switch was turned last, when, by whom (empty: by a rule), and why."""

    on: bool
    at: datetime
    user_id: str
    why: str = ""


class Switches:
    """The switches of an installation; `settings` says how they stand until somebody turns them."""

    def __init__(self, journal: Journal, db: Database, clock: Clock, settings: Mapping[str, bool]) -> None:
        self._journal = journal
        self._db = db
        self._clock = clock
        self._now = dict(settings)
        self._turned: dict[str, Turned] = {}
        self._turning = asyncio.Lock()

    async def load(self, bus: Bus) -> None:
        """Take up how they were left, and follow every change from now on."""
        bus.listen(SettingChanged, self._changed)
        left = await self._db.read(_rows)
        self._turned = {name: turned for name, turned in left.items() if name in self._now}
        self._now |= {name: turned.on for name, turned in self._turned.items()}

    def _changed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, SettingChanged)
        if event.setting in self._now:
            self._now[event.setting] = event.value
            self._turned[event.setting] = Turned(event.value, event.at, event.user_id, event.why)

    def on(self, name: str) -> bool:
        """Tell how a switch stands. Raises NoSuchSwitch."""
        if name not in self._now:
            raise NoSuchSwitch(f"there is no switch {name!r}; known: {', '.join(sorted(self._now))}", switch=name)
        return self._now[name]

    def turned(self, name: str) -> Turned | None:
        """Return how a switch was turned last; None when it stands as the settings say."""
        return self._turned.get(name)

    async def turn(self, name: str, user_id: str, *, on: bool, why: str = "") -> None:
        """Turn a switch; one that stands so already changes nothing. Raises NoSuchSwitch, BadInput.

        A person (`user_id` not empty) makes one's own what a rule has turned, so that no rule turns it back.
        """
        async with self._turning:
            await self._turn(name, user_id, on=on, why=why)

    async def turn_by_rule(self, name: str, seen: Turned | None, *, on: bool, why: str) -> None:
        """Turn a switch that was last turned as `seen`; nothing when somebody has turned it since."""
        async with self._turning:
            if self._turned.get(name) == seen:
                await self._turn(name, "", on=on, why=why)

    async def _turn(self, name: str, user_id: str, *, on: bool, why: str) -> None:
        why = why.strip()
        if len(why) > LONGEST_WHY:
            raise BadInput(f"the reason has at most {LONGEST_WHY} characters", field="why")
        before, last = self.on(name), self._turned.get(name)
        taken_over = bool(user_id) and last is not None and not last.user_id
        if before is on and not taken_over:
            return
        at = self._clock.now()
        row = {"name": name, "on": on, "at": at, "user_id": user_id, "why": why}
        told = SettingChanged(at=at, setting=name, before=before, value=on, user_id=user_id, why=why)
        await self._journal.record(told, save=partial(_save, row=row))


def _save(connection: Connection, *, row: Mapping[str, object]) -> None:
    upsert(connection, switches_table, [row])


def _rows(connection: Connection) -> dict[str, Turned]:
    return {
        row.name: Turned(row.on, row.at, row.user_id, row.why) for row in connection.execute(select(switches_table))
    }
