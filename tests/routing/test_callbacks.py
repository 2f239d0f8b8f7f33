"""P18: a callback keeps its place without a call and is rung exactly once for each try, on both engines."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agents.events import AgentReserved
from agents.model import State as AgentState
from core.clock import FakeClock
from core.db import Database
from core.errors import BadInput, Conflict, Forbidden
from cti.events import CalleeRang, CallPlaced
from desk.callbacks.events import AbandonedTaken, CallbackClosed, CallbackDialled, CallbackMissed, CallbackSkipped
from desk.callbacks.model import Outcome, Part, State
from routing.callbacks.by_hand import NoSuchCallback, NotAbandoned
from tests.routing.ringing import MORNING, LastingPbx, Ringing, soon

pytestmark = pytest.mark.integration

ANNE, BORIS = "13800000001", "13900000002"


class House:
    """A centre with two agents that may be killed and started again."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, FakeClock(MORNING)
        self.pbx = LastingPbx(self.clock)
        self.now = Ringing(db, self.clock, self.pbx)

    async def start(self) -> Ringing:
        self.now.start()
        await soon(lambda: self.now.calls.pbx_trouble is None, what="calls are served")
        return self.now

    async def again(self) -> Ringing:
        """Killed and started again."""
        await self.now.stop()
        phones, self.now = self.now.phones, Ringing(self.db, self.clock, self.pbx)
        self.now.phones = phones
        return await self.start()


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    made = House(db)
    await made.now.centre.hire(2)
    await made.start()
    yield made
    await made.now.stop()


async def sits(centre: Ringing, number: int = 1, *, ready: bool = True) -> str:
    centre.phones.append(f"seat{number}")
    return await centre.centre.seat(number, ready=ready)


async def test_p18_the_agent_first_then_the_customer_through_a_kill_at_each_step(house: House) -> None:
    """The service is killed while it stands in the queue, while either phone rings, and in the talk."""
    one = await house.again()
    booked = await one.book("c1", ANNE, waited_s=300)
    one = await house.again()
    agent = await sits(one)
    seat = await one.seat_rings()
    assert house.pbx.customers() == []
    assert one.centre.state(agent) == "ringing"
    one = await house.again()
    assert house.pbx.seats()[0].id == seat
    house.pbx.pick_up(seat)
    customer = await one.customer_rings()
    one = await house.again()
    assert [channel.id for channel in house.pbx.customers()] == [customer]
    house.pbx.pick_up(customer)
    done = await one.state(booked.id, state=State.CLOSED, outcome=Outcome.ANSWERED)
    assert (done.calls, done.misses, done.agent_id) == (1, 0, agent)
    one = await house.again()
    await soon(lambda: one.centre.state(agent) == "talking", what="they talk on")
    house.pbx.gone(customer)
    await soon(lambda: one.centre.state(agent) == "wrap_up", what="the talk is over")
    assert [dial.number for dial, _ in house.pbx.rung] == [ANNE]
    [dialled] = await one.story(CallbackDialled)
    assert isinstance(dialled, CallbackDialled)
    assert (dialled.callback_id, dialled.of_call, dialled.number, dialled.waited_s) == (booked.id, "c1", 1, 300.0)
    [placed] = await one.story(CallPlaced)
    assert isinstance(placed, CallPlaced)
    assert (placed.dialled, placed.number, placed.call_id) == (ANNE, "95598", dialled.call_id)
    kinds = [type(event) for event in await one.story(AgentReserved, CallPlaced, CalleeRang)]
    assert kinds == [AgentReserved, CallPlaced, CalleeRang]


async def test_p18_a_call_that_was_booked_and_never_begun_rings_nobody_and_is_tried_again(house: House) -> None:
    """Killed between the commit and the first phone: the next service finds no channel and begins another call."""
    one = house.now
    booked = await one.book("c1", ANNE)
    house.pbx.dials_nothing = True
    agent = await sits(one)
    await one.state(booked.id, state=State.DIALLING)
    house.pbx.dials_nothing = False
    one = await house.again()
    seat = await one.seat_rings()
    assert seat.endswith("-2")
    assert (await one.state(booked.id, calls=2)).misses == 0
    house.pbx.pick_up(seat)
    house.pbx.pick_up(await one.customer_rings())
    await one.state(booked.id, outcome=Outcome.ANSWERED)
    assert len(house.pbx.rung) == 1
    assert one.centre.state(agent) == "talking"


