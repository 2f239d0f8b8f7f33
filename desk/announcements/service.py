"""Announcements in force, in memory for calls; the database holds them, and other processes may change them there.

A text is spoken and kept before any call hears it; a call never waits for the database or the voice.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import HotlineError, NotFound
from core.ids import new_id
from core.journal import Journal
from core.tasks import TaskOwner
from desk.announcements import model, store
from desk.announcements.events import AnnouncementPublished, AnnouncementSwitched
from desk.announcements.festivals import festivals
from desk.announcements.model import Announcement, AnnouncementChanged, BadAnnouncement, Kind, State
from desk.announcements.port import Speech
from speech.sayable import in_chinese

_log = log.get(__name__)

LOOK_S = 2.0
"""How long a change that another process made may go unseen."""
AREAS_NAMED = 12
"""Areas that a refusal names, so that one may be chosen."""
MOST_LISTED = 500
"""Areas to choose from."""
RETRY_S = 30.0
"""How long after a failure a text is tried again."""


class NoSuchAnnouncement(NotFound):
    """There is no such announcement."""

    code = "no_such_announcement"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An announcement to be made; `begins` None is now."""

    kind: Kind
    text: str
    begins: datetime | None = None
    ends: datetime | None = None
    festival: str = ""
    areas: tuple[str, ...] = ()
    place: int = 0
    on: bool = True


@dataclass(frozen=True, slots=True)
class Spoken:
    """An announcement with its medium."""

    announcement: Announcement
    medium: str


