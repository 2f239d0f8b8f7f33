"""`hotline flow versions / publish / rollback`: by the running service, or on the database when none runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import click

from agents.accounts import Accounts
from agents.model import Permission, User
from app import storage
from app.doctor_files import open_prompts, service_runs
from app.flow_simulate import names
from app.lists import lists_of
from app.persons import acting
from app.serve_command import only_one
from app.setup import prepare_voice
from app.wiring import FLOW
from core import policy
from core.bus import Bus
from core.clock import SystemClock
from core.config import Settings
from core.db import Database
from core.errors import BadInput, Conflict, HotlineError, Unavailable
from core.journal import Journal
from ivr import flow
from ivr.flow import Flow
from ivr.sources import Fault
from ivr.versions.model import Files, State, Version, content_hash
from ivr.versions.prompts import PromptsFailed, spoken
from ivr.versions.service import FlowBroken, FlowService, NoSuchVersion
from speech.kokoro import Kokoro
from speech.prompts import PromptPack
from speech.render import user_cache

PUBLISH_WAIT_S = 600.0
"""The voice may have many prompts to make, and to be loaded first."""


class Versions(Protocol):
    """What the commands need; `FlowService` has it, and the API of a running service."""

    async def versions(self, flow: str) -> list[Version]: ...

    async def draft(
        self, flow: str, files: Files, *, note: str, by: str, based_on: int | None
    ) -> tuple[Version, Sequence[Fault]]: ...

    async def publish(self, flow: str, number: int, *, by: str, instead_of: int | None = None) -> Version: ...


class Refused(HotlineError):
    """The service refuses."""

    code = "refused"


class ApiVersions:
    """The versions of a running service, over its API."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def versions(self, flow: str) -> list[Version]:
        """Return every version, newest first."""
        return [_version(flow, row) for row in (await self._ask("GET", f"/flows/{flow}/versions"))["items"]]

    async def draft(
        self, flow: str, files: Files, *, note: str, by: str, based_on: int | None
    ) -> tuple[Version, Sequence[Fault]]:
        """Keep files as a draft; `by` is who the session is of."""
        body = {"files": dict(files), "note": note, "based_on": based_on}
        made = await self._ask("POST", f"/flows/{flow}/versions", body)
        faults = [Fault(one["file"], one["line"], one["message"], node=one["node"]) for one in made["findings"]]
        return _version(flow, made), faults

    async def publish(self, flow: str, number: int, *, by: str, instead_of: int | None = None) -> Version:
        """Publish a version."""
        where = f"/flows/{flow}/versions/{number}/publish"
        click.echo("hotline: the running service makes the prompts that are missing; that can take a minute", err=True)
        return _version(flow, await self._ask("POST", where, {"live_version": instead_of}))

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            async with self._session.request(method, f"/api/v1{path}", json=body) as answer:
                given = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the running service does not answer: {str(error) or type(error).__name__}") from None
        if "error" in given:
            raise Refused(given["error"]["message"])
        return given


def _version(flow: str, row: dict[str, Any]) -> Version:
    fields = ("number", "note", "author", "hash", "based_on", "shipped")
    values: dict[str, Any] = {name: row[name] for name in fields}
    for name in ("created_at", "published_at"):
        values[name] = datetime.fromisoformat(row[name]) if row[name] else None
    return Version(flow=flow, state=State(row["state"]), **values)


class BlockingPrompts:
    """Makes prompts here, when no service runs that would."""

    def __init__(self, pack: PromptPack, cache: Path) -> None:
        self._pack = pack
        self._cache = cache

    def know(self, flow: Flow) -> None:
        """Take in the texts that the flow itself brings along."""
        self._pack.add(flow.said())

    async def make_ready(self, flow: Flow) -> None:
        """Have every prompt rendered. Raises PromptsFailed."""
        try:
            await asyncio.to_thread(self._render, spoken(flow))
        except (HotlineError, OSError) as error:
            raise PromptsFailed(f"the prompts of the flow could not be made: {error}; nothing was published") from None

    def _render(self, wanted: list[str]) -> None:
        files = prepare_voice(self._cache, lambda line: click.echo(line, err=True))
        self._pack.render(wanted, Kokoro(files), lambda done, of, name: click.echo(f"rendering {done}/{of} {name}"))


