"""Callers and agents are brought together at once, once, and in order."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event

from agents.events import AgentReserved, AgentStateChanged, ReservationReleased
from agents.model import State
from agents.presence import Around
from core.db import Database
from cti.events import PbxFound, PbxLost, Reconciled
from cti.messages import QueueGaveUp, RoutingMessage, SeatOffered
from routing import store
from routing.events import AgentChosen, AgentRequested
from routing.precedence import Cause, Precedence
from routing.service import NoSuchQueue, NotQueued, RoutingService
from tests.agents.centre import LEASE, WRAP_UP, Centre, centre
from tests.until import until

pytestmark = pytest.mark.integration

WAIT_LIMIT, STALL_LIMIT, AHEAD_VIP, PHONE_GRACE = 600, 5, 60, 60
"""Seconds of the seed policy: queue_wait_limit, routing_stall_limit, ahead_vip, phone_grace."""


class Hotline:
    """A centre with routing; `inbox` holds what was delivered, `gone` the calls that are no more."""

    def __init__(self, office: Centre) -> None:
        self.office = office
        self.inbox: list[tuple[str, RoutingMessage]] = []
        self.gone: set[str] = set()
        self.routing = RoutingService(
            office.agents, office.journal, office.db, office.clock, office.policy, self.deliver
        )
        self.routing.listen(office.bus)
        self.routing.start()

    def deliver(self, call_id: str, message: RoutingMessage) -> bool:
        if call_id in self.gone:
            return False
        self.inbox.append((call_id, message))
        return True

    async def gets(self, call_id: str, agent_id: str) -> None:
        """Wait until the last message is the offer of this agent to this call."""
        offer = (call_id, SeatOffered(agent_id, f"s{agent_id[1:]}", f"seat{agent_id[1:]}"))
        await until(lambda: self.inbox and self.inbox[-1] == offer, what=f"{offer} in {self.inbox}")

    async def is_told(self, call_id: str, why: str) -> None:
        await until(lambda: (call_id, QueueGaveUp(why)) in self.inbox, what=f"{call_id} {why} in {self.inbox}")

    async def kept(self) -> list[str]:
        return [call.call_id for call in await self.office.db.read(store.load)]


@pytest.fixture
async def hotline(db: Database) -> AsyncIterator[Hotline]:
    async with centre(db, 4) as office:
        one = Hotline(office)
        yield one
        await one.routing.close()


async def test_a_free_agent_is_offered_in_the_request_itself(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    assert hotline.inbox == [("c1", SeatOffered("a1", "s1", "seat1"))]
    story = [type(e).__name__ for e in await hotline.office.story() if getattr(e, "call_id", None) == "c1"]
    assert story == ["AgentRequested", "AgentChosen", "AgentReserved", "AgentStateChanged"]


async def test_a_waiting_call_is_offered_the_moment_an_agent_becomes_ready(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    assert (hotline.inbox, hotline.routing.position("c1")) == ([], 1)
    await hotline.office.agents.set_state("a1", State.READY)
    await hotline.gets("c1", "a1")
    assert hotline.routing.position("c1") is None


async def test_who_hangs_up_without_wrap_up_is_offered_the_next_caller_in_one_commit(hotline: Hotline) -> None:
    office, commits = hotline.office, []
    office.agents.know(Around(queue_of=lambda call_id: "general", wrap_up_of=lambda queue: 0.0))
    await office.seat(1)
    for call_id in ("c1", "c2"):
        await hotline.routing.request(call_id, "general")
    await office.rang("c1", "a1")
    await office.answered("c1", "a1")
    before = len(await office.story())
    event.listen(office.db.engine, "commit", commits.append)
    await office.released("c1", "a1")
    assert hotline.inbox[-1] == ("c2", SeatOffered("a1", "s1", "seat1"))
    assert len(commits) == 1
    story = (await office.story())[before:]
    assert [type(one).__name__ + (f" {one.to}" if isinstance(one, AgentStateChanged) else "") for one in story] == [
        "CallReleased",
        "AgentStateChanged wrap_up",
        "AgentStateChanged ready",
        "AgentChosen",
        "AgentReserved",
        "AgentStateChanged reserved",
    ]
    assert await office.stored("a1", "reserved")
    await office.rang("c2", "a1")
    assert (len(commits), await office.stored("a1", "ringing")) == (2, True)


async def test_the_longest_idle_agent_gets_the_longest_waiting_call(hotline: Hotline) -> None:
    for number in (2, 1, 3):
        await hotline.office.seat(number)
        await hotline.office.advance(1)
    for call_id, agent_id in (("c1", "a2"), ("c2", "a1"), ("c3", "a3")):
        await hotline.routing.request(call_id, "general")
        await hotline.gets(call_id, agent_id)
    for call_id in ("c5", "c4"):
        await hotline.routing.request(call_id, "general")
        await hotline.office.advance(1)
    assert (hotline.routing.position("c5"), hotline.routing.position("c4")) == (1, 2)
    await hotline.office.seat(4)
    await hotline.gets("c5", "a4")


async def test_p8_a_missed_call_goes_to_the_next_agent_before_all_who_came_later(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.advance(1)
    await hotline.routing.request("c2", "general")
    await hotline.office.rang("c1", "a1")
    await hotline.office.missed("c1", "a1")
    await hotline.routing.again("c1")
    assert (hotline.routing.position("c1"), hotline.routing.position("c2")) == (1, 2)
    await hotline.office.seat(2)
    await hotline.gets("c1", "a2")
    assert [e.call_id for e in await hotline.office.story(AgentRequested)] == ["c1", "c2"]


async def test_a_call_offered_again_without_a_miss_leaves_that_agent_not_ready(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.seat(2)
    await hotline.routing.again("c1")
    await hotline.gets("c1", "a2")
    assert hotline.office.state("a1") == "not_ready"


async def test_a_call_that_is_gone_frees_its_agent_for_the_next(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.routing.request("c2", "general")
    hotline.gone.add("c1")
    await hotline.office.agents.set_state("a1", State.READY)
    await hotline.gets("c2", "a1")
    assert [(e.call_id, e.cause) for e in await hotline.office.story(ReservationReleased)] == [("c1", "call_gone")]
    await until(lambda: kept(hotline, "c2"), what="c1 forgotten")


async def test_p2_a_caller_who_hangs_up_leaves_nothing_behind(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.routing.request("c2", "general")
    await hotline.routing.request("c3", "general")
    await hotline.office.ended("c2")
    await hotline.office.ended("c1")
    await hotline.gets("c3", "a1")
    assert await hotline.kept() == ["c3"]
    for call_id in ("c1", "c2"):
        with pytest.raises(NotQueued):
            hotline.routing.position(call_id)


async def test_an_answered_call_leaves_the_queue_and_keeps_its_agent(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.rang("c1", "a1")
    await hotline.office.answered("c1", "a1")
    assert await hotline.kept() == []
    await hotline.routing.leave("c1", "answered")
    assert hotline.office.state("a1") == "talking"


async def test_leaving_the_queue_while_offered_frees_the_agent(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.routing.leave("c1", "back_to_menu")
    assert hotline.office.state("a1") == "ready"
    assert [e.cause for e in await hotline.office.story(ReservationReleased)] == ["back_to_menu"]


async def test_a_call_that_leaves_while_its_offer_is_being_stored_is_not_told(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await asyncio.gather(hotline.routing.request("c1", "general"), hotline.routing.leave("c1", "back_to_menu"))
    assert hotline.inbox == []
    assert hotline.office.state("a1") == "ready"


async def test_callers_do_not_wait_for_agents_whose_phones_are_gone(hotline: Hotline) -> None:
    for number in (1, 2):
        await hotline.office.seat(number, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.phone(1, there=False)
    await hotline.office.advance(PHONE_GRACE * 2)
    await hotline.office.phone(2, there=False)
    await hotline.office.advance(PHONE_GRACE - 1)
    await hotline.routing.request("c2", "general")
    assert hotline.inbox == [], "the second phone was there a moment ago"
    await hotline.office.advance(1)
    await hotline.is_told("c1", "no_agents")
    await hotline.is_told("c2", "no_agents")
    await hotline.routing.request("c3", "general")
    await hotline.is_told("c3", "no_agents")
    assert await hotline.kept() == []
    await hotline.office.phone(1)
    await hotline.routing.request("c4", "general")
    await hotline.office.advance(PHONE_GRACE)
    assert hotline.inbox[-1][0] == "c3", "somebody is within reach again"


async def test_a_phone_that_comes_back_in_time_sends_nobody_away(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    for _ in range(3):
        await hotline.office.phone(1, there=False)
        await hotline.office.advance(PHONE_GRACE - 10)
        await hotline.office.phone(1)
        await hotline.office.advance(5)
    assert hotline.inbox == []


async def test_the_only_agent_talks_by_a_phone_that_is_not_registered_any_more(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.answered("c1", "a1")
    await hotline.office.phone(1, there=False)
    await hotline.office.advance(PHONE_GRACE * 2)
    await hotline.routing.request("c2", "general")
    await hotline.office.advance(PHONE_GRACE)
    assert ("c2", QueueGaveUp("no_agents")) not in hotline.inbox
    await hotline.office.released("c1", "a1")
    await hotline.office.advance(WRAP_UP)
    await hotline.office.reaches("a1", "not_ready")
    await hotline.office.advance(PHONE_GRACE)
    await hotline.is_told("c2", "no_agents")


async def test_phones_missing_after_a_reconnect_are_noticed_without_an_event_of_each(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.agents.phones_are([])
    await hotline.office.advance(PHONE_GRACE)
    await hotline.is_told("c1", "no_agents")


async def test_nobody_signed_in_is_said_at_once(hotline: Hotline) -> None:
    await hotline.routing.request("c1", "general")
    await hotline.is_told("c1", "no_agents")
    await until(lambda: kept(hotline), what="forgotten")
    assert [e.call_id for e in await hotline.office.story(AgentRequested)] == ["c1"]


async def kept(hotline: Hotline, *call_ids: str) -> bool:
    return await hotline.kept() == [*call_ids]


async def test_the_last_to_sign_out_sends_the_waiting_home(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.office.seat(2, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.agents.sign_out("a1")
    assert hotline.inbox == []
    await hotline.office.agents.sign_out("a2")
    await hotline.is_told("c1", "no_agents")


async def test_who_waits_too_long_is_let_go_exactly_then(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.advance(WAIT_LIMIT - 0.001)
    assert hotline.inbox == []
    await hotline.office.advance(0.001)
    await hotline.is_told("c1", "too_long")


async def test_who_comes_back_after_the_limit_is_before_who_came_later_and_waits_that_long_again(
    hotline: Hotline,
) -> None:
    await hotline.office.seat(1, ready=False)
    first = hotline.office.clock.now()
    await hotline.routing.request("c1", "general")
    await hotline.office.advance(WAIT_LIMIT)
    await hotline.is_told("c1", "too_long")
    await hotline.routing.request("c2", "general")
    await hotline.office.advance(1)
    await hotline.routing.request("c1", "general", first)
    assert [hotline.routing.position(call_id) for call_id in ("c1", "c2")] == [1, 2]
    hotline.inbox.clear()
    await hotline.office.advance(WAIT_LIMIT - 1)
    await hotline.is_told("c2", "too_long")
    assert len(hotline.inbox) == 1
    second = Hotline(hotline.office)
    await second.routing.restore({"c1"})
    await second.routing.request("c1", "general", first, entered_at=hotline.office.clock.now())
    assert second.routing.position("c1") == 1
    await hotline.office.advance(1)
    await hotline.is_told("c1", "too_long")
    await hotline.office.advance(WAIT_LIMIT - 2)
    assert second.inbox == []
    await hotline.office.advance(1)
    await second.is_told("c1", "too_long")
    await second.routing.close()


async def test_the_limit_waits_for_an_offer_under_way_and_counts_after_a_miss(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.advance(WAIT_LIMIT - 1)
    await hotline.office.agents.set_state("a1", State.READY)
    await hotline.gets("c1", "a1")
    await hotline.office.advance(5)
    assert len(hotline.inbox) == 1
    await hotline.office.missed("c1", "a1")
    await hotline.routing.again("c1")
    await hotline.is_told("c1", "too_long")


async def test_p4_a_lapsed_reservation_brings_the_call_back_to_its_place(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.advance(LEASE)
    await until(lambda: len(hotline.inbox) == 2, what="offered again")
    assert hotline.inbox[0] == hotline.inbox[1]


async def test_a_restart_keeps_the_place_and_asks_only_once(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    since = hotline.office.clock.now()
    for call_id in ("c1", "c2", "c3"):
        await hotline.routing.request(call_id, "general")
        await hotline.office.advance(1)
    await hotline.routing.close()
    second = Hotline(hotline.office)
    await second.routing.restore({"c2", "c1"})
    assert [e.call_id for e in await hotline.office.story(Reconciled)] == ["c3"]
    assert second.routing.figures("general").waiting == 0
    await second.routing.request("c2", "general", since)
    await second.routing.request("c1", "general", since)
    await second.routing.request("c4", "general")
    assert [second.routing.position(c) for c in ("c1", "c2", "c4")] == [1, 2, 3]
    assert [e.call_id for e in await hotline.office.story(AgentRequested)] == ["c1", "c2", "c3", "c4"]
    await second.routing.close()


async def test_who_goes_ahead_passes_who_waited_a_little_longer_and_says_why(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("early", "general")
    await hotline.office.advance(AHEAD_VIP - 1)
    await hotline.routing.request("late", "general")
    await hotline.office.advance(1)
    await hotline.routing.request("vip", "general", causes=[Cause.REPEAT, Cause.VIP])
    await hotline.office.advance(30)
    await hotline.routing.request("danger", "general", causes=[Cause.DANGER])
    order = ["danger", "early", "vip", "late"]
    assert [hotline.routing.position(call_id) for call_id in order] == [1, 2, 3, 4], "early waited a VIP's start longer"
    told = {e.call_id: (e.ahead_s, e.causes) for e in await hotline.office.story(AgentRequested)}
    assert told["vip"] == (AHEAD_VIP, ("vip", "repeat"))
    assert told["late"] == (0, ())
    explained = await hotline.routing.explain("general", "vip")
    assert explained.precedence == Precedence(AHEAD_VIP, (Cause.VIP, Cause.REPEAT))
    await hotline.office.agents.set_state("a1", State.READY)
    await hotline.gets("danger", "a1")


async def test_a_restart_keeps_who_goes_ahead_whatever_is_said_of_the_caller_then(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    since = hotline.office.clock.now()
    await hotline.routing.request("c1", "general")
    await hotline.routing.request("c2", "general", causes=[Cause.VIP])
    await hotline.routing.close()
    second = Hotline(hotline.office)
    await second.routing.restore({"c1", "c2"})
    await second.routing.request("c1", "general", since, [Cause.DANGER])
    await second.routing.request("c2", "general", since)
    assert [second.routing.position(c) for c in ("c2", "c1")] == [1, 2]
    assert (await second.routing.explain("general", "c2")).precedence == Precedence(AHEAD_VIP, (Cause.VIP,))
    await second.routing.close()


async def test_a_call_known_from_before_a_restart_that_asks_anew_waits_anew(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.routing.close()
    second = Hotline(hotline.office)
    await second.routing.restore({"c1"})
    await hotline.office.advance(60)
    await second.routing.request("c1", "general")
    assert second.routing.figures("general").longest_wait_s == 0
    assert len(await hotline.office.story(AgentRequested)) == 2
    await second.routing.close()


async def test_while_the_pbx_is_away_places_are_kept_and_nothing_is_told(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.office.seat(2, ready=False)
    waits_since = hotline.office.clock.now()
    for call_id in ("c1", "c2", "c3"):
        await hotline.routing.request(call_id, "general", waits_since)
    await hotline.office.say(PbxLost, why="gone")
    hotline.gone = {"c1", "c2", "c3"}
    await hotline.office.agents.set_state("a2", State.READY)
    await hotline.office.advance(1)
    await hotline.office.agents.reconcile({})
    hotline.gone.clear()
    await hotline.routing.sweep({"c1", "c2"})
    assert len(hotline.inbox) == 1
    for call_id in ("c1", "c2"):
        await hotline.routing.request(call_id, "general", waits_since)
    await hotline.office.say(PbxFound)
    await until(lambda: len(hotline.inbox) == 3, what="both offered")
    assert {(call_id, message.agent_id) for call_id, message in hotline.inbox[1:]} == {("c1", "a1"), ("c2", "a2")}
    assert len(await hotline.office.story(AgentRequested)) == 3


async def test_who_waited_too_long_while_the_pbx_was_away_is_let_go_when_it_is_back(hotline: Hotline) -> None:
    await hotline.office.seat(1, ready=False)
    await hotline.routing.request("c1", "general")
    await hotline.office.say(PbxLost, why="gone")
    await hotline.office.advance(WAIT_LIMIT + 1)
    assert hotline.inbox == []
    await hotline.office.say(PbxFound)
    await hotline.is_told("c1", "too_long")


async def test_nothing_is_offered_before_the_start(hotline: Hotline) -> None:
    await hotline.routing.close()
    second = Hotline(hotline.office)
    second.routing._offering.started = False
    await second.routing.request("c1", "general")
    await hotline.office.seat(1)
    assert second.inbox == []
    second.routing.start()
    await second.gets("c1", "a1")
    await second.routing.close()


async def test_figures_count_agents_and_calls(hotline: Hotline) -> None:
    for number in (1, 2, 3, 4):
        await hotline.office.seat(number, ready=number < 4)
    for call_id in ("c1", "c2"):
        await hotline.routing.request(call_id, "general")
    await hotline.office.answered("c1", "a1")
    await hotline.office.phone(3, there=False)
    await hotline.office.advance(7)
    figures = hotline.routing.figures("general")
    assert (figures.waiting, figures.longest_wait_s) == (1, 7.0)
    assert (figures.agents_ready, figures.agents_busy, figures.agents_not_ready) == (0, 2, 2)
    with pytest.raises(NoSuchQueue):
        hotline.routing.figures("nope")


async def test_each_decision_can_be_explained_also_after_the_call(hotline: Hotline) -> None:
    for number in (1, 2, 3):
        await hotline.office.seat(number)
        await hotline.office.advance(1)
    await hotline.routing.request("c1", "general")
    why = (await hotline.routing.explain("general", "c1")).decisions[0]
    assert (why.agent_id, why.rule, why.idle_s, why.next_agents) == ("a1", "longest_idle", 3.0, ("a2", "a3"))
    await hotline.office.ended("c1")
    story = await hotline.routing.explain("general", "c1")
    assert (story.stand, [type(one) for one in story.decisions]) == (None, [AgentChosen])
    with pytest.raises(NotQueued):
        await hotline.routing.explain("general", "c9")


async def test_why_a_call_waits(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.routing.request("c2", "general")
    await hotline.office.advance(3)
    why = await hotline.routing.explain("general", "c2")
    assert (why.stand, why.position, why.waited_s, why.figures.agents_busy) == ("waiting", 1, 3.0, 1)


async def test_p4_the_alarm_finds_a_pair_that_nobody_matched(hotline: Hotline) -> None:
    await hotline.office.agents.sign_in("a1", "s1")
    await hotline.routing.request("c1", "general")
    hotline.routing._offering.started = False
    await hotline.office.phone(1)
    await hotline.office.agents.set_state("a1", State.READY)
    hotline.routing._offering.started = True
    await hotline.office.advance(2 * STALL_LIMIT)
    await hotline.gets("c1", "a1")
    await until(lambda: hotline.office.story(Reconciled), what="the alarm in the journal")


async def test_a_burst_of_calls_and_agents_ends_in_pairs(hotline: Hotline) -> None:
    for number in (1, 2, 3, 4):
        await hotline.office.seat(number, ready=False)
    calls = [hotline.routing.request(f"c{n}", "general") for n in range(6)]
    readies = [hotline.office.agents.set_state(f"a{n}", State.READY) for n in (1, 2, 3, 4)]
    await asyncio.gather(*calls[:3], *readies[:2], *calls[3:], *readies[2:])
    await until(lambda: len(hotline.inbox) == 4, what="four offers")
    offered = [(call_id, message.agent_id) for call_id, message in hotline.inbox]
    assert len({c for c, _ in offered}) == len({a for _, a in offered}) == 4
    assert len(await hotline.office.story(AgentReserved)) == 4


async def test_wrap_up_ends_and_the_next_caller_is_there(hotline: Hotline) -> None:
    await hotline.office.seat(1)
    await hotline.routing.request("c1", "general")
    await hotline.office.answered("c1", "a1")
    await hotline.routing.request("c2", "general")
    await hotline.office.ended("c1")
    assert len(hotline.inbox) == 1
    await hotline.office.advance(WRAP_UP)
    await hotline.gets("c2", "a1")
