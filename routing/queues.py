"""Reads the definitions of the queues and refuses rules that could never be met."""

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.catalogue import Catalogue, near
from agents.catalogue import load as load_catalogue
from core import definitions
from core.errors import ConfigError
from routing.hours import DAY_NAMES, RESTING, WORKING, Hours, Window
from routing.model import Queue
from routing.rules import Overflow, Rules
from routing.skills import Need, Step
from routing.strategies import STRATEGIES

FILE = "routing/queues.yaml"
CURE = "docs/reference/routing.md lists what a queue may say"
DAYS = {*DAY_NAMES, WORKING, RESTING}


class BadQueue(ValueError):
    """A definition of a queue cannot be used."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Names(_Row):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Step(_Row):
    after_s: float = Field(gt=0)
    skills: dict[str, int] = {}
    groups: list[str] = []
    any_group: bool = False


class _Overflow(_Row):
    to: str
    after_s: float | None = Field(None, ge=0)
    length: int | None = Field(None, ge=1)
    expected_s: float | None = Field(None, gt=0)
    keeps: float = Field(1.0, ge=0, le=1)


class _Window(_Row):
    days: list[str] = Field(min_length=1)
    begins: str
    ends: str


class _Priority(_Row):
    start: float = Field(0.0, ge=0)
    rate: float = Field(1.0, gt=0)


class _Queue(_Row):
    id: str = Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")
    names: _Names
    strategy: str
    skills: dict[str, int] = {}
    groups: list[str] = []
    relax: list[_Step] = []
    overflow: list[_Overflow] = []
    priority: _Priority = _Priority()
    hours: list[_Window] = []
    closed_to: str | None = None
    preferred_s: float = Field(0.0, ge=0)
    wrap_up_s: float | None = Field(None, ge=0)


def load(own: str = "", catalogue: Catalogue | None = None) -> dict[str, Queue]:
    """Return the queues of this installation by id, of its `own` file or those shipped.

    Raises ConfigError naming file, queue and what is wrong.
    """
    return parse(*definitions.text_of(own, FILE, "queues"), catalogue or load_catalogue())


def parse(text: str, where: str, catalogue: Catalogue) -> dict[str, Queue]:
    """Return the queues that `text` defines by id, all or none. Raises ConfigError."""
    rows = definitions.rows(text, where, "queues is expected, each with id, names and strategy")
    try:
        told = [_told(row, place) for place, row in enumerate(rows, 1)]
        definitions.distinct([row.id for row in told], where, "id of a queue")
        queues = {row.id: _queue(row, catalogue, {one.id for one in told}) for row in told}
        _no_circle(queues)
    except BadQueue as error:
        raise ConfigError(f"{where}: {error}; {CURE}") from None
    return queues


def _told(row: Any, place: int) -> _Queue:
    try:
        return _Queue.model_validate(row)
    except ValidationError as error:
        name = repr(row["id"]) if isinstance(row, dict) and "id" in row else f"number {place}"
        raise BadQueue(f"queue {name}: {_says(error)}") from None


def _says(error: ValidationError) -> str:
    """Return the first thing that is wrong; a name that is not known may be why another one is missing."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    at, last = ".".join(map(str, first["loc"])), str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f"{at}: there is no such thing; {near(last, _Queue.model_fields)}"
    return f"{at}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _queue(row: _Queue, catalogue: Catalogue, known: set[str]) -> Queue:
    for problem in (*_needs(row, catalogue), *_steps(row, catalogue), *_targets(row, known)):
        raise BadQueue(f"queue {row.id!r}: {problem}")
    if row.strategy not in STRATEGIES:
        raise BadQueue(f"queue {row.id!r}: strategy {row.strategy!r}: {near(row.strategy, STRATEGIES)}")
    rules = Rules(
        row.id,
        Need(tuple(sorted(row.skills.items())), frozenset(row.groups)),
        tuple(Step(s.after_s, tuple(sorted(s.skills.items())), frozenset(s.groups), s.any_group) for s in row.relax),
        row.strategy,
        row.priority.start,
        row.priority.rate,
        tuple(Overflow(**over.model_dump()) for over in row.overflow),
    )
    hours = Hours(tuple(_window(row.id, window) for window in row.hours))
    return Queue(row.id, row.names.model_dump(), rules, hours, row.preferred_s, row.closed_to, row.wrap_up_s)


