"""The ways through a flow as callers go them: a node in a part that several places share, once for each way back.

Pure. Were a return taken to lead to the exits of every subflow, the checks would see circles that nobody goes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ivr.node import Node
from ivr.nodes.return_ import Return
from ivr.nodes.subflow import Subflow
from ivr.parts import PARTS_DEEP

T = TypeVar("T")


class State(NamedTuple):
    """A caller at `node`; `back`: the subflow nodes to which returns will lead, the next one last.

    `back` is empty where no return lies ahead before the next subflow: there it makes no difference.
    """

    node: str
    back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes of a flow by name, with `entries`: where a call begins, and where it goes when a node fails.

    `steps` are the ways out of each state, (field, state), in the order of the nodes. It has every node, those that
    no call reaches too.
    """

    nodes: Mapping[str, Node]
    entries: tuple[State, ...]
    steps: Mapping[State, Sequence[tuple[str, State]]]

    def node(self, state: State) -> Node:
        """Return the node at which a caller in `state` is."""
        return self.nodes[state.node]

    def ways(self, state: State, *, silent: bool = False) -> list[State]:
        """Return the states that follow `state`; `silent`: those to which a caller comes who does nothing."""
        by_caller = self.node(state).by_caller if silent else frozenset()
        return [target for field, target in self.steps[state] if field.partition(".")[0] not in by_caller]

    def reached(self) -> Iterator[State]:
        """Yield each state to which a call may come, in the order of the nodes."""
        seen = set(explored(self.entries, self.ways))
        yield from (state for state in self.steps if state in seen)


def unfold(nodes: Mapping[str, Node], entries: Iterable[str]) -> Graph:
    """Return the ways through `nodes`; every way names one of them."""
    returning = _returning(nodes)
    steps: dict[State, list[tuple[str, State]]] = {}

    def following(state: State) -> list[State]:
        ways = _steps(nodes, state)
        steps[state] = [(field, State(target, back if target in returning else ())) for field, target, back in ways]
        return [target for _, target in steps[state]]

    first = tuple(State(name) for name in entries)
    there = {state.node for state in explored(first, following)}
    for name in nodes:
        if name not in there:
            there |= {state.node for state in explored([State(name)], following)}
    order = {name: number for number, name in enumerate(nodes)}
    states = sorted(steps, key=lambda state: [order[name] for name in (state.node, *state.back)])
    return Graph(nodes, first, {state: steps[state] for state in states})


def explored(start: Iterable[T], following: Callable[[T], Iterable[T]]) -> Iterator[T]:
    """Yield what is reached from `start`, each once."""
    seen: set[T] = set()
    ahead = list(start)
    while ahead:
        if (one := ahead.pop()) not in seen:
            seen.add(one)
            yield one
            ahead += following(one)


def _steps(nodes: Mapping[str, Node], state: State) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    node = nodes[state.node]
    if isinstance(node, Subflow):
        yield "start", node.start, (*state.back, state.node)[-PARTS_DEEP:]
    elif isinstance(node, Return):
        entered = nodes[state.back[-1]] if state.back else None
        if isinstance(entered, Subflow) and node.exit in entered.exits:
            yield "exit", entered.exits[node.exit], state.back[:-1]
    else:
        yield from ((field, target, state.back) for field, target in node.targets())


def _returning(nodes: Mapping[str, Node]) -> set[str]:
    """The nodes from which a caller may come to a return of the part in which they stand."""
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for field, target in node.targets():
            if not (isinstance(node, Subflow) and field == "start"):
                before[target].append(name)
    returns = (name for name, node in nodes.items() if isinstance(node, Return))
    return set(explored(returns, before.__getitem__))
