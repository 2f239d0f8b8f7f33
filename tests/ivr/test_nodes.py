"""Each verb by itself: what is said, which keys count, where it leads, what the journal holds."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from pydantic import ValidationError

from cti.messages import PlaybackEnded, QueueGaveUp, SeatOffered
from cti.model import CallState
from cti.session import CallSession
from ivr.call import CustomerAnswers, IvrCall
from ivr.events import CallerIdentified, DigitsCollected
from ivr.flow import Flow
from ivr.node import Node
from ivr.nodes.bill import Bill
from ivr.nodes.branch import Branch
from ivr.nodes.collect import Collect
from ivr.nodes.hangup import Hangup
from ivr.nodes.hours import Hours
from ivr.nodes.menu import Menu
from ivr.nodes.outage import Outage
from ivr.nodes.play import Play
from ivr.nodes.queue import Queue
from ivr.nodes.say import Say
from ivr.nodes.set import Set
from ivr.nodes.verify import Verify
from tests.ivr.caller import CALL, Caller
from tests.until import until

pytestmark = pytest.mark.integration

MENU = Menu(
    do="menu", prompts=("menu",), keys={"2": "bill", "0": "person"}, silent=("input_nothing",), give_up="give_up"
)
ASK = Collect(
    do="collect",
    prompts=("account_ask",),
    into="account",
    length="account_digits",
    back="back",
    give_up="give_up",
    next="next",
)
PIN = ASK.model_copy(update={"prompts": ("pin_ask",), "into": "pin", "length": "pin_digits", "secret": True})
VERIFY = Verify(do="verify", again="again", locked="locked", next="next")
ACCOUNT = "3200000001"
BILL = Bill(do="bill", unidentified="ask", person="person", back="menu", next="on")
ANSWERS = CustomerAnswers("C1", (ACCOUNT,), (("您的电费是一元。",),), ("您家停电。",))


class Step:
    """One node run for one caller: where it led, and the call as the node left it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.call: IvrCall | None = None
        self.led: list[str | None] = []

    async def run(self, *nodes: Node, keys: Mapping[str, Sequence[str]] | None = None, **given: object) -> str | None:
        """Run the nodes one after the other in one call and return where the last one led."""
        self._caller.line.presses(keys or {})
        session = await self._caller.arrives(state=CallState.MENU)

        async def program(_session: CallSession) -> None:
            self.call = IvrCall(session, self._caller.services, **given)  # type: ignore[arg-type]
            for node in nodes:
                self.led.append(await node.run(self.call, "here"))

        await self._caller.runs(session, program)
        return self.led[-1]


@pytest.fixture
def step(caller: Caller) -> Step:
    return Step(caller)


async def pressed(caller: Caller) -> list[str | None]:
    return [e.digits for e in await caller.story() if isinstance(e, DigitsCollected)]


# --- play, hangup ---------------------------------------------------------------------------------------


async def test_play_says_its_prompts_and_goes_on(caller: Caller, step: Step) -> None:
    assert await step.run(Play(do="play", prompts=("menu", "thanks"), next="there")) == "there"
    assert caller.line.heard == ["menu", "thanks"]


@pytest.mark.parametrize(
    ("hour", "greeting"), [(0, "greeting_morning"), (11, "greeting_morning"), (12, "greeting_day")]
)
async def test_the_greeting_is_that_of_the_hour(caller: Caller, step: Step, hour: int, greeting: str) -> None:
    caller.hour = hour
    await step.run(Play(do="play", prompts=("greeting",), next="x"))
    assert caller.line.heard == [greeting]


async def test_a_key_cuts_a_prompt_short_and_is_not_lost(caller: Caller, step: Step) -> None:
    assert await step.run(Play(do="play", prompts=("menu",), next="x"), MENU, keys={"menu": ["!2"]}) == "bill"
    assert caller.line.heard == ["menu"], "the menu's own text is not said to one who pressed already"
    assert "stop call-1-play-0" in caller.line.asked


async def test_hangup_says_goodbye_and_ends_the_call(caller: Caller, step: Step) -> None:
    assert await step.run(Hangup(do="hangup", why="no_agents")) is None
    assert caller.line.heard == ["goodbye"]
    call = await caller.booked()
    assert (call.state, call.ended_by, call.end_cause) == (CallState.ENDED, "system", "no_agents")


