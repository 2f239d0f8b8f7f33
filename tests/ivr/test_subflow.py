"""A part of a flow that several places share: callers return to where they came from; the checker goes their ways."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.flow_command import flow_group
from core.config import load as load_settings
from cti.messages import QueueGaveUp
from cti.model import CallState
from ivr import parts
from ivr.checks import Rule, check
from ivr.drawing import draw
from ivr.events import IvrFailed, IvrNodeEntered
from ivr.flow import Flow, load
from ivr.graph import unfold
from ivr.node import Node
from ivr.nodes.hours import Hours
from ivr.nodes.play import Play
from ivr.nodes.return_ import Return
from ivr.nodes.subflow import Subflow
from ivr.parts import WAYS_BACK
from ivr.sources import FlowError
from speech.prompts import catalogue
from tests.ivr.caller import RULES, Caller
from tests.ivr.test_flow import write
from tests.ivr.test_walks import walk
from tests.until import until

pytestmark = pytest.mark.integration

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "parts.yaml"
PROMPTS = frozenset({"menu", "goodbye", "input_wrong", "after_bill", "thanks", "apology", "bill_more"})
NESTED = """\
flow: small
version: 1
start: main
trouble: sorry
nodes:
  main:
    do: menu
    prompts: [menu]
    keys: {"1": one, "2": two, "0": person}
    give_up: bye
  one: {do: subflow, start: outer, exits: {done: first, left: bye}}
  two: {do: subflow, start: outer, exits: {done: second, left: bye}}
  first: {do: play, prompts: [thanks], next: bye}
  second: {do: play, prompts: [apology], next: bye}
  sorry: {do: hangup, prompts: [input_wrong]}
  person: {do: queue, queue: general, nobody: bye, too_long: bye, next: bye}
  bye:
    do: hangup
  # the part, which uses another
  outer: {do: play, prompts: [bill_more], next: deeper}
  deeper: {do: subflow, start: ask, exits: {yes: done, "no": left}}
  done: {do: return, exit: done}
  left: {do: return, exit: left}
  # the other
  ask:
    do: menu
    prompts: [after_bill]
    question: true
    keys: {"1": asked_yes, "0": person, "*": main}
    give_up: asked_no
  asked_yes: {do: return, exit: "yes"}
  asked_no: {do: return, exit: "no"}
