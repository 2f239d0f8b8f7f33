"""Presence of agents: sign-in, breaks, reservations, wrap-up, browsers, phones."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agents.events import AgentReserved, AgentStateChanged, AgentStateWished, ReservationReleased
from agents.model import IllegalMove, State
from agents.service import AtAnotherSeat, NoSuchAgent, NoSuchSeat, NotAtSeat, NotFree, PhoneNotRegistered, SeatTaken
from core.db import Database
from core.errors import BadInput
from cti.events import CallDequeued, CallTransferred, Reconciled
from tests.agents.centre import GRACE, LEASE, WRAP_UP, Centre, centre

pytestmark = pytest.mark.integration


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Centre]:
    async with centre(db, 3) as one:
        yield one


async def talk(office: Centre, call_id: str = "c1", agent_id: str = "a1") -> None:
    await office.agents.reserve(agent_id, call_id)
    await office.rang(call_id, agent_id)
    await office.answered(call_id, agent_id)
    assert office.state(agent_id) == "talking"


async def test_a_day_at_the_seat_is_journaled_move_by_move(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.released("c1", "a1")
    await office.agents.finish_wrap_up("a1")
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    await office.agents.sign_out("a1")
    moves = [(e.from_, e.to, e.cause, e.reason, e.call_id) for e in await office.story(AgentStateChanged)]
    assert moves == [
        ("logged_out", "not_ready", "signed_in", None, None),
        ("not_ready", "ready", "asked", None, None),
        ("ready", "reserved", "reserved", None, "c1"),
        ("reserved", "ringing", "rang", None, "c1"),
        ("ringing", "talking", "answered", None, "c1"),
        ("talking", "wrap_up", "call_over", None, "c1"),
        ("wrap_up", "ready", "wrap_up_finished", None, "c1"),
        ("ready", "not_ready", "asked", "meal", None),
        ("not_ready", "logged_out", "signed_out", None, None),
    ]


async def test_signing_in_says_what_is_wrong(office: Centre) -> None:
    await office.seat(1)
    with pytest.raises(SeatTaken):
        await office.agents.sign_in("a2", "s1")
    with pytest.raises(AtAnotherSeat):
        await office.agents.sign_in("a1", "s2")
    with pytest.raises(NoSuchSeat):
        await office.agents.sign_in("a2", "s9")
    with pytest.raises(NoSuchAgent):
        await office.agents.sign_in("a9", "s2")
    assert (await office.agents.sign_in("a1", "s1")).state is State.READY


async def test_two_sign_ins_at_one_seat_side_by_side_leave_one_there(office: Centre) -> None:
    done = await asyncio.gather(
        office.agents.sign_in("a1", "s1"), office.agents.sign_in("a2", "s1"), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Agent", "SeatTaken"]


async def test_p25_not_ready_needs_a_reason_and_a_new_reason_is_a_new_interval(office: Centre) -> None:
    await office.seat(1)
    for reason in (None, "  ", "x" * 65):
        with pytest.raises(BadInput):
            await office.agents.set_state("a1", State.NOT_READY, reason)
    with pytest.raises(BadInput):
        await office.agents.set_state("a1", State.TALKING)
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    await office.agents.set_state("a1", State.NOT_READY, "training")
    reasons = [(e.from_, e.reason) for e in await office.story(AgentStateChanged) if e.to == "not_ready"]
    assert reasons == [("logged_out", None), ("ready", "meal"), ("not_ready", "training")]


async def test_who_is_at_no_seat_can_do_nothing(office: Centre) -> None:
    for doing in (
        office.agents.set_state("a1", State.READY),
        office.agents.sign_out("a1"),
        office.agents.finish_wrap_up("a1"),
    ):
        with pytest.raises(NotAtSeat):
            await doing


async def test_ready_needs_a_phone(office: Centre) -> None:
    await office.agents.sign_in("a1", "s1")
    with pytest.raises(PhoneNotRegistered):
        await office.agents.set_state("a1", State.READY)
    await office.phone(1)
    assert office.state("a1") == "not_ready"
    await office.agents.set_state("a1", State.READY)
    assert office.state("a1") == "ready"


async def test_p8_a_lost_phone_takes_the_seat_out_at_once_and_its_return_does_not_put_it_back(office: Centre) -> None:
    await office.seat(1)
    await office.phone(1, there=False)
    assert (office.state("a1"), office.cause("a1")) == ("not_ready", "seat_lost")
    await office.phone(1)
    assert office.state("a1") == "not_ready"
    with pytest.raises(NotFree):
        await office.agents.reserve("a1", "c1")


async def test_a_phone_lost_in_talk_makes_wrap_up_end_not_ready(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.phone(1, there=False)
    assert office.state("a1") == "talking"
    await office.released("c1", "a1")
    await office.advance(WRAP_UP)
    await office.reaches("a1", "not_ready")


async def test_only_a_ready_agent_is_reserved_and_only_once(office: Centre) -> None:
    await office.seat(1)
    done = await asyncio.gather(
        office.agents.reserve("a1", "c1"), office.agents.reserve("a1", "c2"), return_exceptions=True
    )
    assert [type(one).__name__ for one in done] == ["AgentReserved", "NotFree"]
    reserved = (await office.story(AgentReserved))[0]
    assert (reserved.call_id, reserved.agent_id, reserved.seat_id) == ("c1", "a1", "s1")
    assert (reserved.lease_until - reserved.at).total_seconds() == LEASE


async def test_p4_an_expired_lease_frees_the_agent_and_says_so(office: Centre) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.advance(LEASE - 0.001)
    assert office.state("a1") == "reserved"
    await office.advance(0.001)
    await office.reaches("a1", "ready")
    assert [(e.call_id, e.cause) for e in await office.story(ReservationReleased)] == [("c1", "lease_expired")]


async def test_p4_a_phone_that_rang_to_the_end_of_the_lease_is_taken_out(office: Centre) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.advance(5)
    await office.rang("c1", "a1")
    await office.advance(LEASE - 5)
    await office.reaches("a1", "not_ready")
    assert office.cause("a1") == "lease_expired"


@pytest.mark.parametrize("cause", ["no_answer", "busy", "rejected", "unreachable", "failed", "never heard of"])
async def test_a_miss_takes_the_seat_out_with_its_cause(office: Centre, cause: str) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.rang("c1", "a1")
    await office.missed("c1", "a1", cause)
    assert office.state("a1") == "not_ready"
    assert office.cause("a1") == (cause if " " not in cause else "failed")


@pytest.mark.parametrize("rang", [False, True])
async def test_p1_the_caller_hangs_up_before_the_answer_and_the_seat_is_free(office: Centre, rang: bool) -> None:
    await office.seat(1)
    idle_since = office.agents.roster.get("a1").idle_since
    await office.advance(5)
    await office.agents.reserve("a1", "c1")
    if rang:
        await office.rang("c1", "a1")
    await office.ended("c1")
    assert office.state("a1") == "ready"
    assert office.agents.roster.get("a1").idle_since == idle_since
    assert [e.cause for e in await office.story(ReservationReleased)] == ["caller_hung_up"]


@pytest.mark.parametrize("rings", [False, True])
async def test_p1_who_was_kept_for_a_caller_who_leaves_the_queue_is_ready_at_once(office: Centre, rings: bool) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    if rings:
        await office.rang("c1", "a1")
    await office.say(CallDequeued, call_id="c1", queue="general", why="caller_left")
    assert office.state("a1") == "ready"
    assert [e.cause for e in await office.story(ReservationReleased)] == ["caller_left"]  # type: ignore[attr-defined]


async def test_p1_the_end_of_the_call_ends_the_talk_though_nobody_said_released(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.ended("c1")
    assert office.state("a1") == "wrap_up"


async def test_a_transfer_frees_the_agent_into_wrap_up(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.say(CallTransferred, call_id="c1", agent_id="a1", to="general")
    assert office.state("a1") == "wrap_up"
    await office.agents.finish_wrap_up("a1")
    await office.ended("c1")
    assert office.state("a1") == "ready"


async def test_facts_of_another_call_do_not_move_the_agent(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.missed("c2", "a1")
    await office.released("c2", "a1")
    await office.ended("c2")
    assert office.state("a1") == "talking"


async def test_p5_a_phone_rung_for_a_second_call_is_journaled_and_moves_nobody(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.rang("c2", "a1")
    await office.answered("c2", "a1")
    assert office.agents.roster.get("a1").call_id == "c1"
    assert [e.done for e in await office.story(Reconciled)] == ["ignored", "ignored"]


async def test_presence_follows_a_phone_answered_after_the_lease(office: Centre) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.advance(LEASE)
    await office.reaches("a1", "ready")
    await office.answered("c1", "a1")
    assert (office.state("a1"), office.agents.roster.get("a1").call_id) == ("talking", "c1")
    assert [e.call_id for e in await office.story(Reconciled)] == ["c1"]


async def test_p6_wrap_up_ends_exactly_at_its_limit_for_each_agent(office: Centre) -> None:
    for number in (1, 2):
        await office.seat(number)
        await talk(office, f"c{number}", f"a{number}")
    await office.released("c1", "a1")
    await office.advance(10)
    await office.released("c2", "a2")
    await office.advance(WRAP_UP - 10 - 0.001)
    assert (office.state("a1"), office.state("a2")) == ("wrap_up", "wrap_up")
    await office.advance(0.001)
    await office.reaches("a1", "ready")
    assert office.state("a2") == "wrap_up"
    await office.advance(10)
    await office.reaches("a2", "ready")


async def test_p6_a_finished_wrap_up_does_not_end_the_next_one_early(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.released("c1", "a1")
    await office.advance(WRAP_UP - 1)
    await office.agents.finish_wrap_up("a1")
    await talk(office, "c2")
    await office.released("c2", "a1")
    await office.advance(WRAP_UP - 1)
    assert office.state("a1") == "wrap_up"
    with pytest.raises(NotFree):
        await office.agents.reserve("a1", "c3")


@pytest.mark.parametrize(("wish", "then"), [("meal", "not_ready"), (None, "logged_out")])
async def test_p7_a_wish_during_the_call_comes_after_wrap_up(office: Centre, wish: str | None, then: str) -> None:
    await office.seat(1)
    await talk(office)
    await (office.agents.set_state("a1", State.NOT_READY, wish) if wish else office.agents.sign_out("a1"))
    await office.released("c1", "a1")
    assert office.state("a1") == "wrap_up"
    await office.advance(WRAP_UP)
    await office.reaches("a1", then)
    assert office.agents.roster.get("a1").reason == wish
    assert [(e.wanted, e.reason) for e in await office.story(AgentStateWished)] == [(then, wish)]


async def test_p7_a_wish_is_taken_back_by_wishing_ready(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    await office.agents.set_state("a1", State.READY)
    await office.released("c1", "a1")
    await office.agents.finish_wrap_up("a1")
    assert office.state("a1") == "ready"


async def test_p7_a_wish_for_a_break_holds_when_the_caller_hangs_up_first(office: Centre) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    await office.ended("c1")
    assert (office.state("a1"), office.agents.roster.get("a1").reason) == ("not_ready", "meal")


async def test_ready_in_wrap_up_finishes_it_and_a_break_waits_for_its_end(office: Centre) -> None:
    await office.seat(1)
    await talk(office)
    await office.released("c1", "a1")
    await office.agents.set_state("a1", State.NOT_READY, "meal")
    assert office.state("a1") == "wrap_up"
    await office.agents.set_state("a1", State.READY)
    assert (office.state("a1"), office.agents.roster.get("a1").wish) == ("ready", None)
    with pytest.raises(IllegalMove):
        await office.agents.finish_wrap_up("a1")


async def test_p8_a_browser_that_stays_away_takes_the_seat_out_after_the_grace(office: Centre) -> None:
    await office.seat(1)
    await office.agents.pages.opened("a1")
    office.agents.pages.gone("a1")
    await office.advance(GRACE - 1)
    assert office.state("a1") == "ready"
    await office.advance(1)
    await office.reaches("a1", "not_ready")
    assert office.cause("a1") == "desktop_gone"


async def test_a_reloaded_page_costs_nothing(office: Centre) -> None:
    await office.seat(1)
    await office.agents.pages.opened("a1")
    office.agents.pages.gone("a1")
    await office.advance(GRACE - 1)
    await office.agents.pages.opened("a1")
    await office.advance(GRACE * 3)
    assert office.state("a1") == "ready"


async def test_p9_a_browser_lost_in_talk_keeps_the_call_and_no_other_follows(office: Centre) -> None:
    await office.seat(1)
    await office.agents.pages.opened("a1")
    await talk(office)
    office.agents.pages.gone("a1")
    await office.advance(GRACE)
    assert office.state("a1") == "talking"
    await office.released("c1", "a1")
    await office.agents.finish_wrap_up("a1")
    assert office.state("a1") == "not_ready"


async def test_p9_a_browser_back_in_talk_is_forgiven(office: Centre) -> None:
    await office.seat(1)
    await office.agents.pages.opened("a1")
    await talk(office)
    office.agents.pages.gone("a1")
    await office.advance(GRACE)
    await office.agents.pages.opened("a1")
    await office.released("c1", "a1")
    await office.agents.finish_wrap_up("a1")
    assert office.state("a1") == "ready"


async def test_a_release_frees_only_the_call_that_it_names(office: Centre) -> None:
    await office.seat(1)
    await office.agents.reserve("a1", "c1")
    assert not await office.agents.release("a1", "c2", "call_gone")
    assert await office.agents.release("a1", "c1", "call_gone")
    assert office.state("a1") == "ready"
    assert not await office.agents.release("a1", "c1", "call_gone")
