"""Outage notices: who is concerned now, and the work of those who keep them."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core import log
from core.clock import Clock
from core.config import Site
from core.db import Database
from core.errors import HotlineError, NotFound
from core.ids import new_id
from core.journal import Journal
from core.policy import Policy
from core.policy import load as load_policy
from desk.outages import model, store
from desk.outages.events import OutageOverdue
from desk.outages.model import BadOutage, Kind, Outage, OutageClosed, Status
from desk.watches import speech as watch_speech
from desk.watches.service import WatchService

_log = log.get(__name__)

INSTANT = timedelta(microseconds=1)
LOOK_EVERY_S = 30.0
"""How often it is looked whether the announced end of an outage has passed."""


class NoSuchOutage(NotFound):
    """There is no such outage notice."""

    code = "no_such_outage"


class OutageService:
    """Finds and keeps outage notices; `zone` decides which day is today.

    Who watches a notice is told of its end by `watches`, signed by `site`.
    """

    def __init__(
        self,
        db: Database,
        journal: Journal,
        clock: Clock,
        zone: ZoneInfo,
        *,
        watches: WatchService | None = None,
        site: Site | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._db = db
        self._journal = journal
        self._clock = clock
        self._zone = zone
        self._watches = watches
        self._site = site or Site()
        self._policy = policy or load_policy(self._site.policy)

    async def current(
        self, *, account: str | None = None, area: str | None = None, at: datetime | None = None
    ) -> list[Outage]:
        """Return the published notices that hold `at` that moment (now) for an account, its area, or an area.

        One whose announced end has passed holds on for `overdue_told_within`, as long as nobody ends it.
        """
        moment = at or self._clock.now()
        after = moment - self._told_within()
        return await self._db.read(lambda c: store.concerning(c, account, area, after, moment + INSTANT))

    async def everywhere(self) -> list[Outage]:
        """Return the published notices that hold now, wherever, as `current` does; earliest first."""
        now = self._clock.now()
        return await self._db.read(lambda c: store.published_between(c, now - self._told_within(), now + INSTANT))

    async def today(self, *, account: str | None = None, area: str | None = None) -> list[Outage]:
        """Return the published notices of this day, earliest first: for an account or area, or all of them."""
        begins, ends = self._day()
        if account is None and area is None:
            return await self._db.read(lambda c: store.published_between(c, begins, ends))
        return await self._db.read(lambda c: store.concerning(c, account, area, begins, ends))

    def ahead_in(self, connection: Connection, account: str) -> list[Outage]:
        """Return the published notices for an account that hold now or later today, within a read that is under way."""
        after = self._clock.now() - self._told_within()
        return store.concerning(connection, account, None, after, self._day()[1])

    def _day(self) -> tuple[datetime, datetime]:
        today = self._clock.now().astimezone(self._zone).date()
        midnight = datetime.combine(today, time(0), self._zone)
        return midnight, datetime.combine(today + timedelta(days=1), time(0), self._zone)

    async def notices(self, status: Status | None = None, limit: int = 100) -> list[Outage]:
        """Return up to `limit` notices, those that begin latest first."""
        return await self._db.read(lambda c: store.listed(c, status, limit))

    async def get(self, outage_id: str) -> Outage:
        """Return the notice. Raises NoSuchOutage."""
        found = await self._db.read(lambda c: store.get(c, outage_id))
        if found is None:
            raise NoSuchOutage(outage=outage_id)
        return found

    async def create(
        self,
        kind: Kind,
        cause: str,
        begins: datetime,
        ends: datetime,
        *,
        areas: tuple[str, ...] = (),
        accounts: tuple[str, ...] = (),
    ) -> Outage:
        """Write down a draft, which no caller hears of. Raises BadOutage."""
        outage = Outage(new_id(), kind, areas, accounts, cause, begins, ends)
        model.check(outage)
        await self._db.write(lambda c: store.save(c, [outage]))
        return outage

    async def change(self, outage_id: str, **changes: Any) -> Outage:
        """Change fields (model.CHANGEABLE) of a draft or published notice.

        Raises NoSuchOutage, BadOutage, or OutageClosed (ended, cancelled, or changed by someone else meanwhile).
        """
        old = await self.get(outage_id)
        new = model.changed(old, changes)
        if new is not old:
            await self._save(old, new)
        return new

    async def publish(self, outage_id: str) -> Outage:
        """Let callers hear of a draft. Raises NoSuchOutage, OutageClosed, BadOutage when it is over already."""
        old = await self.get(outage_id)
        new = model.moved(old, Status.PUBLISHED)
        if new.ends <= self._clock.now():
            raise BadOutage("the outage is over already; set ends to a later time", field="ends")
        await self._save(old, new)
        return new

    async def cancel(self, outage_id: str) -> Outage:
        """Take a draft or published notice back. Raises NoSuchOutage, OutageClosed."""
        return await self._move(outage_id, Status.CANCELLED)

    async def end(self, outage_id: str) -> Outage:
        """Say that the power is back before the announced time. Raises NoSuchOutage, OutageClosed."""
        return await self._move(outage_id, Status.ENDED)

    async def watch(self, outage_id: str, phone: str, call_id: str) -> bool:
        """Let `phone` be told when a published outage is over; False when it is."""

        def still(connection: Connection) -> bool:
            found = store.get(connection, outage_id)
            return found is not None and found.status is Status.PUBLISHED

        return self._watches is not None and await self._watches.watch(outage_id, phone, call_id, still)

    async def run(self) -> None:
        """Tell for good those who watch a notice when its announced end has passed."""
        while True:
            try:
                await self.tell_overdue()
            except (HotlineError, SQLAlchemyError) as error:
                _log.error("ends not looked at", extra={"action": "overdue_failed", "why": type(error).__name__})
            await self._clock.sleep(LOOK_EVERY_S)

    async def tell_overdue(self) -> int:
        """Tell of each announced end that has passed without the power being back, once; return how many there were.

        Several processes may do so at once.
        """
        now = self._clock.now()
        after = now - self._told_within()
        found = await self._db.read(lambda c: store.overdue(c, after, now))
        return sum([await self._tell_overdue(outage) for outage in found])

    def _told_within(self) -> timedelta:
        return timedelta(hours=self._policy.number("overdue_told_within"))

    async def _tell_overdue(self, outage: Outage) -> bool:
        def save(connection: Connection) -> None:
            if not store.mark_overdue(connection, outage):
                raise OutageClosed("told already, or changed meanwhile", outage=outage.id)
            if self._watches is not None:
                text = watch_speech.overdue(self._site, outage.ends)
                which = f"overdue {outage.version}"
                self._watches.tell(connection, outage.id, text, which=which, last=False)

        try:
            await self._journal.record(
                OutageOverdue(at=self._clock.now(), outage_id=outage.id, ends=outage.ends), save=save
            )
        except OutageClosed:
            return False
        if self._watches is not None:
            self._watches.wake()
        return True

    async def _move(self, outage_id: str, to: Status) -> Outage:
        old = await self.get(outage_id)
        new = model.moved(old, to)
        await self._save(old, new)
        return new

    async def _save(self, old: Outage, new: Outage) -> None:
        def save(connection: Connection) -> None:
            if not store.save_next(connection, new):
                raise OutageClosed("the notice was changed meanwhile; load it again", outage=new.id)
            self._tell(connection, old, new)

        await self._journal.record(*model.told(old, new, self._clock.now()), save=save)
        if self._watches is not None:
            self._watches.wake()

    def _tell(self, connection: Connection, old: Outage, new: Outage) -> None:
        """Put the notes to those who watch a published notice: of its end, and of another time for it."""
        if self._watches is None or old.status is not Status.PUBLISHED:
            return
        last, text = new.status is not Status.PUBLISHED, ""
        if new.status is Status.ENDED:
            text = watch_speech.restored(self._site)
        elif last:
            text = watch_speech.cancelled(self._site)
        elif new.ends != old.ends:
            text = watch_speech.postponed(self._site, new.ends)
        if text:
            self._watches.tell(connection, new.id, text, which=str(new.version), last=last)