"""


@pytest.fixture
def nested(tmp_path: Path) -> Flow:
    """A menu with a part that both keys use, and a part in it."""
    return load(write(tmp_path, NESTED), PROMPTS)


def faults(folder: Path, text: str) -> list[str]:
    """Return the faults of a flow file, each without the path of its folder."""
    file = write(folder, text)
    with pytest.raises(FlowError) as told:
        load(file, PROMPTS)
    return [line.removeprefix(f"{folder}/") for line in told.value.message.splitlines()]


@pytest.fixture
def example() -> Flow:
    """The example of the reference."""
    return load(EXAMPLE, catalogue(site="x"), RULES.rules)


# --- at run time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "then"), [("1", "的故障"), ("2", "的电费")])
async def test_callers_return_to_where_they_came_from(caller: Caller, example: Flow, key: str, then: str) -> None:
    caller.line.presses({"menu": [key], "account_ask": ["3200000001"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(example, await caller.arrives())
    assert caller.line.heard[1:3] == ["menu", "account_ask"]
    assert then in caller.line.heard[3]


@pytest.mark.parametrize(("key", "then"), [("1", "thanks"), ("2", "apology")])
async def test_a_part_in_a_part_returns_by_both(caller: Caller, nested: Flow, key: str, then: str) -> None:
    caller.line.presses({"menu": [key], "after_bill": ["1"]})
    await caller.serve(nested, await caller.arrives())
    assert caller.line.heard == ["menu", "bill_more", "after_bill", then, "goodbye"]


async def test_silence_returns_by_the_other_exit(caller: Caller, nested: Flow) -> None:
    caller.line.presses({"menu": ["1"]})
    await caller.serve(nested, await caller.arrives())
    assert "thanks" not in caller.line.heard
    assert caller.line.heard[-1] == "goodbye"


async def test_key_0_leaves_a_part_for_a_person(caller: Caller, nested: Flow) -> None:
    caller.line.presses({"menu": ["1"], "after_bill": ["0"]})
    caller.places.answers.append(QueueGaveUp("no_agents"))
    await caller.serve(nested, await caller.arrives())
    assert caller.places.asked[0][:2] == ("request", "general")
    assert caller.line.heard[-1] == "goodbye"


async def test_who_left_by_the_star_key_and_comes_again_returns_to_the_new_place(caller: Caller, nested: Flow) -> None:
    keys = ["1", "1", "2", "1", "2"]
    caller.line.presses({"menu": keys, "after_bill": ["*", "*", "*", "*", "1"]})
    await caller.serve(nested, await caller.arrives())
    assert caller.line.heard == [*["menu", "bill_more", "after_bill"] * len(keys), "apology", "goodbye"]
    ways = [json.loads(e.known.get(WAYS_BACK, "[]")) for e in await caller.story() if isinstance(e, IvrNodeEntered)]
    assert max(map(len, ways)) == 2


@pytest.mark.parametrize("prompt", ["bill_more", "after_bill"])
async def test_a_restart_in_a_part_goes_on_there_and_returns(caller: Caller, nested: Flow, prompt: str) -> None:
    caller.line.presses({"menu": ["2"], prompt: ["!"]})
    task = caller.start(nested, await caller.arrives())
    await until(lambda: prompt in caller.line.heard)
    before = await caller.killed(task)
    assert before.state is CallState.MENU
    caller.line.presses({"after_bill": ["1"]})
    await caller.serve(nested, caller.session(before))
    assert caller.line.heard[0] == prompt
    assert caller.line.heard[-3:] == ["after_bill", "apology", "goodbye"]


@pytest.mark.parametrize(
    "unchecked",
    [
        {"two": Subflow(do="subflow", start="outer", exits={"left": "bye"})},
        {"two": Play(do="play", prompts=("thanks",), next="done")},
    ],
)
async def test_a_way_back_that_is_none_costs_an_apology_not_the_call(
    caller: Caller, nested: Flow, unchecked: dict[str, Node]
) -> None:
    flow = nested.model_copy(update={"nodes": nested.nodes | unchecked})
    caller.line.presses({"menu": ["2"], "after_bill": ["1"]})
    await caller.serve(flow, await caller.arrives())
    assert caller.line.heard[-1] == "input_wrong"
    failed = [e for e in await caller.story() if isinstance(e, IvrFailed)]
    assert [(e.node, e.what, e.to) for e in failed] == [("done", "NoWayBack", "sorry")]


# --- the checker -----------------------------------------------------------------------------------------------------

USES = "one: {do: subflow, start: outer, exits: {done: first, left: bye}}"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "give_up: asked_no",
            "give_up: asked_yes",
            [
                "small.yaml:23: node 'left': no way leads here; lead a way here or remove it",
                "small.yaml:32: node 'asked_no': no way leads here; lead a way here or remove it",
                "small.yaml:11: node 'one': no return of this part has the exit 'left'; "
                "add a return node with it, or take the exit away",
                "small.yaml:12: node 'two': no return of this part has the exit 'left'; "
                "add a return node with it, or take the exit away",
                "small.yaml:21: node 'deeper': no return of this part has the exit 'no'; "
                "add a return node with it, or take the exit away",
            ],
        ),
        (
            '"2": two, "0": person}\n    give_up: bye',
            '"2": two, "0": person}\n    give_up: asked_no',
            [
                "small.yaml:32: node 'asked_no': a caller comes here who did not come through a subflow; "
                "lead every way into this part through a subflow node"
            ],
        ),
        (
            "left: {do: return, exit: left}",
            "left: {do: return, exit: lefft}",
            [
                "small.yaml:23: node 'left': subflow 'one' has no exit 'lefft' (did you mean 'left'?); "
                "name it among the exits there, or return by one of them",
                "small.yaml:23: node 'left': subflow 'two' has no exit 'lefft' (did you mean 'left'?); "
                "name it among the exits there, or return by one of them",
                "small.yaml:11: node 'one': no return of this part has the exit 'left'; "
                "add a return node with it, or take the exit away",
                "small.yaml:12: node 'two': no return of this part has the exit 'left'; "
                "add a return node with it, or take the exit away",
            ],
        ),
        (
            "outer: {do: play, prompts: [bill_more], next: deeper}",
            'outer: {do: subflow, start: outer_play, exits: {"yes": done, left: left}}\n'
            "  outer_play: {do: play, prompts: [bill_more], next: deeper}",
            [
                "small.yaml:22: node 'deeper': more than 2 parts within each other: two → outer → deeper; "
                "lead there without a subflow, or take one of the parts apart"
            ],
        ),
        (
            "asked_no: {do: return",
            "asked_no: {do: subflow, start: last, exits: {out: asked_last}}\n"
            "  last: {do: return, exit: out}\n"
            "  asked_last: {do: return",
            [
                "small.yaml:32: node 'asked_no': more than 2 parts within each other: two → deeper → asked_no; "
                "lead there without a subflow, or take one of the parts apart"
            ],
        ),
        ("exit: left}", "}", ["small.yaml:23: node 'left': exit: is missing; write it"]),
        (
            "{done: first, left: bye}",
            "{done: frist, left: bye}",
            ["small.yaml:11: node 'one': exits.done: there is no node 'frist' (did you mean 'first'?)"],
        ),
        (
            "{done: first, left: bye}",
            '{done: first, "to the left": bye}',
            ["small.yaml:11: node 'one': exits: 'to the left' is no name of an exit; write one word without dots"],
        ),
    ],
)
def test_what_is_wrong_with_a_part_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, told: list[str]
) -> None:
    assert before in NESTED
    assert faults(tmp_path, NESTED.replace(before, after, 1)) == told


def test_a_part_that_uses_itself_is_told(tmp_path: Path) -> None:
    text = NESTED.replace("start: ask, exits: {yes: done", "start: outer, exits: {done: done").replace(
        '"no": left', "left: left"
    )
    assert [fault.partition(";")[0] for fault in faults(tmp_path, text)] == [
        "small.yaml:21: node 'deeper': more than 2 parts within each other: deeper → deeper → deeper"
    ]


def test_a_part_used_twice_in_a_row_is_no_circle(tmp_path: Path) -> None:
    text = NESTED.replace(USES, "one: {do: subflow, start: outer, exits: {done: two, left: two}}")
    assert "first" in text
    text = re.sub(r"  first: .*\n", "", text)
    assert load(write(tmp_path, text), PROMPTS)


def test_a_circle_through_a_part_is_told_once_with_every_node(tmp_path: Path) -> None:
    text = NESTED.replace(USES, "one: {do: subflow, start: outer, exits: {done: first, left: one}}")
    assert faults(tmp_path, text) == [
        "small.yaml:11: node 'one': a caller who does nothing goes round for ever: "
        "one → outer → deeper → ask → asked_no → left → one; lead the way of silence (give_up) out of the circle"
    ]


def test_a_circle_within_a_part_is_told_once(tmp_path: Path) -> None:
    told = faults(tmp_path, NESTED.replace("give_up: asked_no", "give_up: ask"))
    assert [fault for fault in told if "goes round" in fault] == [
        "small.yaml:25: node 'ask': a caller who does nothing goes round for ever: ask → ask; "
        "lead the way of silence (give_up) out of the circle"
    ]


def test_a_dead_end_behind_one_use_of_a_part_is_told_there_alone(tmp_path: Path) -> None:
    text = NESTED.replace(
        "first: {do: play, prompts: [thanks], next: bye}", "first: {do: play, prompts: [thanks], next: first}"
    )
    dead = [fault for fault in faults(tmp_path, text) if "dead end" in fault]
    assert dead == ["small.yaml:13: node 'first': dead end, from here the call never ends; lead a way to a hangup node"]


def test_a_menu_level_is_counted_on_the_way_that_callers_go(tmp_path: Path) -> None:
    level = '{do: menu, prompts: [menu], keys: {"1": bye, "0": person}, give_up: bye}'
    second = NESTED.replace("second: {do: play, prompts: [apology], next: bye}", f"second: {level}")
    assert load(write(tmp_path, second), PROMPTS), "a question is no level"
    found = faults(tmp_path, second.replace("    question: true\n", ""))
    assert [fault.partition(";")[0] for fault in found] == [
        "small.yaml:14: node 'second': a menu of level 3",
    ]


def test_a_menu_in_a_part_to_which_a_queue_leads_need_not_offer_a_person(tmp_path: Path) -> None:
    text = NESTED.replace('keys: {"1": asked_yes, "0": person, "*": main}', 'keys: {"1": asked_yes}')
    assert [fault.partition(";")[0] for fault in faults(tmp_path, text)] == [
        "small.yaml:29: node 'ask': no way to a person"
    ]
    after = text.replace("nobody: bye, too_long: bye", "nobody: later, too_long: bye")
    after += '  later: {do: subflow, start: ask, exits: {"yes": bye, "no": bye}}\n'
    assert load(write(tmp_path, after), PROMPTS)


def test_a_part_in_another_file_is_told_there(tmp_path: Path) -> None:
    main, _, part = NESTED.partition("  # the part, which uses another\n")
    (tmp_path / "part.yaml").write_text(f"nodes:\n{part}", "utf-8")
    text = main.replace("trouble: sorry\n", "trouble: sorry\ninclude: [part.yaml]\n")
    assert load(write(tmp_path, text), PROMPTS)
    (tmp_path / "part.yaml").write_text(f"nodes:\n{part}".replace("exit: left", "exit: lost"), "utf-8")
    assert faults(tmp_path, text)[0].startswith("part.yaml:5: node 'left': subflow 'one' has no exit 'lost'")


def test_only_what_may_return_is_looked_at_once_for_each_way_back(nested: Flow) -> None:
    states = unfold(nested.nodes, (nested.start, nested.trouble)).steps
    backs = {name: sorted(state.back for state in states if state.node == name) for name in nested.nodes}
    assert backs["main"] == backs["person"] == [()]
    assert backs["outer"] == [("one",), ("two",)]
    assert backs["ask"] == [("one", "deeper"), ("two", "deeper")]


PLACES = [f"n{number}" for number in range(7)]
place = st.sampled_from(PLACES)
step = st.one_of(
    st.builds(lambda a, b: Hours(do="hours", working=("08:00-12:00",), open=a, closed=b), place, place),
    st.builds(lambda a, x, y: Subflow(do="subflow", start=a, exits={"x": x, "y": y}), place, place, place),
    st.builds(lambda name: Return(do="return", exit=name), st.sampled_from("xy")),
)


def lost_callers(nodes: Mapping[str, Node], start: str) -> bool:
    """Go every way through `nodes` with the ways back that the engine keeps; tell whether a return led nowhere."""
    exits = {name: node.exits for name, node in nodes.items() if isinstance(node, Subflow)}
    seen, ahead = set[tuple[str, str]](), [(start, "[]")]
    while ahead:
        if (here := ahead.pop()) in seen:
            continue
        seen.add(here)
        node, known = nodes[here[0]], {WAYS_BACK: here[1]}
        following = [target for field, target in node.targets() if not field.startswith("exits.")]
        if isinstance(node, Subflow):
            parts.enter(known, here[0])
        elif isinstance(node, Return):
            try:
                following = [parts.leave(known, exits, node.exit)]
            except parts.NoWayBack:
                return True
        ahead += [(target, known[WAYS_BACK]) for target in following]
    return False


@given(st.lists(step, min_size=len(PLACES), max_size=len(PLACES)))
def test_the_checker_tells_of_lost_callers_where_the_engine_would_lose_some_and_only_there(steps: list[Node]) -> None:
    nodes = dict(zip(PLACES, steps, strict=True))
    told = {finding.rule for finding in check(unfold(nodes, ["n0"]))}
    if Rule.TOO_NESTED not in told:
        assert lost_callers(nodes, "n0") == bool(told & {Rule.NO_WAY_BACK, Rule.NO_EXIT})


# --- the tools -------------------------------------------------------------------------------------------------------


def test_random_callers_walk_through_parts_to_an_end(nested: Flow, example: Flow, tmp_path: Path) -> None:
    for flow in (nested, example):
        walks = walk(flow, range(500), tmp_path)
        assert set(flow.nodes) - set(walks.nodes) <= {flow.trouble}


def test_a_return_is_drawn_with_its_exit_and_without_a_way(example: Flow) -> None:
    picture = ElementTree.fromstring(draw(example, {}))
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"子流程", "返回", "出口：given", "进入", "none"} <= set(words)
    ways = {(name, target) for name, node in example.nodes.items() for _, target in node.targets()}
    drawn = [path for path in picture.iter("{http://www.w3.org/2000/svg}path") if "way" in (path.get("class") or "")]
    assert len(drawn) == len(ways)
    assert not any(name in ("account_given", "no_account") for name, _ in ways)


def test_a_caller_in_text_comes_back_too() -> None:
    keys = ["simulate", str(EXAMPLE), "--keys", "2,*,1,3200000001,a"]
    result = CliRunner().invoke(flow_group, keys, obj=load_settings(None, {}))
    assert result.exit_code == 0, result.output
    nodes = re.findall(r"\[(\w+)\]", result.output)
    part = [
        "ask_account",
        "no_account",
        "main",
        "fault_account",
        "ask_account",
        "account_given",
        "fault",
        "person",
        "bye",
    ]
    assert nodes == ["welcome", "main", "bill_account", *part]


def test_what_is_no_exit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=r"exits: is empty; write at least one"):
        load(write(tmp_path, NESTED.replace("exits: {done: first, left: bye}", "exits: {}")), PROMPTS)