async def test_in_order_of_waiting_among_callers_and_never_two_for_one(house: House) -> None:
    one = house.now
    agent = await sits(one, ready=False)
    later = await one.book("c1", ANNE, waited_s=30)
    first = await one.book("c2", BORIS, waited_s=90)
    await soon(lambda: {first.id, later.id} <= set(one.ring.known.ids()), what="the callbacks are known")
    house.pbx.call("1003.7", "13700000003")
    await soon(lambda: one.routing.figures("general").waiting == 1, what="the caller waits, alone in the figures")
    await soon(lambda: one.routing.position("1003.7") == 3, what="both callbacks stand before the caller")
    await one.routing.sweep({"1003.7"})  # a place without a call is no ghost when nobody is to be on the line
    assert one.routing.position("1003.7") == 3
    await one.centre.agents.set_state(agent, AgentState.READY)
    for number, who in ((BORIS, first), (ANNE, later)):
        house.pbx.pick_up(await one.seat_rings())
        customer = await one.customer_rings()
        assert house.pbx.rung[-1][0].number == number
        house.pbx.pick_up(customer)
        await one.state(who.id, outcome=Outcome.ANSWERED)
        house.pbx.gone(customer)
        await one.centre.reaches(agent, "wrap_up")
        await one.centre.agents.finish_wrap_up(agent)
    await soon(lambda: "1003.7-seat-1" in house.pbx.live, what="then the caller's turn comes")


async def test_in_vain_three_times_by_rule_and_closed(house: House) -> None:
    one = house.now
    booked = await one.book("c1", ANNE)
    agent = await sits(one)
    for number, pause in ((1, 600), (2, 3600), (3, None)):
        house.pbx.pick_up(await one.seat_rings())
        house.pbx.gone(await one.customer_rings(), 17)
        found = await one.state(booked.id, misses=number)
        await one.centre.reaches(agent, "wrap_up")
        await one.centre.agents.finish_wrap_up(agent)
        if pause is not None:
            assert found.due_at == house.clock.now() + timedelta(seconds=pause)
            await house.clock.advance(pause - 1)
            assert house.pbx.seats() == []
            one = await house.again()  # a restart keeps the pause
            await house.clock.advance(2)
    assert (found.state, found.outcome) == (State.CLOSED, Outcome.UNREACHED)
    told = await one.story(CallbackMissed, CallbackClosed)
    assert [type(event) for event in told] == [CallbackMissed] * 3 + [CallbackClosed]
    assert [event.why for event in told if isinstance(event, CallbackMissed)] == ["busy"] * 3
    await house.clock.advance(7200)
    assert house.pbx.seats() == []
    assert len(house.pbx.rung) == 3


async def test_an_agent_who_does_not_take_the_phone_off_costs_the_customer_nothing(house: House) -> None:
    one = house.now
    booked = await one.book("c1", ANNE)
    first = await sits(one)
    seat = await one.seat_rings()
    second = await sits(one, 2)
    house.pbx.gone(seat, 21)
    await one.centre.reaches(first, "not_ready")
    assert one.centre.cause(first) == "rejected"
    await soon(lambda: [s for s in house.pbx.seats() if s.id != seat], what="another agent's phone rings")
    assert one.centre.state(second) == "ringing"
    found = await one.state(booked.id, calls=2)
    assert (found.misses, found.agent_id, house.pbx.rung) == (0, second, [])


async def test_never_outside_the_part_of_the_day_nor_the_hours(house: House) -> None:
    one = house.now
    await sits(one)
    noon = await one.book("c1", ANNE, Part.AFTERNOON)
    await house.clock.advance(4 * 3600 - 1)
    assert house.pbx.seats() == []
    await house.clock.advance(2)
    seat = await one.seat_rings()
    await house.clock.advance(4 * 3600)  # the agent takes the phone off when the afternoon is over
    house.pbx.pick_up(seat)
    found = await one.state(noon.id, state=State.CLOSED)
    assert (found.outcome, house.pbx.rung) == (Outcome.TOO_LATE, [])
    await house.clock.advance(4 * 3600)
    await one.centre.agents.set_state("a1", AgentState.READY)
    late = await one.book("c2", BORIS)
    await house.clock.advance(9 * 3600 + 3500)
    assert [s for s in house.pbx.seats() if late.id in s.id] == []
    await house.clock.advance(200)
    await soon(lambda: [s for s in house.pbx.seats() if late.id in s.id], what="at eight in the morning")


async def test_who_calls_in_meanwhile_takes_the_own_place_and_is_not_rung(house: House) -> None:
    one = house.now
    agent = await sits(one, ready=False)
    mine = await one.book("c1", ANNE, waited_s=600)
    await soon(lambda: mine.id in one.ring.known, what="the callback is known")
    house.pbx.call("1002.7", "13700000003")
    house.pbx.call("1003.7", ANNE)
    await soon(lambda: one.routing.figures("general").waiting == 2, what="both wait")
    await soon(
        lambda: (one.routing.position("1003.7"), one.routing.position("1002.7")) == (1, 2),
        what="the own place is taken",
    )
    one = await house.again()
    await soon(lambda: one.routing.figures("general").waiting == 2, what="both wait again")
    await soon(lambda: one.routing.position("1003.7") == 1, what="the own place is taken again")
    await one.centre.agents.set_state(agent, AgentState.READY)
    await soon(lambda: "1003.7-seat-1" in house.pbx.live, what="the own call is offered")
    house.pbx.pick_up("1003.7-seat-1")
    done = await one.state(mine.id, state=State.CLOSED, outcome=Outcome.CALLED_IN)
    assert done.calls == 0
    [closed] = await one.story(CallbackClosed)
    assert isinstance(closed, CallbackClosed)
    assert closed.call_id == "1003.7"
    assert (one.centre.state(agent), house.pbx.rung) == ("talking", [])


