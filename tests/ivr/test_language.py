"""English by key 8: its prompts while its pack is whole, the person and the need in any case."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from core import policy
from core.errors import NotFound
from cti.messages import QueueGaveUp
from cti.model import CallState
from ivr.events import LanguageChosen, NeedStated
from ivr.flow import Flow
from ivr.speaker import VoiceSpeaker
from speech.prompts import Prompt, PromptPack
from tests.ivr.caller import Caller
from tests.until import until

pytestmark = pytest.mark.integration


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
    assert caller.line.heard[2:] == ["recording_notice", "queue_enter", "no_agent_goodbye"]
    assert await need(caller) == ["english"]


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
    task.cancel()
    await until(task.done)
    await caller.journal.close()
    caller.line.heard.clear()
    caller.line.leaves_after = "en:en_menu"
    assert (await caller.booked()).state is CallState.MENU
    await caller.serve(shipped, caller.session(await caller.booked()))
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
    speaker = VoiceSpeaker(home, None, policy.load("seed"), {"en": english})  # type: ignore[arg-type]
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
