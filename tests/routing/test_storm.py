"""Storm mode: its trigger table, a person above every trigger, the backup shift with it, killed at any line."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.shifts import store
from agents.shifts.events import BackupActivated, BackupReleased
from agents.shifts.model import Duty, Kind
from agents.shifts.model import Trigger as CalledBy
from agents.shifts.service import ShiftService
from core import policy
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput, ConfigError
from core.events import Event
from core.journal import Journal, since
from core.switches import STORM, SettingChanged, Switches
from routing.precedence import Cause
from routing.storm.model import FALLING, Gauges, Limits, Room, Trigger, read
from routing.storm.watch import StormWatch

pytestmark = pytest.mark.integration

RULES = policy.load("seed")
LIMITS = Limits.of(RULES)
ZONE = ZoneInfo("Asia/Shanghai")
MANY, FEW, BETWEEN = 60.0, 5.0, 30.0
"""Callers waiting: beyond the bound of the trigger, below its other bound, between the two."""


class Sky:
    """What is seen, as the test says."""

    def __init__(self) -> None:
        self.now: dict[Trigger, float] = {}

    async def signals(self) -> dict[Trigger, float]:
        return self.now


class House:
    """Storm mode on a database; `again` starts it anew as after a kill."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock, self.sky = db, FakeClock(), Sky()
        self.journals: list[Journal] = []
        self.again()

    def again(self) -> None:
        bus = Bus()
        journal = Journal(self.db, bus)
        self.journals.append(journal)
        self.bus = bus
        self.switches = Switches(journal, self.db, self.clock, {STORM: False})
        self.shifts = ShiftService(journal, self.db, self.clock, RULES, ZONE)
        self.watch = StormWatch(self.switches, self.shifts, self.sky, self.clock, RULES)
        self.watch.listen(bus)

    async def restart(self) -> None:
        """Kill and start: only the database is left. What `run` does first is done here."""
        self.again()
        await self.switches.load(self.bus)
        self.watch.overruled = self.watch.switched_off_lately()

    async def duty(self) -> None:
        begins = self.clock.now()
        times = {"begins": begins, "ends": begins + timedelta(hours=12)}
        one = Duty(agent_id="1", day=date(2026, 11, 22), shift="early", kind=Kind.BACKUP, phone="13900000001", **times)
        await self.db.write(lambda connection: store.save_duties(connection, [one]))

    async def sees(self, waiting: float, seconds: float) -> None:
        """Let so many wait for so long, and look every ten seconds."""
        self.sky.now = {Trigger.QUEUE_LENGTH: waiting}
        for _ in range(int(seconds // 10) + 1):
            await self.watch.look()
            await self.clock.advance(10)

    async def turns(self) -> list[tuple[bool, str, str]]:
        """How the switch was turned, by whom (empty: a trigger) and why."""
        found = await self.story(SettingChanged)
        return [(e.value, e.user_id, e.why) for e in found if isinstance(e, SettingChanged)]

    async def story(self, *kinds: type[Event]) -> list[Event]:
        return [one.event for one in await self.db.read(lambda connection: since(connection, 0, kinds))]


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    one = House(db)
    await one.switches.load(one.bus)
    yield one
    for journal in one.journals:
        await journal.close()


# --- the table -----------------------------------------------------------------------------------


def test_each_trigger_begins_at_its_bound_and_is_calm_only_beyond_the_other() -> None:
    for trigger, bounds in LIMITS.table.items():
        step = (bounds.ends - bounds.begins) / 4
        for value, pulled, calm in (
            (bounds.begins - step, True, False),
            (bounds.begins, True, False),
            (bounds.begins + 2 * step, False, False),
            (bounds.ends, False, True),
            (bounds.ends + step, False, True),
        ):
            (found,) = [one for one in read(LIMITS, {trigger: value}) if one.trigger is trigger]
            assert (found.pulled, found.calm) == (pulled, calm), (trigger, value)
    assert all(one.calm and not one.pulled for one in read(LIMITS, {})), "what is not known is calm"


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_trigger_that_would_end_before_it_begins_is_refused(trigger: Trigger) -> None:
    wrong = RULES.number(f"storm_{trigger}") + (-1 if trigger in FALLING else 1)
    name = f"storm_{trigger}_back"
    rules = replace(RULES, rules=RULES.rules | {name: replace(RULES.rules[name], value=wrong)})
    with pytest.raises(ConfigError, match=name):
        Limits.of(rules)


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from([MANY, BETWEEN, FEW])), min_size=1, max_size=60))
def test_begins_only_after_its_hold_and_is_over_only_after_its_calm(looks: list[tuple[int, float]]) -> None:
    gauges, now, pulled_since, calm_since = Gauges(LIMITS), 0.0, None, None
    for pause, waiting in looks:
        now += pause
        pulled_since = (now if pulled_since is None else pulled_since) if waiting == MANY else None
        calm_since = (now if calm_since is None else calm_since) if waiting == FEW else None
        begins = gauges.look({Trigger.QUEUE_LENGTH: waiting}, now) is not None
        assert begins == (pulled_since is not None and now - pulled_since >= LIMITS.hold_s)
        assert gauges.calm(now) == (calm_since is not None and now - calm_since >= LIMITS.calm_s)
        assert not (begins and gauges.calm(now))


