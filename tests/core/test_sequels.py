"""What follows from an event at once is written with it, or, where that fails, after it; never twice, never lost."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table, event, insert, select

from core.bus import Bus
from core.db import Database
from core.events import Event, Recorded
from core.journal import Journal, since
from core.sequels import Sequel
from tests.core.conftest import Lines
from tests.core.happenings import AT, DoorOpened, DoorShut
from tests.until import until

pytestmark = pytest.mark.integration

lamps = Table("lamps", MetaData(), Column("name", String(20), primary_key=True))


class House:
    """Whoever opens a door goes in and shuts it, and a lamp is lit; `refuse` lets that be refused so often."""

    def __init__(self, db: Database, refuse: int = 0) -> None:
        lamps.metadata.create_all(db.engine)
        self.db = db
        self.bus = Bus()
        self.journal = Journal(db, self.bus)
        self.refuse = refuse
        self.settled: list[bool] = []
        self.told: list[str] = []
        self.commits = 0
        self.journal.follow(DoorOpened, self.goes_in)
        self.bus.listen(Event, self.hear)
        event.listen(db.engine, "commit", self.count)

    def count(self, _connection: Connection) -> None:
        self.commits += 1

    def hear(self, recorded: Recorded) -> None:
        self.told.append(type(recorded.event).__name__)

    def goes_in(self, opened: DoorOpened) -> Sequence[Sequel]:
        def light(connection: Connection) -> None:
            connection.execute(insert(lamps), {"name": opened.call_id})
            if self.refuse:
                self.refuse -= 1
                raise ZeroDivisionError("no lamp")

        def settle(stored: bool) -> None:
            self.settled.append(stored)
            self.told.append("settled")

        return [Sequel([DoorShut(at=AT, agent_id=opened.call_id)], light, settle)]

    async def books(self) -> tuple[list[str], list[str]]:
        """Return the lit lamps, and the events in their order."""
        lit = await self.db.read(lambda c: sorted(c.execute(select(lamps.c.name)).scalars()))
        return lit, [type(one.event).__name__ for one in await self.db.read(lambda c: since(c, 0))]


async def test_what_follows_is_one_transaction_with_it_and_told_after_it(db: Database) -> None:
    house = House(db)
    own = await house.journal.record(DoorOpened(at=AT, call_id="front"))
    assert [type(one.event) for one in own] == [DoorOpened], "who records gets back what he recorded"
    assert await house.books() == (["front"], ["DoorOpened", "DoorShut"])
    assert (house.commits, house.settled) == (1, [True])
    assert house.told == ["settled", "DoorOpened", "DoorShut"]


async def test_what_follows_from_that_is_in_it_too(db: Database) -> None:
    house = House(db)
    house.journal.follow(DoorShut, lambda shut: [Sequel([DoorShut(at=AT, agent_id="")])] if shut.agent_id else ())
    await house.journal.record(DoorOpened(at=AT, call_id="front"))
    assert ((await house.books())[1], house.commits) == (["DoorOpened", "DoorShut", "DoorShut"], 1)


async def test_an_event_that_cannot_be_stored_has_no_sequel(db: Database) -> None:
    house = House(db)
    with pytest.raises(ZeroDivisionError):
        await house.journal.record(DoorOpened(at=AT, call_id="front"), save=lambda c: 1 / 0)
    assert await house.books() == ([], [])
    assert (house.settled, house.told) == ([False], ["settled"])


async def test_an_event_is_not_lost_with_what_follows_from_it(db: Database) -> None:
    house = House(db, refuse=1)
    await house.journal.record(DoorOpened(at=AT, call_id="front"))
    assert await house.books() == (["front"], ["DoorOpened", "DoorShut"])
    assert house.settled == [False, True]
    assert house.told == ["settled", "settled", "DoorShut", "DoorOpened"], "it is stored before others hear the event"


async def test_from_what_is_noted_it_follows_when_that_is_told(db: Database) -> None:
    house = House(db)
    await house.journal.note(DoorOpened(at=AT, call_id="front"))
    await until(lambda: house.settled == [True])
    assert await house.books() == (["front"], ["DoorOpened", "DoorShut"])


async def test_who_fails_to_say_what_follows_keeps_nothing_from_being_written(db: Database, logged: Lines) -> None:
    house = House(db)

    def broken(_shut: DoorShut) -> Sequence[Sequel]:
        raise ZeroDivisionError

    house.journal.follow(DoorShut, broken)
    await house.journal.record(DoorOpened(at=AT, call_id="front"))
    assert (await house.books())[1] == ["DoorOpened", "DoorShut"]
    assert "follower_failed" in logged.actions()


async def test_what_follows_is_told_though_somebody_takes_his_time_with_the_event(db: Database) -> None:
    house, gate = House(db), asyncio.Event()

    async def slow(_recorded: Recorded) -> None:
        await gate.wait()

    house.bus.listen(DoorOpened, slow, last=True)
    recorded = house.journal.begin(DoorOpened(at=AT, call_id="front"))
    await until(lambda: house.told == ["settled", "DoorOpened", "DoorShut"])
    assert not recorded.done(), "who records waits for all who hear it"
    gate.set()
    await recorded
