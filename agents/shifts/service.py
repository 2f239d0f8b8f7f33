"""Shifts in use: the plan of a day, hand-over, the backup shift called in and let go, how the roster was kept."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from agents.shifts import definitions, store
from agents.shifts.adherence import Adherence, Span, adherence, at_work, stays, within
from agents.shifts.events import (
    BackupActivated,
    BackupReleased,
    ShiftClosed,
    ShiftOpened,
    ShiftTakenOver,
    WeatherNoticed,
)
from agents.shifts.model import (
    Activation,
    BackupActive,
    BackupNotActive,
    Duty,
    HandOver,
    Kind,
    Level,
    NobodyOnBackup,
    ShiftNotOpen,
    ShiftWasOpened,
    Trigger,
    WeatherNotice,
    gaps,
    read_shift_id,
    shift_id,
)
from agents.shifts.port import Messenger, Mute
from core.clock import Clock
from core.config import Site
from core.db import Database
from core.errors import BadInput
from core.events import Event
from core.ids import new_id
from core.journal import Journal
from core.policy import Policy

LONGEST_WHY = 200
LONGEST_WEATHER = 200
BOOKS_SHOWN = 20
SHIPPED = Site()
"""An installation with the lists that are shipped."""
CALLED_FOR = {
    Trigger.QUEUE_LENGTH: "来电排队较多",
    Trigger.SERVICE_LEVEL: "预计来电不能及时接听",
    Trigger.WEATHER: "气象预警",
    Trigger.STORM: "大面积停电，来电激增",
}
"""What a person who is called in is told of the reason; of a person's calling, that person's words."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day at the site: who is on duty, when nobody is on main duty, and the books of its shifts by name."""

    day: date
    duties: list[Duty]
    uncovered: list[Span]
    books: dict[str, HandOver]


@dataclass(frozen=True, slots=True)
class Kept:
    """An agent's duties between two moments and how they were kept until now."""

    duties: list[Duty]
    figures: Adherence


