"""A run of nodes that only led on is one event; what is heard, written or waited for at a node comes after its own."""

from dataclasses import replace

import pytest

from core.events import Event
from ivr.call import CustomerAnswers
from ivr.events import IvrFailed, IvrNodeEntered
from ivr.flow import Flow
from tests.ivr.caller import POLICY, Caller
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER, NOBODYS = "13800000001", "13800000006"
AT_HOME = CustomerAnswers("C1", ("3200000001",), (), ("您家今天停电。",))
BEFORE_THE_MENU = ("english_offer", "announcements", "outage_first", "speech_or_keys")


async def entered(caller: Caller) -> list[tuple[str, tuple[str, ...]]]:
    return [(e.node, e.passed) for e in await caller.story() if isinstance(e, IvrNodeEntered)]


async def test_nodes_that_only_lead_on_are_told_with_the_one_that_follows(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["2"]})
    caller.line.leaves_after = "account_ask"
    await caller.serve(shipped, await caller.arrives(NOBODYS))
    assert await entered(caller) == [
        ("welcome", ()),
        ("main", BEFORE_THE_MENU),
        ("ask_account", ("bill", "bill_account")),
    ]


async def test_a_node_that_says_something_is_told_before(caller: Caller, shipped: Flow) -> None:
    caller.books.numbers[NUMBER] = AT_HOME
    caller.line.leaves_after = "您家今天停电。"
    await caller.serve(shipped, await caller.arrives(NUMBER))
    assert (await entered(caller))[1:] == [("outage_first", ("english_offer", "announcements"))]


async def test_a_node_that_fails_is_told_before_its_failure(caller: Caller, shipped: Flow) -> None:
    caller.books.broken = TimeoutError()
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives(NUMBER))
    story = await caller.story()
    assert any(isinstance(event, IvrFailed) for event in story)
    stands_where_it_acts(story)


async def test_the_customer_system_is_not_asked_about_a_stranger(caller: Caller, shipped: Flow) -> None:
    caller.books.broken = TimeoutError()
    caller.line.leaves_after = "menu"
    session = await caller.arrives(NOBODYS)
    session.stranger = True
    await caller.serve(shipped, session)
    assert not [event for event in await caller.story() if isinstance(event, IvrFailed)]
    assert caller.line.heard[-1] == "menu"


async def test_a_caller_goes_on_where_a_node_was_waiting_when_the_service_died(caller: Caller, shipped: Flow) -> None:
    patient = replace(POLICY, rules=POLICY.rules | {"lookup_wait": replace(POLICY.rules["lookup_wait"], value=60)})
    caller.services = replace(caller.services, policy=patient)
    caller.books.hangs = True
    task = caller.start(shipped, await caller.arrives(NUMBER))

    async def waits() -> bool:
        return "outage_first" in [node for node, _ in await entered(caller)]

    await until(waits, what="the node that waits for the customer system is in the books")
    before = await caller.killed(task)
    caller.books.hangs, caller.books.numbers[NUMBER] = False, AT_HOME
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, caller.session(before))
    assert caller.line.heard == ["您家今天停电。", "menu"], "no greeting again"


def stands_where_it_acts(story: list[Event]) -> None:
    """Check that whatever a node did is told after its entry and before the next."""
    at = None
    for event in story:
        if isinstance(event, IvrNodeEntered):
            at = event.node
        elif (node := getattr(event, "node", None)) is not None:
            assert node == at, f"{event} at {at}"
