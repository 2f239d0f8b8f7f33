"""The silent-call script: nobody is let go before the third pause is over, and whoever is heard is served."""

import asyncio
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import policy
from core.clock import FakeClock
from ivr.silence import (
    ENDS,
    MOVES,
    PAUSES,
    PROMPTS,
    SPEAKING,
    Happening,
    Heard,
    OutOfScript,
    Passed,
    Said,
    Script,
    Stage,
    Step,
    advance,
    begin,
    diagram,
)
from speech.prompts import catalogue

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "silence.md"
PAUSE = 5.0


def event(step: Step, at: float) -> Happening:
    """The event that makes a step, if anything does, at `at`."""
    return {Step.SAID: Said, Step.PAUSED: Passed, Step.HEARD: Heard}[step](at)


@pytest.mark.parametrize(("stage", "step"), list(product(Stage, Step)), ids=lambda each: str(each))
def test_every_step_at_every_stage_moves_or_is_refused(stage: Stage, step: Step) -> None:
    script = Script(PAUSE, stage, since=100.0)
    happening = event(step, 100.0 + PAUSE)
    if (stage, step) in MOVES:
        assert advance(script, happening).stage is MOVES[stage, step]
    elif step is Step.PAUSED and stage in SPEAKING:
        assert advance(script, happening) == script, "while a prompt is said, time moves nothing"
    else:
        with pytest.raises(OutOfScript):
            advance(script, happening)


def test_the_whole_script_takes_three_prompts_and_three_pauses() -> None:
    script, now, stages = begin(PAUSE), 0.0, []
    while not script.over:
        stages.append(script.stage)
        now += 4.0 if script.stage in SPEAKING else PAUSE
        script = advance(script, Said(now) if script.stage in SPEAKING else Passed(now))
    assert stages == [s for pair in zip(SPEAKING, PAUSES, strict=True) for s in pair]
    assert script.stage is Stage.RELEASED
    assert now == 3 * 4.0 + 3 * PAUSE


async def test_on_a_clock_the_pause_is_over_after_five_seconds_and_not_before() -> None:
    clock, pause = FakeClock(), policy.load("seed").number("silence_pause")
    assert pause == 5.0, "seed 000: 稍停5秒"
    script = advance(begin(pause), Said(clock.monotonic()))
    woken = asyncio.get_running_loop().create_task(clock.sleep(script.left(clock.monotonic())))
    await clock.advance(pause - 0.01)
    assert not woken.done()
    assert advance(script, Passed(clock.monotonic())) == script
    await clock.advance(0.01)
    assert woken.done()
    assert advance(script, Passed(clock.monotonic())).stage is Stage.SPEAKING_2


@pytest.mark.parametrize("prompt", [1, 2, 3])
def test_going_on_after_a_restart_says_the_same_prompt_again_and_then_pauses_in_full(prompt: int) -> None:
    script = begin(PAUSE, prompt)
    assert script.stage is SPEAKING[prompt - 1]
    assert script.number == prompt
    paused = advance(script, Said(7.0))
    assert (paused.number, paused.left(7.0)) == (prompt, PAUSE)


def test_an_end_has_no_prompt() -> None:
    with pytest.raises(OutOfScript, match="over: normal"):
        _ = Script(PAUSE, Stage.NORMAL).number


times = st.floats(min_value=0.0, max_value=12.0, allow_nan=False)
silent = st.lists(st.tuples(st.sampled_from(["said", "time"]), times), max_size=40)
anything = st.lists(st.tuples(st.sampled_from(["said", "time", "heard"]), times), max_size=40)


def played(script: Script, happenings: list[tuple[str, float]]) -> tuple[Script, dict[Stage, float]]:
    """Play happenings, each so many seconds after the last; refused ones pass by. Return each stage's time too."""
    now, spent = 0.0, dict.fromkeys(Stage, 0.0)
    for what, later in happenings:
        if script.over:
            break
        now += later
        spent[script.stage] += later
        happening: Happening = Said(now) if what == "said" else Passed(now) if what == "time" else Heard(now)
        try:
            script = advance(script, happening)
        except OutOfScript:
            continue
    return script, spent


@given(silent)
def test_nobody_is_released_before_three_whole_pauses(happenings: list[tuple[str, float]]) -> None:
    script, spent = played(begin(PAUSE), happenings)
    assert script.stage is not Stage.NORMAL, "a silent caller is no speaking one"
    if script.stage is Stage.RELEASED:
        assert all(spent[pause] >= PAUSE - 1e-9 for pause in PAUSES)


@given(anything)
def test_whoever_is_heard_before_the_release_comes_to_normal_service(happenings: list[tuple[str, float]]) -> None:
    heard = [what for what, _ in happenings].index("heard") if "heard" in [w for w, _ in happenings] else None
    before, _ = played(begin(PAUSE), happenings[:heard])
    after, _ = played(begin(PAUSE), happenings)
    if heard is not None:
        assert after.stage is (Stage.RELEASED if before.stage is Stage.RELEASED else Stage.NORMAL)


@given(anything, st.sampled_from([*SPEAKING]))
def test_at_every_moment_either_it_is_over_or_being_heard_ends_it(
    happenings: list[tuple[str, float]], first: Stage
) -> None:
    script, _ = played(begin(PAUSE, SPEAKING.index(first) + 1), happenings)
    if script.stage in ENDS:
        with pytest.raises(OutOfScript):
            advance(script, Passed(1e6))
    else:
        assert advance(script, Heard(1e6)).stage is Stage.NORMAL


def test_the_words_are_those_of_the_rule() -> None:
    said = [catalogue(site="XX客服中心")[prompt] for prompt in PROMPTS]
    assert [prompt.text for prompt in said] == [
        "您好，XX客服中心，欢迎您的来电。请问有什么可以帮您？",
        "您好！请问有什么可以帮您？",
        "非常抱歉，您的电话没有声音，请您换一部电话再打来，再见！",
    ]
    assert not any(prompt.ours for prompt in said)


def test_the_diagram_in_the_documentation_is_that_of_the_table() -> None:
    assert f"```mermaid\n{diagram()}```" in PAGE.read_text("utf-8")
