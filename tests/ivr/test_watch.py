"""A caller in a known outage may be told when the power is back; any other key goes to what follows."""

import pytest
from sqlalchemy.exc import OperationalError

from core.db import DatabaseDown
from ivr.call import CustomerAnswers, KnownFault
from ivr.events import IvrFailed
from ivr.flow import Flow
from tests.ivr.caller import CALL, Caller

pytestmark = pytest.mark.integration

ACCOUNT, OTHER = "3200000003", "3200000001"
OUT = "您家停电。"


@pytest.fixture
def dark(caller: Caller) -> Caller:
    """A caller in a known outage."""
    caller.books.numbers["13800000003"] = CustomerAnswers("C3", (ACCOUNT,), (), (OUT,))
    caller.faults.accounts |= {ACCOUNT: KnownFault((OUT,)), OTHER: KnownFault((OUT,))}
    caller.watches.explained = {ACCOUNT, OTHER}
    return caller


async def test_one_key_and_the_caller_will_be_told(dark: Caller, shipped: Flow) -> None:
    dark.line.presses({"watch_offer": ["9"]})
    dark.line.leaves_after = "menu"
    await dark.serve(shipped, await dark.arrives("13800000003"))
    assert dark.line.heard == ["greeting_morning", OUT, "watch_offer", "watch_done", "menu"]
    assert dark.watches.asked == [(CALL, "13800000003", (ACCOUNT,))]


async def test_who_knows_the_menu_presses_through_the_offer(dark: Caller, shipped: Flow) -> None:
    dark.line.presses({"watch_offer": ["!1"]})
    dark.line.leaves_after = "fault_danger"
    await dark.serve(shipped, await dark.arrives("13800000003"))
    assert dark.line.heard == ["greeting_morning", OUT, "watch_offer", "fault_danger"]
    assert dark.watches.asked == []


async def test_who_does_nothing_comes_to_the_menu(dark: Caller, shipped: Flow) -> None:
    dark.line.leaves_after = "menu"
    await dark.serve(shipped, await dark.arrives("13800000003"))
    assert dark.line.heard == ["greeting_morning", OUT, "watch_offer", "menu"]


async def test_power_that_came_back_meanwhile_is_told_at_once(dark: Caller, shipped: Flow) -> None:
    dark.watches.over = True
    dark.line.presses({"watch_offer": ["9"]})
    dark.line.leaves_after = "menu"
    await dark.serve(shipped, await dark.arrives("13800000003"))
    assert dark.line.heard[-3:] == ["watch_offer", "outage_restored", "menu"]


async def test_it_is_offered_for_the_account_that_is_reported(dark: Caller, shipped: Flow) -> None:
    dark.line.presses({"menu": ["1"], "fault_danger": ["2"], "account_ask_fault": [f"{OTHER}#"], "watch_offer": ["9"]})
    dark.line.leaves_after = "fault_known_choice"
    await dark.serve(shipped, await dark.arrives("13800000006"))
    assert dark.line.heard[-4:] == [OUT, "watch_offer", "watch_done", "fault_known_choice"]
    assert dark.watches.asked == [(CALL, "13800000006", (OTHER,))]


async def test_where_nothing_is_known_or_the_number_is_withheld_nothing_is_offered(dark: Caller, shipped: Flow) -> None:
    dark.line.presses({"menu": ["1"], "fault_danger": ["2"], "account_ask_fault": [f"{OTHER}#"]})
    dark.line.leaves_after = "fault_known_choice"
    await dark.serve(shipped, await dark.arrives("unknown", known=False))
    assert "watch_offer" not in dark.line.heard


@pytest.mark.parametrize("trouble", [TimeoutError(), DatabaseDown(), OperationalError("", {}, OSError())], ids=repr)
async def test_what_cannot_be_found_out_is_not_offered_and_costs_nothing(
    dark: Caller, shipped: Flow, trouble: Exception
) -> None:
    dark.watches.trouble = trouble
    dark.line.leaves_after = "menu"
    await dark.serve(shipped, await dark.arrives("13800000003"))
    assert dark.line.heard == ["greeting_morning", OUT, "menu"]
    [failed] = [event for event in await dark.story() if isinstance(event, IvrFailed)]
    assert (failed.node, failed.to) == ("watch_first", shipped.node("watch_first").next)


async def test_a_note_cannot_be_sent_to_a_landline(dark: Caller, shipped: Flow) -> None:
    dark.books.numbers["01062345678"] = dark.books.numbers["13800000003"]
    dark.line.leaves_after = "menu"
    await dark.serve(shipped, await dark.arrives("01062345678"))
    assert dark.line.heard == ["greeting_morning", OUT, "menu"]
