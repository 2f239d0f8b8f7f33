"""Shifts: definitions, overlaps, hand-over, the backup shift and its triggers, on both engines."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from agents.shifts import definitions, store
from agents.shifts.events import BackupActivated, BackupReleased, ShiftClosed, ShiftTakenOver, WeatherNoticed
from agents.shifts.model import (
    BackupActive,
    BackupNotActive,
    Duty,
    Kind,
    Level,
    NobodyOnBackup,
    NoSuchShift,
    NoteNeeded,
    Shift,
    ShiftNotClosed,
    ShiftNotOpen,
    ShiftWasOpened,
    Trigger,
    WeatherNotice,
    gaps,
    overlaps,
)
from agents.shifts.service import ShiftService
from agents.shifts.triggers import Held, Limits, Signals, fired
from agents.shifts.watch import BackupWatch
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.config import Site
from core.db import Database
from core.errors import BadInput, ConfigError
from core.events import Event
from core.journal import Journal, since

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 22)
NIGHT = "2026-11-22-early"
RULES = policy.load("seed")
LIMITS = Limits.of(RULES)
HOLD, QUIET = LIMITS.hold_s, LIMITS.quiet_s


class Told:
    """A messenger that keeps what it was given."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str, str]] = []
        self.woken = 0

    def put(self, connection: Connection, about: str, duties: list[Duty], text: str) -> None:
        self.notes += [(about, duty.phone, text) for duty in duties]

    def wake(self) -> None:
        self.woken += 1


class Sky:
    """What is seen of the queues, as the test says."""

    def __init__(self) -> None:
        self.now = Signals(waiting=0)

    def signals(self) -> Signals:
        return self.now


