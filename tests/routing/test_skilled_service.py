"""Queues with skills, relaxation, overflow, hours and preferred agents, on the real services and database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from agents import store as people
from agents.catalogue import load as load_catalogue
from agents.events import AgentReserved, AgentSkillsChanged
from agents.model import Role, State, User
from agents.qualification import Qualifications
from core.bus import Bus
from core.clock import FakeClock
from core.db import Database
from core.errors import Unavailable
from core.journal import Journal
from cti import store as call_rows
from cti.events import Reconciled
from cti.messages import QueueGaveUp, RoutingMessage, SeatOffered
from cti.model import Call, CallState
from desk.customers import store as customer_rows
from desk.customers.model import Customer
from routing import queues, store
from routing.events import AgentChosen, AgentRequested, CallOverflowed
from routing.service import RoutingService
from tests.agents.centre import LEASE, Centre, hire
from tests.until import until

pytestmark = pytest.mark.integration

STALL_LIMIT, FOLLOW = 5, 2
"""Seconds: routing_stall_limit of the seed policy; how soon a change by the command line is known."""

DEFINITIONS = """
- id: general
  names: {zh: 综合, en: General}
  strategy: longest_idle
- id: english
  names: {zh: 英语, en: English}
  strategy: best_skill
  skills: {english: 4}
  groups: [main]
  relax:
    - {after_s: 30, skills: {english: 2}}
    - {after_s: 60, groups: [backup]}
  preferred_s: 20
- id: faults
  names: {zh: 报修, en: Faults}
  strategy: longest_idle
  skills: {fault: 1}
  overflow: [{to: general, after_s: 40, keeps: 0.5}]
- id: office
  names: {zh: 营业, en: Office}
  strategy: longest_idle
  hours: [{days: [working], begins: '08:30', ends: '17:30'}]
  closed_to: night
- id: shop
  names: {zh: 门店, en: Shop}
  strategy: longest_idle
  hours: [{days: [working], begins: '08:30', ends: '17:30'}]
- id: night
  names: {zh: 夜班, en: Night}
  strategy: longest_idle
  skills: {business: 1}
