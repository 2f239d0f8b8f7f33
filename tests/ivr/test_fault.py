"""A caller reports a fault by keys: safety first, what is known is told, the order number is read out."""

import pytest

from cti.messages import QueueGaveUp, SeatOffered
from ivr.call import CustomerAnswers, KnownFault
from ivr.events import IvrFailed, IvrNodeEntered
from ivr.flow import Flow
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

ACCOUNT, OTHER = "3200000001", "3200000002"
FIRST = "工单号261122000001"
OFFER = SeatOffered("agent1", "1001", "seat1001")


@pytest.fixture
def home(caller: Caller) -> Caller:
    """A caller whose number has one account, of which no fault is known."""
    caller.books.numbers["13800000001"] = CustomerAnswers("C1", (ACCOUNT,))
    caller.faults.accounts |= {ACCOUNT: KnownFault(), OTHER: KnownFault()}
    return caller


async def test_the_whole_home_is_reported_with_four_keys_and_the_number_is_read_again(
    home: Caller, shipped: Flow
) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "fault_scope": ["2"], "fault_done": ["1", ""]})
    await home.serve(shipped, await home.arrives())
    told = ["fault_danger", "fault_scope", FIRST, "fault_done", FIRST, "fault_done"]
    assert home.line.heard[: 2 + len(told)] == ["greeting_morning", "menu", *told]
    assert home.line.heard[-1] == "goodbye"
    assert [(r.call_id, r.account, r.scope, r.caller, r.danger) for r in home.faults.taken] == [
        (CALL, ACCOUNT, "home", "13800000001", False)
    ]
    assert home.faults.asked == [(ACCOUNT, True)]


@pytest.mark.parametrize(("keys", "scope"), [("1", "room"), ("2", "home"), ("3", "street")])
async def test_what_is_out_is_asked(home: Caller, shipped: Flow, keys: str, scope: str) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "fault_scope": [keys], "fault_indoor": ["1"]})
    home.line.leaves_after = "fault_done"
    await home.serve(shipped, await home.arrives())
    assert [r.scope for r in home.faults.taken] == [scope]
    assert ("fault_indoor" in home.line.heard) is (scope == "room")


async def test_danger_is_for_a_person_at_once(home: Caller, shipped: Flow) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": ["1"]})
    home.places.answers.append(OFFER)
    home.line.seats.append("answer")
    await home.serve(shipped, await home.arrives())
    assert home.line.heard[:5] == ["greeting_morning", "menu", "fault_danger", "emergency", "queue_enter"]
    assert "AgentAnswered" in await home.names()
    assert home.faults.taken == []


async def test_in_danger_with_nobody_there_the_report_is_taken_without_a_question(home: Caller, shipped: Flow) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": ["1"]})
    home.line.leaves_after = "fault_done"
    home.places.answers.append(QueueGaveUp("no_agents"))
    await home.serve(shipped, await home.arrives())
    assert home.line.heard[3:] == ["emergency", "queue_enter", "danger_alone", FIRST, "fault_done"]
    assert [(r.scope, r.danger) for r in home.faults.taken] == [("home", True)]


@pytest.mark.parametrize("press", ["0", ""])
async def test_who_presses_nothing_or_0_at_the_safety_question_gets_a_person(
    home: Caller, shipped: Flow, press: str
) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": [press] * 3})
    home.places.answers.append(OFFER)
    home.line.seats.append("answer")
    await home.serve(shipped, await home.arrives())
    assert "AgentAnswered" in await home.names()


async def test_a_known_fault_is_told_and_may_be_left_at_that(home: Caller, shipped: Flow) -> None:
    home.faults.accounts[ACCOUNT] = KnownFault(("您的户号已经报修。",), "261122000007")
    home.line.presses({"menu": ["1"], "fault_danger": ["2"]})
    home.line.leaves_after = "fault_known_choice"
    await home.serve(shipped, await home.arrives())
    assert home.line.heard[-2:] == ["您的户号已经报修。", "fault_known_choice"]
    assert home.faults.taken == []


async def test_a_known_fault_may_be_reported_all_the_same(home: Caller, shipped: Flow) -> None:
    home.faults.accounts[ACCOUNT] = KnownFault(("您所在的片区停电。",))
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "fault_known_choice": ["1"], "fault_scope": ["2"]})
    home.line.leaves_after = "fault_done"
    await home.serve(shipped, await home.arrives())
    assert home.line.heard[-5:] == ["您所在的片区停电。", "fault_known_choice", "fault_scope", FIRST, "fault_done"]