# --- menu ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "leads", "heard"),
    [
        (["2"], "bill", ["menu"]),
        (["", "0"], "person", ["menu", "input_nothing", "menu"]),
        (["#", "2"], "bill", ["menu", "menu"]),
        (["7", "2"], "bill", ["menu", "input_wrong", "menu"]),
        (["D", "2"], "bill", ["menu", "input_wrong", "menu"]),
        ([], "give_up", ["menu", "input_nothing"] * 3),
        (["7", "8", "9"], "give_up", ["menu", "input_wrong"] * 3),
        (["#", "#", "#"], "give_up", ["menu"] * 3),
    ],
)
async def test_menu(caller: Caller, step: Step, keys: list[str], leads: str, heard: list[str]) -> None:
    assert await step.run(MENU, keys={"menu": keys}) == leads
    assert caller.line.heard == heard
    assert await pressed(caller) == [key for key in keys if key]


async def test_a_menu_says_words_of_its_own_and_says_them_again(caller: Caller, step: Step) -> None:
    worded = Menu(do="menu", prompts=("查电费请按二。",), keys={"2": "bill"}, give_up="give_up")
    (own,) = worded.said()
    assert own.text == "查电费请按二。"
    assert await step.run(worded, keys={own.id: ["#", "2"]}) == "bill"
    assert caller.line.heard == [own.id] * 2


async def test_a_key_pressed_right_after_a_wrong_one_is_a_new_choice(caller: Caller, step: Step) -> None:
    assert await step.run(MENU, keys={"menu": ["92"]}) == "bill"
    assert await pressed(caller) == ["9", "2"]


@pytest.mark.parametrize(("burst", "leads"), [("789", "bill"), ("7892", "bill"), ("7D9", "bill"), ("7" * 21, "bill")])
async def test_wrong_keys_in_a_burst_are_one_miss(caller: Caller, step: Step, burst: str, leads: str) -> None:
    assert await step.run(MENU, keys={"menu": [burst, "8", "2"]}) == leads
    assert "".join(await pressed(caller)).startswith(burst)


async def test_a_telephone_that_lies_on_its_keys_comes_to_a_person(caller: Caller, step: Step) -> None:
    assert await step.run(MENU, keys={"menu": ["7" * 100]}) == "give_up"
    assert len("".join(await pressed(caller))) <= 63


# --- collect ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "leads", "kept"),
    [
        ([ACCOUNT], "next", ACCOUNT),
        ([f"{ACCOUNT}#"], "next", ACCOUNT),
        (["32000#", ACCOUNT], "next", ACCOUNT),
        (["", ACCOUNT], "next", ACCOUNT),
        ([ACCOUNT + "1", ACCOUNT], "next", ACCOUNT),
        (["320000*001", ACCOUNT], "next", ACCOUNT),
        (["*"], "back", None),
        (["#", "#", "#"], "give_up", None),
        (["1" * 60, "1" * 60, "1" * 60], "give_up", None),
        ([], "give_up", None),
    ],
)
async def test_collect(caller: Caller, step: Step, keys: list[str], leads: str, kept: str | None) -> None:
    assert await step.run(ASK, keys={"account_ask": keys}) == leads
    assert step.call is not None
    assert step.call.known.get("account") == kept
    tries = 3 if leads == "give_up" else len(keys)
    wrong = tries if leads == "give_up" else tries - 1
    assert caller.line.heard.count("account_ask") == tries
    assert caller.line.heard.count("input_wrong") == wrong


async def test_secret_digits_are_nowhere_but_in_memory(caller: Caller, step: Step) -> None:
    assert await step.run(PIN, keys={"pin_ask": ["94711#", "947110"]}) == "next"
    assert step.call is not None
    assert (step.call.secrets, step.call.known) == ({"pin": "947110"}, {})
    story = await caller.story()
    assert [(e.digits, e.length) for e in story if isinstance(e, DigitsCollected)] == [(None, 5), (None, 6)]
    assert "94711" not in repr(story)


