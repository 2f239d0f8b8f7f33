"""Reads and checks a flow file; every fault is told with file, line and what is wrong."""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from core.errors import BadInput
from ivr.checks import Finding, Rule, check, near, nearest
from ivr.graph import unfold
from ivr.node import Node
from ivr.nodes import VERBS, AnyNode
from ivr.nodes.subflow import Subflow
from ivr.nodes.transfer import Transfer
from speech.prompts import Catalogue, foreign, foreign_prompts

_nodes: TypeAdapter[Node] = TypeAdapter(AnyNode)

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


class Flow(BaseModel):
    """A menu as data: `start` is the first node; `person` the node that key 0 leads to, `trouble` on a failure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flow: str = Field(pattern="^[a-z][a-z0-9_]*$")
    version: int = Field(default=1, ge=1)
    """The number under which the database keeps it; what a file says of it is replaced when it is taken in."""
    start: str
    trouble: str
    include: tuple[str, ...] = ()
    """Files with more `nodes`, beside this one; a part that several flows share."""
    outside_numbers: tuple[str, ...] = ()
    """The numbers to which a `transfer` node may put callers through; no other is ever dialled."""
    nodes: dict[str, Any]

    def node(self, name: str) -> Node:
        """Return a node of a checked flow."""
        node: Node = self.nodes[name]
        return node

    def prompts(self) -> list[str]:
        """Return the ids of all prompts that the flow may say in the site's language, each once, in order of nodes."""
        used = (p for node in self.nodes.values() for _, p in node.prompts_used() if not foreign(p))
        return list(dict.fromkeys([*used, *self.said()]))

    def exits(self) -> dict[str, Mapping[str, str]]:
        """Return where the `subflow` nodes lead by the exits of their parts, by node."""
        return {name: node.exits for name, node in self.nodes.items() if isinstance(node, Subflow)}

    def numbered(self, version: int) -> "Flow":
        """Return the same flow as version `version`."""
        return self.model_copy(update={"version": version})

    def said(self) -> Catalogue:
        """Return the prompts that the flow itself brings along, by id."""
        return {prompt.id: prompt for node in self.nodes.values() for prompt in node.said()}


def load(file: Path, prompts: Collection[str], rules: Collection[str] = ()) -> Flow:
    """Read the flow in `file`. Raises FlowError with every fault when there is one.

    `prompts` are the ids that exist; `rules` the policy rules that `length` may name (empty: not checked).
    """
    return _compile(_read(str(file), _from_disk), prompts, rules)


def main_file(flow: str) -> str:
    """Return the name of the file of a stored flow that is not included by another."""
    return f"{flow}.yaml"


def load_texts(flow: str, files: Mapping[str, str], prompts: Collection[str], rules: Collection[str] = ()) -> Flow:
    """Read the flow with the id `flow` from `files`, texts by name. Raises FlowError as `load` does."""

    def given(name: str) -> str:
        if name not in files:
            cure = "add it, or include it no more"
            raise FlowError(Fault(name, 1, "there is no such file in the flow", cure, rule=Rule.NO_FILE))
        return files[name]

    sources = _read(main_file(flow), given)
    if sources.tree.get("flow") != flow:
        what = f"flow: this is flow {flow!r}, not {sources.tree.get('flow')!r}"
        sources.faults.append(sources.fault(Finding(("flow",), what, "leave its name as it is", Rule.BAD_FIELD)))
    for name in sorted(set(files) - set(sources.files)):
        cure = "include it, or remove it"
        sources.faults.append(Fault(name, 1, "no include names this file", cure, rule=Rule.NOT_INCLUDED))
    return _compile(sources, prompts, rules)


def texts(file: Path) -> tuple[str, dict[str, str]]:
    """Return the id of the flow in `file`, and its text and those of the files it includes, by name.

    Raises FlowError when a file cannot be read; nothing else is checked.
    """
    sources = _read(str(file), _from_disk)
    flow = str(sources.tree.get("flow"))
    names = {str(file): main_file(flow)}
    beside = str(file.parent / "_")[:-1]
    return flow, {names.get(name, name.removeprefix(beside)): text for name, text in sources.files.items()}


