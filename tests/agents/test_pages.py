"""The presence lease: page silent, page gone, phone gone; who is not there gets no call, and who talks goes on."""

from collections.abc import AsyncIterator

import pytest

from agents import store
from agents.model import PageRule, State
from agents.presence import Around
from agents.service import NotFree, PageNotOpen
from core.db import Database
from tests.agents.centre import GRACE, Centre, centre

pytestmark = pytest.mark.integration

OFFER, LOST = 1, 10
"""Seconds of the seed policy: desktop_offer_grace, seat_lost_grace."""


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    async with centre(db, 3) as one:
        yield one


def withdrawn(office: Centre) -> list[tuple[str, str, str]]:
    """What is taken back from now on: call, agent, why."""
    taken: list[tuple[str, str, str]] = []

    def withdraw(call_id: str, agent_id: str, why: str) -> bool:
        taken.append((call_id, agent_id, why))
        return True

    office.agents.know(Around(withdraw=withdraw))
    return taken


async def rule(office: Centre, page: PageRule, number: int = 1) -> None:
    await office.db.write(lambda connection: store.change_seat(connection, f"s{number}", page=page.value))
    await office.agents.refresh_seats()


def routable(office: Centre, agent_id: str = "a1") -> bool:
    inside = agent_id in [agent.agent_id for agent in office.agents.roster.idle()]
    assert inside == office.agents.roster.routable(agent_id)
    return inside


async def test_p08_a_silent_page_is_offered_nothing_from_that_moment_and_keeps_its_turn(office: Centre) -> None:
    await office.seat(1)
    idle_since = office.agents.roster.get("a1").idle_since
    await office.agents.pages.opened("a1")
    assert routable(office)
    office.agents.pages.silent("a1")
    assert not routable(office)
    with pytest.raises(NotFree):
        await office.agents.reserve("a1", "c1")
    await office.advance(GRACE * 2)
    assert office.state("a1") == "ready", "a page that only falls silent is not signed out (P27)"
    woken = []
    office.agents.when_phones_are_known(lambda: woken.append(routable(office)))
    office.agents.pages.heard("a1")
    assert woken == [True], "who waits is offered at once"
    assert office.agents.roster.get("a1").idle_since == idle_since


async def test_p08_a_closed_page_is_offered_nothing_at_once_and_not_ready_after_its_grace(office: Centre) -> None:
    await office.seat(1)
    await office.agents.pages.opened("a1")
    office.agents.pages.gone("a1")
    assert (office.state("a1"), routable(office)) == ("ready", False)
    await office.advance(GRACE)
    await office.reaches("a1", "not_ready")
    await office.agents.set_state("a1", State.READY)
    assert routable(office), "who closed the page may go on by phone alone"


@pytest.mark.parametrize("rings", [False, True])
async def test_p08_what_is_offered_to_who_is_gone_is_taken_back(office: Centre, rings: bool) -> None:
    taken = withdrawn(office)
    await office.seat(1)
    await office.agents.pages.opened("a1")
    await office.agents.reserve("a1", "c1")
    if rings:
        await office.rang("c1", "a1")
    office.agents.pages.silent("a1")
    await office.advance(OFFER - 0.001)
    assert taken == []
    await office.advance(0.001)
    assert taken == [("c1", "a1", "desktop_gone")]
    await office.rang("c1", "a1")
    await office.missed("c1", "a1", "desktop_gone")
    assert (office.state("a1"), office.cause("a1")) == ("not_ready", "desktop_gone")


async def test_p08_a_page_that_is_reloaded_while_the_phone_rings_takes_nothing_back(office: Centre) -> None:
    taken = withdrawn(office)
    await office.seat(1)
    await office.agents.pages.opened("a1")
    await office.agents.reserve("a1", "c1")
    office.agents.pages.gone("a1")
    await office.advance(OFFER - 0.1)
    await office.agents.pages.opened("a1")
    await office.advance(GRACE * 2)
    assert (taken, office.state("a1")) == ([], "ready"), "the lease of the reservation has lapsed by itself"


async def test_p08_a_phone_lost_while_it_rings_takes_the_offer_back_at_once(office: Centre) -> None:
    taken = withdrawn(office)
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.rang("c1", "a1")
    await office.phone(1, there=False, why="unreachable")
    assert taken == [("c1", "a1", "seat_lost")]


async def test_p27_a_phone_that_answers_late_gets_no_call_and_is_not_thrown_out(office: Centre) -> None:
    await office.seat(1)
    await office.phone(1, there=False, why="unreachable")
    assert (office.state("a1"), routable(office)) == ("ready", False)
    await office.advance(LOST - 1)
    await office.phone(1)
    await office.advance(LOST * 2)
    assert (office.state("a1"), routable(office)) == ("ready", True)
    await office.phone(1, there=False, why="unreachable")
    await office.advance(LOST)
    await office.reaches("a1", "not_ready")
    assert office.cause("a1") == "seat_lost"


async def test_p08_a_talk_is_not_disturbed_by_page_or_phone(office: Centre) -> None:
    taken = withdrawn(office)
    await office.seat(1)
    await office.agents.pages.opened("a1")
    await office.agents.reserve("a1", "c1")
    await office.rang("c1", "a1")
    await office.answered("c1", "a1")
    office.agents.pages.gone("a1")
    await office.phone(1, there=False)
    await office.advance(GRACE * 2)
    assert (office.state("a1"), taken) == ("talking", [])


async def test_at_a_seat_that_needs_a_page_nobody_is_ready_without_one(office: Centre) -> None:
    await office.seat(1, ready=False)
    await rule(office, PageRule.REQUIRED)
    with pytest.raises(PageNotOpen):
        await office.agents.set_state("a1", State.READY)
    await office.agents.pages.opened("a1")
    await office.agents.set_state("a1", State.READY)
    assert routable(office)
    office.agents.pages.gone("a1")
    await office.advance(GRACE)
    await office.reaches("a1", "not_ready")
    with pytest.raises(PageNotOpen):
        await office.agents.set_state("a1", State.READY)


async def test_at_a_seat_of_a_phone_alone_pages_come_and_go(office: Centre) -> None:
    taken = withdrawn(office)
    await office.seat(1)
    await rule(office, PageRule.IGNORED)
    await office.agents.pages.opened("a1")
    office.agents.pages.gone("a1")
    assert routable(office)
    await office.agents.reserve("a1", "c1")
    await office.advance(GRACE)
    assert (office.state("a1"), taken) == ("reserved", [])


async def test_who_never_opened_a_page_works_by_phone_alone(office: Centre) -> None:
    await office.seat(1)
    assert routable(office)
    office.agents.pages.silent("a1")
    assert routable(office)


async def test_a_page_opened_before_the_seat_was_taken_counts(office: Centre) -> None:
    await office.agents.pages.opened("a1")
    await office.seat(1)
    assert routable(office)
    office.agents.pages.silent("a1")
    assert not routable(office)
