"""The installation's own files (policy, queues, skills …): read, checked whole, and replaced safely.

A file is changed only where the settings name one. What would keep the service from starting is refused; the former
text is kept; the file is replaced, by one rename, in the transaction that writes the change down.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from agents import catalogue, reasons, results
from agents.shifts import definitions as shifts
from core import definitions, log, policy
from core.clock import Clock
from core.config import Settings
from core.errors import BadInput, Conflict, Unavailable
from core.journal import Journal
from ivr.lists import Lists
from routing import queues
from routing.storm.model import Limits
from web.events import OwnFileChanged

_log = log.get(__name__)
LONGEST = 200_000
"""Characters of a file; far more than any list needs, and little enough to be checked at once."""

Suits = Callable[[Lists], Awaitable[None]]
"""Raises FlowError when the flows of this installation cannot be run with these lists."""
Changes = Mapping[str, tuple[str | None, str | None]]


class Name(StrEnum):
    """The files, by the key of `[site]` that names each."""

    POLICY = "policy"
    QUEUES = "queues"
    SKILLS = "skills"
    REASONS = "reasons"
    RESULTS = "results"
    SHIFTS = "shifts"


_SHIPPED = {
    Name.POLICY: "core/policies/seed.yaml",
    Name.QUEUES: queues.FILE,
    Name.SKILLS: catalogue.FILE,
    Name.REASONS: reasons.FILE,
    Name.RESULTS: results.FILE,
    Name.SHIFTS: shifts.FILE,
}


class NoOwnFile(Conflict):
    """The settings name no file of the installation's own here, so there is none to change."""

    code = "no_own_file"


class FileMoved(Conflict):
    """Somebody has changed this file meanwhile: look at it again before changing it."""

    code = "file_moved"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file as it stands: `path` None: none of one's own, `text` is the shipped one. `seen` names this very text.

    `pending`: the service began with another text and takes this one at its next start.
    """

    name: Name
    path: Path | None
    text: str
    seen: str
    pending: bool

    @property
    def shipped(self) -> str:
        """The file that is shipped, to begin with a copy of."""
        return _SHIPPED[self.name]


class OwnFiles:
    """Reads and replaces them; one change at a time."""

    def __init__(self, settings: Settings, journal: Journal, clock: Clock, suits: Suits) -> None:
        self._site = settings.site
        self._kept = settings.var / "own-files"
        self._journal = journal
        self._clock = clock
        self._suits = suits
        self._turn = asyncio.Lock()
        self._began = {name: _hash(_text(_path(self._setting(name)), name)) for name in Name}

    async def read(self, name: Name) -> OwnFile:
        """Return a file as it stands now. Raises ConfigError when it cannot be read."""
        path = _path(self._setting(name))
        text = await asyncio.to_thread(_text, path, name)
        seen = _hash(text)
        return OwnFile(name, path, text, seen, seen != self._began[name])

    def kept(self, name: Name) -> Path:
        """Return the folder of the former texts of a file, `TIME-HASH.yaml`; it may be missing."""
        return self._kept / name

    async def problem(self, name: Name, text: str) -> str:
        """Return what is wrong with a text in words, "" when it could take the place of the file."""
        try:
            await self.check(name, text)
        except BadInput as error:
            return error.message
        return ""

    async def check(self, name: Name, text: str) -> None:
        """Raise what is wrong with a text (BadInput, its kinds ConfigError and FlowError); nothing is changed."""
        if len(text) > LONGEST:
            raise BadInput(f"text: at most {LONGEST} characters", field="text")
        lists = await asyncio.to_thread(self._checked, name, text)
        if lists is not None:
            await self._suits(lists)

    def _checked(self, name: Name, text: str) -> Lists | None:
        """Check a text by itself and beside the other files; return what flows may name when that changes."""
        where = Path(self._setting(name)).name or name.value
        match name:
            case Name.POLICY:
                Limits.of(policy.parse(text, where))
            case Name.REASONS:
                reasons.parse(text, where)
            case Name.RESULTS:
                results.parse(text, where)
            case Name.SHIFTS:
                shifts.parse(text, where)
            case Name.QUEUES:
                skills = catalogue.load(self._site.skills)
                return Lists(tuple(queues.parse(text, where, skills)), skills)
            case Name.SKILLS:
                skills = catalogue.parse(text, where)
                return Lists(tuple(queues.load(self._site.queues, skills)), skills)
        return None

    async def change(
        self,
        name: Name,
        text: str,
        *,
        seen: str,
        by: str,
        why: str = "",
        changes: Changes | None = None,
        back_to: str = "",
    ) -> OwnFile:
        """Replace the file by `text`, in force from the next start of the service on; `back_to`: a kept one.

        Raises NoOwnFile, FileMoved when it no longer is what was `seen`, what `check` raises, Unavailable when it
        cannot be written.
        """
        async with self._turn:
            now = await self.read(name)
            if now.path is None:
                raise NoOwnFile(setting=f"[site] {name}")
            if now.seen != seen:
                raise FileMoved(seen=now.seen)
            await self.check(name, text)
            after = _hash(text)
            if after == now.seen:
                return now
            fresh = await self._prepare(now, now.path, text)
            told = OwnFileChanged(
                at=self._clock.now(),
                name=name.value,
                by=by,
                before=now.seen,
                after=after,
                why=why,
                changes=dict(changes or {}),
                back_to=back_to,
            )
            await self._journal.record(told, save=partial(_put, fresh, now.path))
            return replace(now, text=text, seen=after, pending=after != self._began[name])

    async def _prepare(self, now: OwnFile, path: Path, text: str) -> Path:
        """Keep the former text, and write the new one beside the file. Raises Unavailable."""
        kept = self.kept(now.name) / f"{self._clock.now():%Y%m%dT%H%M%S}-{now.seen[:8]}.yaml"
        try:
            return await asyncio.to_thread(_write, path, text, kept)
        except OSError as error:
            _log.error("own file not written", extra={"action": "own_file_not_written", "why": str(error)})
            raise Unavailable(
                f"{path}: cannot be written ({error.strerror}): let the service's user write file and folder",
                file=str(path),
            ) from None

    def _setting(self, name: Name) -> str:
        """Return the own file that the settings name, "" when none."""
        told: str = getattr(self._site, name.value)
        return told if name is not Name.POLICY or told.endswith(".yaml") else ""


def _path(setting: str) -> Path | None:
    return Path(setting).absolute() if setting else None


def _text(path: Path | None, name: Name) -> str:
    return definitions.text_of(str(path or ""), _SHIPPED[name], name.value)[0]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _write(path: Path, text: str, kept: Path) -> Path:
    """Copy `path` to `kept` and return a file beside it with `text`, safe on the disk and of the same rights."""
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy2(path, kept)
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(target, fresh)
    return fresh


def _put(fresh: Path, path: Path, _: Connection) -> None:
    """Let `fresh` take the place of the file; done before when it is gone (a transaction may run twice)."""
    if fresh.exists():
        fresh.replace(path.resolve())