def nodes_of(name: str, text: str) -> dict[str, Any]:
    """Return the nodes as they are written in a file; none where it is no YAML or has none."""
    try:
        tree = _parse(name, text)
    except FlowError:
        return {}
    nodes = tree.get("nodes") if isinstance(tree, dict) else None
    return {str(node): data for node, data in nodes.items()} if isinstance(nodes, dict) else {}


def _compile(sources: "_Sources", prompts: Collection[str], rules: Collection[str]) -> Flow:
    tree = {**sources.tree, "nodes": sources.nodes}
    faults = [*sources.faults, *map(sources.fault, _check(tree, prompts, rules))]
    nodes = {str(name): node for name, data in sources.nodes.items() if (node := _node(data)) is not None}
    entries = (str(tree.get("start")), str(tree.get("trouble")))
    named = {*entries, *(target for node in nodes.values() for _, target in node.targets())}
    if len(nodes) == len(sources.nodes) and named <= set(nodes):
        # Where a node or a way is broken, what it would lead to is not known, and each fault would bring others.
        deeper = (dataclasses.replace(f, place=("nodes", *f.place)) for f in check(unfold(nodes, entries)))
        faults += map(sources.fault, deeper)
    if faults:
        raise FlowError(*faults)
    return Flow.model_validate({**tree, "nodes": nodes})


@dataclass(frozen=True, slots=True)
class _Sources:
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


def _read(file: str, read: Callable[[str], str]) -> _Sources:
    """Read a flow and what it includes; `read` gives the text of a name. Raises FlowError when one cannot be read."""
    text = read(file)
    tree = _parse(file, text)
    if not isinstance(tree, dict) or not isinstance(tree.get("nodes"), dict):
        raise FlowError(Fault(file, 1, "a flow is a mapping with flow, version, start, trouble and nodes"))
    sources = _Sources(file, tree, {file: text})
    _take(sources, file, tree)
    unread: list[Fault] = []
    included = tree.get("include", [])
    for name in dict.fromkeys(map(str, included)) if isinstance(included, list) else ():
        part = str(Path(file).parent / name)
        if Path(name).name != name:
            what = f"include: {name!r} is not beside the flow, with which it is kept and published"
            cure = f"put it into the folder of {Path(file).name} and include {Path(name).name!r}"
            unread.append(Fault(file, _line(tree, ("include",)), what, cure, rule=Rule.BAD_FILE))
            continue
        try:
            sources.files[part] = read(part)
            _take(sources, part, _part(part, sources.files[part]))
        except FlowError as error:
            unread += error.faults
    if unread:
        raise FlowError(*unread)  # what such a file holds is not known, and would be missed everywhere
    return sources


def _part(file: str, text: str) -> Any:
    tree = _parse(file, text)
    if not isinstance(tree, dict) or list(tree) != ["nodes"] or not isinstance(tree["nodes"], dict):
        raise FlowError(Fault(file, 1, "an included file is a mapping with nodes alone"))
    return tree


