"""Agents held by calls that are gone, or free while a call has them: put right at the second sighting."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.db import Database
from cti.events import Reconciled
from cti.model import Call, CallState
from cti.sweep import Sighting
from tests.agents.centre import Centre, centre

pytestmark = pytest.mark.integration

NOTHING = Sighting({}, frozenset())


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    async with centre(db, 3) as one:
        await one.seat(1)
        yield one


def call(office: Centre, state: CallState, agent_id: str = "a1") -> Call:
    blank = Call("c1", "13800000001", True, "95598", state, office.clock.now())
    return replace(blank, agent_id=agent_id, seat_id="s1", seat_channel_id="c1-seat-1")


async def brought_to(office: Centre, state: str) -> None:
    await office.agents.reserve("a1", "c1")
    if state != "reserved":
        await office.rang("c1", "a1")
    if state == "talking":
        await office.answered("c1", "a1")


@pytest.mark.parametrize(("state", "then"), [("reserved", "ready"), ("ringing", "ready"), ("talking", "wrap_up")])
async def test_p01_an_agent_held_by_no_call_is_free_at_the_second_sighting(
    office: Centre, state: str, then: str
) -> None:
    await brought_to(office, state)
    assert office.agents.ghosts.any_booked()
    await office.agents.ghosts.compare(NOTHING)
    assert office.state("a1") == state, "one sighting is not enough"
    await office.agents.ghosts.compare(NOTHING)
    assert (office.state("a1"), office.cause("a1")) == (then, "reconciled")
    (told,) = await office.story(Reconciled)
    assert (told.agent_id, told.call_id) == ("a1", "c1")  # type: ignore[attr-defined]


async def test_who_moved_between_two_sightings_is_left_alone(office: Centre) -> None:
    await brought_to(office, "ringing")
    await office.agents.ghosts.compare(NOTHING)
    await office.answered("c1", "a1")
    await office.agents.ghosts.compare(NOTHING)
    assert office.state("a1") == "talking"


async def test_whose_phone_is_in_a_call_is_left_alone(office: Centre) -> None:
    """A consultation has a phone in a call of somebody else."""
    await brought_to(office, "talking")
    elsewhere = Sighting({"c1": call(office, CallState.TALKING, "a2")}, frozenset({"seat1"}))
    for _ in range(3):
        await office.agents.ghosts.compare(elsewhere)
    assert office.state("a1") == "talking"


@pytest.mark.parametrize(("state", "how"), [(CallState.RINGING, "ringing"), (CallState.HELD, "talking")])
async def test_p01_whom_a_call_has_is_put_there(office: Centre, state: CallState, how: str) -> None:
    sighting = Sighting({"c1": call(office, state)}, frozenset({"seat1"}))
    await office.agents.ghosts.compare(sighting)
    assert office.state("a1") == "ready"
    await office.agents.ghosts.compare(sighting)
    assert (office.state("a1"), office.cause("a1")) == (how, "reconciled")
    await office.agents.ghosts.compare(sighting)
    await office.agents.ghosts.compare(sighting)
    assert len(await office.story(Reconciled)) == 1


async def test_a_healthy_day_is_not_touched(office: Centre) -> None:
    await office.agents.ghosts.compare(NOTHING)
    await brought_to(office, "talking")
    for _ in range(3):
        await office.agents.ghosts.compare(Sighting({"c1": call(office, CallState.TALKING)}, frozenset()))
    await office.released("c1", "a1")
    for _ in range(3):
        await office.agents.ghosts.compare(NOTHING)
    assert office.state("a1") == "wrap_up"
    assert await office.story(Reconciled) == []
    assert not office.agents.ghosts.any_booked()
