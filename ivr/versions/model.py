"""A version of a flow, its state, what may be in it, and how two differ. Pure."""

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.errors import BadInput
from ivr.sources import nodes_of

RELEASE = "hotline"
"""Who writes and publishes what is shipped."""
FILES_MOST = 40
TEXT_MOST = 256 * 1024
"""Characters in all files of a version; a menu of two levels is a tenth of it."""
NOTE_MOST = 500
_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]*(/[a-z0-9_][a-z0-9_-]*)?\.ya?ml")

Files = Mapping[str, str]
"""The YAML files of a version: text by name. The one called like the flow includes the others."""


class State(StrEnum):
    """Where a version stands: never published, the one that new calls hear, published before."""

    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a flow without its files; `shipped`: it came with a release, `based_on`: what it was made from."""

    flow: str
    number: int
    note: str
    author: str
    created_at: datetime
    hash: str
    state: State = State.DRAFT
    published_at: datetime | None = None
    based_on: int | None = None
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """Which version new calls begin with, and who made it so."""

    version: int
    by: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """What becomes of the flow of a release: `add` it as a version, and whether it goes `live`."""

    add: bool
    live: bool


def shipment(hash_: str, versions: Sequence[Version], live: Live | None) -> Shipment:
    """Decide what becomes of the shipped flow with this hash.

    It goes live where nothing is, and where the live one is a shipped one that nobody has chosen; else it is there
    as a draft for whoever wants it. What people chose is never replaced.
    """
    there = any(v.shipped and v.hash == hash_ for v in versions)
    if live is None:
        return Shipment(not there, live=True)
    now = next(v for v in versions if v.number == live.version)
    untouched = now.shipped and live.by == RELEASE
    return Shipment(not there, live=untouched and now.hash != hash_)


def content_hash(files: Files) -> str:
    """Return the SHA-256 of names and texts."""
    whole = hashlib.sha256()
    for name in sorted(files):
        for part in (name, files[name]):
            whole.update(f"{len(part)}:".encode() + part.encode())
    return whole.hexdigest()


def check_files(files: Files) -> None:
    """Raise BadInput for files that cannot be kept, whatever they say."""
    if not 1 <= len(files) <= FILES_MOST:
        raise BadInput(f"files: a flow has 1 to {FILES_MOST} files", files=len(files))
    for name, text in files.items():
        if not _NAME.fullmatch(name):
            raise BadInput(f"files: {name!r} is no name of a flow file: a-z, 0-9, _ and -, then .yaml", file=name)
        if "\0" in text or not _encodable(text):
            raise BadInput(f"files: {name}: holds characters that are no text", file=name)
    if (size := sum(map(len, files.values()))) > TEXT_MOST:
        raise BadInput(f"files: {size} characters, at most {TEXT_MOST}: leave comments out or split the flow")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Difference:
    """How a version differs from another: a unified diff of each changed file, and nodes by name."""

    files: tuple[tuple[str, str], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def compare(old: Files, new: Files, old_name: str, new_name: str) -> Difference:
    """Return what has changed from `old` to `new`; the nodes of a file that is no YAML are not compared."""
    files = tuple(
        (name, diff)
        for name in sorted({*old, *new})
        if (diff := _diff(old.get(name, ""), new.get(name, ""), f"{old_name}/{name}", f"{new_name}/{name}"))
    )
    before, after = _nodes(old), _nodes(new)
    both = [name for name in after if name in before]
    return Difference(
        files,
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(name for name in both if before[name] != after[name]),
    )


def _nodes(files: Files) -> dict[str, Any]:
    return {name: node for file in sorted(files) for name, node in nodes_of(file, files[file]).items()}


def _diff(old: str, new: str, old_name: str, new_name: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
