"""The files of a flow: which there are, what YAML they hold, and where in them each thing stands."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from core.errors import BadInput
from ivr.checks import Finding, Rule

DEEPEST = 100
"""Brackets within brackets in a flow file; ours have three."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a flow, and where: line 0 is a file as a whole, `node` the node when it is in one.

    `rule` and `holes` say the same for whoever has words of their own.
    """

    file: str
    line: int
    what: str
    cure: str = ""
    node: str | None = None
    rule: Rule = Rule.BAD_FILE
    holes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.message}"

    @property
    def message(self) -> str:
        """What is wrong, and the cure."""
        return f"{self.what}; {self.cure}" if self.cure else self.what


class FlowError(BadInput):
    """The flow cannot be used."""

    code = "bad_flow"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(f) for f in faults), faults=[str(f) for f in faults])
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Sources:
    """The file of a flow and those that it includes: all nodes, and from which file each comes."""

    file: str
    tree: Any
    files: dict[str, str]
    nodes: dict[str, Any] = dataclasses.field(default_factory=dict)
    owners: dict[str, tuple[str, Any]] = dataclasses.field(default_factory=dict)
    faults: list[Fault] = dataclasses.field(default_factory=list)

    def fault(self, found: Finding) -> Fault:
        """Return what was found as a fault in the file that has its place."""
        place = found.place
        node = place[1] if place[:1] == ("nodes",) and len(place) > 1 else None
        file, tree = self.owners.get(node, (self.file, self.tree)) if node is not None else (self.file, self.tree)
        name = None if node is None else str(node)
        return Fault(file, _line(tree, place), found.what, found.cure, name, found.rule, found.holes)


def read(file: str, text_of: Callable[[str], str]) -> Sources:
    """Read a flow and what it includes; `text_of` gives the text of a name. Raises FlowError when one cannot be."""
    text = text_of(file)
    tree = _parse(file, text)
    if not isinstance(tree, dict) or not isinstance(tree.get("nodes"), dict):
        raise FlowError(Fault(file, 1, "a flow is a mapping with flow, version, start, trouble and nodes"))
    sources = Sources(file, tree, {file: text})
    _take(sources, file, tree)
    unread: list[Fault] = []
    included = tree.get("include", [])
    for name in dict.fromkeys(map(str, included)) if isinstance(included, list) else ():
        try:
            _include(sources, name, text_of)
        except FlowError as error:
            unread += error.faults
    if unread:
        raise FlowError(*unread)  # what such a file holds is not known, and would be missed everywhere
    return sources


def _include(sources: Sources, name: str, text_of: Callable[[str], str]) -> None:
    """Take in the nodes of a file that the flow includes as `name`. Raises FlowError when it cannot be."""
    main = Path(sources.file)

    def refused(what: str, cure: str, rule: Rule = Rule.BAD_FILE) -> FlowError:
        line, said = _line(sources.tree, ("include",)), f"include: {name!r}{what}"
        return FlowError(Fault(sources.file, line, said, cure, rule=rule, holes={"file": name}))

    if Path(name).name != name:
        cure = f"put it into the folder of {main.name} and include {Path(name).name!r}"
        raise refused(" is not beside the flow, with which it is kept and published", cure)
    if name == main.name:
        raise refused(" is the flow itself", "take it out of the list")
    part = str(main.parent / name)
    try:
        text = text_of(part)
    except FlowError as error:
        raise refused(
            f": {error.faults[0].what}", "put it there, or include it no more", error.faults[0].rule
        ) from None
    sources.files[part] = text
    _take(sources, part, _part(part, text))


def _part(file: str, text: str) -> Any:
    tree, what = _parse(file, text), "an included file is a mapping with nodes alone"
    if not isinstance(tree, dict) or not isinstance(tree.get("nodes"), dict):
        raise FlowError(Fault(file, 1, what, "write nodes: on a line above them"))
    if others := [str(key) for key in tree if key != "nodes"]:
        cure = f"take {', '.join(others)} out: the flow that includes it has them"
        raise FlowError(Fault(file, _line(tree, (others[0],)), what, cure))
    return tree


def _take(sources: Sources, file: str, tree: Any) -> None:
    for name, data in tree["nodes"].items():
        if name in sources.nodes:
            what = f"node {name!r}: there is one of this name in {sources.owners[name][0]}"
            line = _line(tree, ("nodes", name))
            holes = {"file": sources.owners[name][0]}
            cure = "give one another name"
            sources.faults.append(Fault(file, line, what, cure, str(name), Rule.NAME_TWICE, holes))
        else:
            sources.nodes[name] = data
            sources.owners[name] = (file, tree)


def nodes_of(name: str, text: str) -> dict[str, Any]:
    """Return the nodes as they are written in a file; none where it is no YAML or has none."""
    try:
        tree = _parse(name, text)
    except FlowError:
        return {}
    nodes = tree.get("nodes") if isinstance(tree, dict) else None
    return {str(node): data for node, data in nodes.items()} if isinstance(nodes, dict) else {}


def from_disk(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise FlowError(Fault(file, 0, f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise FlowError(Fault(file, 0, "cannot be read: not UTF-8")) from None
    except ValueError as error:  # a name with a character that no name has
        raise FlowError(Fault(file, 0, f"cannot be read: {error}")) from None


def _parse(file: str, text: str) -> Any:
    # The parser's time grows with the square of the depth: thousands of brackets would keep it busy for a minute.
    turns = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    if max(accumulate(turns), default=0) > DEEPEST:
        raise FlowError(Fault(file, 1, f"not valid YAML: brackets nested more than {DEEPEST} deep"))
    try:
        return YAML(typ="rt", pure=True).load(text)
    except ReaderError as error:
        line, what = text.count("\n", 0, error.position) + 1, error.reason
    except MarkedYAMLError as error:
        line, what = error.problem_mark.line + 1 if error.problem_mark else 1, str(error.problem)
    except TypeError:
        line, what = (
            _line_of_odd_key(text),
            "a list or a mapping stands where a name belongs; write a word before the colon",
        )
    except (YAMLError, ValueError, RecursionError) as error:
        line, what = 1, "nested too deep" if isinstance(error, RecursionError) else str(error)
    raise FlowError(Fault(file, line, f"not valid YAML: {what}"))


def _line_of_odd_key(text: str) -> int:
    """Return the first line in which a key is no word, which the reader does not say."""
    ahead, seen = [YAML(typ="rt", pure=True).compose(text)], set[int]()
    lines = [1]
    while ahead:
        node = ahead.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            lines += [key.start_mark.line + 1 for key, _ in node.value if not isinstance(key, ScalarNode)]
            ahead += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            ahead += node.value
    return min(lines[1:], default=1)


def _line(tree: Any, path: tuple[Any, ...]) -> int:
    """Return the line of the deepest part of `path` that the file has, counted from 1."""
    line = 0
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            break
        line = tree.lc.key(key)[0] if hasattr(tree, "lc") else line
        tree = tree[key]
    return int(line) + 1