class AnnouncementService:
    """Keeps announcements, has them spoken, and knows which hold. `order`: whose greeting wins when several hold."""

    def __init__(
        self, db: Database, journal: Journal, clock: Clock, speech: Speech | None, order: Sequence[str]
    ) -> None:
        """Without `speech` (a command line beside the service) announcements are only written down."""
        self._db = db
        self._journal = journal
        self._clock = clock
        self._speech = speech
        self._order = order
        self._spoken: dict[str, Spoken] = {}
        self._failed: dict[str, float] = {}
        self._speaking: set[str] = set()
        self._changed = asyncio.Event()
        self._changes = 0  # counts what was changed here, so that a look knows when its rows are of before
        self._moved: list[Callable[[], None]] = []
        self._tasks = TaskOwner("announcements")

    # --- what calls ask: from memory ---

    def greeting(self) -> str | None:
        """Return the medium of the greeting that holds now, None when the usual one is to be said."""
        found = self._greets()
        return self._spoken[found.id].medium if found else None

    def festival(self) -> str:
        """Return the id of the festival that callers are greeted with now, by notice; empty: of none."""
        found = self._greets()
        return found.festival if found else ""

    def _greets(self) -> Announcement | None:
        told = (one.announcement for one in self._spoken.values())
        return model.greeting(told, self._clock.now(), self._order)

    def by_area(self) -> bool:
        """Tell whether it matters now where a caller lives."""
        now = self._clock.now()
        return any(one.announcement.areas and one.announcement.holds(now) for one in self._spoken.values())

    def current(self, areas: Collection[str]) -> list[Spoken]:
        """Return what a caller who lives in `areas` hears before the menu now, in order."""
        told = model.heard((one.announcement for one in self._spoken.values()), self._clock.now(), areas)
        return [self._spoken[one.id] for one in told]

    def everywhere(self) -> list[Spoken]:
        """Return the emergency announcements that hold now for anybody, in order."""
        return self.current({area for one in self._spoken.values() for area in one.announcement.areas})

    def when_moved(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called whenever other announcements can be heard than before, until the answer is called."""
        self._moved.append(tell)
        return lambda: self._moved.remove(tell)

    # --- what people do ---

    async def create(self, wanted: Wanted, by: str) -> Announcement:
        """Write an announcement; on, it is heard as soon as it has been spoken. Raises BadAnnouncement."""
        one = Announcement(
            id=new_id(),
            kind=wanted.kind,
            text=wanted.text.strip(),
            begins=wanted.begins or self._clock.now(),
            ends=wanted.ends,
            festival=wanted.festival,
            areas=wanted.areas,
            place=wanted.place,
            on=wanted.on,
            by=by,
        )
        await self._check(one)
        if not in_chinese(one.text):
            raise BadAnnouncement("announcements are said in Mandarin; write the words in Chinese", field="text")
        await self._journal.record(self._switched(one), save=lambda c: store.add(c, one))
        self._changed.set()
        return one

    async def change(self, announcement_id: str, by: str, **changes: Any) -> Announcement:
        """Switch on or off (`on`), or set `begins`, `ends`, `place`.

        Raises NoSuchAnnouncement, BadAnnouncement, or AnnouncementChanged when someone else was faster.
        """
        old = await self.get(announcement_id)
        new = replace(old, **changes, by=by, version=old.version + 1)
        new = new if new.on else replace(new, live_since=None)
        await self._check(new)

        def save(connection: Connection) -> None:
            if not store.save_next(connection, new):
                raise AnnouncementChanged(announcement=new.id)

        await self._journal.record(self._switched(new), save=save)
        if not new.on:
            self._drop([new.id])  # off means off: not after the next look
        self._changes += 1
        self._changed.set()
        return new

    async def _check(self, one: Announcement) -> None:
        model.check(one)
        if one.festival and one.festival not in festivals():
            raise BadAnnouncement(f"no festival {one.festival!r}; known: {', '.join(festivals())}", field="festival")
        if strange := await self._db.read(lambda c: store.strange_areas(c, one.areas)):
            known = await self.areas()
            there = f": {'、'.join(known[:AREAS_NAMED])}{'…' if len(known) > AREAS_NAMED else ''}" if known else ""
            why = f"no account lies in {strange[0]!r}; write an area as the accounts do{there}"
            raise BadAnnouncement(why, field="areas", area=strange[0])

    def _switched(self, one: Announcement) -> AnnouncementSwitched:
        return AnnouncementSwitched(
            at=self._clock.now(),
            announcement_id=one.id,
            kind=one.kind,
            on=one.on,
            begins=one.begins,
            ends=one.ends,
            areas=one.areas,
            place=one.place,
            by=one.by,
        )

    async def get(self, announcement_id: str) -> Announcement:
        """Return the announcement. Raises NoSuchAnnouncement."""
        found = await self._db.read(lambda c: store.get(c, announcement_id))
        if found is None:
            what = f"there is no announcement {announcement_id!r}; the list of announcements has their ids"
            raise NoSuchAnnouncement(what, announcement=announcement_id)
        return found

    async def all(self, limit: int = 100) -> list[Announcement]:
        """Return up to `limit` announcements: those that are on and not over first, then the latest."""
        now = self._clock.now()
        return await self._db.read(lambda c: store.listed(c, now, limit))

    async def areas(self) -> list[str]:
        """Return the areas that an announcement can be for; of very many the first ones."""
        return await self._db.read(lambda c: store.areas(c, MOST_LISTED))

    def state(self, one: Announcement) -> State:
        """Return how an announcement stands now."""
        now = self._clock.now()
        if not one.on:
            return State.OFF
        if one.over(now):
            return State.OVER
        if one.id not in self._spoken and one.live_since is None:
            return State.FAILED if one.id in self._failed else State.PREPARING
        return State.LIVE if one.holds(now) else State.PLANNED

    # --- keeping it true ---

    async def run(self) -> None:
        """Keep memory true to the database until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            self._changed.clear()  # before the look: what changes during it is looked at again
            await self.refresh()

    async def refresh(self) -> None:
        """Take up what the database holds; texts not spoken yet are begun and taken up when they are there."""
        try:
            while not await self._look():
                pass  # something was changed during the look
        except (SQLAlchemyError, HotlineError, OSError) as error:
            _log.error("announcements not current", extra={"action": "announcements_stale", "why": str(error)})

    async def _look(self) -> bool:
        """Take up the rows as they are now; False when a change came in between, which this look may not undo."""
        seen = self._changes
        rows = await self._db.read(lambda c: store.in_force(c, self._clock.now()))
        for row in rows:
            if seen != self._changes or not await self._take_up(row, seen):
                return False
        if seen != self._changes:
            return False
        there = {row.id for row in rows}
        self._drop([known for known in self._spoken if known not in there])
        return True

    def _drop(self, gone: Sequence[str]) -> None:
        for one in gone:
            if self._spoken.pop(one, None) is not None:
                self._tell_moved()

    def _tell_moved(self) -> None:
        for tell in self._moved:
            tell()

    async def _take_up(self, row: Announcement, seen: int) -> bool:
        """Let a row be heard that is spoken; False when there were other changes than those `seen` meanwhile."""
        if (known := self._spoken.get(row.id)) is not None and known.announcement == row:
            return True
        assert self._speech is not None
        medium = self._speech.kept(row.text)
        if medium is None:
            self._begin_to_speak(row)
            return True
        with contextlib.suppress(AnnouncementChanged):  # the next look takes up what it is now
            row = row if row.live_since else await self._publish(row)
            if seen != self._changes:
                return False
            self._spoken[row.id] = Spoken(row, medium)
            self._tell_moved()
        return True

    async def _publish(self, row: Announcement) -> Announcement:
        now = self._clock.now()

        def save(connection: Connection) -> None:
            if not store.went_live(connection, row.id, row.version, now):
                raise AnnouncementChanged(announcement=row.id)

        await self._journal.record(AnnouncementPublished(at=now, announcement_id=row.id, kind=row.kind), save=save)
        return replace(row, live_since=now)

    def _begin_to_speak(self, row: Announcement) -> None:
        waits = self._failed.get(row.id, 0.0) > self._clock.monotonic()
        if row.id not in self._speaking and not waits:
            self._speaking.add(row.id)
            self._tasks.start(self._speak(row), "speak")

    async def _speak(self, row: Announcement) -> None:
        assert self._speech is not None
        try:
            await self._speech.speak(row.text)
            self._failed.pop(row.id, None)
        except (HotlineError, OSError) as error:
            self._failed[row.id] = self._clock.monotonic() + RETRY_S
            _log.error("announcement not spoken", extra={"action": "announcement_unspoken", "why": str(error)})
        finally:
            self._speaking.discard(row.id)
            self._changed.set()

    async def close(self) -> None:
        """End what is under way."""
        await self._tasks.close()