def test_a_weather_notice_begins_a_storm_at_once() -> None:
    assert Gauges(LIMITS).look({Trigger.WEATHER: 4.0}, 0.0) == "weather 4, limit 4"
    assert Gauges(LIMITS).look({Trigger.WEATHER: 3.0}, 0.0) is None


# --- switching -----------------------------------------------------------------------------------


async def test_a_trigger_begins_the_storm_and_calm_ends_it_not_what_swings_between(house: House) -> None:
    await house.sees(MANY, LIMITS.hold_s - 10)
    assert not house.switches.on(STORM)
    await house.sees(MANY, 20)
    assert house.switches.on(STORM)
    await house.sees(BETWEEN, LIMITS.calm_s + 60)
    await house.sees(FEW, LIMITS.calm_s - 20)
    assert house.switches.on(STORM)
    await house.sees(FEW, 40)
    assert not house.switches.on(STORM)
    assert await house.turns() == [(True, "", "queue_length 60, limit 50"), (False, "", "calm for 1800 s")]


async def test_what_a_person_ended_begins_again_only_after_the_triggers_have_let_go(house: House) -> None:
    await house.sees(MANY, LIMITS.hold_s + 10)
    await house.switches.turn(STORM, "lead", on=False, why="we manage")
    await house.sees(MANY, 600)
    assert not house.switches.on(STORM)
    assert house.watch.overruled
    await house.restart()
    await house.sees(MANY, 600)
    assert not house.switches.on(STORM), "a restart does not forget it"
    await house.sees(FEW, 10)
    await house.sees(MANY, LIMITS.hold_s + 10)
    assert house.switches.on(STORM), "the next storm does"


async def test_after_an_hour_a_restart_in_the_midst_of_a_storm_may_begin_it(house: House) -> None:
    await house.switches.turn(STORM, "lead", on=True)
    await house.switches.turn(STORM, "lead", on=False)
    await house.clock.advance(RULES.number("storm_off_holds") * 60 + 1)
    await house.restart()
    await house.sees(MANY, LIMITS.hold_s + 10)
    assert house.switches.on(STORM)


async def test_no_trigger_ends_what_a_person_began_or_has_taken_over(house: House) -> None:
    await house.switches.turn(STORM, "lead", on=True, why="typhoon")
    await house.sees(FEW, LIMITS.calm_s + 60)
    assert house.switches.on(STORM)
    await house.switches.turn(STORM, "lead", on=False)
    await house.sees(FEW, 10)
    await house.sees(MANY, LIMITS.hold_s + 10)
    await house.switches.turn(STORM, "lead", on=True, why="it stays")
    await house.sees(FEW, LIMITS.calm_s + 60)
    assert house.switches.on(STORM)
    assert [turn[1:] for turn in await house.turns()] == [
        ("lead", "typhoon"),
        ("lead", ""),
        ("", "queue_length 60, limit 50"),
        ("lead", "it stays"),
    ]