async def test_an_unknown_caller_types_the_account_and_is_told_when_it_is_wrong(home: Caller, shipped: Flow) -> None:
    home.line.presses(
        {"menu": ["1"], "fault_danger": ["2"], "account_ask_fault": ["9999999999#", f"{OTHER}#"], "fault_scope": ["2"]}
    )
    home.line.leaves_after = "fault_done"
    await home.serve(shipped, await home.arrives("13800000006"))
    asked = ["account_ask_fault", "account_again", "account_ask_fault"]
    assert home.line.heard[3:] == [*asked, "fault_scope", FIRST, "fault_done"]
    assert [(r.account, r.caller) for r in home.faults.taken] == [(OTHER, "13800000006")]
    assert home.faults.asked[-1] == (OTHER, False), "an account that anyone can type in is nobody's own"


async def test_an_account_that_is_wrong_again_and_again_leads_to_the_address(home: Caller, shipped: Flow) -> None:
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "account_ask_fault": ["9999999999#"] * 3})
    home.line.leaves_after = "address_ask"
    await home.serve(shipped, await home.arrives("13800000006"))
    assert home.line.heard.count("account_ask_fault") == 3
    assert home.line.heard[-1] == "address_ask"


SEVERAL = CustomerAnswers("C5", (ACCOUNT, OTHER))
WHICH = [f"{ACCOUNT}请按1", f"{OTHER}请按2"]


async def test_who_has_several_accounts_chooses_one(home: Caller, shipped: Flow) -> None:
    home.books.numbers["13800000005"] = SEVERAL
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], WHICH[-1]: ["7", "2"], "fault_scope": ["2"]})
    home.line.leaves_after = "fault_done"
    await home.serve(shipped, await home.arrives("13800000005"))
    assert home.line.heard[3:8] == [*WHICH, "input_wrong", *WHICH]
    assert [r.account for r in home.faults.taken] == [OTHER]
    assert home.faults.asked == [(OTHER, True)]


@pytest.mark.parametrize(("key", "heard"), [("0", "recording_notice"), ("*", "menu"), ("", "account_ask_fault")])
async def test_who_chooses_none_of_several_accounts_gets_a_person_the_menu_or_types_it(
    home: Caller, shipped: Flow, key: str, heard: str
) -> None:
    home.books.numbers["13800000005"] = SEVERAL
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], WHICH[-1]: [key] * 3})
    home.line.leaves_after = heard if heard != "menu" else ""
    if heard == "menu":
        home.line.presses({"menu": ["1", "0"], "fault_danger": ["2"], WHICH[-1]: [key]})
        home.line.leaves_after = "recording_notice"
    await home.serve(shipped, await home.arrives("13800000005"))
    assert home.line.heard[5 if key else 9 :][0] == heard
    assert home.faults.taken == []


async def test_a_report_that_cannot_be_taken_in_time_is_for_a_person(home: Caller, shipped: Flow) -> None:
    home.faults.hangs = True
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "fault_scope": ["2"]})
    home.places.answers.append(OFFER)
    home.line.seats.append("answer")
    await home.serve(shipped, await home.arrives())
    failed = [(e.node, e.what) for e in await home.story() if isinstance(e, IvrFailed)]
    assert failed == [("fault_home", "TimeoutError")]
    assert "apology_person" in home.line.heard
    assert "AgentAnswered" in await home.names()


async def test_a_number_that_cannot_be_said_in_time_costs_neither_the_report_nor_the_call(
    home: Caller, shipped: Flow
) -> None:
    home.speaker.unsaid.add(FIRST)
    home.line.presses({"menu": ["1"], "fault_danger": ["2"], "fault_scope": ["2"], "fault_done": ["1", ""]})
    await home.serve(shipped, await home.arrives())
    assert home.line.heard[3:7] == ["fault_scope", "fault_taken", "fault_done", FIRST]


async def test_after_a_restart_the_same_number_is_told_and_the_account_is_not_asked_again(
    home: Caller, shipped: Flow
) -> None:
    home.line.presses(
        {
            "menu": ["1"],
            "fault_danger": ["2"],
            "account_ask_fault": [f"{OTHER}#"],
            "fault_scope": ["2"],
            "fault_done": ["!"],
        }
    )
    task = home.start(shipped, await home.arrives("13800000006"))
    await until(lambda: "fault_done" in home.line.heard)
    booked = await home.killed(task)

    home.line.presses({"fault_done": ["1", ""]})
    await home.serve(shipped, home.session(booked))
    assert home.line.heard[:3] == ["fault_done", FIRST, "fault_done"]
    assert len(home.faults.taken) == 1
    entered = [e for e in await home.story() if isinstance(e, IvrNodeEntered) and e.node == "fault_done"]
    assert entered[0].known == {"fault_account": OTHER, "order": "261122000001"}