"""


class Hotline:
    """A centre of four agents with the queues above; `inbox` holds what was delivered."""

    def __init__(self, office: Centre) -> None:
        self.office = office
        self.inbox: list[tuple[str, RoutingMessage]] = []
        catalogue = load_catalogue()
        self.skills = Qualifications(office.journal, office.db, office.clock, catalogue)
        self.routing = RoutingService(
            office.agents,
            office.journal,
            office.db,
            office.clock,
            office.policy,
            self.deliver,
            definitions=queues.parse(DEFINITIONS, "queues.yaml", catalogue),
        )
        self.routing.listen(office.bus)

    def deliver(self, call_id: str, message: RoutingMessage) -> bool:
        self.inbox.append((call_id, message))
        return True

    def offers(self) -> list[tuple[str, str]]:
        return [(call_id, told.agent_id) for call_id, told in self.inbox if isinstance(told, SeatOffered)]

    async def gets(self, call_id: str, agent_id: str) -> None:
        await until(lambda: (call_id, agent_id) in self.offers(), what=f"{call_id} to {agent_id} in {self.inbox}")

    async def can(self, number: int, *groups: str, ready: bool = True, **skills: int) -> None:
        await self.skills.set(f"a{number}", skills, groups)
        await self.office.seat(number, ready=ready)


class Silent:
    """Books that do not answer."""

    async def read(self, work: object) -> object:
        raise Unavailable


Open = Callable[[datetime], Awaitable[Hotline]]


@pytest.fixture
async def opened(db: Database) -> AsyncIterator[Open]:
    kept: list[Hotline] = []

    async def open_at(start: datetime) -> Hotline:
        office = Centre(db, FakeClock(start))
        await db.write(lambda connection: hire(connection, 4, start))
        await office.agents.phones_are([])
        await office.agents.restore({})
        one = Hotline(office)
        await one.routing.restore(set())
        one.routing.start()
        kept.append(one)
        return one

    yield open_at
    for one in kept:
        await one.routing.close()
        await one.office.close()


@pytest.fixture
async def hotline(opened: Open) -> Hotline:
    return await opened(datetime(2026, 11, 23, 2, tzinfo=UTC))


async def test_a_call_waits_for_the_skill_until_its_queue_relaxes_and_says_so(hotline: Hotline) -> None:
    await hotline.can(1, "backup", english=5)
    await hotline.can(2, "main", english=3)
    await hotline.can(3, "main", english=1)
    await hotline.can(4, "main", english=4, ready=False)
    await hotline.routing.request("c1", "english")
    await hotline.routing.request("c2", "english")
    assert hotline.offers() == []
    why = await hotline.routing.explain("english", "c1")
    assert why.waiting is not None
    assert (why.position, why.waiting.need.skills, why.next_change_s) == (1, (("english", 4),), 30.0)
    assert {one.agent_id: one.fits for one in why.agents} == {"a1": False, "a2": False, "a3": False, "a4": True}
    await hotline.office.advance(29)
    assert hotline.offers() == []
    await hotline.office.advance(1)
    await hotline.gets("c1", "a2")
    await hotline.office.answered("c1", "a2")
    await hotline.office.advance(30)
    await hotline.gets("c2", "a1")
    chosen = {one.call_id: one for one in await hotline.office.story(AgentChosen)}
    assert (chosen["c1"].step, chosen["c1"].rule, chosen["c1"].score) == (1, "best_skill", 3.0)
    assert chosen["c1"].next_calls == ("c2",)
    assert chosen["c2"].step == 2


async def test_figures_and_nobody_count_those_who_could_ever_answer(hotline: Hotline) -> None:
    await hotline.can(1, english=1)
    await hotline.can(2, "backup", english=2, ready=False)
    assert hotline.routing.figures("general").agents_ready == 1
    assert (hotline.routing.figures("english").agents_ready, hotline.routing.figures("english").agents_not_ready) == (
        0,
        1,
    )
    await hotline.routing.request("c1", "english")
    assert hotline.inbox == []
    await hotline.office.agents.sign_out("a2")
    await until(lambda: ("c1", QueueGaveUp("no_agents")) in hotline.inbox, what="let go")


async def test_overflow_is_journaled_kept_over_a_restart_and_answered_by_the_other_queue(hotline: Hotline) -> None:
    await hotline.can(1, fault=2, ready=False)
    await hotline.can(2, ready=False)
    began = hotline.office.clock.now()
    await hotline.routing.request("c1", "faults")
    await hotline.office.advance(40)
    await until(lambda: hotline.office.story(CallOverflowed), what="the overflow in the journal")
    (over,) = await hotline.office.story(CallOverflowed)
    assert (over.to, over.cause, over.since) == ("general", "wait", began + timedelta(seconds=20))
    assert (await hotline.routing.explain("faults", "c1")).waiting.queues == ("faults", "general")  # type: ignore[union-attr]
    await hotline.routing.close()
    second = Hotline(hotline.office)
    await second.routing.restore({"c1"})
    second.routing.start()
    await second.routing.request("c1", "faults", began)
    await second.office.agents.set_state("a2", State.READY)
    await second.gets("c1", "a2")
    assert len(await hotline.office.story(CallOverflowed)) == 1
    (chosen,) = await hotline.office.story(AgentChosen)
    assert (chosen.queue, chosen.by_queue) == ("faults", "general")
    await second.routing.close()


async def test_a_call_is_held_for_its_last_agent_for_a_bounded_time(hotline: Hotline) -> None:
    await hotline.can(1, "main", english=4)
    await hotline.can(2, "main", english=5)
    await hotline.routing.request("c0", "english", preferred="a1")
    await hotline.gets("c0", "a1")
    await hotline.office.answered("c0", "a1")
    await hotline.routing.request("c1", "english", preferred="a1")
    assert hotline.offers() == [("c0", "a1")]
    assert [one.preferred for one in await hotline.office.db.read(store.load)] == ["a1"]
    await hotline.office.advance(20)
    await hotline.gets("c1", "a2")
    await hotline.routing.request("c2", "english", preferred="a1")
    await hotline.office.agents.set_state("a1", State.NOT_READY, "meal")
    rules = [one.rule for one in await hotline.office.story(AgentChosen)]
    assert rules == ["preferred", "best_skill"]


async def test_the_last_agent_of_a_number_is_preferred_where_the_queue_says_so(hotline: Hotline) -> None:
    now = hotline.office.clock.now()

    async def call(call_id: str, hours_ago: float, agent_id: str | None = None, caller: str = "13800000001") -> None:
        began = now - timedelta(hours=hours_ago)
        one = Call(call_id, caller, caller != "unknown", "95598", CallState.MENU, began)
        talked = replace(one, agent_id=agent_id, talking_at=began if agent_id else None)
        await hotline.office.db.write(lambda connection: call_rows.add(connection, talked))

    for call_id, hours_ago, agent_id in (("old", 80, "a4"), ("last", 5, "a1"), ("vain", 1, None), ("c1", 0, None)):
        await call(call_id, hours_ago, agent_id)
    await call("other", 2, "a3", "13800000002")
    await call("withheld", 2, "a3", "unknown")
    await call("c2", 0, caller="unknown")
    for number in (3, 2, 1):
        await hotline.can(number, "main", english=5)
    await hotline.routing.request("c1", "english")
    await hotline.gets("c1", "a1")
    await hotline.routing.request("c2", "english")
    await hotline.gets("c2", "a2")
    assert [one.preferred for one in await hotline.office.story(AgentRequested)] == ["a1", None]


async def test_the_account_manager_of_a_customer_is_preferred_before_the_last_agent(hotline: Hotline) -> None:
    now, db = hotline.office.clock.now(), hotline.office.db

    def fill(connection: Connection) -> None:
        for number, manager in ((1, "agent2"), (2, "nobody"), (3, "gone"), (4, "")):
            customer_rows.save_customers(connection, [Customer(f"K{number}", f"名{number}", manager=manager)])
        gone = User(id="gone", username="gone", name="Gone", role=Role.AGENT, disabled=True)
        people.add_user(connection, gone, "unusable", now)
        began = now - timedelta(hours=1)
        last = Call("last", "13800000001", True, "95598", CallState.MENU, began)
        call_rows.add(connection, replace(last, agent_id="a1", talking_at=began))
        for number in range(1, 5):
            call_rows.add(connection, Call(f"c{number}", "13800000001", True, "95598", CallState.MENU, now))

    await db.write(fill)
    for number in (1, 2, 3, 4):
        await hotline.can(number, "main", english=5)
    for number in (1, 2, 3, 4):
        await hotline.routing.request(f"c{number}", "english", customer_id=f"K{number}")
    await hotline.gets("c1", "a2")
    preferred = [one.preferred for one in await hotline.office.story(AgentRequested)]
    assert preferred == ["a2", "a1", "a1", "a1"], "who is unknown or gone manages nobody"


async def test_the_best_free_agent_of_a_queue_is_told(hotline: Hotline) -> None:
    await hotline.can(1, "main", english=4)
    await hotline.can(2, "main", english=5)
    assert hotline.routing.best_free("english") == "a2"
    await hotline.office.agents.set_state("a2", State.NOT_READY, "meal")
    assert hotline.routing.best_free("english") == "a1"
    assert hotline.routing.best_free("faults") is None


async def test_a_preferred_agent_who_goes_home_is_not_waited_for(hotline: Hotline) -> None:
    await hotline.can(1, "main", english=4)
    await hotline.can(2, "main", english=4)
    await hotline.routing.request("c0", "english", preferred="a1")
    await hotline.office.answered("c0", "a1")
    await hotline.routing.request("c1", "english", preferred="a1")
    assert len(hotline.offers()) == 1
    await hotline.office.released("c0", "a1")
    await hotline.office.agents.set_state("a1", State.NOT_READY, "meal")
    await hotline.office.agents.finish_wrap_up("a1")
    await hotline.gets("c1", "a2")


async def test_extra_skills_of_a_call_count_beside_those_of_its_queue(hotline: Hotline) -> None:
    await hotline.can(1, cantonese=2)
    await hotline.can(2, cantonese=4)
    await hotline.routing.request("c1", "general", skills=(("cantonese", 3),))
    await hotline.gets("c1", "a2")
    (asked,) = await hotline.office.story(AgentRequested)
    assert asked.skills == asked.needs == {"cantonese": 3}
    await hotline.routing.request("c2", "english", skills=(("cantonese", 3),))
    asked = (await hotline.office.story(AgentRequested))[-1]
    assert (asked.skills, sorted(asked.needs)) == ({"cantonese": 3}, ["cantonese", "english"])


async def test_a_closed_queue_gives_its_calls_to_another_or_to_nobody(opened: Open) -> None:
    """19:00 on a Monday in Shanghai; the offices are closed."""
    hotline = await opened(datetime(2026, 11, 23, 11, tzinfo=UTC))
    await hotline.can(1, business=1)
    await hotline.routing.request("c1", "office")
    await hotline.gets("c1", "a1")
    assert [one.cause for one in await hotline.office.story(CallOverflowed)] == ["closed"]
    await hotline.routing.request("c2", "shop")
    assert hotline.inbox[-1] == ("c2", QueueGaveUp("closed"))
    assert [one.call_id for one in await hotline.office.db.read(store.load)] == ["c1"]


async def test_skills_are_live_at_once_and_from_another_process_soon(hotline: Hotline) -> None:
    await hotline.can(1, "main")
    await hotline.can(2, "main")
    await hotline.routing.request("c1", "faults")
    await hotline.routing.request("c2", "faults")
    assert hotline.offers() == []
    await hotline.skills.set("a1", {"fault": 1}, ["main"])
    await hotline.gets("c1", "a1")
    elsewhere = Qualifications(
        Journal(hotline.office.db, Bus()), hotline.office.db, hotline.office.clock, hotline.skills.catalogue
    )
    await elsewhere.set("a2", {"fault": 2}, [])
    assert len(hotline.offers()) == 1
    await hotline.office.advance(FOLLOW)
    await hotline.gets("c2", "a2")
    assert len(await hotline.office.story(AgentSkillsChanged)) == 4


async def test_books_that_do_not_answer_for_a_while_do_not_end_the_following(hotline: Hotline) -> None:
    await hotline.can(1)
    await hotline.routing.request("c1", "faults")
    read, hotline.routing._skillbook._db = hotline.office.db, Silent()  # type: ignore[assignment]
    await hotline.office.advance(2 * FOLLOW)
    hotline.routing._skillbook._db = read
    elsewhere = Qualifications(Journal(read, Bus()), read, hotline.office.clock, hotline.skills.catalogue)
    await elsewhere.set("a1", {"fault": 1}, [])
    await hotline.office.advance(FOLLOW)
    await hotline.gets("c1", "a1")


async def test_p04_an_offer_that_is_not_answered_is_taken_back_and_journaled(hotline: Hotline) -> None:
    await hotline.can(1, fault=1)
    await hotline.routing.request("c1", "faults")
    await hotline.gets("c1", "a1")
    await hotline.office.advance(LEASE)
    await until(lambda: len(hotline.offers()) == 2, what="offered again")
    assert len(await hotline.office.story(AgentReserved)) == 2


async def test_p04_the_alarm_sees_a_free_agent_who_fits_and_only_such(hotline: Hotline) -> None:
    await hotline.can(1, ready=False)
    await hotline.can(2, fault=1, ready=False)
    await hotline.routing.request("c1", "faults")
    hotline.routing._offering.started = False
    for agent_id in ("a1", "a2"):
        await hotline.office.agents.set_state(agent_id, State.READY)
    hotline.routing._floor.sync()
    hotline.routing._offering.started = True
    assert hotline.routing._stalled() == {"faults"}
    await hotline.office.advance(2 * STALL_LIMIT)
    await hotline.gets("c1", "a2")
    await until(lambda: hotline.office.story(Reconciled), what="the alarm in the journal")
    await hotline.routing.request("c2", "faults")
    await hotline.office.advance(2 * STALL_LIMIT)
    assert len(await hotline.office.story(Reconciled)) == 1, "a1 is free and does not fit"


async def test_p04_a_change_that_the_core_was_not_told_of_is_found(hotline: Hotline) -> None:
    await hotline.can(1, ready=False)
    await hotline.routing.request("c1", "general")
    hotline.routing._offering.started = False
    await hotline.office.agents.set_state("a1", State.READY)
    hotline.office.agents.roster.moved()
    hotline.routing._offering.started = True
    await hotline.office.advance(2 * STALL_LIMIT)
    await hotline.gets("c1", "a1")
    assert [one.what for one in await hotline.office.story(Reconciled)] == [
        "queue general: 1 calls waited beside 1 ready agents"
    ]
