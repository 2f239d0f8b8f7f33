"""What is wrong with a flow whose nodes are right one by one: ends, loops, depth, a person out of reach, variables.

Pure: nodes in, findings out; `ivr/flow.py` knows the file and its lines.
"""

import difflib
import graphlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ivr.node import PERSON_KEY, Node
from ivr.nodes.collect import Collect
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.nodes.speech import Speech
from ivr.nodes.verify import Verify

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
    NO_OUTSIDE_NUMBER = "no_outside_number"
    NO_FIELD = "no_field"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    NAME_TWICE = "name_twice"
    NOT_INCLUDED = "not_included"
    NO_FILE = "no_file"
    BAD_FILE = "bad_file"


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


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a flow by name, with `entries`: where a call begins, and where it goes when a node fails."""

    nodes: Mapping[str, Node]
    entries: tuple[str, ...]

    def ways(self, name: str, *, silent: bool = False) -> list[str]:
        """Return the nodes that follow `name`; `silent`: those to which a caller comes who does nothing."""
        node = self.nodes[name]
        return [
            target
            for field, target in node.targets()
            if not (silent and field.partition(".")[0] in node.by_caller) and target in self.nodes
        ]


def check(graph: Graph) -> Iterator[Finding]:
    """Yield everything that is wrong, in the order of the rules."""
    for rule in (_unreachable, _dead_ends, _loops, _too_deep, _no_person, _nothing_said, _variables):
        yield from rule(graph)


def _unreachable(graph: Graph) -> Iterator[Finding]:
    reached = set(_reached(graph, graph.entries))
    for name in graph.nodes:
        if name not in reached:
            yield Finding(
                (name,), f"node {name!r}: no way leads here", "lead a way here or remove it", Rule.UNREACHABLE
            )


def _reached(graph: Graph, start: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    ahead = [name for name in start if name in graph.nodes]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            yield name
            ahead += graph.ways(name)


def _dead_ends(graph: Graph) -> Iterator[Finding]:
    """A node from which no way leads to the end of the call."""
    ends = {name for name, node in graph.nodes.items() if node.ends}
    while more := {n for n in graph.nodes if n not in ends and not ends.isdisjoint(graph.ways(n))}:
        ends |= more
    for name in graph.nodes:
        if name not in ends:
            what = f"node {name!r}: dead end, from here the call never ends"
            yield Finding((name,), what, "lead a way to a hangup node", Rule.DEAD_END)


def _loops(graph: Graph) -> Iterator[Finding]:
    """Nodes that follow one another for ever while the caller does nothing."""
    left = dict(graph.nodes)
    while True:
        order = graphlib.TopologicalSorter({n: [t for t in graph.ways(n, silent=True) if t in left] for n in left})
        try:
            order.prepare()
        except graphlib.CycleError as error:
            circle = [str(name) for name in reversed(error.args[1][1:])]
            first = min(circle, key=list(graph.nodes).index)
            at = circle.index(first)
            names = " → ".join([*circle[at:], *circle[:at], first])
            what = f"node {first!r}: a caller who does nothing goes round for ever: {names}"
            cure = "lead the way of silence (give_up) out of the circle"
            yield Finding((first,), what, cure, Rule.CIRCLE, {"circle": names})
            for name in circle:
                del left[name]
        else:
            return


def _is_level(node: Node) -> bool:
    """Whether this is a menu to get lost in, not a question about a task that has begun."""
    return isinstance(node, Menu) and not node.question


def _too_deep(graph: Graph) -> Iterator[Finding]:
    """Menus that lie behind more than MENU_LEVELS choices, on the shortest way."""
    level: dict[str, int] = {}
    ahead = deque((name, 0) for name in graph.entries if name in graph.nodes)
    while ahead:
        name, before = ahead.popleft()
        menu = _is_level(graph.nodes[name])
        if name in level and level[name] <= before + menu:
            continue
        level[name] = before + menu
        for target in graph.ways(name):
            (ahead.append if menu else ahead.appendleft)((target, level[name]))
    for name, depth in level.items():
        if _is_level(graph.nodes[name]) and depth > MENU_LEVELS:
            what = f"node {name!r}: a menu of level {depth}; callers get lost below level {MENU_LEVELS}"
            cure, holes = "offer its keys in a menu above, or ask for a number instead", {"most": str(MENU_LEVELS)}
            yield Finding((name,), what, cure, Rule.TOO_DEEP, {"level": str(depth)} | holes)


def _no_person(graph: Graph) -> Iterator[Finding]:
    """Menus without key 0 to a queue. Not asked of one where a queue leads: a person was just tried, or spoke."""
    after = {t for name, node in graph.nodes.items() if isinstance(node, Queue) for t in graph.ways(name)}
    for name, node in graph.nodes.items():
        if not isinstance(node, Menu | Speech):
            continue
        to = node.keys.get(PERSON_KEY)
        if name in after and to is None:
            continue
        if to is None:
            what = f"node {name!r}: no way to a person"
            yield Finding((name, "keys"), what, f'lead key "{PERSON_KEY}" to a queue node', Rule.NO_PERSON)
        elif to in graph.nodes and not _comes_to_queue(graph, to):
            what = f"node {name!r}: key {PERSON_KEY} does not lead to a person"
            cure = "lead it to a queue node, with nothing to choose before"
            yield Finding((name, "keys", PERSON_KEY), what, cure, Rule.NOT_A_PERSON)


def _comes_to_queue(graph: Graph, start: str) -> bool:
    """Tell whether a caller who does nothing more comes from `start` to a queue."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if isinstance(graph.nodes[name], Queue):
            return True
        if name not in seen and not graph.nodes[name].by_caller:
            ahead += graph.ways(name)
        seen.add(name)
    return False


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


def near(name: object, known: Collection[object]) -> str:
    """Return a question that names the nearest of `known`, or nothing when none is near."""
    close = nearest(name, known)
    return f" (did you mean {close!r}?)" if close else ""


def nearest(name: object, known: Collection[object]) -> str:
    """Return the one of `known` that is written most like `name`; empty when none is near."""
    close = difflib.get_close_matches(str(name), [str(each) for each in known], n=1)
    return close[0] if close else ""
