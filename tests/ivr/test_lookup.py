"""lookup: the facts that a flow names become variables, and no others."""

import re

import pytest
from pydantic import ValidationError

from cti.model import CallState
from cti.session import CallSession
from ivr import facts
from ivr.call import BillDetails, CustomerAnswers, IvrCall
from ivr.nodes.branch import Branch
from ivr.nodes.lookup import Lookup
from ivr.port import Asker, Progress
from tests.desk.test_bill_speech import TODAY, of_demo
from tests.ivr.caller import Caller

pytestmark = pytest.mark.integration

OWED, PAID = BillDetails((), {"bill_owed": "100.00", "bill_tail": "0002"}), BillDetails((), {"bill_owed": ""})
BILLS = CustomerAnswers(
    "C1", ("1", "2"), (("一元。",), ("二元。",)), ("您家停电。",), details=(PAID, OWED), facts={"cut_off": "yes"}
)
WAYS = {"unidentified": "nobody", "none": "none", "next": "next"}


def lookup(**values: str) -> Lookup:
    return Lookup.model_validate({"do": "lookup", "values": values, **WAYS})


async def looked_up(
    caller: Caller, node: Lookup, answers: CustomerAnswers = BILLS, **known: str
) -> tuple[str | None, dict[str, str]]:
    """Run the node for a caller about whom `answers` are known; return where it led and what is known then."""
    session = await caller.arrives(state=CallState.MENU)
    call, led = IvrCall(session, caller.services, known=dict(known)), list[str | None]()
    call.answer_with(answers)

    async def program(_session: CallSession) -> None:
        led.append(await node.run(call, "here"))
        branch = Branch(do="branch", when={"owed": "in_arrears"}, next="nothing_owed")
        led.append(await branch.run(call, "here"))

    await caller.runs(session, program)
    return (led[1] if "owed" in node.values else led[0]), call.known


async def test_facts_of_the_chosen_bill_are_kept_and_a_condition_is_their_name(caller: Caller) -> None:
    led, known = await looked_up(caller, lookup(owed="bill_owed", cut="cut_off", out="outage_text"), bill_chosen="2")
    assert led == "in_arrears"
    assert known == {"bill_chosen": "2", "owed": "100.00", "cut": "yes", "out": "您家停电。"}, "only what was asked for"


async def test_what_is_not_owed_is_the_empty_text(caller: Caller) -> None:
    led, known = await looked_up(caller, lookup(owed="bill_owed"), bill_chosen="1")
    assert led == "nothing_owed"
    assert known["owed"] == ""


async def test_of_several_bills_none_is_meant_before_one_is_chosen(caller: Caller) -> None:
    assert await looked_up(caller, lookup(tail="bill_tail")) == ("none", {"tail": ""})


async def test_nobody_known_is_asked_who_calls(caller: Caller) -> None:
    assert await looked_up(caller, lookup(tail="bill_tail"), CustomerAnswers()) == ("nobody", {})


async def test_the_order_is_asked_for_only_when_it_is_wanted(caller: Caller) -> None:
    caller.orders.own = Progress("261122000001", (), True)
    assert await looked_up(caller, lookup(number="order_number", open="order_open")) == (
        "next",
        {"number": "261122000001", "open": "yes"},
    )
    assert caller.orders.askers == [Asker(("1", "2"), "13800000001")]


def test_a_fact_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValidationError, match=re.escape("'bill_sum' is no fact; known: cut_off, bill_id")):
        lookup(total="bill_sum")
    with pytest.raises(ValidationError, match="the hotline itself knows"):
        lookup(verified="bill_id")


def test_every_fact_of_a_bill_is_made() -> None:
    made = facts.of_bill(of_demo("3200000002"), TODAY)
    assert made.keys() == facts.BILL.keys()
    assert (made["bill_owed"], made["bill_late_fee"], made["bill_total"]) == ("100.00", "1.00", "101.00")
    assert (made["bill_due"], made["bill_month"], made["bill_balance"]) == ("2026-11-17", "2026-10", "")
