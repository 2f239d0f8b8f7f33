"""Random interleavings of callers, agents, phones, commits, refused commits and kills, on real SQL.

Storage commits only when a rule says so, thus every order of "decided", "stored" and "told" is reached.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from agents import store
from agents.model import OFFERED, ON_CALL, State
from core.clock import FakeClock
from core.db import metadata
from core.errors import HotlineError
from core.events import Event
from core.journal import since
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallDequeued,
    CallEnded,
    CallReleased,
    SeatLost,
    SeatRegistered,
)
from cti.messages import RoutingMessage, SeatOffered
from routing import store as queue_rows
from routing.events import AgentRequested
from routing.model import Stand
from routing.precedence import Cause
from routing.service import RoutingService
from tests.agents.centre import LEASE, Centre, hire

pytestmark = pytest.mark.integration

AGENTS = 3
RING = 12
"""Seconds of the seed policy: ring_timeout."""
STALL_BOUND = 11
"""Seconds within which the alarm finds a pair that nobody matched: twice routing_stall_limit and a bit."""


async def run_on() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


class SteppedDatabase:
    """A database whose writes wait for `commit`; reads see what is committed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.waiting: list[tuple[Callable[[Any], Any], asyncio.Future[Any]]] = []

    async def read(self, work: Callable[[Any], Any]) -> Any:
        with self._engine.connect() as connection:
            return work(connection)

    async def write(self, work: Callable[[Any], Any]) -> Any:
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Callable[[Any], Any]) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting.append((work, done))
        return done

    def commit(self, refuse: bool = False) -> None:
        """Commit the write that waits longest, or refuse it."""
        work, done = self.waiting.pop(0)
        try:
            with self._engine.begin() as connection:
                result = work(connection)
                if refuse:
                    raise OperationalError("COMMIT", {}, Exception("disk full"))
        except (OperationalError, HotlineError) as error:
            done.set_exception(error)
        else:
            done.set_result(result)


class Session:
    """What the call's own task knows: where the call stands, and what came to its inbox."""

    def __init__(self, call_id: str, enqueued_at: datetime) -> None:
        self.call_id = call_id
        self.enqueued_at = enqueued_at
        self.stage = "queue"
        self.agent_id = ""
        self.rang_at = 0.0
        self.offer: tuple[SeatOffered, float] | None = None
        self.work: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self.work is not None and not self.work.done()


