"""A flow file: the shipped one loads; every fault of another is told with file, line, what, and the nearest name."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.flow_command import flow_group
from core import policy
from core.config import load as load_settings
from core.errors import HotlineError
from ivr.flow import Flow, FlowError, load
from speech.prompts import catalogue
from tests.ivr.conftest import SHIPPED

pytestmark = pytest.mark.unit

PROMPTS = frozenset({"greeting_day", "menu", "goodbye", "input_wrong", "account_ask"})
RULES = frozenset({"account_digits", "pin_digits"})
GOOD = """\
flow: small
version: 1
start: welcome
trouble: bye
nodes:
  welcome:
    do: play
    prompts: [greeting]
    next: main
  main:
    do: menu
    prompts: [menu]
    keys: {"1": ask, "2": bye}
    give_up: bye
  ask:
    do: collect
    prompts: [account_ask]
    into: account
    length: account_digits
    back: main
    give_up: bye
    next: bye
  bye:
    do: hangup
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(folder: Path, text: str) -> list[str]:
    """Return the faults of a flow file, each without the path of its folder."""
    file = write(folder, text)
    with pytest.raises(FlowError) as told:
        load(file, PROMPTS, RULES)
    return [line.removeprefix(f"{folder}/") for line in told.value.message.splitlines()]


def test_the_shipped_flow_loads_and_says_what_it_may_say(shipped: Flow) -> None:
    assert shipped.start == "welcome"
    assert {"menu", "account_ask", "pin_ask", "no_agent", "apology_person"} <= set(shipped.prompts())
    assert set(shipped.prompts()) - {"greeting"} <= set(catalogue(site="x"))
    assert len(shipped.prompts()) == len(set(shipped.prompts()))


def test_a_caller_of_the_shipped_flow_can_always_reach_a_person(shipped: Flow) -> None:
    ways = {name: {target for _, target in node.targets()} for name, node in shipped.nodes.items()}
    reaches = {"person"}
    while more := {name for name, targets in ways.items() if targets & reaches} - reaches:
        reaches |= more
    assert set(ways) - reaches <= {"nobody", "nobody_bye", "too_long", "survey", "bye"}


def test_a_good_flow_is_read(tmp_path: Path) -> None:
    flow = load(write(tmp_path, GOOD), PROMPTS, RULES)
    assert list(flow.nodes) == ["welcome", "main", "ask", "bye"]
    assert list(flow.node("main").targets()) == [("keys.1", "ask"), ("keys.2", "bye"), ("give_up", "bye")]


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        ("do: menu", "do: menue", 11, "node 'main': unknown kind 'menue' (did you mean 'menu'?); known: play, menu,"),
        ("    do: menu\n", "", 10, "node 'main': unknown kind None"),
        ("next: main", "next: mian", 9, "node 'welcome': next: there is no node 'mian' (did you mean 'main'?)"),
        ('"1": ask', '"1": aks', 13, "node 'main': keys.1: there is no node 'aks' (did you mean 'ask'?)"),
        ("[menu]", "[meenu]", 12, "node 'main': unknown prompt 'meenu' (did you mean 'menu'?)"),
        ("[greeting]", "[greetings_dya]", 8, "node 'welcome': unknown prompt 'greetings_dya' (did you mean 'greeting"),
        ("into: account", "intoo: account", 18, "node 'ask': intoo: there is no such field (did you mean 'into'?)"),
        ("    into: account\n", "", 15, "node 'ask': into: Field required"),
        ("length: account_digits", "length: acount_digits", 19, "unknown policy rule 'acount_digits' (did you mean"),
        ("prompts: [menu]", "prompts: menu", 12, "node 'main': prompts: "),
        ('keys: {"1": ask, "2": bye}', "keys: {}", 13, "node 'main': keys: "),
        ('"1": ask', '"12": ask', 13, "node 'main': keys: '12' is no key of a telephone (0-9, *, #)"),
        ("start: welcome", "start: wellcome", 3, "start: there is no node 'wellcome' (did you mean 'welcome'?)"),
        ("trouble: bye\n", "", 1, "trouble: Field required"),
        ("version: 1", "version: one", 2, "version: "),
        ("flow: small", "flow: Small Flow", 1, "flow: "),
        ("trouble: bye", "trouble: bye\nauthor: me", 5, "author: there is no such field"),
        ("  bye:\n", "  lost:\n    do: hangup\n  bye:\n", 23, "node 'lost': no way leads here"),
        ("  bye:\n", "  7:\n    do: hangup\n  bye:\n", 23, "7"),
        ("  bye:\n    do: hangup\n", "  bye: hangup\n", 23, "node 'bye': unknown kind None"),
        ("prompts: [menu]", "prompts: [menu", 13, "not valid YAML"),
        ("  main:", "  welcome:", 10, "not valid YAML: found duplicate key"),
        ("flow: small", "flow: \x07", 1, "not valid YAML"),
    ],
)
def test_a_fault_is_told_with_line_and_nearest_name(
    tmp_path: Path, before: str, after: str, line: int, what: str
) -> None:
    assert before in GOOD
    told = faults(tmp_path, GOOD.replace(before, after, 1))
    assert any(f.startswith(f"small.yaml:{line}: ") and what in f for f in told), told


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path, GOOD.replace("[menu]", "[meenu]").replace("next: main", "next: mian"))
    assert [f.split(":")[1] for f in told] == ["9", "12", *[f.split(":")[1] for f in told[2:]]]
    assert sum("unknown prompt" in f for f in told) == 1


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "flow: x\n", "nodes: [a]\n"])
def test_a_file_that_is_no_flow_is_told(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == ["small.yaml:1: a flow is a mapping with flow, version, start, trouble and nodes"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml", PROMPTS)
    (tmp_path / "gbk.yaml").write_bytes("flow: 热线".encode("gbk"))
    with pytest.raises(FlowError, match=r"gbk\.yaml: cannot be read: not UTF-8"):
        load(tmp_path / "gbk.yaml", PROMPTS)


def check(file: Path) -> Result:
    return CliRunner().invoke(flow_group, ["check", str(file)], obj=load_settings(None, {}))


def test_the_command_says_that_a_flow_is_fine() -> None:
    result = check(SHIPPED)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{SHIPPED}: fine (")


def test_the_command_tells_every_fault_and_fails(tmp_path: Path) -> None:
    file = write(tmp_path, SHIPPED.read_text("utf-8").replace("next: after", "next: afetr", 1))
    result = check(file)
    assert result.exit_code == 1
    assert isinstance(result.exception, HotlineError)
    assert f"{file}:" in result.exception.message
    assert "there is no node 'afetr' (did you mean 'after'?)" in result.exception.message


def test_the_rules_of_the_policy_are_those_that_the_flow_may_name(tmp_path: Path) -> None:
    file = write(tmp_path, SHIPPED.read_text("utf-8").replace("length: pin_digits", "length: pin_digit", 1))
    with pytest.raises(FlowError, match="did you mean 'pin_digits'"):
        load(file, catalogue(site="x"), policy.load("seed").rules)
