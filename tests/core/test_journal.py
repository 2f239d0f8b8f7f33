"""The journal holds each event with the state that it explains, or neither; then the bus tells it."""

import asyncio
import threading
from decimal import Decimal

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table, insert, select

from core.bus import Bus
from core.db import Database, DatabaseDown
from core.events import Event, Recorded
from core.journal import NOTES_LIMIT, Journal, journal_table, since
from core.tasks import TaskOwner
from tests.core.happenings import AT, DoorOpened, DoorShut
from tests.until import until

pytestmark = pytest.mark.integration

doors = Table("doors", MetaData(), Column("name", String(20), primary_key=True))


class House:
    """A journal with one table of state and one listener."""

    def __init__(self, db: Database) -> None:
        doors.metadata.create_all(db.engine)
        self.db = db
        self.bus = Bus()
        self.journal = Journal(db, self.bus)
        self.told: list[Recorded] = []
        self.bus.listen(Event, self._hear)

    async def _hear(self, recorded: Recorded) -> None:
        self.told.append(recorded)

    async def books(self) -> tuple[list[str], list[str]]:
        """Return the names in the table of state and the events in the journal, in order."""

        def work(connection: Connection) -> tuple[list[str], list[str]]:
            names = connection.execute(select(doors.c.name).order_by(doors.c.name)).scalars().all()
            events = connection.execute(select(journal_table.c.event).order_by(journal_table.c.seq)).scalars().all()
            return list(names), list(events)

        return await self.db.read(work)


@pytest.fixture
def house(db: Database) -> House:
    return House(db)


def open_door(name: str) -> DoorOpened:
    return DoorOpened(at=AT, call_id=name, width=Decimal("0.9"))


def adds(name: str, connection: Connection) -> None:
    connection.execute(insert(doors), {"name": name})


async def test_state_and_events_are_written_together_and_told_in_order(house: House) -> None:
    events = [open_door("front"), DoorShut(at=AT, agent_id="a1", wet=("伞",)), open_door("front")]
    recorded = await house.journal.record(*events, save=lambda c: adds("front", c))
    assert [r.event for r in recorded] == events
    assert [r.seq for r in recorded] == sorted({r.seq for r in recorded})
    assert house.told == recorded
    assert await house.books() == (["front"], ["DoorOpened", "DoorShut", "DoorOpened"])


async def test_a_long_transaction_numbers_its_events_in_order(house: House) -> None:
    events = [open_door(f"d{n}") for n in range(150)]
    recorded = await house.journal.record(*events)
    stored = await house.db.read(lambda c: since(c, 0))
    assert stored == recorded
    assert [r.event for r in stored] == events


async def test_a_save_that_fails_writes_and_tells_nothing(house: House) -> None:
    def failing(connection: Connection) -> None:
        adds("back", connection)
        raise ZeroDivisionError("the lock is stuck")

    with pytest.raises(ZeroDivisionError, match="the lock is stuck"):
        await house.journal.record(open_door("back"), save=failing)
    assert await house.books() == ([], [])
    assert house.told == []


async def test_one_that_fails_among_many_harms_only_itself(house: House) -> None:
    def failing(connection: Connection) -> None:
        raise ZeroDivisionError("one of many")

    # The writer is busy while all of these arrive, so that they share one transaction.
    release = threading.Event()
    tasks = TaskOwner("test")
    tasks.start(house.db.write(lambda _connection: release.wait(10)), "busy")
    names = [f"d{n}" for n in range(9)]
    work = [
        tasks.start(house.journal.record(open_door(n), save=failing if n == "d4" else lambda c, n=n: adds(n, c)), n)
        for n in names
    ]
    await asyncio.sleep(0)
    release.set()
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert [n for n, o in zip(names, outcomes, strict=True) if isinstance(o, ZeroDivisionError)] == ["d4"]
    written = [n for n in names if n != "d4"]
    assert await house.books() == (written, ["DoorOpened"] * 8)
    assert sorted(r.event.call_id for r in house.told if isinstance(r.event, DoorOpened)) == written


async def test_what_is_committed_is_told_although_the_caller_was_cancelled(house: House) -> None:
    release, begun = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        begun.set()
        release.wait(10)
        adds("side", connection)

    tasks = TaskOwner("test")
    caller = tasks.start(house.journal.record(open_door("side"), save=slow), "caller")
    await until(begun.is_set)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert house.told == []
    release.set()
    await house.journal.close()
    assert await house.books() == (["side"], ["DoorOpened"])
    assert [type(r.event) for r in house.told] == [DoorOpened]


async def test_the_story_of_a_call_holds_its_own_events_only(house: House) -> None:
    await house.journal.record(open_door("one"), open_door("other"), DoorShut(at=AT, agent_id="a1"))
    await house.journal.record(open_door("one"))
    story = await house.journal.of_call("one")
    assert [r.event for r in story] == [open_door("one"), open_door("one")]
    assert story[0].event.at == AT


