"""What is wrong with a flow whose nodes are right one by one: ends, loops, depth, a person out of reach, variables.

Pure: nodes in, findings out; `ivr/flow.py` knows the file and its lines.
"""

import difflib
import graphlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ivr.graph import Graph, State, explored
from ivr.node import PERSON_KEY, Node
from ivr.nodes.collect import Collect
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.nodes.return_ import Return
from ivr.nodes.speech import Speech
from ivr.nodes.subflow import Subflow
from ivr.nodes.verify import Verify
from ivr.parts import PARTS_DEEP

MENU_LEVELS = 2
"""Callers get lost below the second menu [domain §4: public criticism of four and five levels; features §2]."""


class Rule(StrEnum):
    """What a flow must keep to; the editor has words for each in its own languages."""

    UNREACHABLE = "unreachable"
    DEAD_END = "dead_end"
    CIRCLE = "circle"
    TOO_DEEP = "too_deep"
    NO_PERSON = "no_person"
    NOT_A_PERSON = "not_a_person"
    NOTHING_SAID = "nothing_said"
    SECRET_READ = "secret_read"  # noqa: S105 - the name of a rule
    NEVER_SET = "never_set"
    NEVER_READ = "never_read"
    NO_NODE = "no_node"
    NO_PROMPT = "no_prompt"
    NO_VERB = "no_verb"
    NO_POLICY = "no_policy"
    NO_QUEUE = "no_queue"
    NO_OUTSIDE_NUMBER = "no_outside_number"
    NO_FIELD = "no_field"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    NAME_TWICE = "name_twice"
    NOT_INCLUDED = "not_included"
    NO_FILE = "no_file"
    BAD_FILE = "bad_file"
    TOO_NESTED = "too_nested"
    NO_WAY_BACK = "no_way_back"
    NO_EXIT = "no_exit"
    UNUSED_EXIT = "unused_exit"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the keys that lead to its place in the file, what it is, and what to do.

    `holes`: what the words of the `rule` name, such as the node that is missing and the `near`est one that is there.
    """

    place: tuple[Any, ...]
    what: str
    cure: str
    rule: Rule
    holes: Mapping[str, str] = field(default_factory=dict)


def check(graph: Graph) -> Iterator[Finding]:
    """Yield everything that is wrong, in the order of the rules; what is so on several ways into a part, once."""
    told: set[tuple[tuple[Any, ...], str]] = set()
    # A way back that is forgotten leads nowhere: each fault of that kind would bring others.
    ways = (_unreachable, _dead_ends, _loops, _too_deep, _no_person, _returns, _unused_exits)
    for rule in (_too_nested, *(() if any(_too_nested(graph)) else ways), _nothing_said, _variables):
        for finding in rule(graph):
            if (finding.place, finding.what) not in told:
                told.add((finding.place, finding.what))
                yield finding


def _unreachable(graph: Graph) -> Iterator[Finding]:
    reached = {state.node for state in graph.reached()}
    for name in graph.nodes:
        if name not in reached:
            yield Finding(
                (name,), f"node {name!r}: no way leads here", "lead a way here or remove it", Rule.UNREACHABLE
            )


def _dead_ends(graph: Graph) -> Iterator[Finding]:
    """A node from which no way leads to the end of the call. What is wrong with a return is told by another rule."""
    before: dict[State, list[State]] = {state: [] for state in graph.steps}
    for state in graph.steps:
        for target in graph.ways(state):
            before[target].append(state)
    ends = [state for state in graph.steps if graph.node(state).ends or _is_lost(graph, state)]
    alive = set(explored(ends, before.__getitem__))
    dead = [state.node for state in graph.steps if state not in alive]
    # A part that ends well for callers from elsewhere is not to blame for the way on which it does not.
    blamed = set(dead) - {state.node for state in alive} or set(dead)
    for name in dict.fromkeys(name for name in dead if name in blamed):
        what = f"node {name!r}: dead end, from here the call never ends"
        yield Finding((name,), what, "lead a way to a hangup node", Rule.DEAD_END)


def _loops(graph: Graph) -> Iterator[Finding]:
    """Nodes that follow one another for ever while the caller does nothing."""
    left = {state: graph.ways(state, silent=True) for state in graph.steps}
    places = {name: number for number, name in enumerate(graph.nodes)}
    while True:
        order = graphlib.TopologicalSorter({s: [t for t in targets if t in left] for s, targets in left.items()})
        try:
            order.prepare()
        except graphlib.CycleError as error:
            circle = [state.node for state in reversed(error.args[1][1:])]
            first = min(circle, key=places.__getitem__)
            at = circle.index(first)
            names = " → ".join([*circle[at:], *circle[:at], first])
            what = f"node {first!r}: a caller who does nothing goes round for ever: {names}"
            cure = "lead the way of silence (give_up) out of the circle"
            yield Finding((first,), what, cure, Rule.CIRCLE, {"circle": names})
            left = {state: targets for state, targets in left.items() if state.node not in circle}
        else:
            return


def _is_level(node: Node) -> bool:
    """Whether this is a menu to get lost in, not a question about a task that has begun."""
    return isinstance(node, Menu) and not node.question


def _too_deep(graph: Graph) -> Iterator[Finding]:
    """Menus that lie behind more than MENU_LEVELS choices, on the shortest way."""
    level: dict[State, int] = {}
    ahead = deque((state, 0) for state in graph.entries)
    while ahead:
        state, before = ahead.popleft()
        menu = _is_level(graph.node(state))
        if state in level and level[state] <= before + menu:
            continue
        level[state] = before + menu
        for target in graph.ways(state):
            (ahead.append if menu else ahead.appendleft)((target, level[state]))
    shortest: dict[str, int] = {}
    for state, depth in level.items():
        shortest[state.node] = min(depth, shortest.get(state.node, depth))
    for name, depth in shortest.items():
        if _is_level(graph.nodes[name]) and depth > MENU_LEVELS:
            what = f"node {name!r}: a menu of level {depth}; callers get lost below level {MENU_LEVELS}"
            cure, holes = "offer its keys in a menu above, or ask for a number instead", {"most": str(MENU_LEVELS)}
            yield Finding((name,), what, cure, Rule.TOO_DEEP, {"level": str(depth)} | holes)


def _no_person(graph: Graph) -> Iterator[Finding]:
    """Menus without key 0 to a queue. Not asked of one where a queue leads: a person was just tried, or spoke."""
    queues = [state for state in graph.steps if isinstance(graph.node(state), Queue)]
    after = {follower for state in queues for follower in _followers(graph, state)}
    for state, steps in graph.steps.items():
        if not isinstance(graph.node(state), Menu | Speech):
            continue
        name, to = state.node, dict(steps).get(f"keys.{PERSON_KEY}")
        if name in after and to is None:
            continue
        if to is None:
            what = f"node {name!r}: no way to a person"
            yield Finding((name, "keys"), what, f'lead key "{PERSON_KEY}" to a queue node', Rule.NO_PERSON)
        elif not _comes_to_queue(graph, to):
            what = f"node {name!r}: key {PERSON_KEY} does not lead to a person"
            cure = "lead it to a queue node, with nothing to choose before"
            yield Finding((name, "keys", PERSON_KEY), what, cure, Rule.NOT_A_PERSON)


def _followers(graph: Graph, state: State) -> Iterator[str]:
    """The nodes that follow a state; a way into a part, and one out of it, is no node that a caller hears."""
    through = explored(graph.ways(state), lambda at: graph.ways(at) if _is_passage(graph, at) else ())
    yield from (at.node for at in through)


def _is_passage(graph: Graph, state: State) -> bool:
    return isinstance(graph.node(state), Subflow | Return)


def _comes_to_queue(graph: Graph, start: State) -> bool:
    """Tell whether a caller who does nothing more comes from `start` to a queue."""
    ahead = explored([start], lambda at: () if graph.node(at).by_caller else graph.ways(at))
    return any(isinstance(graph.node(state), Queue) for state in ahead)


def _nothing_said(graph: Graph) -> Iterator[Finding]:
    for name, node in graph.nodes.items():
        if node.by_caller and not getattr(node, "prompts", True) and not isinstance(node, Queue):
            what = f"node {name!r}: asks without a word"
            yield Finding((name, "prompts"), what, "name the prompt that says what to press", Rule.NOTHING_SAID)


def _variables(graph: Graph) -> Iterator[Finding]:
    """Variables that are read and never set, or set and never read, and secrets read by who must not."""
    sets = {variable for node in graph.nodes.values() for _, variable in node.sets()}
    reads = {variable for node in graph.nodes.values() for _, variable in node.reads()}
    secret = {node.into for node in graph.nodes.values() if isinstance(node, Collect) and node.secret}
    for name, node in graph.nodes.items():
        for where, variable in node.reads():
            place, holes = (name, *where.split(".")), {"variable": variable}
            if variable in secret and not isinstance(node, Verify):
                what = f"node {name!r}: variable {variable!r} is secret"
                yield Finding(place, what, "only a verify node may read it", Rule.SECRET_READ, holes)
            if variable not in sets:
                what = f"node {name!r}: variable {variable!r} is never set{near(variable, sets)}"
                cure = "collect or set it somewhere, or write its right name"
                yield Finding(place, what, cure, Rule.NEVER_SET, holes | {"near": nearest(variable, sets)})
        for where, variable in node.sets():
            if variable not in reads:
                what, cure = (
                    f"node {name!r}: variable {variable!r} is never read",
                    "use it somewhere, or do not ask for it",
                )
                yield Finding((name, *where.split(".")), what, cure, Rule.NEVER_READ, {"variable": variable})


def _is_lost(graph: Graph, state: State) -> bool:
    """Whether this is a return from which the caller goes nowhere."""
    return isinstance(graph.node(state), Return) and not graph.steps[state]


def _too_nested(graph: Graph) -> Iterator[Finding]:
    """Subflows in parts that are in parts: the first way back would be forgotten."""
    deep = (state for state in graph.reached() if len(state.back) == PARTS_DEEP)
    states = {state.node: state for state in deep if isinstance(graph.node(state), Subflow)}
    for name, state in states.items():
        names = " → ".join([*state.back, name])
        what = f"node {name!r}: more than {PARTS_DEEP} parts within each other: {names}"
        cure = "lead there without a subflow, or take one of the parts apart"
        yield Finding((name,), what, cure, Rule.TOO_NESTED, {"parts": names, "most": str(PARTS_DEEP)})


def _returns(graph: Graph) -> Iterator[Finding]:
    """Returns to which callers come who are in no part, or whose exit the subflow does not have."""
    for state in graph.reached():
        node, name = graph.node(state), state.node
        if not isinstance(node, Return) or not _is_lost(graph, state):
            continue
        if state.back:
            entered = graph.nodes[state.back[-1]]
            exits = entered.exits if isinstance(entered, Subflow) else {}
            what = f"node {name!r}: subflow {state.back[-1]!r} has no exit {node.exit!r}{near(node.exit, exits)}"
            cure = "name it among the exits there, or return by one of them"
            holes = {"exit": node.exit, "subflow": state.back[-1], "near": nearest(node.exit, exits)}
            yield Finding((name, "exit"), what, cure, Rule.NO_EXIT, holes)
        else:
            what = f"node {name!r}: a caller comes here who did not come through a subflow"
            yield Finding((name,), what, "lead every way into this part through a subflow node", Rule.NO_WAY_BACK)


def _unused_exits(graph: Graph) -> Iterator[Finding]:
    """Exits of subflows by which no part returns."""
    used = {
        (state.back[-1], node.exit)
        for state in graph.steps
        if isinstance(node := graph.node(state), Return) and state.back
    }
    for name in dict.fromkeys(state.node for state in graph.reached()):
        node = graph.nodes[name]
        for exit_ in node.exits if isinstance(node, Subflow) else ():
            if (name, exit_) not in used:
                what = f"node {name!r}: no return of this part has the exit {exit_!r}"
                cure = "add a return node with it, or take the exit away"
                yield Finding((name, "exits", exit_), what, cure, Rule.UNUSED_EXIT, {"exit": exit_})


def near(name: object, known: Collection[object]) -> str:
    """Return a question that names the nearest of `known`, or nothing when none is near."""
    close = nearest(name, known)
    return f" (did you mean {close!r}?)" if close else ""


def nearest(name: object, known: Collection[object]) -> str:
    """Return the one of `known` that is written most like `name`; empty when none is near."""
    close = difflib.get_close_matches(str(name), [str(each) for each in known], n=1)
    return close[0] if close else ""
