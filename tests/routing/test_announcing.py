"""What waiting callers are told of place and wait by the live service, and what it learns from the queues."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.db import Database
from core.errors import Unavailable
from core.tasks import TaskOwner
from routing.announcing import Announcement
from routing.events import QueueAnnounced
from routing.forecast import Told, Words
from routing.service import RoutingService
from tests.agents.centre import centre
from tests.routing.test_service import Hotline
from tests.until import until

pytestmark = pytest.mark.integration

HANDLING = 180.0
"""Seconds of the seed policy: staffing_handling."""


@pytest.fixture
async def hotline(db: Database) -> AsyncIterator[Hotline]:
    async with centre(db, 4) as office:
        one = Hotline(office)
        yield one
        await one.routing.close()


async def busy(hotline: Hotline, *numbers: int) -> None:
    """Let agents sign in and talk with somebody."""
    for number in numbers:
        await hotline.office.seat(number)
        await hotline.routing.request(f"t{number}", "general")
        await hotline.gets(f"t{number}", f"a{number}")
        await hotline.office.rang(f"t{number}", f"a{number}")
        await hotline.office.answered(f"t{number}", f"a{number}")
        await hotline.office.reaches(f"a{number}", "talking")


async def wait(hotline: Hotline, number: int) -> None:
    for one in range(1, number + 1):
        await hotline.routing.request(f"c{one}", "general")
        await hotline.office.advance(1)


async def test_waiting_callers_are_told_their_place_and_the_wait_and_it_is_journaled(hotline: Hotline) -> None:
    await busy(hotline, 1, 2, 3, 4)
    await wait(hotline, 6)
    told = [hotline.routing.announce(f"c{one}") for one in range(1, 7)]
    assert [one.position for one in told if one] == [1, 2, 3, 4, 5, 6]
    assert told[5] == Announcement(6, Told(Words.ABOUT, 2)), "not 6 x 180 s / 4: some ahead will hang up"
    await hotline.office.journal.settle()
    event = (await hotline.office.story(QueueAnnounced))[-1]
    assert isinstance(event, QueueAnnounced)
    assert (event.call_id, event.queue, event.position, event.told) == ("c6", "general", 6, "about 2 min")
    assert event.wait_p50_s is not None
    assert event.wait_p90_s is not None
    assert 130 < event.wait_p50_s < 170 < event.wait_p90_s < 300


async def test_with_one_agent_only_the_place_is_told(hotline: Hotline) -> None:
    await busy(hotline, 1)
    await wait(hotline, 1)
    assert hotline.routing.announce("c1") == Announcement(1, None), "one talk may end at any time"


async def test_agents_on_a_break_serve_nobody(hotline: Hotline) -> None:
    await busy(hotline, 1, 2)
    await hotline.office.seat(3, ready=False)
    await wait(hotline, 3)
    with_two = hotline.routing.expected_wait("general", 3)
    assert with_two is not None
    assert with_two.mean_s > 3 * HANDLING / 2 * 0.6
    await hotline.office.released("t1", "a1")
    await hotline.office.reaches("a1", "wrap_up")
    assert hotline.routing.expected_wait("general", 3) == with_two, "who writes up is at work"


async def test_nothing_is_told_to_who_does_not_wait(hotline: Hotline) -> None:
    assert hotline.routing.announce("stranger") is None
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.gets("c1", "a1")
    assert hotline.routing.announce("c1") is None, "an agent is being rung"
    await hotline.office.journal.settle()
    assert await hotline.office.story(QueueAnnounced) == []
    assert hotline.routing.expected_wait("general", 1) is not None


async def test_with_nobody_signed_in_no_wait_is_known(hotline: Hotline) -> None:
    assert hotline.routing.expected_wait("general", 1) is None
    assert hotline.routing.expected_wait_now(hotline.routing.figures("general")) is None


async def test_who_would_come_now_waits_behind_those_who_wait_or_not_at_all(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    free = hotline.routing.expected_wait_now(hotline.routing.figures("general"))
    assert free is not None
    assert free.p90_s == 0
    await hotline.routing.request("t", "general")
    await hotline.gets("t", "a1")
    await wait(hotline, 2)
    assert hotline.routing.expected_wait_now(hotline.routing.figures("general")) == hotline.routing.expected_wait(
        "general", 3
    )


async def test_longer_talks_and_hang_ups_are_learned_from_the_queue(hotline: Hotline) -> None:
    await busy(hotline, 1, 2)
    await hotline.office.advance(2)
    before = expected(hotline, 1)
    await hotline.office.advance(1800)
    await hotline.office.released("t1", "a1")
    await hotline.office.reaches("a1", "wrap_up")
    await hotline.routing.request("next", "general")
    await hotline.office.advance(31)
    await hotline.gets("next", "a1")
    assert expected(hotline, 1) > 1.1 * before, "a talk of half an hour lengthens the wait"
    longer = expected(hotline, 8)
    for number in range(20):
        await hotline.routing.request(f"g{number}", "general")
    await hotline.office.advance(5)
    for number in range(20):
        await hotline.office.ended(f"g{number}")
    assert expected(hotline, 8) < 0.8 * longer, "callers who hang up after five seconds make it shorter"


async def test_p15_after_a_restart_the_wait_to_be_expected_is_the_same(hotline: Hotline) -> None:
    """What the journal taught the service before, it teaches the one that begins now, beside what that hears."""
    office = hotline.office
    await busy(hotline, 1, 2, 3)
    for number in range(12):
        await hotline.routing.request(f"d{number}", "general")
        await office.advance(20 + 7 * number)
        if number % 3 == 1:
            await office.ended(f"d{number}")
    await office.advance(600)
    await office.released("t1", "a1")
    await office.reaches("a1", "wrap_up")
    await office.advance(31)
    await learned(hotline)
    await office.journal.settle()
    begun_now = RoutingService(office.agents, office.journal, office.db, office.clock, office.policy, print)
    fresh, live = begun_now._announcing, hotline.routing._announcing
    assert fresh._learning.of("general") != live._learning.of("general"), "the policy's alone"
    await fresh.catch_up(office.db)
    assert fresh._learning.of("general") == live._learning.of("general")
    await office.advance(2)  # so long the number at work is kept
    for place in (1, 3, 9):
        assert fresh.expected("general", place) == live.expected("general", place) is not None


@pytest.mark.parametrize("read_first", [True, False])
async def test_what_is_heard_while_it_is_read_is_not_forgotten(hotline: Hotline, read_first: bool) -> None:
    office = hotline.office
    await busy(hotline, 1, 2)
    announcing = hotline.routing._announcing
    reading, go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def read(self, work: object) -> object:
            found = await office.db.read(work) if read_first else None  # type: ignore[arg-type]
            reading.set()
            await go_on.wait()
            return found or await office.db.read(work)  # type: ignore[arg-type]

    tasks = TaskOwner("test")
    catching_up = tasks.start(announcing.catch_up(Slow()), "catch up")  # type: ignore[arg-type]
    await reading.wait()
    await office.advance(1800)
    await office.released("t1", "a1")
    await office.reaches("a1", "wrap_up")
    await office.advance(31)
    await learned(hotline)
    heard = replace(announcing._learning.of("general"))
    await office.journal.settle()
    go_on.set()
    await catching_up
    assert announcing._learning.of("general") == heard
    assert announcing._meanwhile is None


async def test_books_that_do_not_answer_leave_what_is_heard(hotline: Hotline) -> None:
    await busy(hotline, 1, 2)

    class Down:
        async def read(self, work: object) -> object:
            raise Unavailable("down")

    before = expected(hotline, 3)
    await hotline.routing._announcing.catch_up(Down())  # type: ignore[arg-type]
    assert expected(hotline, 3) == before


async def learned(hotline: Hotline) -> None:
    """Wait until the long talk that is over has been learned from."""
    live = hotline.routing._announcing._learning
    await until(lambda: live.of("general").handling_s > HANDLING, what="the talk is learned from")


def expected(hotline: Hotline, position: int) -> float:
    found = hotline.routing.expected_wait("general", position)
    assert found is not None
    return found.mean_s
