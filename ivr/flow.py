"""Reads and checks a flow file; every fault is told with file, line and what is wrong."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from core.errors import BadInput
from ivr.checks import Graph, check, near
from ivr.node import Node
from ivr.nodes import VERBS, AnyNode
from speech.prompts import Catalogue

_nodes: TypeAdapter[Node] = TypeAdapter(AnyNode)


class FlowError(BadInput):
    """The flow cannot be used."""

    code = "bad_flow"


class Flow(BaseModel):
    """A menu as data: `start` is the first node; `person` the node that key 0 leads to, `trouble` on a failure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flow: str = Field(pattern="^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    start: str
    trouble: str
    include: tuple[str, ...] = ()
    """Files with more `nodes`, beside this one; a part that several flows share."""
    nodes: dict[str, Any]

    def node(self, name: str) -> Node:
        """Return a node of a checked flow."""
        node: Node = self.nodes[name]
        return node

    def prompts(self) -> list[str]:
        """Return the ids of all prompts that the flow may say, each once, in the order of the nodes."""
        used = (p for node in self.nodes.values() for _, p in node.prompts_used())
        return list(dict.fromkeys([*used, *self.said()]))

    def said(self) -> Catalogue:
        """Return the prompts that the flow itself brings along, by id."""
        return {prompt.id: prompt for node in self.nodes.values() for prompt in node.said()}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a flow file, and where."""

    file: str
    line: int
    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f"; {self.cure}" if self.cure else "")


def load(file: Path, prompts: Collection[str], rules: Collection[str] = ()) -> Flow:
    """Read the flow in `file`. Raises FlowError with every fault when there is one.

    `prompts` are the ids that exist; `rules` the policy rules that `length` may name (empty: not checked).
    """
    sources = _read(file)
    tree = {**sources.tree, "nodes": sources.nodes}
    faults = [*sources.faults, *(sources.fault(place, what) for place, what in _check(tree, prompts, rules))]
    nodes = {str(name): node for name, data in sources.nodes.items() if (node := _node(data)) is not None}
    entries = (str(tree.get("start")), str(tree.get("trouble")))
    named = {*entries, *(target for node in nodes.values() for _, target in node.targets())}
    if len(nodes) == len(sources.nodes) and named <= set(nodes):
        # Where a node or a way is broken, what it would lead to is not known, and each fault would bring others.
        faults += [sources.fault(("nodes", *f.place), f.what, f.cure) for f in check(Graph(nodes, entries))]
    if faults:
        raise FlowError("\n".join(str(f) for f in faults), faults=[str(f) for f in faults])
    return Flow.model_validate({**tree, "nodes": nodes})


@dataclass(frozen=True, slots=True)
class _Sources:
    """The file of a flow and those that it includes: all nodes, and from which file each comes."""

    file: Path
    tree: Any
    nodes: dict[str, Any]
    owners: dict[str, tuple[Path, Any]]
    faults: list[Fault]

    def fault(self, place: tuple[Any, ...], what: str, cure: str = "") -> Fault:
        """Return a fault at `place`, in the file that has it."""
        owner = self.owners.get(place[1]) if place[:1] == ("nodes",) and len(place) > 1 else None
        file, tree = owner or (self.file, self.tree)
        return Fault(str(file), _line(tree, place), what, cure)


def _read(file: Path) -> _Sources:
    tree = _parse(file)
    if not isinstance(tree, dict) or not isinstance(tree.get("nodes"), dict):
        raise FlowError(f"{file}:1: a flow is a mapping with flow, version, start, trouble and nodes")
    sources = _Sources(file, tree, {}, {}, [])
    _take(sources, file, tree)
    included = tree.get("include", [])
    for name in included if isinstance(included, list) else []:
        part = _parse(file.parent / str(name))
        if not isinstance(part, dict) or list(part) != ["nodes"] or not isinstance(part["nodes"], dict):
            raise FlowError(f"{file.parent / str(name)}:1: an included file is a mapping with nodes alone")
        _take(sources, file.parent / str(name), part)
    return sources


def _take(sources: _Sources, file: Path, tree: Any) -> None:
    for name, data in tree["nodes"].items():
        if name in sources.nodes:
            what = f"node {name!r}: there is one of this name in {sources.owners[name][0]}"
            sources.faults.append(Fault(str(file), _line(tree, ("nodes", name)), what, "give one another name"))
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


def _parse(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise FlowError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FlowError(f"{file}: cannot be read: not UTF-8") from None
    try:
        tree = YAML(typ="rt", pure=True).load(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FlowError(f"{file}:{line}: not valid YAML: {error.reason}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FlowError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    return tree


def _check(tree: Any, prompts: Collection[str], rules: Collection[str]) -> Iterator[tuple[tuple[Any, ...], str]]:
    try:
        Flow.model_validate(dict(tree))
    except ValidationError as error:
        for e in error.errors():
            yield e["loc"], f"{'.'.join(map(str, e['loc']))}: {_words(e, Flow)}"
    names = set(tree["nodes"])
    for field in ("start", "trouble"):
        if tree.get(field) not in names:
            yield (field,), f"{field}: there is no node {tree.get(field)!r}{near(tree.get(field), names)}"
    for name, data in tree["nodes"].items():
        yield from _check_node(tree, name, data, prompts, rules)


def _check_node(
    tree: Any, name: str, data: Any, prompts: Collection[str], rules: Collection[str]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    verb = data.get("do") if isinstance(data, dict) else None
    if verb not in VERBS:
        yield (
            ("nodes", name, "do"),
            f"node {name!r}: unknown kind {verb!r}{near(verb, VERBS)}; known: {', '.join(VERBS)}",
        )
        return
    try:
        node = _nodes.validate_python(dict(data))
    except ValidationError as error:
        for e in error.errors():
            place = [str(p) for p in e["loc"] if p != verb]
            yield ("nodes", name, *place), f"node {name!r}: {'.'.join(place)}: {_words(e, VERBS[verb])}"
        return
    for field, target in node.targets():
        if target not in tree["nodes"]:
            where = ("nodes", name, *field.split("."))
            yield (
                where,
                f"node {name!r}: {field}: there is no node {target!r}{near(target, tree['nodes'])}",
            )
    for field, prompt in node.prompts_used():
        if prompt != "greeting" and prompt not in prompts:
            yield (
                ("nodes", name, field),
                f"node {name!r}: unknown prompt {prompt!r}{near(prompt, prompts)}",
            )
    length = getattr(node, "length", None)
    if rules and length is not None and length not in rules:
        yield (
            ("nodes", name, "length"),
            f"node {name!r}: unknown policy rule {length!r}{near(length, rules)}",
        )


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
