"""The numbers of the business and the installation's own lists: what holds, why, by default; and to change them."""

import asyncio
import io
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from agents.model import Permission
from core import definitions, policy
from core.errors import NotFound
from web.own_files import Changes, Name, OwnFile
from web.route import Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("setup")
READERS = may(Permission.SEE_TEAM)
WRITERS = may(Permission.CHANGE_BUSINESS)
LISTS = frozenset(Name) - {Name.POLICY}

Why = Annotated[str, Field(min_length=1, max_length=200)]


class NoSuchList(NotFound):
    """There is no such list: queues, skills, reasons, results or shifts."""

    code = "no_such_list"


class RuleRow(Shape):
    """A number of the business: what holds now, what the file says from the next start on, and the default."""

    id: str
    unit: str
    means: str
    value: float
    source: str
    next_value: float
    next_source: str
    default: float
    default_source: str
    least: float


class PolicyView(Shape):
    """The policy; `file` null: none of one's own, so nothing can be changed here. `seen` names the file's text."""

    name: str
    file: str | None
    seen: str
    pending: bool
    rules: list[RuleRow]


class RuleGiven(Given):
    """The value that a rule is to have, and who decided it."""

    value: float = Field(allow_inf_nan=False)
    source: Why


class PolicyChange(Given):
    """Rules to change; null: the default holds again. `seen` is that of the view that was looked at."""

    rules: dict[str, RuleGiven | None] = Field(min_length=1, max_length=200)
    seen: str


class ListView(Shape):
    """A list: its text, what it holds, whose it is. `file` null: the shipped one, which is not changed here."""

    name: Name
    file: str | None
    shipped: str
    text: str
    seen: str
    pending: bool
    holds: Any


class TextGiven(Given):
    """A text that may take the place of a list."""

    text: str


class ListChange(TextGiven):
    """The text that is to take the place of a list, for what reason; `seen` is that of the view looked at."""

    why: Why
    seen: str


class Checked(Shape):
    """Whether a text can be used, and what is wrong with it."""

    ok: bool
    problem: str


@routes.add("GET", "/policy", roles=READERS)
async def read_policy(ask: Ask) -> PolicyView:
    """Read every number of the business with meaning, unit, source and default."""
    return await _policy(ask, await ask.services.installation.own_files.read(Name.POLICY))


@routes.add("PATCH", "/policy", roles=WRITERS)
async def change_policy(ask: Ask, body: PolicyChange) -> PolicyView:
    """Change rules in the installation's own file, all or none; in force from the next start of the service on."""
    now = await ask.services.installation.own_files.read(Name.POLICY)
    if now.path is not None:
        text, changes = await asyncio.to_thread(_with_rules, now.text, body.rules)
    else:
        text, changes = now.text, {}
    why = "; ".join(dict.fromkeys(rule.source for rule in body.rules.values() if rule))[:200]
    done = await ask.services.installation.own_files.change(
        Name.POLICY, text, seen=body.seen, by=ask.user.id, why=why, changes=changes
    )
    return await _policy(ask, done)


@routes.add("GET", "/lists/{name}", roles=READERS)
async def read_list(ask: Ask) -> ListView:
    """Read the queues, skills, reasons, results or shifts as their file says now."""
    return _list(await ask.services.installation.own_files.read(_name(ask)))


@routes.add("POST", "/lists/{name}/check", roles=WRITERS)
async def check_list(ask: Ask, body: TextGiven) -> Checked:
    """Say whether a text could take the place of a list; nothing is changed."""
    problem = await ask.services.installation.own_files.problem(_name(ask), body.text)
    return Checked(ok=not problem, problem=problem)


@routes.add("PUT", "/lists/{name}", roles=WRITERS)
async def change_list(ask: Ask, body: ListChange) -> ListView:
    """Replace the installation's own list; in force from the next start of the service on."""
    done = await ask.services.installation.own_files.change(
        _name(ask), _ending(body.text), seen=body.seen, by=ask.user.id, why=body.why
    )
    return _list(done)


def _name(ask: Ask) -> Name:
    name = ask.part("name")
    if name not in LISTS:
        raise NoSuchList(name=name)
    return Name(name)


def _ending(text: str) -> str:
    """Return a text with the end of line that the border strips."""
    return text if text.endswith("\n") else f"{text}\n"


def _list(file: OwnFile) -> ListView:
    return ListView(
        name=file.name,
        file=str(file.path) if file.path else None,
        shipped=file.shipped,
        text=file.text,
        seen=file.seen,
        pending=file.pending,
        holds=definitions.data(file.text, file.name.value),
    )


async def _policy(ask: Ask, file: OwnFile) -> PolicyView:
    standard = await asyncio.to_thread(policy.load, policy.STANDARD)
    coming = await asyncio.to_thread(policy.parse, file.text, str(file.path)) if file.path else ask.services.policy
    rows = []
    for name, rule in ask.services.policy.rules.items():
        then, default = coming.rules[name], standard.rules[name]
        rows.append(
            RuleRow(
                id=name,
                unit=rule.unit,
                means=rule.means,
                value=rule.value,
                source=rule.source,
                next_value=then.value,
                next_source=then.source,
                default=default.value,
                default_source=default.source,
                least=rule.least,
            )
        )
    name = Path(ask.services.policy.name).name
    where = str(file.path) if file.path else None
    return PolicyView(name=name, file=where, seen=file.seen, pending=file.pending, rules=rows)


def _with_rules(text: str, rules: dict[str, RuleGiven | None]) -> tuple[str, Changes]:
    """Return the own file's text with these rules, everything else in it as it was; and the values before and now."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # no line of theirs is broken anew
    held = yaml.load(text) or CommentedMap()
    changes: dict[str, tuple[str | None, str | None]] = {}
    for name, rule in rules.items():
        before = f"{held[name]['value']:g}" if name in held else None
        if rule is None:
            held.pop(name, None)
        else:
            row = CommentedMap(value=_number(rule.value), source=rule.source)
            row.fa.set_flow_style()
            held[name] = row
        changes[name] = (before, f"{rule.value:g}" if rule else None)
    out = io.StringIO()
    yaml.dump(held, out)
    return out.getvalue(), changes


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value