# --- verify ----------------------------------------------------------------------------------------------


async def test_a_right_pin_makes_the_caller_known_and_is_forgotten(caller: Caller, step: Step) -> None:
    caller.books.pins[ACCOUNT] = "000001"
    caller.books.accounts[ACCOUNT] = ANSWERS
    given = {"known": {"account": ACCOUNT}, "secrets": {"pin": "000001"}}
    assert await step.run(VERIFY, **given) == "next"
    assert step.call is not None
    assert step.call.secrets == {}
    assert step.call.known["verified"] == ACCOUNT
    assert await step.call.customer() == ANSWERS
    told = [e for e in await caller.story() if isinstance(e, CallerIdentified)]
    assert [(e.customer_id, e.how) for e in told] == [("C1", "pin")]


async def test_after_three_wrong_pins_it_is_locked(caller: Caller, step: Step) -> None:
    caller.books.pins[ACCOUNT] = "000001"
    nodes = [ASK, PIN, VERIFY] * 3
    keys = {"account_ask": [ACCOUNT] * 3, "pin_ask": ["111111", "222222", "333333"]}
    assert await step.run(*nodes, keys=keys) == "locked"
    assert step.led[2::3] == ["again", "again", "locked"]
    assert [h for h in caller.line.heard if h.startswith("pin_") and h != "pin_ask"] == [
        "pin_again",
        "pin_again",
        "pin_locked",
    ]
    assert len(caller.books.tried) == 3


async def test_without_a_pin_at_hand_it_is_asked_again(caller: Caller, step: Step) -> None:
    assert await step.run(VERIFY, known={"account": ACCOUNT}) == "again"
    assert caller.books.tried == []


async def test_an_account_that_nobody_has_sounds_like_a_wrong_pin(caller: Caller, step: Step) -> None:
    assert await step.run(VERIFY, known={"account": "3299999999"}, secrets={"pin": "000001"}) == "again"
    assert caller.line.heard == ["pin_again"]


async def test_a_customer_system_that_does_not_answer_is_not_waited_for(caller: Caller, step: Step) -> None:
    caller.books.hangs = True
    session = await caller.arrives(state=CallState.MENU)
    call = IvrCall(session, caller.services, known={"account": ACCOUNT}, secrets={"pin": "1"})
    with pytest.raises(TimeoutError):
        await VERIFY.run(call, "check")


# --- bill, outage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "answers", "leads", "heard"),
    [
        (BILL, ANSWERS, "on", list(ANSWERS.bills[0])),
        (BILL, CustomerAnswers("C1", (ACCOUNT,)), "on", ["bill_none"]),
        (BILL, CustomerAnswers(), "ask", []),
        (Outage(do="outage", next="on"), ANSWERS, "on", list(ANSWERS.outages)),
        (Outage(do="outage", next="on"), CustomerAnswers(), "on", []),
        (Outage(do="outage", none=("outage_none",), next="on"), CustomerAnswers("C1", ("1",)), "on", ["outage_none"]),
        (Outage(do="outage", unidentified="ask", next="on"), CustomerAnswers(), "ask", []),
        (Outage(do="outage", after=("outage_more",), next="on"), ANSWERS, "on", [*ANSWERS.outages, "outage_more"]),
    ],
)
async def test_what_is_known_is_told(
    caller: Caller, step: Step, node: Node, answers: CustomerAnswers, leads: str, heard: list[str]
) -> None:
    assert await step.run(node, answers=answers) == leads
    assert caller.line.heard == heard


async def test_a_caller_who_waits_for_a_sentence_is_asked_to_wait(caller: Caller, step: Step) -> None:
    slow = caller.speaker.slow = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, slow.set)
    await step.run(BILL, answers=ANSWERS)
    assert caller.line.heard == ["please_wait", *ANSWERS.bills[0]]


WHICH = ("尾号零零零五的用电户请按一。", "尾号零零零六的用电户请按二。")
TWO = CustomerAnswers("C5", ("3200000005", "3200000006"), (("五的电费。",), ("六的电费。",)), which=WHICH)


