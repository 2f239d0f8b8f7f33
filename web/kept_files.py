"""Former texts of the installation's own files: which there are, who had put each, and how each differs from now."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select

from core.errors import NotFound
from core.journal import journal_table
from web.events import OwnFileChanged

SHOWN = 100
"""Former texts that are listed, the latest."""
_PUT = 1000
"""Changes of all own files that are looked through for who had put a text."""
_ID = re.compile(r"([0-9]{8}T[0-9]{6})-([0-9a-f]{8})")

LineKind = Literal["same", "less", "more", "skip"]


class NoSuchVersion(NotFound):
    """No such former text is kept; look at the list again."""

    code = "no_such_version"


@dataclass(frozen=True, slots=True)
class Put:
    """Who put a text in force, when and why."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A former text, replaced at `until`; `put` None: it came into the file by hand."""

    id: str
    until: datetime
    put: Put | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: in both, only before (`less`), only after (`more`); `skip`: what is equal is left out."""

    kind: LineKind
    text: str


def puts(connection: Connection, name: str) -> dict[str, Put]:
    """Return who put each text of the file `name` last, by the first eight digits of its hash."""
    table = journal_table.c
    query = select(table.at, table.data).where(table.event == OwnFileChanged.__name__)
    rows = connection.execute(query.order_by(table.seq.desc()).limit(_PUT)).all()
    found = [row for row in reversed(rows) if row.data["name"] == name]
    return {row.data["after"][:8]: Put(row.at, row.data["by"], row.data.get("why", "")) for row in found}


def listed(folder: Path, known: dict[str, Put]) -> list[Kept]:
    """Return the texts kept in `folder`, those replaced last first."""
    names = sorted((path.stem for path in folder.glob("*.yaml")), reverse=True)
    found = [(name, match) for name in names if (match := _ID.fullmatch(name))]
    return [Kept(name, _moment(match[1]), known.get(match[2])) for name, match in found[:SHOWN]]


def text_of(folder: Path, version: str) -> str:
    """Return a kept text. Raises NoSuchVersion."""
    if not _ID.fullmatch(version):
        raise NoSuchVersion(version=version)
    try:
        return (folder / f"{version}.yaml").read_text("utf-8")
    except FileNotFoundError:
        raise NoSuchVersion(version=version) from None


def difference(before: str, after: str) -> Sequence[Line]:
    """Return what would change, with two equal lines around each change; none: the texts are equal."""
    lines: list[Line] = []
    kinds: dict[str, LineKind] = {"-": "less", "+": "more", "@": "skip"}
    for line in list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""))[2:]:
        kind = kinds.get(line[:1], "same")
        lines.append(Line(kind, "" if kind == "skip" else line[1:]))
    return lines


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
