"""The speech node: sure is followed, unsure asked back, two misses lead to keys, and keys work all the while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from cti.messages import HearingLost, SpeechEnded, SpeechHeard, WordsHeard
from cti.model import CallState
from cti.port import PbxRefused
from cti.session import CallSession
from ivr import events
from ivr.call import SPEECH_OFFER, IvrCall
from ivr.events import DigitsCollected, IvrNodeEntered, SpeechLost
from ivr.flow import Flow
from ivr.nodes.speech import Speech
from tests.ivr.caller import CALL, POLICY, Caller

pytestmark = pytest.mark.integration

FAST = {"speech_answer_wait": 0.1, "speech_wait_after": 0.05, "speech_result_limit": 0.5, "speech_transcript": 1}
RULES = replace(POLICY, rules=POLICY.rules | {name: replace(POLICY.rules[name], value=v) for name, v in FAST.items()})
NODE = Speech(
    do="speech",
    prompts=("speech_ask",),
    intents={"bill": "bill", "person": "person", "fault": "fault"},
    keys={"1": "fault", "2": "bill", "0": "person", "*": "main"},
    give_up="keys",
)
SLOW, LOST, NEVER = "slow:", "lost", "never"


@dataclass
class Answers:
    """Ears to which a caller says one thing after the other, each as soon as somebody listens."""

    said: Iterator[str]
    ready: bool = True
    first: bool = False
    refuses: bool = False
    expected: list[tuple[str, ...]] = field(default_factory=list)
    open: int = 0

    @contextlib.asynccontextmanager
    async def listening(self, session: CallSession, phrases: tuple[str, ...] = ()) -> AsyncIterator[None]:
        if self.refuses:
            raise PbxRefused("no chan_websocket")
        self.expected.append(phrases)
        self.open += 1
        session.listens(True)
        words = next(self.said, "")
        timers = list(self._speaks(session, words)) if words else []
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()
            self.open -= 1
            session.listens(False)

    def _speaks(self, session: CallSession, words: str) -> Iterator[asyncio.TimerHandle]:
        loop = asyncio.get_running_loop()
        yield loop.call_later(0.01, session.deliver, SpeechHeard())
        if words == LOST:
            yield loop.call_later(0.02, session.deliver, HearingLost("behind"))
            return
        yield loop.call_later(0.02, session.deliver, SpeechEnded())
        if words != NEVER:
            confidence = 0.1 if words.startswith("?") else 0.9
            heard = WordsHeard(words.removeprefix(SLOW).removeprefix("?"), confidence)
            yield loop.call_later(0.15 if words.startswith(SLOW) else 0.03, session.deliver, heard)


@pytest.fixture
def rules(caller: Caller) -> Caller:
    caller.services = replace(caller.services, policy=RULES)
    return caller


async def led(caller: Caller, *said: str, since: Sequence[events.Event] = ()) -> str | None:
    """Where the node leads a caller who says this, each time after the question."""
    ears = Answers(iter(said))
    caller.services = replace(caller.services, understanding=ears)
    session = await caller.arrives(state=CallState.MENU)
    ways: list[str | None] = []

    async def program(_: CallSession) -> None:
        call = IvrCall(session, caller.services, since=since)
        ways.append(await NODE.run(call, "speech_ask"))

    await caller.runs(session, program)
    assert ears.open == 0, "nobody listens any longer"
    return ways[0]


async def told(caller: Caller) -> list[str]:
    return [
        f"{e.outcome} {e.intent or '-'}" if isinstance(e, events.SpeechHeard) else f"lost {e.why}"
        for e in await caller.story()
        if isinstance(e, events.SpeechHeard | SpeechLost)
    ]


async def test_a_sure_request_is_followed_without_a_question(rules: Caller) -> None:
    assert await led(rules, "我想查电费") == "bill"
    assert await told(rules) == ["sure bill"]
    assert rules.line.heard == ["speech_ask"]


@pytest.mark.parametrize("answer", ["是的", "对", "查电费"])
async def test_an_unsure_one_is_asked_back_and_yes_follows_it(rules: Caller, answer: str) -> None:
    assert await led(rules, "查费", answer) == "bill"
    assert await told(rules) == ["unsure bill", "confirmed bill"]
    assert rules.line.heard == ["speech_ask", "speech_is_bill", "speech_confirm"]


async def test_the_question_is_answered_by_keys_too(rules: Caller) -> None:
    rules.line.presses({"speech_confirm": ["1"]})
    assert await led(rules, "查费") == "bill"
    assert await told(rules) == ["unsure bill", "confirmed bill"]


async def test_a_denied_request_is_asked_again(rules: Caller) -> None:
    rules.line.presses({"speech_confirm": ["2"]})
    assert await led(rules, "查费", "", "转人工") == "person"
    assert await told(rules) == ["unsure bill", "denied bill", "sure person"]
    assert rules.line.heard[-1] == "speech_again"


async def test_who_says_something_else_instead_of_no_gets_that(rules: Caller) -> None:
    assert await led(rules, "查费", "不是，我要报修") == "fault"
    assert (await told(rules))[-1] == "sure fault"


async def test_a_key_of_the_menu_works_at_the_question_back_too(rules: Caller) -> None:
    rules.line.presses({"speech_confirm": ["0"]})
    assert await led(rules, "查费") == "person"


@pytest.mark.parametrize(
    "misses", [("今天天气怎么样", "你好"), ("", ""), ("?查电费", "?查电费"), ("查费", "不是", "天气")]
)
async def test_two_misses_lead_to_keys(rules: Caller, misses: tuple[str, ...]) -> None:
    assert await led(rules, *misses, "查电费") == "keys"
    assert rules.line.heard.count("speech_ask") == rules.line.heard.count("speech_again") == 1


@pytest.mark.parametrize(("when", "key", "to"), [("!0", "0", "person"), ("2", "2", "bill"), ("*", "*", "main")])
async def test_keys_work_during_and_after_the_prompt(rules: Caller, when: str, key: str, to: str) -> None:
    rules.line.presses({"speech_ask": [when]})
    assert await led(rules) == to
    assert [e.digits for e in await rules.story() if isinstance(e, DigitsCollected)] == [key]
    assert await told(rules) == []


async def test_a_key_while_words_are_recognised_is_not_kept_waiting(rules: Caller) -> None:
    rules.line.presses({"speech_wait": ["2"]})
    assert await led(rules, NEVER) == "bill"


async def test_a_key_that_is_not_there_counts_as_a_miss(rules: Caller) -> None:
    rules.line.presses({"speech_ask": ["9"], "speech_again": ["9"]})
    assert await led(rules) == "keys"


async def test_slow_recognition_is_covered_by_please_wait_and_the_result_taken(rules: Caller) -> None:
    assert await led(rules, f"{SLOW}查电费") == "bill"
    assert rules.line.heard == ["speech_ask", "speech_wait"]


@pytest.mark.parametrize(("said", "why"), [(LOST, "behind"), (NEVER, "no_result")])
async def test_who_cannot_be_understood_gets_keys(rules: Caller, said: str, why: str) -> None:
    assert await led(rules, said) == "keys"
    assert await told(rules) == [f"lost {why}"]


@pytest.mark.parametrize(
    ("ears", "why"),
    [
        (None, "not_ready"),
        (Answers(iter(()), ready=False), "not_ready"),
        (Answers(iter(()), refuses=True), "pbx_refused"),
    ],
)
async def test_without_ears_nothing_is_asked(rules: Caller, ears: Answers | None, why: str) -> None:
    rules.services = replace(rules.services, understanding=ears)
    session = await rules.arrives(state=CallState.MENU)

    ways: list[str | None] = []

    async def program(_: CallSession) -> None:
        ways.append(await NODE.run(IvrCall(session, rules.services), "speech_ask"))

    await rules.runs(session, program)
    assert ways == ["keys"]
    assert rules.line.heard == []
    assert await told(rules) == [f"lost {why}"]


async def test_after_a_restart_what_was_missed_before_counts(rules: Caller) -> None:
    now = rules.clock.now()
    miss = events.SpeechHeard(
        at=now, call_id=CALL, node="speech_ask", outcome="unknown", intent=None, confidence=0.0, distance=1.0
    )
    assert await led(rules, "今天天气怎么样", "查电费", since=[miss]) == "keys"
    assert rules.line.heard == ["speech_again"]


async def test_what_was_said_is_kept_only_where_the_policy_says_so_and_never_with_figures(rules: Caller) -> None:
    await led(rules, "查电费户号3200一二")
    kept = [e.text for e in await rules.story() if isinstance(e, events.SpeechHeard)]
    assert kept[0] == "查电费户号＊＊＊＊＊＊"
    no_more = replace(RULES.rules["speech_transcript"], value=0)
    rules.services = replace(rules.services, policy=replace(RULES, rules=RULES.rules | {"speech_transcript": no_more}))


async def test_by_default_nothing_of_what_was_said_is_kept(caller: Caller) -> None:
    caller.services = replace(caller.services, policy=POLICY)
    await led(caller, "查电费")
    assert [e.text for e in await caller.story() if isinstance(e, events.SpeechHeard)] == [None]


async def test_who_has_spoken_is_no_silent_caller(rules: Caller, shipped: Flow) -> None:
    rules.hour = 23
    rules.services = replace(rules.services, understanding=Answers(iter(["查费", "不是", "今天天气怎么样"])))
    rules.line.presses({SPEECH_OFFER: ["6"]})
    rules.line.leaves_after = "queue_enter"
    await rules.serve(shipped, await rules.arrives())
    assert "silence_first" not in rules.line.heard


async def test_asked_to_speak_first_where_the_installation_says_so(rules: Caller, shipped: Flow) -> None:
    rules.services = replace(rules.services, understanding=Answers(iter(["转人工"]), first=True))
    rules.line.leaves_after = "queue_enter"
    await rules.serve(shipped, await rules.arrives())
    assert rules.line.heard[1:] == ["speech_ask", "recording_notice", "queue_enter"]
    assert [node for e in await rules.story() if isinstance(e, IvrNodeEntered) for node in e.way][-2:] == [
        "speech_ask",
        "person",
    ]


async def test_without_ears_the_menu_does_not_offer_to_listen(rules: Caller, shipped: Flow) -> None:
    rules.services = replace(rules.services, understanding=None)
    rules.line.leaves_after = "menu"
    await rules.serve(shipped, await rules.arrives())
    assert SPEECH_OFFER not in rules.line.heard
    assert "speech_ask" not in rules.line.heard