@pytest.mark.parametrize(
    ("keys", "leads", "heard"),
    [
        (["2"], "on", [*WHICH, "六的电费。"]),
        (["!1"], "on", [*WHICH, "五的电费。"]),
        (["0"], "person", [*WHICH]),
        (["*"], "menu", [*WHICH]),
        (["3", "1"], "on", [*WHICH, "input_wrong", *WHICH, "五的电费。"]),
        (["", "", ""], "on", [*WHICH, *WHICH, *WHICH]),
    ],
)
async def test_who_has_several_accounts_chooses_one(
    caller: Caller, step: Step, keys: list[str], leads: str, heard: list[str]
) -> None:
    assert await step.run(BILL, keys={WHICH[-1]: keys}, answers=TWO) == leads
    assert caller.line.heard == heard


async def test_the_account_chosen_before_is_told_again(caller: Caller, step: Step) -> None:
    again = BILL.model_copy(update={"again": True})
    assert await step.run(BILL, again, keys={WHICH[-1]: ["2"]}, answers=TWO) == "on"
    assert caller.line.heard == [*WHICH, "六的电费。", "六的电费。"]


# --- say, set, branch, hours ---------------------------------------------------------------------------------


async def test_say_says_a_text_with_the_variables_that_set_keeps(caller: Caller, step: Step) -> None:
    kept = Set(do="set", values={"kind": "报修", "both": "{kind}-{account}"}, next="on")
    said = Say(do="say", text="{kind}，{account}。", next="there")
    assert await step.run(kept, said, known={"account": "12"}) == "there"
    assert step.call is not None
    assert step.call.known == {"account": "12", "kind": "报修", "both": "-12"}, "values are those before the node"
    assert caller.line.heard == ["报修，幺二。"]


async def test_a_text_without_variables_is_a_prompt_that_the_flow_brings_along(
    caller: Caller, step: Step, shipped: Flow
) -> None:
    greeted, asked = Say(do="say", text="今天有大风。", next="main"), Say(do="say", text="{account}？", next="main")
    flow = shipped.model_copy(update={"nodes": {**shipped.nodes, "welcome": greeted, "again": greeted, "ask": asked}})
    new = list(flow.said().keys() - shipped.said().keys())
    assert [flow.said()[prompt].text for prompt in new] == ["今天有大风。"]
    assert set(new) <= set(flow.prompts()), "rendered before a call"
    assert await step.run(greeted) == "main"
    assert caller.line.heard == new


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("hour == 16", True),  # 08:00 UTC on a Sunday, at a site in China
        ("weekday == 7 and not working_day", True),
        ("caller_known", True),
        ("identified and accounts == 1 and bills == 1 and outages == 1", True),
        ("account == '12'", True),
        ("never_set == ''", True),
        ("verified", False),
        ("accounts > 1", False),
    ],
)
async def test_branch_goes_where_the_first_condition_that_holds_leads(
    caller: Caller, step: Step, condition: str, holds: bool
) -> None:
    branch = Branch(do="branch", when={"hour < 0": "no", condition: "yes", "hour >= 0": "later"}, next="never")
    assert await step.run(branch, answers=ANSWERS, known={"account": "12"}) == ("yes" if holds else "later")
    assert caller.line.heard == []


async def test_branch_without_a_condition_that_holds_goes_on(step: Step) -> None:
    assert await step.run(Branch(do="branch", when={"hour < 0": "no"}, next="on")) == "on"


OFFICE = Hours(do="hours", working=("08:00-12:00", "14:00-24:00"), resting=("09:00-10:00",), open="in", closed="out")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T07:59", False),
        ("2026-11-20T08:00", True),
        ("2026-11-20T11:59", True),
        ("2026-11-20T12:00", False),
        ("2026-11-20T23:59", True),
        ("2026-11-21T09:30", True),  # Saturday
        ("2026-11-21T10:00", False),
        ("2026-02-14T11:00", True),  # a Saturday that is worked for 春节
        ("2026-10-01T11:00", False),  # 国庆节, a Thursday
    ],
)
def test_hours(moment: str, is_open: bool) -> None:
    assert OFFICE.is_open(datetime.fromisoformat(moment)) is is_open