class ShiftService:
    """The roster of this installation and its backup shift."""

    def __init__(
        self, journal: Journal, db: Database, clock: Clock, policy: Policy, zone: ZoneInfo, *, site: Site = SHIPPED
    ) -> None:
        self.shifts = definitions.load(site.shifts)
        self._journal = journal
        self._db = db
        self._clock = clock
        self._zone = zone
        self._site = site.name
        self._least_note = int(policy.number("hand_over_note_least"))
        self._ahead = timedelta(hours=policy.number("backup_call_ahead"))
        self._messenger: Messenger = Mute()

    def tell_by(self, messenger: Messenger) -> None:
        """Have people told by `messenger` from now on."""
        self._messenger = messenger

    # --- the plan ---

    async def day(self, day: date) -> DayPlan:
        """Return the plan of a day at the site."""
        begin = datetime.combine(day, datetime.min.time(), self._zone)
        end = begin + timedelta(days=1)
        duties = await self._db.read(lambda connection: store.duties_between(connection, begin, end))
        names = [shift_id(day, code) for code in self.shifts]
        found = await self._db.read(lambda connection: [store.hand_over(connection, name) for name in names])
        books = {book.shift_id: book for book in found if book is not None}
        return DayPlan(day, duties, gaps(duties, begin, end), books)

    def today(self) -> date:
        """Return the day at the site."""
        return self._clock.now().astimezone(self._zone).date()

    # --- hand-over ---

    async def books(self) -> list[HandOver]:
        """Return the books of the latest shifts."""
        return await self._db.read(lambda connection: store.latest_hand_overs(connection, BOOKS_SHOWN))

    async def open(self, name: str, by: str) -> HandOver:
        """Begin the book of a shift. Raises NoSuchShift, ShiftWasOpened."""
        read_shift_id(name, self.shifts)
        at = self._clock.now()
        book = HandOver(shift_id=name, opened_at=at, opened_by=by)
        try:
            await self._journal.record(
                ShiftOpened(at=at, shift_id=name, by=by), save=lambda connection: store.open_shift(connection, book)
            )
        except IntegrityError:
            raise ShiftWasOpened(shift_id=name) from None
        return book

    async def close(self, name: str, by: str, note: str) -> HandOver:
        """Close a shift with its note. Raises NoSuchShift, ShiftNotOpen, NoteNeeded."""
        before = await self._book(name)
        after = before.close(self._clock.now(), by, note, self._least_note)
        told = ShiftClosed(at=self._clock.now(), shift_id=name, by=by, note_length=len(after.note))
        return await self._turn(before, after, told)

    async def take_over(self, name: str, by: str) -> HandOver:
        """Say that the note was read. Raises NoSuchShift, ShiftNotOpen, ShiftNotClosed."""
        before = await self._book(name)
        after = before.take_over(self._clock.now(), by)
        if after is before:
            return before
        return await self._turn(before, after, ShiftTakenOver(at=self._clock.now(), shift_id=name, by=by))

    async def _book(self, name: str) -> HandOver:
        read_shift_id(name, self.shifts)
        found = await self._db.read(lambda connection: store.hand_over(connection, name))
        if found is None:
            raise ShiftNotOpen(shift_id=name)
        return found

    async def _turn(self, before: HandOver, after: HandOver, told: Event) -> HandOver:
        def save(connection: Connection) -> None:
            if not store.save_hand_over(connection, after, before):
                raise ShiftNotOpen("somebody else was quicker: look at it again", shift_id=after.shift_id)

        await self._journal.record(told, save=save)
        return after

    # --- the backup shift ---

    async def active(self) -> Activation | None:
        """Return the calling-in that goes on."""
        return await self._db.read(store.active)

    async def called_since(self, moment: datetime) -> bool:
        """Tell whether the backup shift was called in at or after a moment, whether or not it was let go again."""
        return await self._db.read(lambda connection: store.called_since(connection, moment))

    async def on_backup(self) -> list[Duty]:
        """Return who is on backup duty now or will be soon (`backup_call_ahead`)."""
        at = self._clock.now()
        found = await self._db.read(lambda connection: store.duties_between(connection, at, at + self._ahead))
        return [duty for duty in found if duty.kind is Kind.BACKUP]

    async def activate(self, by: str, why: str, trigger: Trigger = Trigger.PERSON) -> Activation:
        """Call the backup shift in and tell its people. Raises BackupActive, NobodyOnBackup, BadInput."""
        why = _said(why)
        people = await self.on_backup()
        if not people:
            raise NobodyOnBackup
        at = self._clock.now()
        ids = tuple(sorted({duty.agent_id for duty in people}))
        one = Activation(id=new_id(), at=at, trigger=trigger, why=why, by=by, agent_ids=ids)
        text = f"【{self._site}】请备班人员到岗接听：{CALLED_FOR.get(trigger, why)}。"
        told = BackupActivated(at=at, activation_id=one.id, trigger=trigger.value, why=why, by=by, agent_ids=ids)

        def save(connection: Connection) -> None:
            store.activate(connection, one)
            self._put(connection, one.id, people, text)

        try:
            await self._journal.record(told, save=save)
        except IntegrityError:
            raise BackupActive from None
        self._messenger.wake()
        return one

    async def release(self, by: str, why: str) -> Activation:
        """Let the backup shift go and tell its people. Raises BackupNotActive, BadInput."""
        why, at = _said(why), self._clock.now()
        one = await self.active()
        if one is None:
            raise BackupNotActive
        over = replace(one, released_at=at, released_by=by, release_why=why)
        duties = await self._db.read(lambda c: store.duties_between(c, one.at, at + self._ahead, one.agent_ids))
        people = [duty for duty in duties if duty.kind is Kind.BACKUP]
        text = f"【{self._site}】备班支援已结束，谢谢。"

        def save(connection: Connection) -> None:
            if not store.release(connection, over):
                raise BackupNotActive
            self._put(connection, f"{one.id}-over", people, text)

        told = BackupReleased(at=at, activation_id=one.id, why=why, by=by, agent_ids=one.agent_ids)
        await self._journal.record(told, save=save)
        self._messenger.wake()
        return over

    def _put(self, connection: Connection, about: str, people: Collection[Duty], text: str) -> None:
        reached = {duty.agent_id: duty for duty in people if duty.phone}
        self._messenger.put(connection, about, list(reached.values()), text)

    # --- weather ---

    async def weather(self) -> list[WeatherNotice]:
        """Return the notices in force, the gravest first."""
        at = self._clock.now()
        return await self._db.read(lambda connection: store.weather_at(connection, at))

    async def notice_weather(self, level: Level, text: str, span: Span, by: str) -> WeatherNotice:
        """Enter a meteorological warning for `span`. Raises BadInput."""
        begins, ends = span
        if ends <= begins or ends <= self._clock.now():
            raise BadInput("a weather notice ends after it begins, and not in the past", field="until")
        if not 0 < len(text.strip()) <= LONGEST_WEATHER:
            raise BadInput(f"the text of a weather notice has 1 to {LONGEST_WEATHER} characters", field="text")
        notice = WeatherNotice(id=new_id(), level=level, text=text.strip(), begins=begins, ends=ends, by=by)
        told = WeatherNoticed(
            at=self._clock.now(), notice_id=notice.id, level=int(level), begins=begins, ends=ends, by=by
        )
        await self._journal.record(told, save=lambda connection: store.add_weather(connection, notice))
        return notice

    # --- how the roster was kept ---

    async def kept(self, agent_id: str, begin: datetime, end: datetime, work_reasons: Collection[str]) -> Kept:
        """Return an agent's duties that touch the time from `begin` to `end`, and adherence from `begin` until now.

        Backup duty counts while the backup shift was called in with this agent.
        """
        duties = await self._db.read(lambda c: store.duties_between(c, begin, end, [agent_id]))
        until = min(end, self._clock.now())
        if until <= begin:
            return Kept(duties, Adherence(0.0, 0.0, 0.0))
        moves = await self._db.read(lambda c: store.moves(c, agent_id, begin, until))
        calls = await self._db.read(lambda c: store.activations_between(c, begin, until))
        called = [(one.at, one.released_at or until) for one in calls if agent_id in one.agent_ids]
        working = [(s.begins, s.ends) for s in stays(moves, begin, until) if at_work(s, work_reasons)]
        scheduled = [span for duty in duties for span in _counted(duty, called)]
        return Kept(duties, adherence(within(scheduled, begin, until), working))


def _counted(duty: Duty, called: Collection[Span]) -> list[Span]:
    """Return when a duty obliges: main duty always, backup duty while it is called in."""
    if duty.kind is Kind.MAIN:
        return [(duty.begins, duty.ends)]
    return within(called, duty.begins, duty.ends)


def _said(why: str) -> str:
    said = why.strip()
    if not 0 < len(said) <= LONGEST_WHY:
        raise BadInput(f"say why, in 1 to {LONGEST_WHY} characters", field="why")
    return said
