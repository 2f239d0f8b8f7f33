"""One callback for each wish and one open one for each number, whoever is faster, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from core import policy
from core.bus import Bus
from core.calendar import is_working_day
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput
from core.journal import Journal, since
from desk.callbacks import speech
from desk.callbacks.events import CallbackBooked
from desk.callbacks.model import Hours, Part, State, Wish, dialable, not_before, window
from desk.callbacks.service import CallbackService
from tests.desk.killed import AT

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Shanghai")
WISH = Wish("c1:callback", "c1", "13800000001", "general", AT)


class Desk:
    """Two processes with one database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.journals = [Journal(db, Bus()), Journal(db, Bus())]
        rules, clock = policy.load("seed"), FakeClock(AT)
        self.one, self.two = (CallbackService(j, db, clock, rules, ZONE) for j in self.journals)


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    made = Desk(db)
    yield made
    for journal in made.journals:
        await journal.close()


async def booked(desk: Desk) -> list[str]:
    story = [r.event for r in await desk.db.read(lambda c: since(c, 0))]
    return [event.call_id for event in story if isinstance(event, CallbackBooked)]


async def test_a_wish_told_twice_and_another_of_the_same_number_are_one_callback(desk: Desk) -> None:
    first, mine = await desk.one.book(WISH)
    assert mine
    assert await desk.two.book(WISH) == (first, True)
    assert await desk.two.book(replace(WISH, token="c2:callback", call_id="c2")) == (first, False)
    assert await desk.two.book(replace(WISH, phone="13900000009")) == (first, True), "one for a call"
    other, mine = await desk.one.book(replace(WISH, token="c3:callback", call_id="c3", phone="13900000009"))
    assert mine
    assert {one.id for one in await desk.one.callbacks(State.BOOKED)} == {first.id, other.id}
    assert await booked(desk) == ["c1", "c3"]


async def test_two_processes_at_once_book_one(desk: Desk) -> None:
    wishes = [replace(WISH, token=f"c{n}:callback", call_id=f"c{n}") for n in range(8)]
    both = (desk.one, desk.two)
    made = await asyncio.gather(*(both[n % 2].book(wish) for n, wish in enumerate(wishes)))
    assert len({callback.id for callback, _ in made}) == 1
    assert [mine for _, mine in made].count(True) == 1
    assert len(await booked(desk)) == 1


@pytest.mark.parametrize("phone", ["110", "95598", "0085212345678", "008613800000001", "unknown", "1380000000", "4008"])
async def test_numbers_that_could_cost_or_do_harm_are_not_rung(desk: Desk, phone: str) -> None:
    with pytest.raises(BadInput):
        await desk.one.book(replace(WISH, phone=phone))


def test_mobiles_and_landlines_with_area_code_are() -> None:
    assert all(map(dialable, ("13800000001", "01012345678", "057912345678")))


@pytest.mark.parametrize(
    ("hour", "begins"), [(7, "22T08:00"), (8, "22T08:30"), (20, "22T20:30"), (21, "23T08:00"), (23, "23T08:00")]
)
def test_nobody_is_rung_at_night(hour: int, begins: str) -> None:
    now = datetime(2026, 11, 22, hour, 30, tzinfo=ZONE)
    assert not_before(now, 8, 21).isoformat()[8:16] == begins


def test_the_hour_is_said() -> None:
    late, begins = datetime(2026, 11, 22, 23, tzinfo=ZONE), datetime(2026, 11, 23, 8, tzinfo=ZONE)
    assert speech.later(begins, late).text == "已为您预约，我们将在明天八点以后回拨。"
    assert "幺三八" in speech.number_said("13800000001").text


HOURS = Hours(8, 21, (8, 12), (14, 18), 3600)


@pytest.mark.parametrize(
    ("at", "part", "begins", "ends"),
    [
        ("2026-11-23T07:00", Part.MORNING, "23T08:00", "23T12:00"),
        ("2026-11-23T11:00", Part.MORNING, "23T08:00", "23T12:00"),
        ("2026-11-23T11:01", Part.MORNING, "24T08:00", "24T12:00"),
        ("2026-11-23T11:01", Part.AFTERNOON, "23T14:00", "23T18:00"),
        ("2026-11-20T17:30", Part.AFTERNOON, "23T14:00", "23T18:00"),
        ("2026-11-21T09:00", Part.MORNING, "23T08:00", "23T12:00"),
        ("2026-11-21T22:00", Part.SOON, "22T08:00", None),
    ],
)
def test_a_part_of_an_office_day_is_the_next_of_which_enough_is_left(
    at: str, part: Part, begins: str, ends: str | None
) -> None:
    found = window(datetime.fromisoformat(at).replace(tzinfo=ZONE), part, HOURS, is_working_day)
    assert found.begins.isoformat()[8:16] == begins
    assert (found.ends.isoformat()[8:16] if found.ends else None) == ends


async def test_the_part_of_the_day_is_kept_and_journaled(desk: Desk) -> None:
    made, _ = await desk.one.book(WISH, Part.MORNING)
    assert made.window.ends is not None
    assert await desk.two.callbacks(State.BOOKED) == [made]
    [event] = [r.event for r in await desk.db.read(lambda c: since(c, 0))]
    assert isinstance(event, CallbackBooked)
    assert (event.not_before, event.not_after) == (made.window.begins, made.window.ends)


def test_the_part_of_the_day_is_said() -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=ZONE)
    begins, ends = (datetime(2026, 11, 23, hour, tzinfo=ZONE) for hour in (8, 12))
    assert speech.within(begins, ends, now).text == "已为您预约，我们将在明天八点至十二点之间回拨。"
