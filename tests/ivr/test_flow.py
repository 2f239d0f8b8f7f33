"""A flow file: the shipped one loads; every fault of another is told with file, line, what, and the nearest name."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.flow_command import flow_group
from core import policy
from core.config import load as load_settings
from core.errors import HotlineError
from ivr.blocked import PROMPTS as NUISANCE_PROMPTS
from ivr.call import HOLD_REMINDER
from ivr.flow import Flow, load
from ivr.graph import unfold
from ivr.sources import FlowError
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
    keys: {"1": ask, "2": bye, "0": person}
    give_up: bye
  ask:
    do: collect
    prompts: [account_ask]
    into: account
    length: account_digits
    back: main
    give_up: bye
    next: told
  bye:
    do: hangup
  told:
    do: say
    text: 您的户号是{account}。
    next: bye
  person:
    do: queue
    queue: general
    nobody: bye
    too_long: bye
    next: bye
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


@pytest.mark.parametrize("name", ["../bill.yaml", "parts/bill.yaml", "/bill.yaml"])
def test_an_included_file_stands_beside_the_flow(tmp_path: Path, name: str) -> None:
    (tmp_path / "hotline.yaml").write_text(SHIPPED.read_text("utf-8").replace("bill.yaml", name, 1), "utf-8")
    for part in SHIPPED.parent.glob("[!h]*.yaml"):
        (tmp_path / part.name).write_text(part.read_text("utf-8"), "utf-8")
    with pytest.raises(FlowError) as refused:
        load(tmp_path / "hotline.yaml", catalogue(site="x"))
    assert [fault.cure for fault in refused.value.faults] == [
        "put it into the folder of hotline.yaml and include 'bill.yaml'"
    ]
    assert refused.value.faults[0].line > 1


def test_the_shipped_flow_loads_and_says_what_it_may_say(shipped: Flow) -> None:
    assert shipped.start == "welcome"
    assert {"menu", "account_ask", "pin_ask", "no_agent", "apology_person"} <= set(shipped.prompts())
    assert set(shipped.prompts()) - {"greeting"} <= set(catalogue(site="x")) | set(shipped.said())
    assert len(shipped.prompts()) == len(set(shipped.prompts()))


BESIDE_THE_FLOW = {"please_wait", "not_offered", "transfer", "transfer_failed", "apology", "apology_outage"}
"""Said by the service itself, by the plan for when it is gone, and by a verb that only other flows have."""
SCRIPT = {"noise_leave"}
"""Of the service script; the source of its words is cut off."""


def test_no_sentence_of_ours_is_made_that_nobody_hears(shipped: Flow) -> None:
    ours = {prompt.id for prompt in catalogue(site="x").values() if prompt.ours}
    assert ours - set(shipped.prompts()) == BESIDE_THE_FLOW | SCRIPT | {HOLD_REMINDER, *NUISANCE_PROMPTS}


def test_a_caller_of_the_shipped_flow_can_always_reach_a_person(shipped: Flow) -> None:
    graph = unfold(shipped.nodes, (shipped.start, shipped.trouble))
    ways = {state: set(graph.ways(state)) for state in graph.steps}
    reaches = {state for state in ways if state.node in ("person", "english_person")}
    while more := {state for state, targets in ways.items() if targets & reaches} - reaches:
        reaches |= more
    assert {state.node for state in ways.keys() - reaches} <= {
        *("nobody", "nobody_bye", "too_long", "too_long_bye", "survey", "bye"),
        *("english_danger", "english_alone", "english_nobody", "english_too_long"),
        "english_danger_too_long",
        *("storm_full_bye", "english_full"),
    }


def test_a_good_flow_is_read(tmp_path: Path) -> None:
    flow = load(write(tmp_path, GOOD), PROMPTS, RULES)
    assert list(flow.nodes) == ["welcome", "main", "ask", "bye", "told", "person"]
    assert list(flow.node("main").targets()) == [
        *(("keys.1", "ask"), ("keys.2", "bye"), ("keys.0", "person"), ("give_up", "bye")),
    ]


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        (
            "do: menu",
            "do: menue",
            11,
            "node 'main': unknown kind 'menue' (did you mean 'menu'?); known: play, greet, say,",
        ),
        (
            "    do: menu\n",
            "",
            10,
            "node 'main': does not say what it does; write do: below it, with one of play, greet, say, menu",
        ),
        ("next: main", "next: mian", 9, "node 'welcome': next: there is no node 'mian' (did you mean 'main'?)"),
        ('"1": ask', '"1": aks', 13, "node 'main': keys.1: there is no node 'aks' (did you mean 'ask'?)"),
        ("[menu]", "[meenu]", 12, "node 'main': unknown prompt 'meenu' (did you mean 'menu'?)"),
        ("[greeting]", "[greetings_dya]", 8, "node 'welcome': unknown prompt 'greetings_dya' (did you mean 'greeting"),
        ("into: account", "intoo: account", 18, "node 'ask': intoo: there is no such field (did you mean 'into'?)"),
        ("    into: account\n", "", 15, "node 'ask': into: is missing; write it"),
        ("length: account_digits", "length: acount_digits", 19, "unknown policy rule 'acount_digits' (did you mean"),
        ("prompts: [menu]", "prompts: menu", 12, "node 'main': prompts: "),
        ('keys: {"1": ask, "2": bye, "0": person}', "keys: {}", 13, "node 'main': keys: "),
        ('"1": ask', '"12": ask', 13, "node 'main': keys: '12' is no key of a telephone (0-9, *, #)"),
        ("start: welcome", "start: wellcome", 3, "start: there is no node 'wellcome' (did you mean 'welcome'?)"),
        ("trouble: bye\n", "", 1, "trouble: is missing; write it"),
        ("version: 1", "version: one", 2, "version: "),
        ("flow: small", "flow: Small Flow", 1, "flow: "),
        ("trouble: bye", "trouble: bye\nauthor: me", 5, "author: there is no such field"),
        ("  bye:\n", "  lost:\n    do: hangup\n  bye:\n", 23, "node 'lost': no way leads here"),
        ("  bye:\n", "  7:\n    do: hangup\n  bye:\n", 23, "7"),
        ("  bye:\n    do: hangup\n", "  bye: hangup\n", 23, "node 'bye': does not say what it does"),
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
    assert [f.split(":")[1] for f in told] == ["9", "12"]


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        (
            "next: bye\n  person:",
            "next: told\n  person:",
            25,
            "dead end, from here the call never ends; lead a way to",
        ),
        ("    do: hangup\n", "    do: play\n    prompts: [goodbye]\n    next: main\n", 6, "dead end"),
        (
            "give_up: bye",
            "give_up: main",
            10,
            "goes round for ever: main → main; lead the way of silence",
        ),
        ("give_up: bye", "give_up: welcome", 6, "goes round for ever: welcome → main → welcome"),
        ("nobody: bye", "nobody: person", 29, "goes round for ever: person → person"),
        (', "0": person}', "}", 13, "node 'main': no way to a person; lead key \"0\" to a queue node"),
        ('"0": person}', '"0": ask}', 13, "node 'main': key 0 does not lead to a person; lead it to a queue node"),
        ("{account}", "{acount}", 27, "variable 'acount' is never set (did you mean 'account'?); collect or set it"),
        ("{account}", "", 18, "node 'ask': variable 'account' is never read; use it somewhere"),
        ("prompts: [menu]", "prompts: []", 12, "node 'main': asks without a word; name the prompt"),
        (
            "into: account",
            "into: verified",
            18,
            "'verified' is a fact that the hotline itself knows",
        ),
        (
            "into: account",
            "into: account\n    secret: true",
            28,
            "node 'told': variable 'account' is secret; only a verify",
        ),
        ("{account}", "{account", 27, "'{' stands alone; a variable is written {name}"),
        ("{account}", "{account:slowly}", 27, "'slowly' is no way to say a variable; known: digits, number"),
    ],
)
def test_a_flow_whose_ways_are_wrong_is_told(tmp_path: Path, before: str, after: str, line: int, what: str) -> None:
    assert before in GOOD
    told = faults(tmp_path, GOOD.replace(before, after, 1))
    assert any(f.startswith(f"small.yaml:{line}: ") and what in f for f in told), told


MENU = '{do: menu, prompts: [menu], keys: {"1": %s, "0": person}, give_up: bye}'


def test_a_third_level_of_menus_is_told(tmp_path: Path) -> None:
    deeper = f"  second: {MENU % 'third'}\n  third: {MENU % 'bye'}\n"
    text = GOOD.replace('"2": bye', '"2": second')
    second = deeper.splitlines()[0].replace("third", "bye")
    two = write(tmp_path, f"{text}{second}\n")
    assert len(load(two, PROMPTS, RULES).nodes) == 7
    told = faults(tmp_path, text + deeper)
    assert told == [
        "small.yaml:36: node 'third': a menu of level 3; callers get lost below level 2; "
        "offer its keys in a menu above, or ask for a number instead"
    ]


def test_after_a_person_was_tried_a_menu_need_not_offer_one_again(tmp_path: Path) -> None:
    menu = '  alone: {do: menu, prompts: [menu], keys: {"1": ask}, give_up: bye}\n'
    assert load(write(tmp_path, GOOD.replace("nobody: bye", "nobody: alone") + menu), PROMPTS, RULES)


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("account ==", "is no condition; write for instance: hour >= 8"),
        ("__import__('os').system('id')", "Call has no place in a condition"),
        ("account.__class__ == ''", "Attribute has no place in a condition"),
        ("hour + 1 > 8", "BinOp has no place in a condition"),
        ("[x for x in account]", "ListComp has no place in a condition"),
        ("hour > 8" + " or hour > 8" * 40, "has at most 300 characters"),
        ("acount == '1'", "variable 'acount' is never set"),
    ],
)
def test_a_condition_that_is_none_is_told(tmp_path: Path, condition: str, what: str) -> None:
    branch = f'  pick:\n    do: branch\n    when: {{"{condition}": bye}}\n    next: bye\n'
    told = faults(tmp_path, GOOD.replace('"2": bye', '"2": pick') + branch)
    assert any(f.startswith("small.yaml:37: ") and what in f for f in told), told


@pytest.mark.parametrize(
    ("span", "what"),
    [
        ("8-12", "working.0: '8-12' does not fit; write from and until, such as 08:00-12:00"),
        ("25:00-26:00", "is no span of time; write for instance 08:00-12:00"),
        ("22:00-06:00", "ends before it begins; over midnight write two"),
    ],
)
def test_hours_that_are_none_are_told(tmp_path: Path, span: str, what: str) -> None:
    hours = f'  pick:\n    do: hours\n    working: ["{span}"]\n    open: bye\n    closed: bye\n'
    told = faults(tmp_path, GOOD.replace('"2": bye', '"2": pick') + hours)
    assert any(f.startswith("small.yaml:37: ") and what in f for f in told), told


def test_key_0_to_a_menu_from_which_a_person_can_be_reached_is_not_enough(tmp_path: Path) -> None:
    menu = '  second: {do: menu, prompts: [menu], keys: {"1": bye, "0": main}, give_up: bye}\n'
    told = faults(tmp_path, GOOD.replace('"2": bye', '"2": second') + menu)
    assert [f.partition("; ")[0] for f in told] == ["small.yaml:35: node 'second': key 0 does not lead to a person"]


END = "  bye:\n    do: hangup\n"
INCLUDING = GOOD.replace(END, "").replace("trouble: bye\n", "trouble: bye\ninclude: [end.yaml]\n")


def test_nodes_of_an_included_file_are_part_of_the_flow(tmp_path: Path) -> None:
    (tmp_path / "end.yaml").write_text(f"nodes:\n{END}")
    assert set(load(write(tmp_path, INCLUDING), PROMPTS, RULES).nodes) == set(
        load(write(tmp_path, GOOD), PROMPTS, RULES).nodes
    )


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("nodes:\n  bye:\n    do: hang\n", "end.yaml:3: node 'bye': unknown kind 'hang'"),
        (f"nodes:\n{END}  lost:\n    do: hangup\n", "end.yaml:4: node 'lost': no way leads here; lead a way here or"),
        (f"nodes:\n  main:\n    do: hangup\n{END}", "end.yaml:2: node 'main': there is one of this name in "),
        ("nodes:\n  bye:\n    do: hangup\n    prompts: [bay]\n", "end.yaml:4: node 'bye': unknown prompt 'bay'"),
        (f"flow: end\nnodes:\n{END}", "end.yaml:1: an included file is a mapping with nodes alone"),
        ("nodes: [", "end.yaml:1: not valid YAML"),
        (
            f"nodes:\n{END}include: [more.yaml]\n",
            "end.yaml:4: an included file is a mapping with nodes alone; take",
        ),
        (None, "small.yaml:5: include: 'end.yaml': cannot be read: No such file or directory; put it there, or"),
    ],
)
def test_a_fault_in_an_included_file_is_told_there(tmp_path: Path, part: str | None, told: str) -> None:
    if part is not None:
        (tmp_path / "end.yaml").write_text(part)
    assert any(f.startswith(told) for f in faults(tmp_path, INCLUDING)), faults(tmp_path, INCLUDING)


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


def shipped_but(folder: Path, old: str, new: str) -> Path:
    """Return a copy of the shipped flow, with the files it includes, in which the first `old` is `new`."""
    shutil.copytree(SHIPPED.parent, folder, dirs_exist_ok=True)
    file = folder / SHIPPED.name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return file


def test_the_command_says_that_a_flow_is_fine() -> None:
    result = check(SHIPPED)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{SHIPPED}: fine (")


def test_the_command_tells_every_fault_and_fails(tmp_path: Path) -> None:
    file = shipped_but(tmp_path, "next: after", "next: afetr")
    result = check(file)
    assert result.exit_code == 1
    assert isinstance(result.exception, HotlineError)
    assert f"{file}:" in result.exception.message
    assert "there is no node 'afetr' (did you mean 'after'?)" in result.exception.message


def test_the_rules_of_the_policy_are_those_that_the_flow_may_name(tmp_path: Path) -> None:
    file = shipped_but(tmp_path, "length: account_digits", "length: account_digit")
    with pytest.raises(FlowError, match="did you mean 'account_digits'"):
        load(file, catalogue(site="x"), policy.load("seed").rules)