async def test_events_after_a_number_are_found_by_class(house: House) -> None:
    first, *_ = await house.journal.record(open_door("one"), DoorShut(at=AT, agent_id="a1"), open_door("two"))
    later = await house.db.read(lambda c: since(c, first.seq, [DoorOpened]))
    assert [r.event for r in later] == [open_door("two")]
    assert len(await house.db.read(lambda c: since(c, first.seq))) == 2
    assert len(await house.db.read(lambda c: since(c, 0, limit=1))) == 1


async def test_an_event_that_no_room_knows_any_more_is_passed_over(house: House) -> None:
    row = {"at": AT, "event": "MoatCrossed", "call_id": "one", "agent_id": None, "data": {}}
    await house.db.write(lambda c: c.execute(insert(journal_table), row))
    await house.journal.record(open_door("one"))
    assert [type(r.event) for r in await house.journal.of_call("one")] == [DoorOpened]


async def test_a_note_goes_with_the_next_record_and_before_it(house: House) -> None:
    house.journal.note(open_door("noted"))
    recorded = await house.journal.record(DoorShut(at=AT, agent_id="a1"))
    assert [type(r.event) for r in recorded] == [DoorShut]
    assert [type(r.event) for r in house.told] == [DoorOpened, DoorShut]
    assert [r.seq for r in house.told] == sorted(r.seq for r in house.told)
    assert await house.books() == ([], ["DoorOpened", "DoorShut"])


async def test_notes_that_nothing_follows_are_written_by_themselves(house: House) -> None:
    house.journal.note(open_door("one"))
    house.journal.note(open_door("two"))
    await until(lambda: [r.event for r in house.told] == [open_door("one"), open_door("two")])
    assert await house.books() == ([], ["DoorOpened"] * 2)


async def test_notes_are_written_when_the_journal_closes(house: House) -> None:
    house.journal.note(open_door("last"))
    await house.journal.close()
    assert await house.books() == ([], ["DoorOpened"])


async def test_a_note_outlives_the_record_that_took_it_along(house: House) -> None:
    def failing(connection: Connection) -> None:
        raise ZeroDivisionError("the lock is stuck")

    house.journal.note(open_door("noted"))
    with pytest.raises(ZeroDivisionError):
        await house.journal.record(open_door("back"), save=failing)
    house.journal.note(DoorShut(at=AT, agent_id="a1"))
    await house.journal.close()
    assert [r.event for r in house.told] == [open_door("noted"), DoorShut(at=AT, agent_id="a1")]


async def test_notes_are_refused_when_storage_has_stopped(house: House) -> None:
    house.journal.note(*[open_door("many")] * NOTES_LIMIT)
    with pytest.raises(DatabaseDown):
        house.journal.note(open_door("one more"))


async def test_a_noted_state_is_written_with_its_facts_and_in_order(house: House) -> None:
    told = house.journal.note(open_door("one"), save=lambda c: adds("one", c))
    house.journal.note(open_door("two"), save=lambda c: c.execute(doors.update().values(name="1")))
    assert not told.done()
    await house.journal.settle()
    assert told.result() is True
    assert await house.books() == (["1"], ["DoorOpened"] * 2)
    assert [r.event for r in house.told] == [open_door("one"), open_door("two")]


async def test_a_state_that_cannot_be_saved_costs_no_fact(house: House) -> None:
    house.journal.note(open_door("one"), save=lambda c: adds("one", c))
    twice = house.journal.note(open_door("one"), save=lambda c: adds("one", c))
    house.journal.note(open_door("two"), save=lambda c: adds("two", c))
    assert await twice is False
    assert house.journal.trouble == "IntegrityError"
    await house.journal.settle()
    assert house.journal.trouble is None
    assert await house.books() == (["one", "two"], ["DoorOpened"] * 3)


async def test_a_note_that_cannot_be_saved_holds_no_record_up(house: House) -> None:
    await house.journal.record(open_door("front"), save=lambda c: adds("front", c))
    house.journal.note(DoorShut(at=AT, agent_id="a1", wet=()), save=lambda c: adds("front", c))
    (recorded,) = await house.journal.record(open_door("back"), save=lambda c: adds("back", c))
    assert recorded.event == open_door("back")
    await until(lambda: len(house.told) == 3)
    assert await house.books() == (["back", "front"], ["DoorOpened", "DoorOpened", "DoorShut"])


async def test_notes_are_told_one_transaction_after_the_other(house: House) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def waits(recorded: Recorded) -> None:
        first.set()
        await go.wait()

    house.bus.listen(DoorShut, waits)
    house.journal.note(DoorShut(at=AT, agent_id="a1"))
    house.journal.flush()
    await first.wait()
    later = house.journal.note(open_door("one"))
    house.journal.flush()
    await house.journal.record(open_door("recorded"))  # is not held up: who listens may record
    assert not later.done()
    go.set()
    assert await later
    assert [getattr(r.event, "call_id", None) for r in house.told] == ["recorded", None, "one"]
