"""The versions of flows: draft, check, compare, publish, roll back; the live one is at hand without the database."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import BadInput, Conflict, NotFound
from core.journal import Journal
from ivr import flow as flows
from ivr.flow import Flow
from ivr.lists import SHIPPED, Lists
from ivr.sources import Fault, FlowError
from ivr.versions import model, store
from ivr.versions.events import FlowDrafted, FlowPublished, FlowRolledBack
from ivr.versions.model import RELEASE, Difference, Files, Live, State, Version
from ivr.versions.port import PromptMaker

_log = log.get(__name__)


class NoSuchFlow(NotFound):
    """There is no such flow."""

    code = "no_such_flow"


class NoSuchVersion(NotFound):
    """The flow has no such version."""

    code = "no_such_version"


class FlowBroken(Conflict):
    """The flow has faults and cannot be published."""

    code = "flow_broken"


class FlowChanged(Conflict):
    """Another version has gone live meanwhile: look at it, then publish again."""

    code = "flow_changed"


class NothingChanged(Conflict):
    """The live version says the same: there is nothing to publish."""

    code = "nothing_changed"


class PublishingNow(Conflict):
    """Another version is being published: wait until that is done."""

    code = "publishing"


class FlowService:
    """Keeps versions, and serves the live one. `prompts`, `rules` and `lists` are what a flow may name."""

    def __init__(
        self,
        db: Database,
        journal: Journal,
        clock: Clock,
        maker: PromptMaker,
        *,
        prompts: Collection[str],
        rules: Collection[str],
        lists: Lists = SHIPPED,
    ) -> None:
        self._db = db
        self._journal = journal
        self._clock = clock
        self._maker = maker
        self._prompts = prompts
        self._rules = rules
        self._lists = lists
        self._live: Flow | None = None
        self._shipped: Path | None = None
        self._used: dict[int, Flow] = {}
        self._lost: set[int] = set()
        self._queues: set[tuple[str, str]] = set()
        self._loading = asyncio.Lock()
        self._drafting = asyncio.Lock()
        self._publishing = asyncio.Lock()

    # --- for calls ---------------------------------------------------------------------------------

    @property
    def live(self) -> Flow:
        """The flow with which a call begins now; its `version` is the number."""
        assert self._live is not None, "open() comes first"
        return self._live

    async def version(self, number: int) -> Flow | None:
        """Return the flow of a call that began with version `number`; None when it can be served no more."""
        if number not in self._used and number not in self._lost:
            async with self._loading:  # after a restart many calls ask for the same one at once
                if number not in self._used and number not in self._lost:
                    await self._load_old(number)
        return self._used.get(number)

    async def _load_old(self, number: int) -> None:
        try:
            self._use(await self._load(self.live.flow, number))
        except NoSuchVersion:
            self._lost.add(number)
        except FlowError as error:
            self._lost.add(number)
            _log.error("version not usable", extra={"action": "flow_unusable", "version": number, "why": str(error)})

    def waits_at(self, flow: str, node: str) -> bool:
        """Tell whether a caller waits for a person at a node, in any version that calls have had here."""
        return (flow, node) in self._queues

    def _use(self, flow: Flow) -> None:
        """Have a flow at hand, with the words that it says."""
        self._maker.know(flow)
        self._used[flow.version] = flow
        self._queues |= {(flow.flow, name) for name in flow.nodes if flow.node(name).do == "queue"}

    # --- the start ------------------------------------------------------------------------------------

    async def open(self, shipped: Path) -> Flow:
        """Take in the flow that is shipped, if it is new, and return the live one.

        Raises FlowError when the shipped one is broken. A live one that this release cannot run gives way to it.
        """
        self._shipped = shipped
        flow_id, texts = await asyncio.to_thread(flows.texts, shipped)
        await asyncio.to_thread(flows.load, shipped, self._prompts, self._rules, self._lists)
        found = await self._db.read(partial(store.versions, flow=flow_id))
        live = await self._db.read(partial(store.live, flow=flow_id))
        plan = model.shipment(model.content_hash(texts), found, live)
        unusable = await self._unusable(flow_id, live) if live and not plan.live else ""
        if plan.add or plan.live or unusable:
            await self._take_in(flow_id, texts, live, go_live=plan.live or bool(unusable), why=unusable)
        now = await self._db.read(partial(store.live, flow=flow_id))
        assert now is not None
        self._live = await self._load(flow_id, now.version)
        self._use(self._live)
        return self._live

    async def suits(self, lists: Lists) -> None:
        """Raise FlowError unless the live flow, and the one that is shipped, can be run with these lists too."""
        if self._shipped is not None:
            await asyncio.to_thread(flows.load, self._shipped, self._prompts, self._rules, lists)
        if self._live is not None:
            _, texts = await self.get(self._live.flow, self._live.version)
            await asyncio.to_thread(flows.load_texts, self._live.flow, texts, self._prompts, self._rules, lists)

    async def _unusable(self, flow_id: str, live: Live) -> str:
        """Say why the live version cannot be served by this release; "" when it can."""
        try:
            await self._load(flow_id, live.version)
        except FlowError as error:
            _log.error("live flow not usable", extra={"action": "flow_unusable", "version": live.version})
            return f"version {live.version} cannot be run by this release: {error.faults[0]}"
        return ""

    async def _take_in(self, flow_id: str, texts: Files, live: Live | None, *, go_live: bool, why: str) -> None:
        now, hash_ = self._clock.now(), model.content_hash(texts)
        before = live.version if live else None
        found = await self._db.read(partial(store.versions, flow=flow_id))
        there = next((v for v in found if v.shipped and v.hash == hash_), None)
        version = there or Version(
            flow=flow_id,
            number=max((v.number for v in found), default=0) + 1,
            note="as shipped",
            author=RELEASE,
            created_at=now,
            hash=hash_,
            based_on=before,
            shipped=True,
        )

        def save(connection: Connection) -> None:
            if there is None:
                store.add(connection, version, texts)
            if go_live:
                store.make_live(connection, version, instead_of=before, by=RELEASE, at=now)

        drafted = FlowDrafted(at=now, flow=flow_id, version=version.number, by=RELEASE)
        kind = FlowPublished if version.published_at is None else FlowRolledBack
        published = kind(at=now, flow=flow_id, version=version.number, before=before, by=RELEASE, why=why)
        told = [*([] if there else [drafted]), *([published] if go_live else [])]
        await self._journal.record(*told, save=save)

    # --- reading --------------------------------------------------------------------------------------

    async def flows(self) -> list[tuple[str, int, int]]:
        """Return id, live and newest version of every flow."""
        return await self._db.read(store.listed)

    async def versions(self, flow: str) -> list[Version]:
        """Return every version of a flow, newest first. Raises NoSuchFlow."""
        found = await self._db.read(partial(store.versions, flow=flow))
        if not found:
            raise await self._no_such(flow)
        return found

    async def get(self, flow: str, number: int) -> tuple[Version, Files]:
        """Return a version and its files. Raises NoSuchVersion."""

        def read(connection: Connection) -> tuple[Version | None, Files | None]:
            return store.get(connection, flow, number), store.files(connection, flow, number)

        version, texts = await self._db.read(read)
        if version is None or texts is None:
            raise NoSuchVersion(flow=flow, version=number)
        return version, texts

    async def check(self, flow: str, files: Files) -> list[Fault]:
        """Return every fault of a flow that is not kept yet. Raises NoSuchFlow, BadInput."""
        await self._exists(flow)
        model.check_files(files)
        try:
            await self._compiled(flow, 1, files)
        except FlowError as error:
            return list(error.faults)
        return []

    async def compare(self, flow: str, number: int, other: int) -> Difference:
        """Return what has changed from version `other` to `number`. Raises NoSuchVersion."""
        (_, new), (_, old) = await self.get(flow, number), await self.get(flow, other)
        return await asyncio.to_thread(model.compare, old, new, f"v{other}", f"v{number}")

    async def _exists(self, flow: str) -> None:
        if await self._db.read(partial(store.live, flow=flow)) is None:
            raise await self._no_such(flow)

    async def _no_such(self, flow: str) -> NoSuchFlow:
        there = ", ".join(repr(one) for one, _, _ in await self.flows())
        return NoSuchFlow(f"there is no flow {flow!r}; there is {there}", flow=flow)

    async def _compiled(self, flow: str, number: int, files: Files) -> Flow:
        compiled = await asyncio.to_thread(flows.load_texts, flow, files, self._prompts, self._rules, self._lists)
        return compiled.numbered(number)

    async def _load(self, flow: str, number: int) -> Flow:
        _, texts = await self.get(flow, number)
        return await self._compiled(flow, number, texts)

    # --- writing --------------------------------------------------------------------------------------

    async def draft(
        self, flow: str, files: Files, *, note: str, by: str, based_on: int | None
    ) -> tuple[Version, list[Fault]]:
        """Keep files as a new version, broken or not; return it and its faults.

        Raises NoSuchFlow, NoSuchVersion for a wrong `based_on`, BadInput for files that cannot be kept.
        """
        if len(note) > model.NOTE_MOST:
            raise BadInput(f"note: at most {model.NOTE_MOST} characters", length=len(note))
        faults = await self.check(flow, files)
        if based_on is not None:
            await self.get(flow, based_on)
        async with self._drafting:  # one after the other: each takes the next number
            now = self._clock.now()
            version = Version(
                flow=flow,
                number=await self._db.read(partial(store.next_number, flow=flow)),
                note=note,
                author=by,
                created_at=now,
                hash=model.content_hash(files),
                based_on=based_on,
            )
            made = FlowDrafted(at=now, flow=flow, version=version.number, by=by)
            await self._journal.record(made, save=lambda connection: store.add(connection, version, files))
        return version, faults

    async def publish(self, flow: str, number: int, *, by: str, instead_of: int | None = None) -> Version:
        """Check a version, make its prompts, and let calls begin with it from now on; return it.

        `instead_of` is the version that is thought to be live (None: the one that it was based on). Calls that are
        under way keep theirs. Whatever fails leaves the old one live. Raises NoSuchVersion, FlowBroken with every
        fault, PromptsFailed, FlowChanged, NothingChanged, PublishingNow.
        """
        if self._publishing.locked():
            raise PublishingNow
        async with self._publishing:
            version, texts = await self.get(flow, number)
            before = await self._expected(version, instead_of)
            if version.state is State.LIVE:
                return version
            await self._differs(version, before)
            ready = await self._sound(version, texts)
            await self._maker.make_ready(ready)
            self._use(ready)
            done = await self._switch(version, before, by)
            if self._live is not None and self._live.flow == flow:
                self._live = ready
            return done

    async def _expected(self, version: Version, instead_of: int | None) -> int:
        live = await self._db.read(partial(store.live, flow=version.flow))
        assert live is not None, "a flow is taken in live"
        expected = version.based_on if instead_of is None else instead_of
        if live.version not in (expected, version.number):
            thought = f", not {expected}" if expected else " and this one was based on none"
            raise FlowChanged(
                f"version {live.version} is live{thought}: look at it, then publish, naming it as live_version",
                live_version=live.version,
                expected=expected,
            )
        return live.version

    async def _differs(self, version: Version, before: int) -> None:
        live, _ = await self.get(version.flow, before)
        if live.hash == version.hash:
            raise NothingChanged(
                f"version {version.number} says the same as version {before}, which is live; nothing was published",
                live_version=before,
            )

    async def _sound(self, version: Version, texts: Files) -> Flow:
        try:
            return await self._compiled(version.flow, version.number, texts)
        except FlowError as error:
            raise FlowBroken(
                f"version {version.number} has {len(error.faults)} faults; nothing was published:\n{error.message}",
                findings=[finding(fault) for fault in error.faults],
            ) from None

    async def _switch(self, version: Version, before: int, by: str) -> Version:
        now = self._clock.now()

        def save(connection: Connection) -> None:
            if not store.make_live(connection, version, instead_of=before, by=by, at=now):
                raise FlowChanged

        kind = FlowPublished if version.published_at is None else FlowRolledBack
        event = kind(at=now, flow=version.flow, version=version.number, before=before, by=by)
        await self._journal.record(event, save=save)
        return replace(version, state=State.LIVE, published_at=now)


def finding(fault: Fault) -> dict[str, Any]:
    """Return a fault as the API tells it."""
    return {
        "file": fault.file,
        "line": max(1, fault.line),
        "node": fault.node,
        "message": fault.message,
        "rule": fault.rule.value,
        "holes": dict(fault.holes),
    }