class House:
    """The shift service on a database with a clock that tests move."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock, self.bus = db, FakeClock(), Bus()
        self.journal = Journal(db, self.bus)
        self.shifts = ShiftService(self.journal, db, self.clock, RULES, ZONE, site=Site(name="城北供电"))
        self.told, self.sky = Told(), Sky()
        self.shifts.tell_by(self.told)
        self.watch = BackupWatch(self.shifts, self.sky, self.clock, RULES)

    async def duty(self, agent_id: str, begins_h: float, hours: float = 8, kind: Kind = Kind.BACKUP) -> Duty:
        begins = self.clock.now() + timedelta(hours=begins_h)
        times = {"begins": begins, "ends": begins + timedelta(hours=hours)}
        duty = Duty(agent_id=agent_id, day=DAY, shift="early", kind=kind, phone=f"1390000{agent_id}", **times)
        await self.db.write(lambda connection: store.save_duties(connection, [duty]))
        return duty

    async def story(self, *kinds: type[Event]) -> list[Event]:
        return [one.event for one in await self.db.read(lambda connection: since(connection, 0, kinds))]

    async def look_for(self, seconds: float) -> None:
        """Look every ten seconds of the clock for so long."""
        for _ in range(int(seconds // 10) + 1):
            await self.watch.look()
            await self.clock.advance(10)


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    one = House(db)
    yield one
    await one.journal.close()


# --- definitions and the roster ------------------------------------------------------------------


def test_the_shifts_of_the_installation_cover_the_day_and_have_words_and_sources() -> None:
    shifts = definitions.load()
    assert all(set(shift.names) == {"zh", "en"} and shift.source for shift in shifts.values())
    begins, ends = shifts["middle"].span(DAY, ZONE)
    assert (begins.isoformat(), ends.isoformat()) == ("2026-11-22T16:00:00+08:00", "2026-11-23T00:00:00+08:00")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "not valid YAML"),
        ("x", "a list of shifts"),
        ("- {code: a, names: {}, begins: '25:00', ends: '08:00', source: x}", "a shift has code"),
        ("- &a {code: a, names: {}, begins: '07:00', ends: '08:00', source: x}\n- *a", "'a' stands there twice"),
    ],
)
def test_broken_definitions_are_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"ours.yaml: .*{why}"):
        definitions.parse(text, "ours.yaml")


Hours = st.integers(0, 72)


def _at(hours: int) -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(hours=hours)


def _duty(number: int, agent: str, begins: int, hours: int, kind: Kind = Kind.MAIN) -> Duty:
    day = DAY + timedelta(days=number)
    return Duty(agent_id=agent, day=day, shift="early", kind=kind, begins=_at(begins), ends=_at(begins + hours))


@given(st.lists(st.tuples(st.sampled_from("ab"), Hours, st.integers(1, 24)), max_size=12))
def test_an_overlap_is_found_exactly_when_there_is_one(rows: list[tuple[str, int, int]]) -> None:
    duties = [_duty(n, agent, begins, hours) for n, (agent, begins, hours) in enumerate(rows)]
    any_pair = any(one.overlaps(two) for n, one in enumerate(duties) for two in duties[:n])
    assert bool(overlaps(duties)) == any_pair
    assert all(one.overlaps(two) for one, two in overlaps(duties))


@given(st.lists(st.tuples(Hours, st.integers(1, 24), st.sampled_from(Kind)), max_size=10))
def test_the_hours_without_main_duty_are_exactly_those_that_nobody_covers(rows: list[tuple[int, int, Kind]]) -> None:
    duties = [_duty(n, str(n), begins, hours, kind) for n, (begins, hours, kind) in enumerate(rows)]
    covered = {h for b, hours, kind in rows if kind is Kind.MAIN for h in range(b, b + hours)}
    bare = {h for a, b in gaps(duties, _at(0), _at(72)) for h in range(72) if a <= _at(h) < b}
    assert bare == set(range(72)) - covered


def test_a_shift_over_midnight_in_a_zone_that_changes_its_clocks_keeps_its_times_of_day() -> None:
    night = Shift(code="n", names={}, begins=time(22), ends=time(6), source="x")
    begins, ends = night.span(date(2026, 10, 24), ZoneInfo("Europe/Berlin"))
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=9)


# --- hand-over -----------------------------------------------------------------------------------


async def test_a_shift_is_closed_with_a_note_only_and_taken_over_after_that(house: House) -> None:
    await house.shifts.open(NIGHT, "lead")
    with pytest.raises(ShiftWasOpened):
        await house.shifts.open(NIGHT, "lead")
    for note in ("", "  无  ", "x" * 4001):
        with pytest.raises(NoteNeeded):
            await house.shifts.close(NIGHT, "lead", note)
    with pytest.raises(ShiftNotClosed):
        await house.shifts.take_over(NIGHT, "deputy")
    assert (await house.shifts.day(DAY)).books[NIGHT].state == "open"
    await house.shifts.close(NIGHT, "lead", "  城东片区抢修未完，三张工单待回访。 ")
    with pytest.raises(ShiftNotOpen):
        await house.shifts.close(NIGHT, "lead", "once more, with feeling")
    taken = await house.shifts.take_over(NIGHT, "deputy")
    assert (taken.state, taken.taken_by, taken.note) == ("taken_over", "deputy", "城东片区抢修未完，三张工单待回访。")
    assert await house.shifts.take_over(NIGHT, "lead") == taken, "the first one holds"
    assert len(await house.story(ShiftTakenOver)) == 1
    (closed,) = await house.story(ShiftClosed)
    assert (closed.note_length, "抢修" in str(closed)) == (17, False), "the journal holds no words"  # type: ignore[attr-defined]
    assert [book.shift_id for book in await house.shifts.books()] == [NIGHT]


@pytest.mark.parametrize("name", ["", "2026-11-22", "2026-11-22-tea", "2026-13-01-early", "x" * 500])
async def test_a_shift_that_there_is_not_is_said(house: House, name: str) -> None:
    with pytest.raises(NoSuchShift):
        await house.shifts.open(name, "lead")


async def test_a_shift_that_was_never_opened_cannot_be_closed(house: House) -> None:
    with pytest.raises(ShiftNotOpen):
        await house.shifts.close(NIGHT, "lead", "nothing happened today")


# --- the backup shift ----------------------------------------------------------------------------


async def test_a_person_calls_the_backup_shift_in_and_lets_it_go(house: House) -> None:
    await house.duty("0001", -1)
    await house.duty("0002", 1.5)
    await house.duty("0003", 2.5)
    await house.duty("0004", -1, kind=Kind.MAIN)
    one = await house.shifts.activate("lead", "雷雨，来电激增")
    assert one.agent_ids == ("0001", "0002"), "who is on backup duty now or within two hours"
    assert [(phone, text) for _, phone, text in house.told.notes] == [
        (f"1390000{who}", "【城北供电】请备班人员到岗接听：雷雨，来电激增。") for who in ("0001", "0002")
    ]
    with pytest.raises(BackupActive):
        await house.shifts.activate("lead", "again")
    assert await house.shifts.active() == one
    over = await house.shifts.release("lead", "雨停")
    assert (await house.shifts.active(), over.release_why) == (None, "雨停")
    assert [phone for _, phone, text in house.told.notes if "已结束" in text] == ["13900000001", "13900000002"]
    with pytest.raises(BackupNotActive):
        await house.shifts.release("lead", "again")
    (activated,), (released,) = await house.story(BackupActivated), await house.story(BackupReleased)
    assert (activated.trigger, activated.why, activated.by) == ("person", "雷雨，来电激增", "lead")  # type: ignore[attr-defined]
    assert (released.why, released.agent_ids) == ("雨停", ("0001", "0002"))  # type: ignore[attr-defined]
    assert (await house.shifts.activate("lead", "anew")).id != one.id


async def test_nobody_to_call_in_and_no_reason_are_told_and_nothing_is_half_done(house: House) -> None:
    with pytest.raises(NobodyOnBackup):
        await house.shifts.activate("lead", "storm")
    await house.duty("0001", 0)
    for why in ("", " ", "x" * 201):
        with pytest.raises(BadInput):
            await house.shifts.activate("lead", why)
    assert (await house.shifts.active(), house.told.notes, await house.story(BackupActivated)) == (None, [], [])


def test_what_pulls_a_trigger_says_the_figure() -> None:
    notice = WeatherNotice(id="w", level=Level.ORANGE, text="雷暴", begins=_at(0), ends=_at(9), by="lead")
    all_three = Signals(waiting=10, service_level=0.5, weather=[replace(notice, level=Level.BLUE), notice])
    assert fired(all_three, LIMITS) == {
        Trigger.QUEUE_LENGTH: "10 waiting, limit 10",
        Trigger.SERVICE_LEVEL: "forecast 50% in time, limit 80%",
        Trigger.WEATHER: "weather notice orange: 雷暴",
    }
    blue = Signals(waiting=9, service_level=0.8, weather=[replace(notice, level=Level.YELLOW)])
    assert fired(blue, LIMITS) == {}


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=30))
def test_a_trigger_calls_in_when_it_was_pulled_for_so_long_without_a_break(looks: list[tuple[int, bool]]) -> None:
    held, now, since = Held(LIMITS), 0.0, None
    for pause, pulled in looks:
        now += pause
        since = (now if since is None else since) if pulled else None
        found = held.look(Signals(waiting=50 if pulled else 0), now)
        assert (found is not None) == (since is not None and now - since >= HOLD)
        assert not (found and held.quiet(now))


async def test_a_long_queue_calls_in_after_its_hold_and_quiet_lets_go_again(house: House) -> None:
    await house.duty("0001", 0, hours=12)
    house.sky.now = Signals(waiting=12)
    await house.look_for(HOLD - 10)
    assert await house.shifts.active() is None
    await house.look_for(20)
    active = await house.shifts.active()
    assert active is not None
    assert (active.trigger, active.why, active.by) == (Trigger.QUEUE_LENGTH, "12 waiting, limit 10", "")
    assert house.told.notes[0][2] == "【城北供电】请备班人员到岗接听：来电排队较多。"
    house.sky.now = Signals(waiting=0)
    await house.look_for(QUIET - 20)
    assert await house.shifts.active() is not None
    await house.look_for(40)
    assert await house.shifts.active() is None
    assert (await house.story(BackupReleased))[0].why == f"quiet for {QUIET:.0f} s"  # type: ignore[attr-defined]


async def test_what_a_person_let_go_is_not_called_in_again_by_the_same_storm(house: House) -> None:
    await house.duty("0001", 0, hours=12)
    house.sky.now = Signals(waiting=12)
    await house.look_for(HOLD + 10)
    await house.shifts.release("lead", "we manage")
    await house.look_for(HOLD * 5)
    assert await house.shifts.active() is None
    house.sky.now = Signals(waiting=0)
    await house.look_for(10)
    house.sky.now = Signals(waiting=12)
    await house.look_for(HOLD + 10)
    assert await house.shifts.active() is not None, "the next storm does"


async def test_what_a_person_called_in_stays_until_a_person_lets_it_go(house: House) -> None:
    await house.duty("0001", 0, hours=12)
    await house.shifts.activate("lead", "exercise")
    await house.look_for(QUIET + 60)
    assert await house.shifts.active() is not None


async def test_whom_storm_mode_called_in_no_trigger_lets_go(house: House) -> None:
    await house.duty("0001", 0, hours=12)
    await house.shifts.activate("lead", "storm mode", Trigger.STORM)
    await house.look_for(QUIET + 60)
    assert await house.shifts.active() is not None


async def test_a_weather_notice_calls_in_at_once_while_it_holds(house: House) -> None:
    await house.duty("0001", 0, hours=12)
    now = house.clock.now()
    for span in ((now, now), (now - timedelta(hours=2), now - timedelta(hours=1))):
        with pytest.raises(BadInput):
            await house.shifts.notice_weather(Level.RED, "台风", span, "lead")
    later = (now + timedelta(minutes=5), now + timedelta(hours=1))
    await house.shifts.notice_weather(Level.ORANGE, "雷暴", later, "lead")
    await house.watch.look()
    assert await house.shifts.active() is None
    await house.clock.advance(300)
    await house.watch.look()
    active = await house.shifts.active()
    assert active is not None
    assert active.trigger is Trigger.WEATHER
    assert (await house.story(WeatherNoticed))[0].level == 3  # type: ignore[attr-defined]


async def test_triggers_that_find_nobody_are_quiet_and_go_on(house: House) -> None:
    house.sky.now = Signals(waiting=12)
    await house.look_for(HOLD * 3)
    assert await house.story(BackupActivated) == []


async def test_two_services_on_one_database_call_in_once(house: House) -> None:
    await house.duty("0001", 0)
    other = House(house.db)
    await house.shifts.activate("lead", "storm")
    with pytest.raises(BackupActive):
        await other.shifts.activate("deputy", "storm")
    assert other.told.notes == []
    await other.journal.close()
