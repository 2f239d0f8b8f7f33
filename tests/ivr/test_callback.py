"""A caller books a callback: the number is read back, another may be typed, one booking a call and a number."""

from collections import deque

import pytest

from cti.messages import QueueGaveUp
from cti.model import CallState
from desk.callbacks.events import CallbackBooked, CallbackOffered
from ivr.events import DigitsCollected, IvrNodeEntered
from ivr.flow import Flow
from tests.ivr.caller import CALL, Caller

pytestmark = pytest.mark.integration

OWN, OTHER = "13800000001", "13900000002"


@pytest.fixture
def alone(caller: Caller) -> Caller:
    """A caller whom nobody can serve and who wants to be rung back."""
    caller.places.answers.append(QueueGaveUp("no_agents"))
    caller.line.presses({"menu": ["0"], "no_agent": ["5"], f"号码{OWN}": [""], "callback_confirm": ["1"]})
    return caller


def told(caller: Caller) -> list[str]:
    """Return what was heard after the menu of who finds nobody."""
    return caller.line.heard[caller.line.heard.index("no_agent") + 1 :]


async def test_the_own_number_is_read_back_and_booked_with_the_place(alone: Caller, shipped: Flow) -> None:
    call = await alone.serve(shipped, await alone.arrives())
    assert told(alone) == [f"号码{OWN}", "callback_confirm", "callback_window", "callback_done", "goodbye"]
    assert alone.callbacks.booked == [(CALL, OWN, "general", call.queued_at)]
    assert [e.node for e in await alone.story() if isinstance(e, CallbackOffered)] == ["nobody"]


async def test_another_number_is_typed_read_back_and_not_in_the_journal(alone: Caller, shipped: Flow) -> None:
    alone.line.presses(
        {"menu": ["0"], "no_agent": ["5"], "callback_confirm": ["2", "1"], "callback_type": [f"{OTHER}#"]}
    )
    await alone.serve(shipped, await alone.arrives())
    ask = ["callback_type", f"号码{OTHER}", "callback_confirm", "callback_window", "callback_done"]
    assert told(alone) == [f"号码{OWN}", "callback_confirm", *ask, "goodbye"]
    typed = [e for e in await alone.story() if isinstance(e, DigitsCollected) and e.length == len(OTHER)]
    assert [e.digits for e in typed] == [None]


async def test_who_withholds_the_number_types_one_and_an_odd_one_is_asked_for_again(
    alone: Caller, shipped: Flow
) -> None:
    alone.line.presses(
        {"menu": ["0"], "no_agent": ["5"], "callback_confirm": ["1"], "callback_type": ["110#", f"{OTHER}#"]}
    )
    await alone.serve(shipped, await alone.arrives("unknown", known=False))
    assert told(alone)[:4] == ["callback_type", "input_wrong", "callback_type", f"号码{OTHER}"]
    assert [number for _, number, _, _ in alone.callbacks.booked] == [OTHER]


async def test_who_is_to_be_rung_already_is_told_so(alone: Caller, shipped: Flow) -> None:
    alone.callbacks.open = {OWN}
    await alone.serve(shipped, await alone.arrives())
    assert told(alone)[-2:] == ["callback_open", "goodbye"]
    assert alone.callbacks.booked == []


async def test_at_night_the_hour_is_told(alone: Caller, shipped: Flow) -> None:
    alone.callbacks.later = "明天八点以后回拨。"
    await alone.serve(shipped, await alone.arrives())
    assert told(alone)[-2:] == ["明天八点以后回拨。", "goodbye"]


async def test_a_voice_that_is_down_costs_nobody_the_callback(alone: Caller, shipped: Flow) -> None:
    alone.callbacks.later = "明天八点以后回拨。"
    alone.speaker.unsaid = {f"号码{OWN}", "明天八点以后回拨。"}
    await alone.serve(shipped, await alone.arrives())
    assert told(alone) == ["callback_window", "callback_done", "goodbye"]
    assert [number for _, number, _, _ in alone.callbacks.booked] == [OWN]


@pytest.mark.parametrize(
    ("keys", "part"),
    [([""], "soon"), (["1"], "soon"), (["2"], "morning"), (["#", "9", "3"], "afternoon"), (["7"] * 3, "soon")],
)
async def test_the_caller_chooses_when(alone: Caller, shipped: Flow, keys: list[str], part: str) -> None:
    alone.callbacks.later = "明天八点至十二点之间回拨。"
    alone.line.keys["callback_window"] = deque(keys)
    await alone.serve(shipped, await alone.arrives())
    assert alone.callbacks.parts == [part]
    assert told(alone)[-2:] == ["明天八点至十二点之间回拨。", "goodbye"]


@pytest.mark.parametrize(("key", "heard"), [("0", "queue_enter"), ("*", "menu")])
async def test_who_thinks_better_of_it_when_asked_when_books_nothing(
    alone: Caller, shipped: Flow, key: str, heard: str
) -> None:
    alone.line.keys["callback_window"] = deque([key])
    alone.places.answers.append(QueueGaveUp("no_agents"))
    await alone.serve(shipped, await alone.arrives())
    assert heard in told(alone)
    assert alone.callbacks.booked == []


@pytest.mark.parametrize(("key", "heard"), [("0", "queue_enter"), ("*", "menu"), ("", "goodbye")])
async def test_who_does_not_want_it_goes_elsewhere(alone: Caller, shipped: Flow, key: str, heard: str) -> None:
    alone.line.presses({"menu": ["0"], "no_agent": ["5"], "callback_confirm": [key] * 3})
    alone.places.answers.append(QueueGaveUp("no_agents"))
    await alone.serve(shipped, await alone.arrives())
    assert heard in told(alone)
    assert key or told(alone)[-1] == "goodbye"
    assert alone.callbacks.booked == []


async def test_booked_before_a_restart_is_not_asked_again(caller: Caller, shipped: Flow) -> None:
    session = await caller.arrives(state=CallState.MENU)
    now = caller.clock.now()
    entered = IvrNodeEntered(at=now, call_id=CALL, flow="hotline", node="book_callback")
    await caller.journal.record(entered, CallbackBooked(at=now, call_id=CALL, callback_id="c1", queue="general"))
    await caller.serve(shipped, session)
    assert caller.line.heard == ["callback_done", "goodbye"]


@pytest.mark.parametrize(
    ("key", "then"),
    [
        ("5", [f"号码{OWN}", "callback_confirm", "callback_window", "callback_done", "goodbye"]),
        ("", ["queue_full"]),
    ],
)
async def test_whose_longest_wait_is_over_is_told_and_rung_back_or_let_go(
    caller: Caller, shipped: Flow, key: str, then: list[str]
) -> None:
    caller.places.answers.append(QueueGaveUp("too_long"))
    keys = {"menu": ["0"], "too_long_choice": [key], f"号码{OWN}": [""], "callback_confirm": ["1"]}
    caller.line.presses(keys)
    call = await caller.serve(shipped, await caller.arrives())
    heard = caller.line.heard
    assert heard[heard.index("too_long_choice") + 1 :][-len(then) :] == then
    assert caller.callbacks.booked == ([(CALL, OWN, "general", call.queued_at)] if key else [])