class Interleavings(RuleBasedStateMachine):
    """The world: `sessions` is what is true of the telephone, the services are what we believe."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(self.engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))
        metadata.create_all(self.engine)
        self.clock = FakeClock()
        self.sessions: dict[str, Session] = {}
        self.phones = {f"seat{n}" for n in range(1, AGENTS + 1)}
        self.count = 0
        self.refused = False
        self.prompt = True
        """Storage commits at once, so that long stories are told; else when a rule says so."""
        self.faults: list[str] = []
        with self.engine.begin() as connection:
            hire(connection, AGENTS, self.clock.now())

    # --- how things are done ---

    def turn(self, work: Coroutine[Any, Any, Any] | None = None) -> Any:
        """Run the loop until nothing moves without a commit."""

        async def run() -> Any:
            task = asyncio.get_running_loop().create_task(work) if work is not None else None
            await run_on()
            return task

        task = self.runner.run(run())
        while self.prompt and self.db.waiting:
            self.db.commit()
            self.runner.run(run_on())
        return task

    def settle(self) -> None:
        """Commit everything until nothing waits."""
        self.turn()
        while self.db.waiting:
            self.db.commit()
            self.turn()

    def start_service(self) -> None:
        self.db = SteppedDatabase(self.engine)
        self.centre = Centre(self.db, self.clock)
        self.routing = RoutingService(
            self.centre.agents, self.centre.journal, self.db, self.clock, self.centre.policy, self.deliver
        )
        self.routing.listen(self.centre.bus)

    def deliver(self, call_id: str, message: RoutingMessage) -> bool:
        session = self.sessions.get(call_id)
        if session is None or session.stage == "gone":
            return False
        if not isinstance(message, SeatOffered):
            session.stage = "menu"
            return True
        with self.engine.connect() as connection:
            stored = {row.agent_id: row for row in store.load_presence(connection)}
        if stored[message.agent_id].call_id != call_id:
            self.faults.append("an offer was told before it was stored")
        if session.stage != "queue":
            self.faults.append(f"{call_id} was offered while {session.stage}")
        session.offer = (message, self.clock.monotonic())
        return True

    async def fact(self, kind: type[Event], **fields: Any) -> None:
        while True:
            try:
                await self.centre.journal.record(kind(at=self.clock.now(), **fields))
            except OperationalError:
                continue
            return

    def do(self, session: Session, work: Coroutine[Any, Any, None]) -> None:
        session.work = self.turn(work)

    def ask(self, work: Coroutine[Any, Any, Any]) -> None:
        """What a person asks for may be refused."""

        async def asked() -> None:
            try:
                await work
            except (HotlineError, OperationalError):
                return

        self.turn(asked())

    def some(self, *stages: str, offered: bool = False) -> list[Session]:
        return [
            s
            for s in self.sessions.values()
            if s.stage in stages and not s.busy and (s.offer is not None or not offered)
        ]

    # --- the rules ---

    @initialize(
        prompt=st.booleans(), refusals=st.sampled_from([False, False, False, True]), ready=st.integers(0, AGENTS)
    )
    def begin(self, prompt: bool, refusals: bool, ready: int) -> None:
        self.refusals = refusals
        self.start_service()
        self.turn(self.take_up())
        for number in range(1, ready + 1):
            self.sign_in_and_ready(number)
        self.prompt = prompt

    async def take_up(self) -> None:
        held = {s.agent_id: (s.call_id, s.stage) for s in self.sessions.values() if s.stage in ("ringing", "talking")}
        await self.centre.agents.phones_are(sorted(self.phones))
        await self.centre.agents.restore(held)
        await self.routing.restore({s.call_id for s in self.sessions.values() if s.stage != "gone"})
        self.routing.start()
        for session in self.some("queue"):
            await self.routing.request(session.call_id, "general", session.enqueued_at)

    @rule(number=st.integers(1, AGENTS))
    def agent_sits_down(self, number: int) -> None:
        self.sign_in_and_ready(number)

    def sign_in_and_ready(self, number: int) -> None:
        async def work() -> None:
            await self.centre.agents.sign_in(f"a{number}", f"s{number}")
            await self.centre.agents.set_state(f"a{number}", State.READY)

        self.ask(work())

    @rule(number=st.integers(1, AGENTS), what=st.sampled_from(["ready", "finish", "ready", "break", "ready", "out"]))
    def agent_asks(self, number: int, what: str) -> None:
        agents, agent_id = self.centre.agents, f"a{number}"
        self.ask(
            {
                "ready": lambda: agents.set_state(agent_id, State.READY),
                "break": lambda: agents.set_state(agent_id, State.NOT_READY, "meal"),
                "out": lambda: agents.sign_out(agent_id),
                "finish": lambda: agents.finish_wrap_up(agent_id),
            }[what]()
        )

    @rule(number=st.integers(1, AGENTS), goes=st.sampled_from([False, False, True]))
    def phone_comes_or_goes(self, number: int, goes: bool) -> None:
        name = f"seat{number}"
        if name in self.phones and goes:
            self.phones.discard(name)
            self.turn(self.fact(SeatLost, sip_username=name, why="unreachable"))
        elif name not in self.phones:
            self.phones.add(name)
            self.turn(self.fact(SeatRegistered, sip_username=name))

    @rule(causes=st.sampled_from([(), (), (Cause.VIP,), (Cause.REPEAT,), (Cause.DANGER, Cause.VIP)]))
    def caller_comes(self, causes: tuple[Cause, ...]) -> None:
        self.count += 1
        session = Session(f"c{self.count}", self.clock.now())
        self.sessions[session.call_id] = session
        self.do(session, self.request(session, causes))

    async def request(self, session: Session, causes: tuple[Cause, ...]) -> None:
        try:
            await self.routing.request(session.call_id, "general", causes=causes)
        except (HotlineError, OperationalError):
            session.stage = "menu"

    def going_on(self) -> list[Session]:
        return [*self.some("queue", offered=True), *self.some("ringing", "talking")]

    @precondition(lambda self: self.going_on())
    @rule(data=st.data(), answered=st.sampled_from([True, True, True, False]))
    def a_call_goes_on(self, data: st.DataObject, answered: bool) -> None:
        """One rule for every step: Hypothesis leaves out rules at random, and a call needs all of them."""
        session = data.draw(st.sampled_from(self.going_on()))
        if session.stage == "talking":
            self.do(session, self.release(session))
        elif session.stage == "ringing":
            self.do(session, self.answer(session) if answered else self.miss(session))
        elif session.offer is not None:
            (offer, told), session.offer = session.offer, None
            if self.clock.monotonic() - told < LEASE:
                session.agent_id = offer.agent_id
                self.do(session, self.dial(session))

    async def dial(self, session: Session) -> None:
        seat = f"s{session.agent_id[1:]}"
        session.stage, session.rang_at = "ringing", self.clock.monotonic()
        await self.fact(AgentRang, call_id=session.call_id, agent_id=session.agent_id, seat_id=seat, channel_id="x")

    async def answer(self, session: Session) -> None:
        call, agent = session.call_id, session.agent_id
        session.stage = "talking"
        await self.fact(AgentAnswered, call_id=call, agent_id=agent, seat_id=f"s{agent[1:]}", channel_id="x")

    async def miss(self, session: Session) -> None:
        call, agent = session.call_id, session.agent_id
        session.stage, session.agent_id = "queue", ""
        await self.fact(AgentMissed, call_id=call, agent_id=agent, seat_id=f"s{agent[1:]}", cause="no_answer")
        await self.routing.again(call)

    async def release(self, session: Session) -> None:
        session.stage = "gone"
        await self.fact(CallReleased, call_id=session.call_id, agent_id=session.agent_id, by="agent", why="normal")
        await self.fact(CallEnded, call_id=session.call_id, by="agent", why="normal", where="talk")

    @precondition(lambda self: self.some("queue", "ringing"))
    @rule(data=st.data())
    def caller_leaves_the_queue(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(self.some("queue", "ringing")))
        session.stage, session.offer = "menu", None
        self.do(session, self.leave(session))

    async def leave(self, session: Session) -> None:
        try:
            await self.routing.leave(session.call_id, "caller_left")
        except OperationalError:
            return
        await self.fact(CallDequeued, call_id=session.call_id, queue="general", why="caller_left")

    @precondition(lambda self: any(s.stage != "gone" for s in self.sessions.values()))
    @rule(data=st.data())
    def caller_hangs_up(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from([s for s in self.sessions.values() if s.stage != "gone"]))
        if session.work is not None:
            session.work.cancel()
        session.stage = "gone"
        self.turn(self.fact(CallEnded, call_id=session.call_id, by="caller", why="normal", where="queue"))

    @rule(seconds=st.sampled_from([0.5, 3, 8]))
    def time_passes(self, seconds: float) -> None:
        self.ring_no_longer(seconds)
        self.turn(self.clock.advance(seconds))

    def ring_no_longer(self, seconds: float) -> None:
        """Within `seconds` every phone that has rung long enough is given up, as the call's own timer does."""
        for session in self.some("ringing"):
            if self.clock.monotonic() + seconds >= session.rang_at + RING:
                self.do(session, self.miss(session))

    @precondition(lambda self: self.db.waiting)
    @rule(count=st.sampled_from([1, 1, 2, 3, 50]))
    def storage_commits(self, count: int) -> None:
        for _ in range(min(count, len(self.db.waiting))):
            self.db.commit()
            self.turn()

    @precondition(lambda self: self.refusals and self.db.waiting)
    @rule()
    def storage_refuses(self) -> None:
        self.refused = True
        self.db.commit(refuse=True)
        self.turn()

    @rule()
    def killed_and_started_again(self) -> None:
        self.die()
        self.start_service()
        self.turn(self.take_up())
        self.settle()
        self.refused = False
        self.quiet()

    def die(self) -> None:
        async def cancel_all() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.runner.run(cancel_all())
        for session in self.sessions.values():
            # What the call's task knew is gone; what the PBX does with its channels is not.
            session.offer, session.work = None, None

    @rule()
    def everything_is_stored(self) -> None:
        self.settle()
        self.quiet()

    # --- what must be true ---

    def quiet(self) -> None:
        """Nothing is under way: memory is what is stored, and nobody waits beside a free agent."""
        agents = self.centre.agents.roster
        with self.engine.connect() as connection:
            assert store.load_presence(connection) == sorted(agents.everyone(), key=lambda a: a.agent_id)
            stored = {call.call_id: call for call in queue_rows.load(connection)}
        assert self.faults == []
        if self.refused:
            return
        holding = [agent for agent in agents.everyone() if agent.state in ON_CALL]
        calls = [agent.call_id for agent in holding]
        assert len(calls) == len(set(calls)), "two agents have one call"
        for agent in holding:
            session = self.sessions[str(agent.call_id)]
            assert session.stage != "gone", f"{agent.agent_id} is {agent.state} for a call that is gone"
            if agent.state is State.TALKING:
                assert (session.stage, session.agent_id) == ("talking", agent.agent_id)
        waiting = self.routing._offering.places.waiting()
        free = [agent.agent_id for agent in agents.idle()]
        assert not (waiting and free), "a call waits beside a free agent"
        assert agents.signed_in() or not waiting, "a call waits though nobody is there"
        for entry in self.routing._offering.places.all():
            assert self.sessions[entry.call.call_id].stage != "gone", "a place without a call"
            assert stored[entry.call.call_id] == entry.call, "a restart would lose the place"
            if entry.stand is Stand.OFFERED:
                held = agents.get(str(entry.agent_id))
                assert held is not None
                assert held.holds(entry.call.call_id, OFFERED)

    def teardown(self) -> None:
        """However it went, time and one sweep put everything right."""
        self.settle()
        held = {s.agent_id: (s.call_id, s.stage) for s in self.sessions.values() if s.stage in ("ringing", "talking")}
        self.turn(self.centre.agents.reconcile(held))
        live = {s.call_id for s in self.sessions.values() if s.stage != "gone"}
        self.turn(self.routing.sweep(live))
        self.settle()
        for _ in range(LEASE + STALL_BOUND):
            self.ring_no_longer(1)
            self.turn(self.clock.advance(1))
            self.settle()
        self.refused = False
        self.quiet()
        with self.engine.connect() as connection:
            asked = [one.event.call_id for one in since(connection, 0, [AgentRequested])]
        assert len(asked) == len(set(asked)), "a caller's wish was journaled twice"
        self.die()
        self.runner.close()
        self.engine.dispose()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=40,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
