"""Reads and checks a flow file; every fault is told with file, line and what is wrong."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ivr.checks import Finding, Rule, check, near, nearest
from ivr.graph import unfold
from ivr.lists import SHIPPED, Lists
from ivr.node import NAME, VARIABLE, Node
from ivr.nodes import VERBS, AnyNode
from ivr.nodes.hours import SPAN
from ivr.nodes.subflow import EXIT, Subflow
from ivr.nodes.transfer import NUMBER, Transfer
from ivr.sources import Fault, FlowError, Sources, from_disk, read
from speech.prompts import Catalogue, foreign, foreign_prompts

_nodes: TypeAdapter[Node] = TypeAdapter(AnyNode)


class Flow(BaseModel):
    """A menu as data: `start` is the first node; `person` the node that key 0 leads to, `trouble` on a failure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flow: str = Field(pattern=NAME)
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


def load(file: Path, prompts: Collection[str], rules: Collection[str] = (), lists: Lists = SHIPPED) -> Flow:
    """Read the flow in `file`. Raises FlowError with every fault when there is one.

    `prompts` are the ids that exist; `rules` the policy rules that `length` may name (empty: not checked); `lists` the
    queues and skills of the installation.
    """
    return _compile(read(str(file), from_disk), _Known(prompts, rules, lists))


def main_file(flow: str) -> str:
    """Return the name of the file of a stored flow that is not included by another."""
    return f"{flow}.yaml"


def load_texts(
    flow: str,
    files: Mapping[str, str],
    prompts: Collection[str],
    rules: Collection[str] = (),
    lists: Lists = SHIPPED,
) -> Flow:
    """Read the flow with the id `flow` from `files`, texts by name. Raises FlowError as `load` does."""

    def given(name: str) -> str:
        if name not in files:
            cure, holes = "add it", {"file": name}
            raise FlowError(Fault(name, 1, "there is no such file in the flow", cure, rule=Rule.NO_FILE, holes=holes))
        return files[name]

    sources = read(main_file(flow), given)
    if sources.tree.get("flow") != flow:
        what = f"flow: this is flow {flow!r}, not {sources.tree.get('flow')!r}"
        sources.faults.append(sources.fault(Finding(("flow",), what, "leave its name as it is", Rule.BAD_FIELD)))
    for name in sorted(set(files) - set(sources.files)):
        cure = "include it, or remove it"
        sources.faults.append(Fault(name, 1, "no include names this file", cure, rule=Rule.NOT_INCLUDED))
    return _compile(sources, _Known(prompts, rules, lists))


