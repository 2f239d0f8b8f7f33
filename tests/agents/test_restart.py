"""A service killed between any two lines: what is stored is whole, and what differs from the PBX is repaired."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import OperationalError

from agents.events import AgentStateChanged, ReservationReleased
from agents.model import State
from agents.service import NotFree, StillStarting
from agents.store import StalePresence
from core.db import Database
from cti.events import Reconciled
from tests.agents.centre import GRACE, LEASE, WRAP_UP, Centre, centre
from tests.until import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    async with centre(db, 2) as one:
        yield one


def killed(office: Centre) -> Centre:
    """The next life of the service: same database and time, nothing of the memory."""
    return Centre(office.db, office.clock)


async def restarted(office: Centre, live: dict[str, tuple[str, str]] | None = None) -> Centre:
    second = killed(office)
    await second.agents.phones_are(["seat1", "seat2"])
    await second.agents.restore(live or {})
    return second


async def in_call(office: Centre, upto: str) -> None:
    """Bring a1 to this state with call c1."""
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    if upto in ("ringing", "talking", "wrap_up"):
        await office.rang("c1", "a1")
    if upto in ("talking", "wrap_up"):
        await office.answered("c1", "a1")
    if upto == "wrap_up":
        await office.released("c1", "a1")
    assert office.state("a1") == upto


@pytest.mark.parametrize(
    ("was", "live", "then"),
    [
        # Killed after AgentReserved: the offer to the call is lost with the memory.
        ("reserved", None, "ready"),
        # Killed after the phone was dialled, before AgentRang was stored; after AgentAnswered, before presence was.
        ("reserved", "ringing", "ringing"),
        ("reserved", "talking", "talking"),
        # Killed while ringing: the caller hung up meanwhile; rings on; was answered meanwhile.
        ("ringing", None, "ready"),
        ("ringing", "ringing", "ringing"),
        ("ringing", "talking", "talking"),
        # Killed in talk: it ended meanwhile; goes on.
        ("talking", None, "wrap_up"),
        ("talking", "talking", "talking"),
        # Killed after CallReleased in wrap-up; a call that the PBX has all the same wins.
        ("wrap_up", None, "wrap_up"),
        ("wrap_up", "talking", "talking"),
    ],
)
async def test_p1_after_a_kill_presence_is_where_the_call_is(
    office: Centre, was: str, live: str | None, then: str
) -> None:
    await in_call(office, was)
    second = await restarted(office, {"a1": ("c1", live)} if live else {})
    assert second.state("a1") == then
    assert await second.stored("a1", then)
    differed = [(e.agent_id, e.call_id) for e in await second.story(Reconciled)]
    assert differed == ([] if was == then else [("a1", "c1")])
    await second.close()


async def test_who_answered_while_nobody_controlled_the_call_is_ready_again(office: Centre) -> None:
    await in_call(office, "ringing")
    second = await restarted(office, {"a1": ("c1", "ringing")})
    await second.missed("c1", "a1", "restart")
    await second.reaches("a1", "ready")
    assert second.cause("a1") == "restart"
    await second.close()


async def test_a_phone_that_rings_anew_after_a_restart_has_a_whole_lease(office: Centre) -> None:
    await in_call(office, "ringing")
    await office.clock.advance(LEASE - 1)
    second = await restarted(office, {"a1": ("c1", "ringing")})
    await office.clock.advance(LEASE - 1)
    assert second.state("a1") == "ringing", "free beside a phone that rings, another call could ring it"
    await office.clock.advance(2)
    await until(lambda: second.stored("a1", "not_ready"))
    await second.close()


async def test_an_agent_found_in_another_call_than_stored_goes_there(office: Centre) -> None:
    await in_call(office, "talking")
    second = await restarted(office, {"a1": ("c2", "talking")})
    agent = second.agents.roster.get("a1")
    assert (agent.state, agent.call_id) == (State.TALKING, "c2")
    moves = [(e.from_, e.to) for e in await second.story(AgentStateChanged)][-2:]
    assert moves == [("talking", "wrap_up"), ("wrap_up", "talking")]
    await second.close()


async def test_who_was_ready_or_on_a_break_is_so_again(office: Centre) -> None:
    await office.seat(1)
    await office.seat(2)
    await office.agents.set_state("a2", State.NOT_READY, "meal")
    second = await restarted(office)
    assert (second.state("a1"), second.state("a2")) == ("ready", "not_ready")
    assert second.agents.roster.get("a2").reason == "meal"
    await second.agents.reserve("a1", "c1")
    await second.close()


async def test_wrap_up_goes_on_with_what_is_left(office: Centre) -> None:
    await in_call(office, "wrap_up")
    await office.advance(WRAP_UP - 10)
    second = await restarted(office)
    await office.agents.close()
    await second.advance(9.999)
    assert second.state("a1") == "wrap_up"
    await second.advance(0.001)
    await second.reaches("a1", "ready")
    await second.close()


async def test_a_wrap_up_that_ended_while_we_were_dead_ends_at_once(office: Centre) -> None:
    await in_call(office, "wrap_up")
    await office.agents.close()
    await office.advance(WRAP_UP + 5)
    second = await restarted(office)
    await second.reaches("a1", "ready")
    await second.close()


async def test_a_wish_survives(office: Centre) -> None:
    await in_call(office, "talking")
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    second = await restarted(office, {"a1": ("c1", "talking")})
    await second.released("c1", "a1")
    await second.agents.finish_wrap_up("a1")
    assert second.agents.roster.get("a1").reason == "meal"
    await second.close()


async def test_p8_a_browser_that_does_not_come_back_takes_the_seat_out(office: Centre) -> None:
    for number in (1, 2):
        await office.seat(number)
        await office.agents.pages.opened(f"a{number}")
    second = await restarted(office)
    await second.agents.pages.opened("a2")
    await second.advance(GRACE)
    await second.reaches("a1", "not_ready")
    assert second.state("a2") == "ready"
    await second.close()


async def test_nobody_is_routable_before_the_pbx_spoke_and_nobody_is_blamed(office: Centre) -> None:
    await in_call(office, "reserved")
    second = killed(office)
    await second.agents.restore({})
    assert second.state("a1") == "ready"
    with pytest.raises(NotFree):
        await second.agents.reserve("a1", "c2")
    await second.agents.phones_are(["seat1"])
    await second.agents.reserve("a1", "c2")
    await second.close()


async def test_p8_a_phone_gone_during_the_restart_takes_the_seat_out(office: Centre) -> None:
    await office.seat(1)
    await office.seat(2)
    second = killed(office)
    await second.agents.restore({})
    await second.agents.phones_are(["seat2"])
    assert (second.state("a1"), second.cause("a1")) == ("not_ready", "seat_lost")
    assert second.state("a2") == "ready"
    await second.close()


async def test_nobody_signs_in_before_presence_is_loaded(office: Centre) -> None:
    second = killed(office)
    with pytest.raises(StillStarting):
        await second.agents.sign_in("a1", "s1")
    await second.agents.load()
    await second.agents.sign_in("a1", "s1")
    await second.agents.restore({})
    assert second.state("a1") == "not_ready"
    await second.close()


async def test_p1_after_a_reconnect_only_those_in_a_live_call_stay_in_one(office: Centre) -> None:
    await in_call(office, "talking")
    await office.seat(2)
    await office.agents.reserve("a2", "c2")
    await office.agents.reconcile({})
    assert (office.state("a1"), office.state("a2")) == ("wrap_up", "ready")
    assert [e.agent_id for e in await office.story(Reconciled)] == ["a1", "a2"]


async def test_p22_two_services_on_one_database_cannot_both_have_the_agent(office: Centre) -> None:
    await office.seat(1)
    second = await restarted(office)
    await office.agents.reserve("a1", "c1")
    with pytest.raises(StalePresence):
        await second.agents.reserve("a1", "c2")
    assert [e.call_id for e in await office.story(AgentStateChanged) if e.to == "reserved"] == ["c1"]
    await second.close()


class Refusing:
    """A database that refuses the writes of one kind."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.refuses = 0
        self.read = db.read

    async def write(self, work):
        return await self.begin(work)

    def begin(self, work):
        if not self.refuses:
            return self._db.begin(work)
        self.refuses -= 1
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(OperationalError("INSERT", {}, Exception("disk full")))
        return refused


async def test_what_storage_refuses_has_not_happened(db: Database) -> None:
    refusing = Refusing(db)
    office = Centre(refusing)
    await office.hire(1)
    await office.agents.restore({})
    await office.seat(1)
    refusing.refuses = 1
    with pytest.raises(OperationalError):
        await office.agents.reserve("a1", "c1")
    assert (office.state("a1"), office.agents.roster.routable("a1")) == ("ready", True)
    await office.agents.reserve("a1", "c2")
    assert [e.call_id for e in await office.story(AgentStateChanged) if e.to == "reserved"] == ["c2"]
    await office.close()


async def test_p4_a_deadline_that_storage_refused_is_tried_again(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    refusing = Refusing(db)
    office = Centre(refusing)
    await office.hire(1)
    await office.agents.restore({})
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    refusing.refuses = 1
    await office.advance(LEASE)
    await office.reaches("a1", "reserved")
    await office.advance(1)
    await office.reaches("a1", "ready")
    assert [e.cause for e in await office.story(ReservationReleased)] == ["lease_expired"]
    assert "task failed" in caplog.text
    await office.close()
