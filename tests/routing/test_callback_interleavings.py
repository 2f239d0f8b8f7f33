"""P18 in random stories: bookings, agents, phones, callers who call in, the hours, and kills between any two commits.

What is true is the PBX's own note of whom it rang, and when; the service is made anew on it after each kill.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from agents.model import State as AgentState
from core.clock import FakeClock
from core.db import metadata
from core.errors import HotlineError
from core.journal import since
from cti.events import CalleeAnswered
from cti.legs import callback_call, callback_of
from desk.callbacks import store
from desk.callbacks.events import CallbackClosed, CallbackDialled
from desk.callbacks.model import Callback, Outcome, Part, State
from tests.agents.centre import hire
from tests.routing.ringing import MORNING, ZONE, LastingPbx, Ringing
from tests.routing.test_interleavings import SteppedDatabase, run_on

pytestmark = pytest.mark.integration

AGENTS = 2
PHONES = ("13800000001", "13900000002", "13700000003")
COMMITS = 300
"""More than this follow from nothing that happens."""
TRIES = 3
"""Of the seed policy: callback_tries."""


class LeapingClock(FakeClock):
    """Passes hours in one leap, as after a sleep of the machine: who was to be woken meanwhile is woken then."""

    async def leap(self, seconds: float) -> None:
        self._elapsed += seconds
        await self.advance(0)


class OneByOne(SteppedDatabase):
    """Commits as the other; what a key of the database refuses comes back to who asked."""

    def commit(self, refuse: bool = False) -> None:
        work, done = self.waiting.pop(0)
        try:
            with self._engine.begin() as connection:
                result = work(connection)
        except (SQLAlchemyError, HotlineError) as error:
            done.set_exception(error)
        else:
            done.set_result(result)


class Callbacks(RuleBasedStateMachine):
    """`prompt`: storage commits at once; else when a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = False
        self.runner = asyncio.Runner()
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(self.engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))
        metadata.create_all(self.engine)
        self.clock = LeapingClock(MORNING)
        self.pbx = LastingPbx(self.clock)
        self.count = 0
        with self.engine.begin() as connection:
            hire(connection, AGENTS, self.clock.now())

    # --- how things are done ---

    def turn(self, work: Coroutine[Any, Any, Any] | None = None) -> None:
        async def run() -> None:
            if work is not None:
                self.asked.append(asyncio.get_running_loop().create_task(work))
            await run_on()

        async def write() -> None:
            self.now.journal.flush()  # what is noted is written soon, by the clock of the machine
            await run_on()

        self.runner.run(run())
        for _ in range(COMMITS):
            if not self.prompt:
                return
            self.runner.run(write())
            if not self.db.waiting:
                return
            self.db.commit()
            self.runner.run(run_on())
        raise AssertionError("it never comes to rest")

    def settle(self) -> None:
        before, self.prompt = self.prompt, True
        self.turn()
        self.prompt = before

    def ask(self, work: Coroutine[Any, Any, Any]) -> None:
        async def asked() -> None:
            try:
                await work
            except (HotlineError, SQLAlchemyError):
                return

        self.turn(asked())

    def start(self) -> None:
        async def begin() -> None:
            self.db = OneByOne(self.engine)
            self.now = Ringing(self.db, self.clock, self.pbx)
            self.now.phones = [f"seat{n}" for n in range(1, AGENTS + 1)]
            self.asked: list[asyncio.Task[Any]] = []
            self.now.start()

        self.runner.run(begin())

    def open(self) -> list[Callback]:
        with self.engine.connect() as connection:
            return store.open_ones(connection)

    # --- the rules ---

    @initialize(prompt=st.booleans())
    def begin(self, prompt: bool) -> None:
        self.start()
        self.settle()
        self.agents_ready()
        self.prompt = prompt

    @rule(who=st.sampled_from(PHONES), part=st.sampled_from([Part.SOON, Part.SOON, Part.AFTERNOON]))
    def somebody_books(self, who: str, part: Part) -> None:
        self.count += 1
        self.ask(self.now.book(f"c{self.count}", who, part, waited_s=60))

    @rule()
    def agents_ready(self) -> None:
        for number in range(1, AGENTS + 1):
            self.ask(self.ready(f"a{number}", f"s{number}"))

    async def ready(self, agent_id: str, seat: str) -> None:
        agents = self.now.centre.agents
        await agents.sign_in(agent_id, seat)
        await agents.set_state(agent_id, AgentState.READY)

    @precondition(lambda self: self.pbx.live)
    @rule(data=st.data(), does=st.sampled_from(["answers", "answers", "answers", "goes", "busy"]))
    def a_phone(self, data: st.DataObject, does: str) -> None:
        channel = data.draw(st.sampled_from(sorted(self.pbx.live)))
        if does == "answers" and channel in {one.id for one in self.pbx.live.values() if not one.up and "-" in one.id}:
            self.pbx.pick_up(channel)
        elif does != "answers":
            self.pbx.gone(channel, 17 if does == "busy" else 16)
        self.turn()

    @rule(who=st.sampled_from(PHONES))
    def a_customer_calls_in(self, who: str) -> None:
        if not self.pbx.on_line(who):
            self.count += 1
            self.pbx.call(f"{1000 + self.count}.7", who)
            self.turn()

    @rule(data=st.data(), what=st.sampled_from(["dial", "skip", "dismiss"]))
    def an_agent_wants(self, data: st.DataObject, what: str) -> None:
        if not (found := self.open()):
            return
        one, desk = data.draw(st.sampled_from(found)), self.now.desk
        agent_id = one.agent_id or "a1"
        self.ask(
            {
                "dial": lambda: desk.dial(agent_id, one.id),
                "skip": lambda: desk.skip(agent_id, one.id, "not now"),
                "dismiss": lambda: desk.dismiss(agent_id, one.id, "no more"),
            }[what]()
        )

    @rule(seconds=st.sampled_from([5, 30, 660, 3700, 4 * 3600, 11 * 3600]))
    def time_passes(self, seconds: float) -> None:
        self.turn(self.clock.leap(seconds))

    @precondition(lambda self: self.db.waiting)
    @rule(count=st.sampled_from([1, 1, 2, 50]))
    def storage_commits(self, count: int) -> None:
        while count and self.db.waiting:
            self.db.commit()
            self.turn()
            count -= 1

    @rule()
    def killed_and_started_again(self) -> None:
        self.die()
        self.start()
        self.settle()

    def die(self) -> None:
        async def cancel_all() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.runner.run(cancel_all())

    # --- what must be true ---

    def check(self) -> None:
        """Whom the PBX has rung: one call for each try, by the books, at a permitted time, not while on the line."""
        assert self.pbx.crossed == [], "a customer was rung while on the line"
        ids = [dial.call_id for dial, _ in self.pbx.rung]
        assert len(ids) == len(set(ids)), "a call has rung the customer twice"
        with self.engine.connect() as connection:
            story = [one.event for one in since(connection, 0, (CallbackDialled, CallbackClosed, CalleeAnswered))]
            of = {one: store.get(connection, one) for one in {callback_of(call_id) or "" for call_id in ids}}
        dialled = [one.call_id for one in story if isinstance(one, CallbackDialled)]
        closed = [one.callback_id for one in story if isinstance(one, CallbackClosed)]
        assert set(ids) <= set(dialled), "rung before it was in the books"
        assert len(dialled) == len(set(dialled)), "a try was begun twice"
        assert len(closed) == len(set(closed)), "a callback was finished twice"
        answered = {one.call_id for one in story if isinstance(one, CalleeAnswered)}
        for callback_id, callback in of.items():
            assert callback is not None
            mine = [(dial.call_id, at) for dial, at in self.pbx.rung if callback_of(dial.call_id) == callback_id]
            talked = [n for n, (call_id, _) in enumerate(mine) if call_id in answered]
            assert talked in ([], [len(mine) - 1]), "rung again after the talk"
            assert callback.misses <= TRIES
            for _, at in mine:
                local = at.astimezone(ZONE)
                assert 8 <= local.hour < 21, f"rung at {local}"
                assert at >= callback.window.begins.astimezone(UTC), "rung before the window"
                assert callback.window.ends is None or at < callback.window.ends, "rung after the window"

    def teardown(self) -> None:
        """However it went: with agents who answer and customers who do, every callback comes to its end."""
        self.settle()
        self.check()
        self.die()
        self.start()
        self.prompt = True
        self.settle()
        for _ in range(60):
            if not self.open() and not self.pbx.live:
                break
            for channel in [one.id for one in self.pbx.live.values() if not one.id.endswith("-talk")]:
                up = self.pbx.live.get(channel)
                if up is not None and (up.up or "-" not in channel):
                    self.pbx.gone(channel)
                elif up is not None:
                    self.pbx.pick_up(channel)
                self.turn()
            self.agents_ready()
            for agent in self.now.centre.agents.roster.everyone():
                if agent.state is AgentState.WRAP_UP:
                    self.ask(self.now.centre.agents.finish_wrap_up(agent.agent_id))
            self.turn(self.clock.leap(1500))
            self.settle()
        self.check()
        self.finished()
        self.die()
        self.runner.close()
        self.engine.dispose()

    def told(self, callbacks: list[Callback]) -> list[str]:
        """The latest events of these callbacks' calls."""
        ids = {callback_call(one.id, one.calls) for one in callbacks}
        with self.engine.connect() as connection:
            return [str(one.event) for one in since(connection, 0) if getattr(one.event, "call_id", "") in ids]

    def finished(self) -> None:
        rung = {callback_of(channel.removeprefix("dials-")) for channel in self.pbx.live}
        dialling = [one for one in self.open() if one.state is State.DIALLING and one.id not in rung]
        assert dialling == [], f"calls that nobody makes: {self.told(dialling)}, {self.pbx.live}"
        waiting = [one for one in self.open() if one.window.begins < self.clock.now() - timedelta(hours=1)]
        assert [one for one in waiting if 9 <= self.clock.now().astimezone(ZONE).hour < 20] == [], "not come to an end"
        assert not [agent for agent in self.now.centre.agents.roster.everyone() if agent.call_id and not self.pbx.live]


TestP18 = Callbacks.TestCase
TestP18.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_p18_outcomes_are_told_by_name() -> None:
    assert {one.value for one in Outcome} == {"answered", "called_in", "unreached", "too_late", "dismissed"}
