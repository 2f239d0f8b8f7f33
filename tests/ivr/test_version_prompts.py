"""What a flow says is made before it goes live: by the true voice process, behind live calls, or not at all."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.tasks import TaskOwner
from ivr.flow import Flow, load_texts
from ivr.versions.prompts import PromptsFailed, VoicePrompts
from speech.prompts import Prompt, PromptPack
from speech.synthesis import Voice
from tests.speech import tone_worker
from tests.until import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

TEXT = """\
flow: small
start: hello
trouble: bye
nodes:
  hello: {do: say, text: SAID, next: bye}
  bye: {do: hangup, prompts: [greeting]}
"""
MANY = {f"number_{n}": char for n, char in enumerate("一二三四五六七八九十百千")}
WORDS = {"greeting_morning": "早", "greeting_day": "好", "held": "等"} | MANY


def saying(text: str) -> Flow:
    return load_texts("small", {"small.yaml": TEXT.replace("SAID", text)}, WORDS)


@dataclass
class Studio:
    """A voice that hums, and the pack from which calls would be served."""

    gate: Path
    pack: PromptPack
    voice: Voice
    maker: VoicePrompts


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    known = {name: Prompt(name, text, "a test", ours=True) for name, text in WORDS.items()}
    pack = PromptPack(tmp_path / "prompts", known, settings_key="humming", cache=tmp_path / "cache")
    command = [sys.executable, tone_worker.__file__, str(tmp_path / "gate")]
    voice = Voice(tmp_path / "sentences", command, settings_key="humming", clock=FakeClock())
    await voice.start()
    yield Studio(tmp_path / "gate", pack, voice, VoicePrompts(pack, voice))
    await voice.stop()


async def test_all_that_a_flow_says_is_there_afterwards(studio: Studio) -> None:
    flow = saying("新菜单")
    await studio.maker.make_ready(flow)
    (said,) = flow.said()
    assert [p for p in (said, "greeting_morning", "greeting_day") if not studio.pack.has(p)] == []
    assert studio.pack.media(said).startswith("sound:")


@pytest.mark.parametrize("text", ["我拒", "我死"])
async def test_a_text_that_cannot_be_said_is_told_by_its_prompt(studio: Studio, text: str) -> None:
    flow = saying(text)
    with pytest.raises(
        PromptsFailed, match=r"1 prompts of the flow could not be made: .*; nothing was published"
    ) as told:
        await studio.maker.make_ready(flow)
    assert told.value.details["missing"] == list(flow.said())


async def test_a_few_prompts_do_not_wait_behind_all_others(studio: Studio) -> None:
    tasks, flow = TaskOwner("test"), saying("新菜单")
    rest = tasks.start(studio.voice.render(studio.pack, ["held", *MANY]), "rest", awaited=True)
    await until(lambda: studio.voice._rendering.locked(), what="the first one is being made")
    made = tasks.start(studio.maker.make_ready(flow), "made", awaited=True)
    studio.gate.touch()
    await made
    assert studio.pack.has(next(iter(flow.said())))
    assert not rest.done()
    await rest
    assert studio.pack.missing() == []
