"""`hotline flow simulate`: the demo's customers talk with a flow in text, by a script and at a terminal."""

import re
from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from app.flow_command import flow_group
from core.config import load
from core.errors import BadInput

pytestmark = pytest.mark.integration

MORNING = ("--at", "2026-11-22T08:00")


def simulate(*arguments: str, typed: Sequence[str] = ()) -> Result:
    text = "".join(f"{line}\n" for line in typed)
    return CliRunner().invoke(flow_group, ["simulate", *arguments], obj=load(None, {}), input=text)


def said(result: Result) -> list[str]:
    """Return the conversation without its times."""
    assert result.exit_code == 0, result.output
    return [line[8:].strip() for line in result.stdout.splitlines() if re.match(r"\d\d:\d\d\.\d ", line)]


def test_a_known_caller_hears_the_bill_in_text() -> None:
    lines = said(simulate(*MORNING, "--keys", "2,#"))
    assert lines == [
        "[welcome]",
        "早上好！供电服务热线欢迎您的来电。  (greeting_morning)",
        "[english_offer]",
        "[announcements]",
        "[outage_first]",
        "[speech_or_keys]",
        "[main]",
        *lines[7:9],
        "> 2",
        "[bill]",
        "您二零二六年十月用电二百八十六度，本期电费一百五十六元四角一分。",
        *lines[12:16],
        "[after]",
        "短信接收账单请按一，用电记录请按二。  (bill_more)",
        "重听请按井号键，人工服务请按零，返回请按星号键。  (after_bill)",
        "> #",
        "[bill_again]",
        *lines[11:16],
        "[after]",
        "短信接收账单请按一，用电记录请按二。  (bill_more)",
        "重听请按井号键，人工服务请按零，返回请按星号键。  (after_bill)",
        "> (hangs up)",
        "-- call ended by caller: hung_up",
    ]
    assert [line.rpartition(" ")[2] for line in lines[7:9]] == ["(menu)", "(menu_speech)"]


def test_another_caller_gives_account_and_pin_and_time_goes_on() -> None:
    result = simulate("--caller", "", "--keys", "!2,3200000002,000002")
    lines = said(result)
    assert "[ask_account]" in lines
    assert any(line.endswith("已逾期五天，违约金一元，合计应缴一百零一元。") for line in lines)
    assert "(menu)" not in result.output, "who knows the key does not hear the menu"


@pytest.mark.parametrize(
    ("keys", "nodes"),
    [
        ("6,say:你好我想查一下电费", ["speech_ask", "bill", "after"]),
        ("6,!say:转人工", ["speech_ask", "person"]),
        ("6,say:查费,say:是的", ["speech_ask", "bill", "after"]),
        ("6,say:查费,2,2", ["speech_ask", "bill", "after"]),
        ("6,say:查费,2,say:今天天气怎么样", ["speech_ask", "speech_keys", "main"]),
        ("6,2", ["speech_ask", "bill", "after"]),
        ("say:查电费", []),
    ],
)
def test_a_caller_says_in_text_what_a_caller_would_say(keys: str, nodes: list[str]) -> None:
    lines = said(simulate(*MORNING, "--keys", keys))
    entered = [line.strip("[]") for line in lines if line.startswith("[")]
    assert entered[entered.index("main") + 1 :] == nodes


@pytest.mark.parametrize(
    ("step", "then"), [("a", "-- talks to a person"), ("n", "[nobody]"), ("t", "[too_long]"), ("", "[too_long]")]
)
def test_the_script_says_how_the_wait_in_the_queue_goes_on(step: str, then: str) -> None:
    lines = said(simulate("--keys", f"0,{step}"))
    waits = lines.index("-- waits in queue general")
    assert lines[waits + 1] == then


def test_at_a_terminal_the_caller_is_asked_and_a_wrong_answer_is_asked_again() -> None:
    result = simulate("--caller", "13800000003", typed=["x", "", "3", "h"])
    lines = said(result)
    assert "keys are 0-9 * #" in result.output
    assert [line for line in lines if line.startswith(">")] == ["> (silence)", "> 3", "> (hangs up)"]
    assert lines.index("[outage_first]") < lines.index("[main]")


def test_a_step_that_is_none_is_told() -> None:
    result = simulate("--keys", "2,x")
    assert isinstance(result.exception, BadInput)
    assert "step 2 is 'x'" in result.exception.message


def test_a_time_of_nobody_is_told() -> None:
    result = simulate("--at", "9999-12-31T23:59", "--keys", "h")
    assert str(result.exception) == "a call is tried between 2000 and 2100, not in 9999"
