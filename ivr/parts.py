"""The ways back of a caller in a part of a flow that several places share; the journal has them with what is known."""

from collections.abc import Mapping

import msgspec

from core.errors import HotlineError

WAYS_BACK = "subflow.back"
"""Known of a caller in a part: the `subflow` nodes that led there, as JSON. A dot, so no variable has this name."""
PARTS_DEEP = 2
"""How many ways back are kept: a part may use another one, and that is all anybody can follow."""


class NoWayBack(HotlineError):
    """The caller came to a return without having come through a subflow that has its exit."""

    code = "no_way_back"


def enter(known: dict[str, str], node: str) -> None:
    """Keep that the caller came into a part through `node`.

    Only the last PARTS_DEEP are kept: who left a part by a key leaves a way back that nobody goes.
    """
    known[WAYS_BACK] = _as_text([*_ways_back(known), node][-PARTS_DEEP:])


def leave(known: dict[str, str], exits: Mapping[str, Mapping[str, str]], exit_: str) -> str:
    """Return the node to which `exit_` leads the caller; `exits` are those of the flow: {subflow node: {exit: node}}.

    Raises NoWayBack when there is none.
    """
    *others, node = _ways_back(known) or [""]
    known[WAYS_BACK] = _as_text(others)
    try:
        return exits[node][exit_]
    except KeyError:
        raise NoWayBack(node=node, exit=exit_) from None


def _ways_back(known: Mapping[str, str]) -> list[str]:
    return msgspec.json.decode(known.get(WAYS_BACK, "[]"), type=list[str])


def _as_text(nodes: list[str]) -> str:
    return msgspec.json.encode(nodes).decode()