def texts(file: Path) -> tuple[str, dict[str, str]]:
    """Return the id of the flow in `file`, and its text and those of the files it includes, by name.

    Raises FlowError when a file cannot be read; nothing else is checked.
    """
    sources = read(str(file), from_disk)
    flow = str(sources.tree.get("flow"))
    names = {str(file): main_file(flow)}
    beside = str(file.parent / "_")[:-1]
    return flow, {names.get(name, name.removeprefix(beside)): text for name, text in sources.files.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What a flow may name: see `load`."""

    prompts: Collection[str]
    rules: Collection[str]
    lists: Lists


def _compile(sources: Sources, known: _Known) -> Flow:
    tree = {**sources.tree, "nodes": sources.nodes}
    faults = [*sources.faults, *map(sources.fault, _check(tree, known))]
    nodes = {str(name): node for name, data in sources.nodes.items() if (node := _node(data, known)) is not None}
    entries = (str(tree.get("start")), str(tree.get("trouble")))
    named = {*entries, *(target for node in nodes.values() for _, target in node.targets())}
    if len(nodes) == len(sources.nodes) and named <= set(nodes):
        # Where a node or a way is broken, what it would lead to is not known, and each fault would bring others.
        deeper = (dataclasses.replace(f, place=("nodes", *f.place)) for f in check(unfold(nodes, entries)))
        faults += map(sources.fault, deeper)
    if faults:
        raise FlowError(*faults)
    return Flow.model_validate({**tree, "nodes": nodes})


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


def _node(data: Any, known: _Known) -> Node | None:
    try:
        return _nodes.validate_python(dict(data), context=known.lists)
    except (ValidationError, TypeError, ValueError):
        return None


def _check(tree: Any, known: _Known) -> Iterator[Finding]:
    try:
        Flow.model_validate(dict(tree))
    except ValidationError as error:
        for e in error.errors():
            place = _written(e["loc"])
            yield _of_field(place, f"{'.'.join(map(str, place))}: {_words(e, Flow)}", {**e, "loc": place})
    names = set(tree["nodes"])
    for field in ("start", "trouble"):
        if isinstance(target := tree.get(field), str) and target not in names:
            yield _no_node((field,), f"{field}: ", target, names)
    for name, data in tree["nodes"].items():
        yield from _check_node(tree, name, data, known)


def _no_node(place: tuple[Any, ...], before: str, target: object, names: Collection[str]) -> Finding:
    what = f"{before}there is no node {target!r}{near(target, names)}"
    return Finding(place, what, "", Rule.NO_NODE, {"target": str(target), "near": nearest(target, names)})


def _of_field(place: tuple[Any, ...], what: str, error: ErrorDetails) -> Finding:
    rules = {"extra_forbidden": Rule.NO_FIELD, "missing": Rule.MISSING_FIELD}
    holes = {"field": ".".join(map(str, error["loc"])), "message": what}
    return Finding(place, what, "", rules.get(error["type"], Rule.BAD_FIELD), holes)


def _check_node(tree: Any, name: str, data: Any, known: _Known) -> Iterator[Finding]:
    if not isinstance(data, dict) or "do" not in data:
        what, cure = f"node {name!r}: does not say what it does", f"write do: below it, with one of {', '.join(VERBS)}"
        yield Finding(("nodes", name), what, cure, Rule.MISSING_FIELD, {"field": "do"})
        return
    verb = data["do"]
    if not isinstance(verb, str) or verb not in VERBS:
        what = f"node {name!r}: unknown kind {verb!r}{near(verb, VERBS)}; known: {', '.join(VERBS)}"
        yield Finding(("nodes", name, "do"), what, "", Rule.NO_VERB, {"verb": str(verb), "near": nearest(verb, VERBS)})
        return
    try:
        node = _nodes.validate_python(dict(data), context=known.lists)
    except ValidationError as error:
        for e in error.errors():
            place = _written(e["loc"][1:])  # the first one is the verb
            what = f"node {name!r}: {'.'.join(map(str, place))}: {_words(e, VERBS[verb])}"
            yield _of_field(("nodes", name, *place), what, {**e, "loc": place})
        return
    for field, target in node.targets():
        if target not in tree["nodes"]:
            yield _no_node(("nodes", name, *field.split(".")), f"node {name!r}: {field}: ", target, tree["nodes"])
    for field, prompt in node.prompts_used():
        if prompt != "greeting" and prompt not in known.prompts and prompt not in foreign_prompts():
            what = f"node {name!r}: unknown prompt {prompt!r}{near(prompt, known.prompts)}"
            holes = {"prompt": prompt, "near": nearest(prompt, known.prompts)}
            yield Finding(("nodes", name, field), what, "", Rule.NO_PROMPT, holes)
    if isinstance(node, Transfer) and node.number not in (tree.get("outside_numbers") or ()):
        what = f"node {name!r}: {node.number!r} is none of the flow's outside_numbers; add it there as text"
        yield Finding(("nodes", name, "number"), what, "", Rule.NO_OUTSIDE_NUMBER, {"number": node.number})
    length = getattr(node, "length", None)
    if known.rules and length is not None and length not in known.rules:
        what = f"node {name!r}: unknown policy rule {length!r}{near(length, known.rules)}"
        holes = {"policy": str(length), "near": nearest(length, known.rules)}
        yield Finding(("nodes", name, "length"), what, "", Rule.NO_POLICY, holes)
    queue, queues = getattr(node, "queue", None), known.lists.queues
    if queues and queue is not None and queue not in queues:
        what = f"node {name!r}: there is no queue {queue!r}{near(queue, queues)}"
        holes = {"queue": str(queue), "near": nearest(queue, queues)}
        yield Finding(("nodes", name, "queue"), what, "", Rule.NO_QUEUE, holes)


_SAID = {
    "missing": "is missing; write it",
    "string_type": "a text belongs here; put what looks like a number or a word of YAML into quotes",
    "tuple_type": "a list belongs here, such as [one, two]",
    "dict_type": "a table belongs here, such as {one: two}",
    "bool_type": "true or false belongs here",
    "bool_parsing": "true or false belongs here",
    "string_too_short": "is empty; write something",
    "too_short": "is empty; write at least one",
}
"""Of what pydantic finds wrong: the words for people who write flows, with the cure."""
_LOOKS = {
    NAME: "small letters, figures and underscores, a letter first, such as night_menu",
    VARIABLE: "small letters and underscores, such as account",
    SPAN: "from and until, such as 08:00-12:00",
    EXIT: "one word without dots",
    NUMBER: "figures of a number at home, such as 02112345678",
}
"""What is meant by a pattern."""
_KEY = "[key]"
"""In pydantic's path to a fault: the name itself is meant, not what it leads to."""


def _written(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the path to a fault as the file has it."""
    return tuple(part for part in path if part != _KEY)


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return f"there is no such field{near(error['loc'][-1], model.model_fields)}"
    what = _SAID.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        pattern = error.get("ctx", {}).get("pattern", "")
        what = f"{error['input']!r} does not fit; write {_LOOKS.get(pattern, f'what matches {pattern}')}"
    return f"its name: {what}" if error["loc"][-1] == _KEY else what