async def test_who_calls_in_while_the_agents_phone_rings_is_not_rung_and_keeps_the_callback(house: House) -> None:
    one = house.now
    mine = await one.book("c1", ANNE, waited_s=600)
    agent = await sits(one)
    await one.seat_rings()
    house.pbx.call("1003.7", ANNE)
    await soon(lambda: "1003.7-seat-1" in house.pbx.live, what="the agent gets the caller instead")
    assert house.pbx.seats() == []
    assert one.centre.state(agent) == "ringing"
    house.pbx.gone("1003.7")
    seat = await one.seat_rings()
    house.pbx.pick_up(seat)
    house.pbx.pick_up(await one.customer_rings())
    assert (await one.state(mine.id, outcome=Outcome.ANSWERED)).misses == 0
    assert len(house.pbx.rung) == 1


async def test_an_agent_skips_with_a_reason_rings_by_hand_and_finishes(house: House) -> None:
    one = house.now
    mine = await one.book("c1", ANNE)
    agent = await sits(one)
    await one.seat_rings()
    with pytest.raises(Forbidden):
        await one.desk.skip("a2", mine.id, "not me")
    with pytest.raises(Conflict):
        await one.desk.dial("a2", mine.id)
    with pytest.raises(Conflict):
        await one.desk.dismiss(agent, mine.id, "rings")
    await one.desk.skip(agent, mine.id, "needs the meter's number first")
    found = await one.state(mine.id, state=State.BOOKED)
    assert found.due_at == house.clock.now() + timedelta(minutes=10)
    await one.centre.reaches(agent, "ready")
    [skipped] = await one.story(CallbackSkipped)
    assert isinstance(skipped, CallbackSkipped)
    assert skipped.reason == "needs the meter's number first"
    call_id = await one.desk.dial(agent, mine.id)
    assert call_id.endswith("-2")
    house.pbx.pick_up(await one.seat_rings())
    customer = await one.customer_rings()
    with pytest.raises(Conflict):
        await one.desk.skip(agent, mine.id, "too late")
    house.pbx.gone(customer, 19)
    await one.state(mine.id, misses=1)
    await one.desk.dismiss("a2", mine.id, "wrote a letter")
    done = await one.state(mine.id, outcome=Outcome.DISMISSED)
    assert done.reason == "wrote a letter"
    with pytest.raises(Conflict):
        await one.desk.dismiss("a2", mine.id, "again")
    with pytest.raises(NoSuchCallback):
        await one.desk.dial(agent, "nothing")


async def test_who_hung_up_waiting_is_listed_taken_once_and_rung(house: House) -> None:
    one = house.now
    agent = await sits(one, ready=False)
    for call_id, phone in (("1001.7", ANNE), ("1002.7", BORIS), ("1003.7", "10086")):
        house.pbx.call(call_id, phone)
        await soon(lambda: one.routing.figures("general").waiting == 1, what="the caller waits")
        await house.clock.advance(40)
        house.pbx.gone(call_id)
        await soon(lambda: not one.calls.live(), what="gone")
    await one.journal.settle()
    listed = await one.desk.abandoned(10)
    assert [(row.call_id, row.phone) for row in listed] == [
        ("1001.7", ANNE),
        ("1002.7", BORIS),
        ("1003.7", "10086"),
    ]
    assert listed[0].queue == "general"
    house.pbx.call("1004.7", BORIS)  # calls again: is on the line now

    async def booked() -> bool:  # the queue knows a caller a moment before the books do
        return [row.call_id for row in await one.desk.abandoned(10)] == ["1001.7", "1003.7"]

    await soon(booked, what="who is on the line is not to be rung")
    taken = await one.desk.take(agent, "1001.7")
    assert taken.wish.waiting_since == listed[0].waiting_since
    for call_id in ("1001.7", "1002.7", "nothing"):
        with pytest.raises(NotAbandoned):
            await one.desk.take(agent, call_id)
    with pytest.raises(BadInput):
        await one.desk.take(agent, "1003.7")
    [told] = await one.story(AbandonedTaken)
    assert isinstance(told, AbandonedTaken)
    assert (told.call_id, told.callback_id, told.agent_id) == ("1001.7", taken.id, agent)
    house.pbx.gone("1004.7")  # who waits on the line may else be served before the wish has lined up
    await soon(lambda: not one.calls.live(), what="gone")
    await one.centre.agents.set_state(agent, AgentState.READY)
    house.pbx.pick_up(await one.seat_rings())
    await one.customer_rings()
    assert house.pbx.rung[-1][0].number == ANNE