def _take(sources: _Sources, file: str, tree: Any) -> None:
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


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a flow file, for editors that complete and check while one writes."""
    nodes = _nodes.json_schema(ref_template="#/$defs/{model}")
    kinds = nodes.pop("$defs")
    flow = Flow.model_json_schema()
    flow["properties"]["nodes"] = {
        "type": "object",
        "minProperties": 1,
        "description": "the nodes by name",
        "additionalProperties": {"oneOf": nodes["oneOf"]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A flow of Hotline",
        **{key: value for key, value in flow.items() if key != "title"},
        "$defs": kinds,
    }


def _node(data: Any) -> Node | None:
    try:
        return _nodes.validate_python(dict(data))
    except (ValidationError, TypeError, ValueError):
        return None


def _from_disk(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise FlowError(Fault(file, 0, f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise FlowError(Fault(file, 0, "cannot be read: not UTF-8")) from None


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
    except (YAMLError, ValueError, RecursionError) as error:
        line, what = 1, "nested too deep" if isinstance(error, RecursionError) else str(error)
    raise FlowError(Fault(file, line, f"not valid YAML: {what}"))


def _check(tree: Any, prompts: Collection[str], rules: Collection[str]) -> Iterator[Finding]:
    try:
        Flow.model_validate(dict(tree))
    except ValidationError as error:
        for e in error.errors():
            yield _of_field(e["loc"], f"{'.'.join(map(str, e['loc']))}: {_words(e, Flow)}", e)
    names = set(tree["nodes"])
    for field in ("start", "trouble"):
        if tree.get(field) not in names:
            yield _no_node((field,), f"{field}: ", tree.get(field), names)
    for name, data in tree["nodes"].items():
        yield from _check_node(tree, name, data, prompts, rules)


def _no_node(place: tuple[Any, ...], before: str, target: object, names: Collection[str]) -> Finding:
    what = f"{before}there is no node {target!r}{near(target, names)}"
    return Finding(place, what, "", Rule.NO_NODE, {"target": str(target), "near": nearest(target, names)})


def _of_field(place: tuple[Any, ...], what: str, error: ErrorDetails) -> Finding:
    rules = {"extra_forbidden": Rule.NO_FIELD, "missing": Rule.MISSING_FIELD}
    holes = {"field": ".".join(map(str, error["loc"])), "message": what}
    return Finding(place, what, "", rules.get(error["type"], Rule.BAD_FIELD), holes)


def _check_node(tree: Any, name: str, data: Any, prompts: Collection[str], rules: Collection[str]) -> Iterator[Finding]:
    verb = data.get("do") if isinstance(data, dict) else None
    if verb not in VERBS:
        what = f"node {name!r}: unknown kind {verb!r}{near(verb, VERBS)}; known: {', '.join(VERBS)}"
        yield Finding(("nodes", name, "do"), what, "", Rule.NO_VERB, {"verb": str(verb), "near": nearest(verb, VERBS)})
        return
    try:
        node = _nodes.validate_python(dict(data))
    except ValidationError as error:
        for e in error.errors():
            place = [str(p) for p in e["loc"] if p != verb]
            what = f"node {name!r}: {'.'.join(place)}: {_words(e, VERBS[verb])}"
            yield _of_field(("nodes", name, *place), what, {**e, "loc": tuple(place)})
        return
    for field, target in node.targets():
        if target not in tree["nodes"]:
            yield _no_node(("nodes", name, *field.split(".")), f"node {name!r}: {field}: ", target, tree["nodes"])
    for field, prompt in node.prompts_used():
        if prompt != "greeting" and prompt not in prompts and prompt not in foreign_prompts():
            what = f"node {name!r}: unknown prompt {prompt!r}{near(prompt, prompts)}"
            holes = {"prompt": prompt, "near": nearest(prompt, prompts)}
            yield Finding(("nodes", name, field), what, "", Rule.NO_PROMPT, holes)
    if isinstance(node, Transfer) and node.number not in (tree.get("outside_numbers") or ()):
        what = f"node {name!r}: {node.number!r} is none of the flow's outside_numbers; add it there as text"
        yield Finding(("nodes", name, "number"), what, "", Rule.NO_OUTSIDE_NUMBER, {"number": node.number})
    length = getattr(node, "length", None)
    if rules and length is not None and length not in rules:
        what = f"node {name!r}: unknown policy rule {length!r}{near(length, rules)}"
        holes = {"policy": str(length), "near": nearest(length, rules)}
        yield Finding(("nodes", name, "length"), what, "", Rule.NO_POLICY, holes)


def _line(tree: Any, path: tuple[Any, ...]) -> int:
    """Return the line of the deepest part of `path` that the file has, counted from 1."""
    line = 0
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            break
        line = tree.lc.key(key)[0] if hasattr(tree, "lc") else line
        tree = tree[key]
    return int(line) + 1


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] != "extra_forbidden":
        return error["msg"].removeprefix("Value error, ")
    return f"there is no such field{near(error['loc'][-1], model.model_fields)}"
