"""Who handed a caller on, or parked them, is rung before the queue follows, when that one is there for it."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cti.events import AgentMissed, AgentRang
from cti.inbox import Asked
from cti.messages import Command, DigitPressed, HandOver, Outsider, Park, PickUp, SeatOffered, SilentScript
from cti.model import CallState
from cti.session import CallSession
from ivr.flow import Flow, load
from speech.prompts import catalogue
from tests.ivr.caller import CALL, POLICY, Caller
from tests.until import until

pytestmark = pytest.mark.integration

ANNA = SeatOffered("anna", "1001", "seat1001")
BERT = SeatOffered("bert", "1002", "seat1002")
WAYS: dict[str, Command] = {
    "agent": HandOver("anna", BERT),
    "outside": HandOver("anna", Outsider("02112345678")),
    "parked": Park("anna"),
}
ONE = """
flow: one
version: 1
start: first
trouble: bye
nodes:
  first: {do: queue, queue: general, nobody: bye, too_long: bye, next: bye}
  bye: {do: hangup}
"""


@dataclass
class Agents:
    """Who is there for a caller that comes back."""

    there: bool = True
    asked: list[str] = field(default_factory=list)

    async def keep(self, agent_id: str, call_id: str) -> SeatOffered | None:
        self.asked.append(agent_id)
        return ANNA if self.there else None


@pytest.fixture
def one(tmp_path: Path) -> Flow:
    file = tmp_path / "one.yaml"
    file.write_text(ONE, "utf-8")
    return load(file, catalogue(site="x"))


async def talking(
    caller: Caller, flow: Flow, agents: Agents, *seats: str, returns: float = 1, park_limit: float = 0.05
) -> tuple[CallSession, asyncio.Task[None]]:
    """A talk with anna; whoever is rung afterwards does as `seats` say."""
    numbers = {"park_limit": park_limit, "hand_over_returns": returns}
    rules = POLICY.rules | {name: replace(POLICY.rules[name], value=value) for name, value in numbers.items()}
    caller.services = replace(caller.services, returns=agents.keep, policy=replace(POLICY, rules=rules))
    caller.line.stays_on = True
    caller.line.seats.extend(("answer", *seats))
    caller.places.answers.append(ANNA)
    session = await caller.arrives()
    task = caller.start(flow, session)
    await until(lambda: session.call.state is CallState.TALKING, what="the talk")
    return session, task


async def do(session: CallSession, command: Command) -> None:
    asked = Asked(command, asyncio.get_running_loop().create_future())
    assert session.deliver(asked)
    await asyncio.wait_for(asked.outcome, 5)


async def rang(caller: Caller) -> list[tuple[str, str]]:
    return [(e.agent_id, e.how) for e in await caller.story() if isinstance(e, AgentRang)]


@pytest.mark.parametrize("way", WAYS)
async def test_a_hand_over_that_fails_comes_back_to_the_agent(caller: Caller, one: Flow, way: str) -> None:
    agents = Agents()
    seats = ["answer"] if way == "parked" else ["busy", "answer"]
    session, _ = await talking(caller, one, agents, *seats)
    await do(session, WAYS[way])
    await until(lambda: session.call.state is CallState.TALKING, what="the agent has the caller back")
    assert (await rang(caller))[-1] == ("anna", "returned")
    assert [asked[0] for asked in caller.places.asked] == ["request"], "the queue was not asked again"


@pytest.mark.parametrize("why", ["not there", "off", "does not answer"])
@pytest.mark.parametrize("way", WAYS)
async def test_else_the_caller_waits_in_the_queue(caller: Caller, one: Flow, way: str, why: str) -> None:
    agents = Agents(there=why != "not there")
    seats = ["busy", "busy"] if way != "parked" else ["busy"]
    session, _ = await talking(caller, one, agents, *seats, returns=why != "off")
    await do(session, WAYS[way])
    await until(lambda: len(caller.places.asked) == 2, what="the queue is asked")
    assert session.call.state is CallState.QUEUED
    assert agents.asked == ([] if why == "off" else ["anna"])


async def test_a_caller_found_parked_after_a_restart_comes_back_to_who_parked(caller: Caller, one: Flow) -> None:
    agents = Agents()
    session, task = await talking(caller, one, agents, "answer")
    await do(session, Park("anna"))
    call = await caller.killed(task)
    assert (call.state, call.park_place) == (CallState.PARKED, 701)
    session = caller.session(call)
    caller.start(one, session)
    await until(lambda: session.call.state is CallState.TALKING, what="the agent has the caller back")
    assert (await rang(caller))[-1] == ("anna", "returned")


@pytest.mark.parametrize("rings", ["silent", "busy"])
async def test_a_kill_while_who_picked_up_is_rung_leaves_the_caller_at_the_place(
    caller: Caller, one: Flow, rings: str
) -> None:
    """`rings`: the phone rings when the service dies, or it has just told that it is busy."""
    session, task = await talking(caller, one, Agents(), rings, "answer", park_limit=60)
    await do(session, Park("anna"))
    await do(session, PickUp("bert", BERT))
    tried = CallState.RINGING if rings == "silent" else CallState.PARKED
    await until(lambda: session.call.state is tried, what="it rang")
    call = await caller.killed(task, after=AgentRang if rings == "silent" else AgentMissed)
    assert (call.state, call.park_place) == (CallState.RINGING if rings == "silent" else CallState.QUEUED, None)
    session = caller.session(call)
    caller.start(one, session)
    await until(lambda: session.call.state is CallState.PARKED, what="the caller is at the place again")
    assert (session.call.park_place, session.call.parked_by) == (701, "anna")
    await do(session, PickUp("bert", BERT))
    await until(lambda: session.call.state is CallState.TALKING, what="picked up")
    assert (await rang(caller))[-1] == ("bert", "picked_up")


async def test_who_answered_after_a_hand_over_is_not_rung_again_for_the_next_wait(caller: Caller, one: Flow) -> None:
    """Bert, to whom the caller was handed on, hangs up in the silent-call script; then the caller is heard."""
    session, _ = await talking(caller, one, Agents(there=False), "answer")
    await do(session, HandOver("anna", BERT))
    await until(lambda: session.call.agent_id == "bert" and session.call.state is CallState.TALKING, what="bert")
    await do(session, SilentScript("bert"))
    caller.line.gone(session.call.seat_channel_id or "")
    await until(lambda: session.call.state is CallState.MENU, what="the phone is on the hook")
    caller.line.tell(DigitPressed(CALL, "5"))
    await until(lambda: len(caller.places.asked) == 2, what="the queue is asked")
    assert [agent for agent, _ in await rang(caller)] == ["anna", "bert"]
