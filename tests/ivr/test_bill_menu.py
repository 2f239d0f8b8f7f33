"""Keys 2, 4 and 5: the bill sent and what was used, how far an order has come, urging it, a person for a complaint."""

import pytest

from cti.messages import SeatOffered
from desk.workorders.model import Urging
from ivr.call import BillDetails, CustomerAnswers
from ivr.events import IvrFailed, IvrNodeEntered, NeedStated
from ivr.flow import Flow
from ivr.port import Asker, Progress, TextWanted
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER, ACCOUNT = "13800000001", "3200000001"
FIRST = BillDetails(("十月用电一度。", "九月用电两度。"), {"bill_id": "first", "bill_text": "电费1元"})
SECOND = BillDetails(("十月没有用电。",), {"bill_id": "second", "bill_text": "电费2元"})
ONE = CustomerAnswers("C1", (ACCOUNT,), (("一元。",),), details=(FIRST,))
TWO = CustomerAnswers(
    "C1", (ACCOUNT, "3"), (("一元。",), ("二元。",)), which=("请按一。", "请按二。"), details=(FIRST, SECOND)
)
OPEN, CLOSED = Progress("261122000001", ("正在处理。",), True), Progress("261122000002", ("已办结。",), False)
SENT = TextWanted(CALL, "first", NUMBER, "电费1元")
ASKED_IN_VAIN = ["order_ask", "order_unknown"]


@pytest.fixture
def home(caller: Caller) -> Caller:
    """A caller with one account."""
    caller.books.numbers[NUMBER] = ONE
    return caller


async def serve(home: Caller, flow: Flow, keys: dict[str, list[str]], leaves_after: str = "") -> list[str]:
    home.line.presses(keys)
    home.line.leaves_after = leaves_after
    home.places.answers.append(SeatOffered("agent1", "1001", "seat1001"))
    home.line.seats.append("answer")
    await home.serve(flow, await home.arrives(NUMBER))
    return home.line.heard[2:]


async def test_the_bill_is_sent_once_however_often_it_is_asked_for(home: Caller, shipped: Flow) -> None:
    heard = await serve(home, shipped, {"menu": ["2"], "after_bill": ["1", "1", ""]})
    after = ["bill_more", "after_bill"]
    assert heard[:8] == ["一元。", *after, "短信发到0001", *after, "短信发到0001", after[0]]
    assert home.texts.wanted == [SENT]


async def test_usage_is_of_the_chosen_account_and_can_be_heard_again(home: Caller, shipped: Flow) -> None:
    home.books.numbers[NUMBER] = TWO
    keys = {"menu": ["2"], "请按二。": ["2"], "after_bill": ["1", "2", "#"]}
    heard = await serve(home, shipped, keys)
    assert home.texts.wanted == [TextWanted(CALL, "second", NUMBER, "电费2元")]
    assert heard.count("十月没有用电。") == 2
    assert heard.count("请按一。") == 1, "what was chosen is not asked again"


async def test_without_a_mobile_on_record_nothing_is_sent_and_the_caller_hears_why(home: Caller, shipped: Flow) -> None:
    home.texts.mobile = ""
    heard = await serve(home, shipped, {"menu": ["2"], "after_bill": ["1"]})
    assert heard[3] == "sms_no_number"
    assert home.texts.wanted == []


async def test_a_number_that_cannot_be_said_in_time_costs_nothing(home: Caller, shipped: Flow) -> None:
    home.speaker.unsaid.add("短信发到0001")
    heard = await serve(home, shipped, {"menu": ["2"], "after_bill": ["1"]})
    assert heard[3] == "sms_sent"
    assert home.texts.wanted == [SENT]


async def test_after_a_restart_in_the_sending_the_text_is_the_same_one(home: Caller, shipped: Flow) -> None:
    home.line.presses({"menu": ["2"], "after_bill": ["1", "!"]})
    task = home.start(shipped, await home.arrives(NUMBER))
    await until(lambda: home.line.heard.count("after_bill") == 2)
    await home.killed(task)
    entered = [e for e in await home.story() if isinstance(e, IvrNodeEntered) and e.node == "bill_send"]
    assert entered[0].known == {"bill_id": "first", "bill_note": "电费1元"}
    assert home.texts.wanted == [SENT]


async def test_the_own_order_is_told_urged_once_and_told_again(home: Caller, shipped: Flow) -> None:
    home.orders.own = home.orders.numbers[OPEN.number] = OPEN
    heard = await serve(home, shipped, {"menu": ["4"], "business_menu": ["1"], "after_bill": ["1", "#", "*"]}, "")
    offered, plain = ["urge_offer", "order_other", "after_bill"], ["order_other", "after_bill"]
    told = ["business_menu", "正在处理。", *offered, "urge_done", *plain, "正在处理。", *offered, "menu"]
    assert heard[: len(told)] == told
    assert home.orders.urged == [(OPEN.number, CALL)]
    assert home.orders.askers == [Asker((ACCOUNT,), NUMBER)] * 2


@pytest.mark.parametrize(
    ("became", "heard"),
    [(Urging.TOO_SOON, "urge_soon"), (Urging.ENOUGH, "urge_enough"), (Urging.CLOSED, "urge_enough")],
)
async def test_an_urging_that_is_not_taken_is_explained(
    home: Caller, shipped: Flow, became: Urging, heard: str
) -> None:
    home.orders.own = OPEN
    home.orders.urging.append(became)
    told = await serve(home, shipped, {"menu": ["4"], "business_menu": ["1"], "after_bill": ["1"]})
    assert heard in told
    assert ("AgentAnswered" in await home.names()) is (heard == "urge_enough"), "more than a machine takes: a person"


async def test_a_number_is_asked_for_where_the_caller_has_no_order(home: Caller, shipped: Flow) -> None:
    home.orders.numbers[CLOSED.number] = CLOSED
    keys = {"menu": ["4"], "business_menu": ["1"], "order_ask": ["999999999999#", "12#", f"{CLOSED.number}#"]}
    heard = await serve(home, shipped, keys, "after_bill")
    told = [*ASKED_IN_VAIN, *ASKED_IN_VAIN, "order_ask", "已办结。", "order_other", "after_bill"]
    assert heard == ["business_menu", *told]


async def test_wrong_numbers_again_and_again_lead_to_a_person(home: Caller, shipped: Flow) -> None:
    heard = await serve(home, shipped, {"menu": ["4"], "business_menu": ["1"], "order_ask": ["999999999999#"] * 3})
    assert heard.count("order_ask") == 3
    assert "AgentAnswered" in await home.names()


async def test_orders_that_are_not_told_in_time_are_for_a_person(home: Caller, shipped: Flow) -> None:
    home.orders.hangs = True
    heard = await serve(home, shipped, {"menu": ["4"], "business_menu": ["1"]})
    assert heard[1] == "apology_person"
    assert [(e.node, e.what) for e in await home.story() if isinstance(e, IvrFailed)] == [("progress", "TimeoutError")]
    assert "AgentAnswered" in await home.names()


@pytest.mark.parametrize(
    ("keys", "need"), [({"menu": ["5"]}, "complaint"), ({"menu": ["4"], "business_menu": ["0"]}, "business")]
)
async def test_the_person_is_told_what_the_caller_wants(
    home: Caller, shipped: Flow, keys: dict[str, list[str]], need: str
) -> None:
    await serve(home, shipped, keys)
    assert [e.need for e in await home.story() if isinstance(e, NeedStated)] == [need]
    assert [queue for what, queue, _ in home.places.asked if what == "request"] == ["general"]
