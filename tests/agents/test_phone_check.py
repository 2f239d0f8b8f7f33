"""P26: who sits at a page becomes ready when its sound was tested, and not before; what a test needs."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agents import store
from agents.events import PhoneChecked
from agents.model import Seat, SeatKind, State
from agents.phone_check import Fault, How, Limits, Measured, PhoneElsewhere, PhoneNotChecked, faults
from agents.service import NotFree
from core import policy
from core.db import Database
from tests.agents.centre import Centre, centre

pytestmark = pytest.mark.integration

LIMITS = Limits.of(policy.load("seed"))
GOOD = Measured(How.ECHO, sent=60, received=60, tone_db=-20, voice_db=-30)


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    """A centre whose seat `s9` is a page; `a1` sits there, and the line of the page is up."""
    async with centre(db, 2) as one:
        seat = Seat("s9", "seat9", "x" * 12, kind=SeatKind.BROWSER)
        await db.write(lambda connection: store.add_seat(connection, seat))
        await one.agents.sign_in("a1", "s9")
        one.agents.phone_checks.is_phone("a1", "page")
        await one.phone(9)
        yield one


@pytest.mark.parametrize(
    ("change", "wanting"),
    [
        ({}, []),
        ({"voice_db": LIMITS.voice_db, "tone_db": LIMITS.tone_db, "sent": LIMITS.packets}, []),
        ({"voice_db": LIMITS.voice_db - 1}, [Fault.MICROPHONE_SILENT]),
        ({"voice_db": None, "tone_db": None}, [Fault.MICROPHONE_SILENT, Fault.NO_ECHO]),
        ({"tone_db": math.nan}, [Fault.NO_ECHO]),
        ({"sent": LIMITS.packets - 1, "received": 0}, [Fault.NOTHING_SENT, Fault.NOTHING_RECEIVED]),
        ({"how": How.TALK, "voice_db": None, "tone_db": None}, []),
        ({"how": How.TALK, "received": 0}, [Fault.NOTHING_RECEIVED]),
    ],
)
def test_what_a_test_needs(change: dict[str, object], wanting: list[Fault]) -> None:
    assert list(faults(replace(GOOD, **change), LIMITS, connected=True)) == wanting  # type: ignore[arg-type]
    assert Fault.NOT_CONNECTED in faults(GOOD, LIMITS, connected=False)


async def test_p26_not_ready_before_the_page_was_tested_and_ready_after(office: Centre) -> None:
    with pytest.raises(PhoneNotChecked):
        await office.agents.set_state("a1", State.READY)
    wanting = await office.agents.phone_checks.report("a1", "page", replace(GOOD, tone_db=None))
    assert wanting == (Fault.NO_ECHO,)
    with pytest.raises(PhoneNotChecked):
        await office.agents.keep_for_own_call("a1", "c1")
    assert await office.agents.phone_checks.report("a1", "page", GOOD) == ()
    await office.agents.set_state("a1", State.READY)
    assert office.agents.roster.routable("a1")
    told = [event.faults for event in await office.story(PhoneChecked) if isinstance(event, PhoneChecked)]
    assert told == [["no_echo"], []]


async def ready(office: Centre) -> None:
    await office.agents.phone_checks.report("a1", "page", GOOD)
    await office.agents.set_state("a1", State.READY)


async def test_p26_another_headset_makes_not_ready_at_once(office: Centre) -> None:
    await ready(office)
    await office.agents.phone_checks.void("a1", "page")
    assert (office.state("a1"), office.cause("a1")) == ("not_ready", "phone_unchecked")
    with pytest.raises(NotFree):
        await office.agents.reserve("a1", "c1")
    with pytest.raises(PhoneElsewhere):
        await office.agents.phone_checks.report("a1", "another page", GOOD)


async def test_p26_a_line_that_was_lost_or_a_page_loaded_anew_is_tested_anew(office: Centre) -> None:
    await ready(office)
    office.agents.phone_checks.is_phone("a1", "page")
    assert office.agents.roster.routable("a1"), "the same page asks again"
    office.agents.phone_checks.is_phone("a1", "new page")
    assert not office.agents.roster.routable("a1")
    await office.agents.phone_checks.report("a1", "new page", GOOD)
    await office.phone(9, there=False)
    await office.phone(9)
    with pytest.raises(PhoneNotChecked):
        await office.agents.set_state("a1", State.READY)


async def test_p26_a_page_lost_in_the_talk_is_not_ready_after_it_unless_the_talk_shows_that_it_works(
    office: Centre,
) -> None:
    for call_id, tested, after in (("c1", True, "ready"), ("c2", False, "not_ready")):
        await ready(office)
        await office.agents.reserve("a1", call_id)
        await office.rang(call_id, "a1")
        await office.answered(call_id, "a1")
        await office.phone(9, there=False)
        await office.phone(9)
        if tested:
            await office.agents.phone_checks.report("a1", "page", Measured(How.TALK, 100, 100))
        await office.released(call_id, "a1")
        await office.agents.finish_wrap_up("a1")
        assert office.state("a1") == after
    agent = office.agents.roster.get("a1")
    assert agent is not None
    assert agent.reason == "phone_unchecked"


async def test_p26_a_restart_of_the_service_asks_only_those_who_were_not_ready(office: Centre) -> None:
    for was_ready in (True, False):
        await ready(office)
        if not was_ready:
            await office.agents.set_state("a1", State.NOT_READY, "rest")
        again = Centre(office.db, office.clock)
        await again.agents.restore({})
        assert again.agents.roster.checked("s9") is was_ready
        await again.agents.phones_are(["seat9"])
        assert await again.agents.phone_checks.report("a1", "page", GOOD) == (), "the page lives on, and need not ask"
        await again.close()


async def test_a_phone_of_its_own_needs_no_test(office: Centre) -> None:
    await office.seat(2)
    assert office.agents.roster.routable("a2")