async def test_hours_are_those_of_the_site(step: Step) -> None:
    """The clock of the test stands at 08:00 UTC on Sunday, 22 November 2026: 16:00 at the site."""
    sunday = OFFICE.model_copy(update={"resting": ("16:00-16:01",)})
    await step.run(sunday, OFFICE)
    assert step.led == ["in", "out"]


# --- queue -------------------------------------------------------------------------------------------------

QUEUE = Queue(do="queue", queue="general", prompts=("queue_enter",), nobody="nobody", too_long="too_long", next="after")


def offer(number: int) -> SeatOffered:
    return SeatOffered(f"agent{number}", str(1000 + number), f"seat{1000 + number}")


async def test_a_seat_that_answers_gets_the_caller(caller: Caller, step: Step) -> None:
    caller.places.answers.append(offer(1))
    caller.line.seats.append("answer")
    assert await step.run(QUEUE) == "after"
    assert caller.line.heard == ["queue_enter"]
    assert await caller.names() == [
        *("CallQueued", "AgentRang", "AgentAnswered", "CallReleased", "CallEnded"),
    ]
    assert "dial seat1001 for 13800000001" in caller.line.asked
    assert (
        caller.line.asked.index("music")
        < caller.line.asked.index("no music")
        < caller.line.asked.index("join call-1-talk")
    )


async def test_a_seat_that_does_not_answer_costs_the_caller_nothing(caller: Caller, step: Step) -> None:
    caller.places.answers.extend([offer(1), offer(2), offer(3)])
    caller.line.seats.extend(["silent", "busy", "answer"])
    assert await step.run(QUEUE) == "after"
    assert [what for what, *_ in caller.places.asked] == ["request", "again", "again"]
    story = await caller.story()
    assert [e.cause for e in story if type(e).__name__ == "AgentMissed"] == ["no_answer", "busy"]  # type: ignore[attr-defined]
    assert [type(e).__name__ for e in story].count("CallQueued") == 1
    assert "hang_up call-1-seat-1 no_answer" in caller.line.asked


def test_what_no_voice_can_say_is_refused() -> None:
    with pytest.raises(ValidationError, match="the voice has no sound for 🙂; leave it out"):
        Say(do="say", text="您好🙂", next="there")


@pytest.mark.parametrize(("why", "leads"), [("no_agents", "nobody"), ("too_long", "too_long")])
async def test_who_cannot_be_served_is_let_out_of_the_queue(caller: Caller, step: Step, why: str, leads: str) -> None:
    caller.places.answers.append(QueueGaveUp(why))
    assert await step.run(QUEUE) == leads
    assert await caller.names() == ["CallQueued", "CallDequeued", "CallEnded"]
    assert caller.line.asked.index("music") < caller.line.asked.index("no music")


@pytest.mark.parametrize(("on", "heard"), [(True, ["recording_notice", "queue_enter"]), (False, ["queue_enter"])])
async def test_the_site_decides_whether_the_recording_notice_is_said(
    caller: Caller, shipped: Flow, on: bool, heard: list[str]
) -> None:
    caller.services = replace(caller.services, recording_notice=on)
    caller.line.presses({"menu": ["0"]})
    caller.line.leaves_after = "queue_enter"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", "menu", *heard]


async def test_no_key_cuts_the_recording_notice(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["0"], "recording_notice": ["!3"]})

    async def lets_it_end() -> None:
        await until(lambda: "recording_notice" in caller.line.heard)
        for _ in range(10):
            await asyncio.sleep(0)  # what the key would do is done
        assert caller.line.heard[-1] == "recording_notice"
        assert caller.line.asked[-1].startswith("play "), "it is not stopped"
        caller.line.tell(PlaybackEnded(caller.line.asked[-1].removeprefix("play "), failed=False))
        caller.line.gone(CALL)

    await asyncio.gather(caller.serve(shipped, await caller.arrives()), lets_it_end())


async def test_an_outage_that_the_voice_cannot_say_in_time_costs_nobody_the_menu(caller: Caller, step: Step) -> None:
    caller.speaker.unsaid = set(ANSWERS.outages)
    assert await step.run(Outage(do="outage", failed="menu", next="on"), answers=ANSWERS) == "menu"
    assert "IvrFailed" in await caller.names()