@asynccontextmanager
async def opened(settings: Settings, who: str | None, *, publishes: bool = True) -> AsyncIterator[tuple[Versions, str]]:
    """The versions of this installation, and the user name in which they are changed."""
    running = service_runs(settings)
    if not running:
        storage.upgrade(settings.database_url)
    db, clock, rules = Database(settings.database_url), SystemClock(), policy.load(settings.site.policy)
    journal = Journal(db, Bus())
    try:
        accounts = Accounts(journal, db, clock, rules)
        user = await _user(accounts, who, publishes=publishes)
        if running:
            async with _session(settings, accounts, user) as session:
                yield ApiVersions(session), user.username
        else:
            with only_one(settings):
                cache, known = user_cache(), names(settings)
                maker = BlockingPrompts(open_prompts(settings, cache), cache)
                service = FlowService(
                    db, journal, clock, maker, prompts=known, rules=rules.rules, lists=lists_of(settings.site)
                )
                await service.open(FLOW)
                yield service, user.username
    finally:
        await journal.close()
        await db.close()


async def _user(accounts: Accounts, who: str | None, *, publishes: bool) -> User:
    """Return the one who changes the flow: named, or the only one who may. Raises NotFound, Conflict, Forbidden."""
    if who is not None and not publishes:
        return await accounts.user_named(who)
    return await acting(
        accounts, who, lambda user: user.may(Permission.CHANGE_BUSINESS), what="publish", role="supervisor"
    )


@asynccontextmanager
async def _session(settings: Settings, accounts: Accounts, user: User) -> AsyncIterator[aiohttp.ClientSession]:
    """A session at the running service: who may read its database may open one."""
    token = await accounts.open_session(user.id, "command line")
    try:
        async with aiohttp.ClientSession(
            settings.web.here,
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=PUBLISH_WAIT_S),
        ) as session:
            yield session
    finally:
        await accounts.close_session(token, "command line")


async def listed(settings: Settings, flow_id: str, who: str | None) -> list[Version]:
    """Return every version of a flow, newest first."""
    async with opened(settings, who, publishes=False) as (kept, _):
        return await kept.versions(flow_id)


async def publish_file(
    settings: Settings, file: Path, note: str, who: str | None, *, wanted: str | None = None
) -> tuple[Version, Version]:
    """Publish what a file says; return the version that was live and the one that is, the same when it says no more.

    `wanted`: the flow that it is thought to be. Raises FlowError, FlowBroken, BadInput when it is another one.
    """
    flow.load(file, names(settings), policy.load(settings.site.policy).rules, lists_of(settings.site))
    flow_id, texts = flow.texts(file)
    if wanted not in (None, flow_id):
        raise BadInput(f"{file}: is flow {flow_id!r}, not {wanted!r}; leave --flow out")
    async with opened(settings, who) as (kept, by):
        live = _live(await kept.versions(flow_id))
        if live.hash == content_hash(texts):
            return live, live
        made, faults = await kept.draft(flow_id, texts, note=note, by=by, based_on=live.number)
        if faults:
            raise FlowBroken("\n".join(map(str, faults)))
        return live, await kept.publish(flow_id, made.number, by=by, instead_of=live.number)


async def publish_number(
    settings: Settings, flow_id: str, number: int | None, who: str | None
) -> tuple[Version, Version]:
    """Publish a version, None: the one that was live before; return the version that was live and the one that is."""
    async with opened(settings, who) as (kept, by):
        found = await kept.versions(flow_id)
        live = _live(found)
        chosen = _before(found, live) if number is None else _known(found, flow_id, number)
        return live, await kept.publish(flow_id, chosen, by=by, instead_of=live.number)


def _live(found: Sequence[Version]) -> Version:
    return next(version for version in found if version.state is State.LIVE)


def _known(found: Sequence[Version], flow_id: str, number: int) -> int:
    there = sorted(version.number for version in found)
    if number not in there:
        raise NoSuchVersion(
            f"flow {flow_id!r} has no version {number}; it has {', '.join(map(str, there))} (hotline flow versions)"
        )
    return number


def _before(found: Sequence[Version], live: Version) -> int:
    others = [v for v in found if v.state is State.RETIRED and v.hash != live.hash]
    former = [(v.published_at, v.number) for v in others if v.published_at]
    if not former:
        raise Conflict("no other version was ever live; there is nothing to go back to")
    return max(former)[1]