async def test_a_person_who_turns_it_in_the_same_moment_wins(house: House) -> None:
    await house.sees(MANY, LIMITS.hold_s + 10)
    seen = house.switches.turned(STORM)
    await house.switches.turn(STORM, "lead", on=True, why="mine")
    await house.switches.turn_by_rule(STORM, seen, on=False, why="calm")
    assert house.switches.on(STORM)


async def test_triggers_that_may_not_act_turn_nothing(house: House) -> None:
    name = "storm_trigger_acts"
    off = replace(RULES, rules=RULES.rules | {name: replace(RULES.rules[name], value=0)})
    house.watch = StormWatch(house.switches, house.shifts, house.sky, house.clock, off)
    await house.sees(MANY, LIMITS.hold_s + 60)
    assert not house.switches.on(STORM)
    assert house.watch.gauges.pulled, "but it is seen"


async def test_a_reason_that_is_too_long_is_refused_and_nothing_is_turned(house: House) -> None:
    with pytest.raises(BadInput):
        await house.switches.turn(STORM, "lead", on=True, why="x" * 201)
    assert not house.switches.on(STORM)


# --- the backup shift ----------------------------------------------------------------------------


async def test_the_backup_shift_comes_and_goes_with_the_storm_once(house: House) -> None:
    await house.duty()
    await house.switches.turn(STORM, "lead", on=True, why="typhoon")
    await house.sees(FEW, 30)
    active = await house.shifts.active()
    assert active is not None
    assert (active.trigger, active.by, active.why) == (CalledBy.STORM, "lead", "storm mode: typhoon")
    await house.switches.turn(STORM, "lead", on=False)
    await house.sees(FEW, 30)
    assert await house.shifts.active() is None
    assert len(await house.story(BackupActivated)) == len(await house.story(BackupReleased)) == 1


async def test_killed_between_the_switch_and_what_follows_it_is_done_after_the_restart(house: House) -> None:
    await house.duty()
    await house.switches.turn(STORM, "lead", on=True)
    await house.restart()
    assert house.switches.on(STORM)
    await house.watch.look()
    assert (await house.shifts.active()) is not None
    await house.restart()
    await house.watch.look()
    assert len(await house.story(BackupActivated)) == 1, "nobody is called in twice"
    await house.switches.turn(STORM, "lead", on=False)
    await house.restart()
    await house.watch.look()
    assert (await house.shifts.active()) is None


async def test_whom_a_person_let_go_or_called_in_the_storm_leaves_alone(house: House) -> None:
    await house.duty()
    await house.switches.turn(STORM, "lead", on=True)
    await house.watch.look()
    await house.shifts.release("deputy", "enough")
    await house.sees(FEW, 60)
    assert await house.shifts.active() is None
    await house.shifts.activate("deputy", "after all")
    await house.switches.turn(STORM, "lead", on=False)
    await house.sees(FEW, 60)
    active = await house.shifts.active()
    assert active is not None
    assert active.trigger is CalledBy.PERSON


async def test_without_a_roster_the_storm_goes_on(house: House) -> None:
    await house.switches.turn(STORM, "lead", on=True)
    await house.sees(FEW, 30)
    assert house.switches.on(STORM)
    assert await house.story(BackupActivated) == []


# --- room ----------------------------------------------------------------------------------------


def test_a_queue_is_full_by_length_or_by_the_wait_and_spares_whom_the_policy_says() -> None:
    room = Room.of(RULES)
    assert [room.full(149, None), room.full(150, None)] == [False, True]
    assert [room.full(0, 599.0), room.full(0, 600.0)] == [False, True]
    assert room.lets_in([Cause.DANGER, Cause.REPEAT])
    assert room.lets_in([Cause.VIP])
    assert room.lets_in([Cause.IMPORTANT])
    assert not room.lets_in([Cause.REPEAT])
    changed = {n: replace(RULES.rules[n], value=1) for n in ("storm_shed_vip", "storm_shed_important")}
    strict = Room.of(replace(RULES, rules=RULES.rules | changed))
    assert [strict.lets_in([one]) for one in (Cause.VIP, Cause.IMPORTANT, Cause.DANGER)] == [False, False, True]