def _needs(row: _Queue, catalogue: Catalogue) -> Iterator[str]:
    for skill, level in row.skills.items():
        if skill not in catalogue.skills:
            yield f"skills: there is no skill {skill!r}; {near(skill, catalogue.skills)}"
        elif not 1 <= level <= catalogue.levels:
            yield f"skills: {skill}: no agent reaches level {level}: levels go from 1 to {catalogue.levels}"
    for group in (*row.groups, *(group for step in row.relax for group in step.groups)):
        if group not in catalogue.groups:
            yield f"groups: there is no group {group!r}; {near(group, catalogue.groups)}"


def _steps(row: _Queue, catalogue: Catalogue) -> Iterator[str]:
    """Yield what is wrong with relaxation: it only ever lowers levels and widens groups, later and later."""
    now, before = dict(row.skills), 0.0
    for number, step in enumerate(row.relax, 1):
        at = f"relax step {number}"
        if step.after_s <= before:
            yield f"{at}: after_s {step.after_s:g} is not later than the step before"
        before = step.after_s
        for skill, level in step.skills.items():
            if skill not in catalogue.skills:
                yield f"{at}: there is no skill {skill!r}; {near(skill, catalogue.skills)}"
            elif level < 0 or level > now.get(skill, catalogue.levels):
                yield f"{at}: {skill} {level} would tighten what was {now.get(skill, 0)}; a step only lowers"
            now[skill] = level
        if step.groups and not row.groups:
            yield f"{at}: groups {', '.join(step.groups)} would tighten: the queue takes agents of any group already"
        if not (step.skills or step.groups or step.any_group):
            yield f"{at} changes nothing: give skills, groups or any_group"


def _targets(row: _Queue, known: set[str]) -> Iterator[str]:
    for over in row.overflow:
        if over.to not in known or over.to == row.id:
            yield f"overflow: to {over.to!r}: {near(over.to, known - {row.id})}"
        if over.after_s is over.length is over.expected_s is None:
            yield f"overflow to {over.to!r} can never happen: give after_s, length or expected_s"
    if row.closed_to is not None and (row.closed_to not in known or row.closed_to == row.id):
        yield f"closed_to {row.closed_to!r}: {near(row.closed_to, known - {row.id})}"
    if row.closed_to is not None and not row.hours:
        yield "closed_to without hours can never happen: the queue is always open"


def _window(queue: str, told: _Window) -> Window:
    if wrong := set(told.days) - DAYS:
        raise BadQueue(f"queue {queue!r}: hours: day {min(wrong)!r}: {near(min(wrong), DAYS)}")
    try:
        begins = time.fromisoformat(told.begins)
        ends = time.max if told.ends == "24:00" else time.fromisoformat(told.ends)
    except ValueError:
        raise BadQueue(
            f"queue {queue!r}: hours: {told.begins} to {told.ends}: write them as '08:00', '24:00'"
        ) from None
    if begins >= ends:
        raise BadQueue(
            f"queue {queue!r}: hours: {told.begins} to {told.ends} is no time: over midnight takes two windows"
        )
    return Window(frozenset(told.days), begins, ends)


def _no_circle(queues: Mapping[str, Queue]) -> None:
    """Refuse queues that would send calls to each other for ever."""
    for start in queues:
        path = [start]
        while True:
            rules, closed = queues[path[-1]].rules, queues[path[-1]].closed_to
            onward = [over.to for over in rules.overflow] + ([closed] if closed else [])
            if start in onward:
                raise BadQueue(f"overflow goes in a circle: {' → '.join([*path, start])}; leave one of them out")
            nearer = [queue for queue in onward if queue not in path and _leads(queues, queue, start)]
            if not nearer:
                break
            path.append(nearer[0])


def _leads(queues: Mapping[str, Queue], from_: str, to: str) -> bool:
    seen, open_ = set(), [from_]
    while open_:
        queue = open_.pop()
        if queue == to:
            return True
        if queue not in seen:
            seen.add(queue)
            closed = queues[queue].closed_to
            open_ += [over.to for over in queues[queue].rules.overflow] + ([closed] if closed else [])
    return False
