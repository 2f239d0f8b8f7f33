"""Going back to a former text of an own list or of the policy: what there was, the difference, and the way back."""

import asyncio
from datetime import datetime

from agents.model import Permission
from core.errors import NotFound
from web import kept_files, shapes
from web.kept_files import Kept, LineKind
from web.own_files import Name
from web.own_files_api import Why
from web.route import DESKTOPS, Ask, Routes, may
from web.shapes import Given, Shape

routes = Routes("setup")
READERS = may(Permission.SEE_TEAM)
WRITERS = may(Permission.CHANGE_BUSINESS)


class NoSuchFile(NotFound):
    """There is no such own file: policy, queues, skills, reasons, shifts or results."""

    code = "no_such_file"


class KeptVersion(Shape):
    """A former text: in force from `put_at` (null: it came by hand) until `until`, put there `by_name` for `why`."""

    id: str
    until: datetime
    put_at: datetime | None
    by_name: str | None
    why: str


class DiffLine(Shape):
    """A line as it is now (`less`), as it would be (`more`), or both; `skip`: equal lines are left out here."""

    kind: LineKind
    text: str


class KeptText(Shape):
    """A former text, what putting it back would change of the file `seen`, and why it cannot be put back."""

    id: str
    text: str
    seen: str
    difference: list[DiffLine]
    problem: str


class PutBack(Given):
    """Why the former text is to hold again; `seen` is that of the comparison that was looked at."""

    why: Why
    seen: str


class PutBackDone(Shape):
    """The file now: `seen` names its text; `pending`: it holds from the next start of the service on."""

    seen: str
    pending: bool


@routes.add("GET", "/own-files/{name}/versions", roles=READERS)
async def list_versions(ask: Ask) -> shapes.Items[KeptVersion]:
    """List the former texts of an own file, those replaced last first, at most 100."""
    name = _name(ask)
    known = await ask.services.db.read(lambda connection: kept_files.puts(connection, name.value))
    folder = ask.services.installation.own_files.kept(name)
    found = await asyncio.to_thread(kept_files.listed, folder, known)
    return shapes.Items(items=[_row(ask, one) for one in found])


@routes.add("GET", "/own-files/{name}/versions/{id}", roles=READERS)
async def read_version(ask: Ask) -> KeptText:
    """Read a former text, how it differs from the one now, and whether it could be put back."""
    name, files = _name(ask), ask.services.installation.own_files
    text = await asyncio.to_thread(kept_files.text_of, files.kept(name), ask.part("id"))
    now = await files.read(name)
    return KeptText(
        id=ask.part("id"),
        text=text,
        seen=now.seen,
        difference=[DiffLine(kind=one.kind, text=one.text) for one in kept_files.difference(now.text, text)],
        problem=await files.problem(name, text),
    )


@routes.add("POST", "/own-files/{name}/versions/{id}/put-back", roles=WRITERS)
async def put_back(ask: Ask, body: PutBack) -> PutBackDone:
    """Let a former text hold again, checked and kept as any change; in force from the next start of the service on."""
    name, files, version = _name(ask), ask.services.installation.own_files, ask.part("id")
    text = await asyncio.to_thread(kept_files.text_of, files.kept(name), version)
    done = await files.change(name, text, seen=body.seen, by=ask.user.id, why=body.why, back_to=version)
    return PutBackDone(seen=done.seen, pending=done.pending)


def _name(ask: Ask) -> Name:
    name = ask.part("name")
    if name not in frozenset(Name):
        raise NoSuchFile(name=name)
    return Name(name)


def _row(ask: Ask, kept: Kept) -> KeptVersion:
    people = ask.request.app[DESKTOPS].people
    user = people.get(kept.put.by) if kept.put else None
    return KeptVersion(
        id=kept.id,
        until=kept.until,
        put_at=kept.put.at if kept.put else None,
        by_name=user.name if user else kept.put.by if kept.put else None,
        why=kept.put.why if kept.put else "",
    )
