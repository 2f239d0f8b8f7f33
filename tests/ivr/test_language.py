"""English by key 8: its prompts while its pack is whole, the person and the need in any case."""

import wave
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core import policy
from core.errors import NotFound
from cti.messages import QueueGaveUp
from cti.model import CallState
from ivr.call import BillDetails, CustomerAnswers
from ivr.events import IvrFailed, LanguageChosen, NeedStated
from ivr.flow import Flow
from ivr.speaker import VoiceSpeaker
from speech.prompts import Prompt, PromptPack
from tests.ivr.caller import Caller
from tests.until import until

pytestmark = pytest.mark.integration

NUMBER, ACCOUNT = "13800000001", "3200000001"


async def need(caller: Caller) -> list[str]:
    return [event.need for event in await caller.story() if isinstance(event, NeedStated)]


async def test_key_8_leads_to_an_english_menu_and_a_person_who_is_told(caller: Caller, shipped: Flow) -> None:
    caller.speaker.languages.add("en")
    caller.line.presses({"menu": ["8"], "en:en_menu": ["7", "0"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(shipped, await caller.arrives())
    said = ["en_menu", "input_wrong", "en_menu", "recording_notice", "queue_enter", "no_agent_goodbye"]
    assert caller.line.heard == ["greeting_morning", "menu", *(f"en:{prompt}" for prompt in said)]
    assert await need(caller) == ["english"]
    assert [e.language for e in await caller.story() if isinstance(e, LanguageChosen)] == ["en"]


async def test_without_the_english_prompts_the_person_comes_at_once(caller: Caller, shipped: Flow) -> None:
    caller.line.presses({"menu": ["8"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[2:] == ["en_person", "recording_notice", "queue_enter", "no_agent_goodbye"]
    assert await need(caller) == ["english"]


async def test_where_not_even_that_can_be_said_in_english_the_person_comes_all_the_same(
    caller: Caller, shipped: Flow
) -> None:
    caller.speaker.unsaid.add("en_person")
    caller.line.presses({"menu": ["8"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[2:] == ["recording_notice", "queue_enter", "no_agent_goodbye"]


def knows_english(caller: Caller, *, voice: bool = True) -> None:
    """The caller's own number and an account with a PIN, their bill and outage in both languages."""
    caller.speaker.languages.add("en")
    if voice:
        caller.speaker.voices.add("en")
    own = CustomerAnswers("C1", (ACCOUNT,), (("一百元。",),), details=(BillDetails(("用电一度。",)),))
    said = BillDetails(("In October you used nothing.",))
    english = replace(own, bills=(("One hundred yuan.", "Paid."),), details=(said,), language="en")
    caller.books.numbers = {NUMBER: own, f"en{NUMBER}": english}
    caller.books.pins["3200000003"] = "000003"
    out = CustomerAnswers("C3", ("3200000003",), outages=("Off.", "Back by noon."), language="en")
    caller.books.accounts["en3200000003"] = out


async def english_call(caller: Caller, flow: Flow, keys: dict[str, list[str]], number: str = NUMBER) -> list[str]:
    """Serve a caller who presses `8` and then `keys`; return what was heard from the English menu on."""
    caller.line.presses({"menu": ["8"]} | keys)
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(flow, await caller.arrives(number))
    return caller.line.heard[caller.line.heard.index("menu") + 1 :]


PERSON = ["en:recording_notice", "en:queue_enter", "en:no_agent_goodbye"]


async def test_the_bill_is_heard_in_english_and_again_and_what_was_used(caller: Caller, shipped: Flow) -> None:
    knows_english(caller)
    heard = await english_call(caller, shipped, {"en:en_menu": ["2"], "en:after_bill": ["#", "2", "0"]})
    bill, after = ["en:One hundred yuan.", "en:Paid."], ["en:en_usage", "en:after_bill"]
    assert heard == [
        "en:en_menu",
        *bill,
        *after,
        *bill,
        *after,
        "en:In October you used nothing.",
        *after,
        *PERSON,
    ]
    assert caller.speaker.woken == ["en"], "its voice is loaded when the language is chosen"
    assert caller.speaker.prepared[:2] == ["一百元。", "One hundred yuan."], "the first sentence is made at once"
    assert await need(caller) == ["english"]
    names = await caller.names()
    assert names.count("CallerIdentified") == 1


async def test_one_of_several_accounts_is_chosen_in_english(caller: Caller, shipped: Flow) -> None:
    knows_english(caller)
    one = caller.books.numbers[f"en{NUMBER}"]
    two = replace(one, accounts=(ACCOUNT, "3"), bills=(("One.",), ("Two.",)), which=("Press one.", "Press two."))
    caller.books.numbers[f"en{NUMBER}"] = two
    heard = await english_call(
        caller, shipped, {"en:en_menu": ["2"], "en:Press two.": ["7", "2"], "en:en_usage": ["!0"]}
    )
    which = ["en:Press one.", "en:Press two."]
    assert heard[1:7] == [*which, "en:input_wrong", *which, "en:Two."]


async def test_an_outage_after_account_and_pin(caller: Caller, shipped: Flow) -> None:
    knows_english(caller)
    keys = {
        "en:en_menu": ["3"],
        "en:account_ask": ["3200000003#", "3200000003#"],
        "en:pin_ask": ["111111", "000003"],
        "en:after_bill": ["*", "0"],
    }
    heard = await english_call(caller, shipped, keys, "13800000006")
    ask = ["en:account_ask", "en:pin_ask"]
    told = ["en:Off.", "en:Back by noon.", "en:outage_more", "en:after_bill"]
    assert heard[:10] == ["en:en_menu", *ask, "en:pin_again", *ask, *told]
    assert heard[10] == "en:en_menu"


async def test_no_outage_and_no_bill_need_no_voice(caller: Caller, shipped: Flow) -> None:
    knows_english(caller, voice=False)
    caller.books.numbers[f"en{NUMBER}"] = CustomerAnswers("C1", (ACCOUNT,), language="en")
    heard = await english_call(caller, shipped, {"en:en_menu": ["2", "3"], "en:after_bill": ["*", "0"]})
    assert heard[:5] == ["en:en_menu", "en:bill_none", "en:en_usage", "en:after_bill", "en:en_menu"]
    assert heard[5:7] == ["en:outage_none", "en:after_bill"]


@pytest.mark.parametrize("trouble", ["no voice", "too late", "no words"])
@pytest.mark.parametrize("key", ["2", "3"])
async def test_figures_that_cannot_be_said_in_english_are_for_a_person(
    caller: Caller, shipped: Flow, trouble: str, key: str
) -> None:
    knows_english(caller, voice=trouble != "no voice")
    answers = replace(caller.books.numbers[f"en{NUMBER}"], outages=("Off.",))
    if trouble == "no words":
        answers = replace(answers, language="", bills=(("一百元。",),), outages=("停电。",))
    caller.books.numbers[f"en{NUMBER}"] = answers
    if trouble == "too late":
        caller.speaker.unsaid = {"Off.", "One hundred yuan."}
    heard = await english_call(caller, shipped, {"en:en_menu": [key]})
    assert heard == ["en:en_menu", "en:en_person", *PERSON], "no figures in Chinese, no silence"
    assert [e.to for e in await caller.story() if isinstance(e, IvrFailed)] == ["english_unready"]
    assert await need(caller) == ["english"]


async def test_a_customer_system_in_trouble_leads_an_english_caller_to_an_english_queue(
    caller: Caller, shipped: Flow
) -> None:
    knows_english(caller)
    caller.line.presses({"menu": ["8"], "en:en_menu": ["2"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    session = await caller.arrives()
    caller.books.broken = OperationalError("", None, ValueError())
    await caller.serve(shipped, session)
    assert caller.line.heard[-4:] == ["en:apology_person", *PERSON]


async def test_back_in_chinese_the_figures_are_chinese_again(caller: Caller, shipped: Flow) -> None:
    knows_english(caller)
    caller.line.presses({"menu": ["8", "2"], "en:en_menu": ["*"]})
    caller.line.leaves_after = "bill_more"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard[-4:] == ["menu", "一百元。", "bill_more", "after_bill"]


async def test_star_leads_back_to_chinese(caller: Caller, shipped: Flow) -> None:
    caller.speaker.languages.add("en")
    caller.line.presses({"menu": ["8"], "en:en_menu": ["*"]})
    session = await caller.arrives()
    caller.line.keys["menu"].append("0")
    caller.line.leaves_after = "recording_notice"
    await caller.serve(shipped, session)
    assert caller.line.heard[1:5] == ["menu", "en:en_menu", "menu", "recording_notice"]


async def test_danger_in_english_goes_ahead(caller: Caller, shipped: Flow) -> None:
    caller.speaker.languages.add("en")
    caller.line.presses({"menu": ["8"], "en:en_menu": ["1"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(shipped, await caller.arrives())
    assert caller.places.causes == {"danger"}
    said = ["emergency", "queue_enter", "danger_alone", "goodbye"]
    assert caller.line.heard[-4:] == [f"en:{prompt}" for prompt in said], "nobody is there: told whom to call"


async def test_a_restart_goes_on_in_english(caller: Caller, shipped: Flow) -> None:
    caller.speaker.languages.add("en")
    caller.line.presses({"menu": ["8"]})
    session = await caller.arrives()
    task = caller.start(shipped, session)
    await until(lambda: "en:en_menu" in caller.line.heard, what="the English menu")
    booked = await caller.killed(task)
    caller.line.leaves_after = "en:en_menu"
    assert booked.state is CallState.MENU
    await caller.serve(shipped, caller.session(booked))
    assert caller.line.heard == ["en:en_menu"]


@pytest.mark.parametrize(("offered", "ready", "said"), [(True, True, True), (True, False, False), (False, True, False)])
async def test_english_is_offered_by_setting_and_only_when_it_can_be_spoken(
    caller: Caller, shipped: Flow, offered: bool, ready: bool, said: bool
) -> None:
    caller.services = replace(caller.services, offered=("en",) if offered else ())
    caller.speaker.languages |= {"en"} if ready else set()
    caller.line.leaves_after = "menu"
    await caller.serve(shipped, await caller.arrives())
    assert caller.line.heard == ["greeting_morning", *(["en_offer"] if said else []), "menu"]


@dataclass
class Foreign:
    """A language of which people have recorded some prompts; it has no voice."""

    pack: PromptPack
    voice: None = None


def pack(folder: Path, ids: list[str], recorded: list[str]) -> PromptPack:
    """A pack of which some prompts were recorded by people."""
    made = PromptPack(folder, {i: Prompt(i, i, "test", True) for i in ids}, settings_key="x", cache=folder / "cache")
    sound = folder / "take.wav"
    folder.mkdir(exist_ok=True)
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\x00\x10" * 8000)
    for prompt in recorded:
        made.record(prompt, sound)
    return made


def test_a_recorded_pack_makes_a_language_ready_and_what_it_lacks_is_said_at_home(tmp_path: Path) -> None:
    home = pack(tmp_path / "zh", ["goodbye", "bill_none"], ["goodbye", "bill_none"])
    english = pack(tmp_path / "en", ["goodbye", "en_menu"], ["goodbye"])
    speaker = VoiceSpeaker(home, None, policy.load("seed"), {"en": Foreign(english)})  # type: ignore[arg-type]
    assert (speaker.can_say("en_menu"), speaker.can_say("bill_none"), speaker.tells("en")) == (False, True, False)
    speaker.wake("en")
    speaker.prepare("One yuan.", "en")
    assert not speaker.speaks("en")
    english.record("en_menu", tmp_path / "en" / "take.wav")
    assert speaker.speaks("en")
    assert not speaker.speaks("fr")
    assert speaker.prompt("goodbye", "en") == english.media("goodbye")
    assert speaker.prompt("goodbye") == speaker.prompt("goodbye", "zh-CN") == home.media("goodbye")
    assert speaker.prompt("bill_none", "en") == home.media("bill_none")
    assert speaker.prompt("en_menu") == english.media("en_menu")
    with pytest.raises(NotFound):
        speaker.prompt("unknown", "en")
