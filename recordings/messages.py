"""What callers say to the machine: written down by the PBX, fetched, kept with its hash, linked to the call.

The PBX holds the only copy until the file and its row are in the vault and the books; then it is told to forget its
own. So a kill between any two lines loses nothing: the next sweep finds what the PBX still has.
"""

import asyncio
from array import array
from datetime import datetime, timedelta

from core import log
from core.clock import Clock
from core.db import Database
from core.journal import Journal, of_call
from cti.legs import call_of
from cti.port import NoSuchChannel
from recordings import store
from recordings.events import RecordingMissing, RecordingStarted, RecordingStored
from recordings.model import Kind, Recording, RecordingState, Verdict, advance
from recordings.port import Mailbox
from recordings.vault import Vault
from recordings.wav import RATE_HZ

_log = log.get(__name__)

HEARD_FROM = 200
"""A sample of at least this (of 32,768) is sound: -44 dB, below a far-away speaker, above the noise of a line."""


class MessageService:
    """Keeps what callers said."""

    def __init__(self, journal: Journal, db: Database, mailbox: Mailbox, vault: Vault, clock: Clock) -> None:
        self._journal = journal
        self._db = db
        self._mailbox = mailbox
        self._vault = vault
        self._clock = clock
        self._one = asyncio.Lock()

    async def room(self) -> bool:
        """Tell whether there is room on the disk for another message."""
        return (await asyncio.to_thread(self._vault.space)).enough

    async def name(self, call_id: str, kind: Kind) -> str:
        """Return the name of the next message of a call: the same one until it is kept."""
        kept = await self._db.read(lambda c: store.said(c, call_id))
        return f"{call_id}-{kind}-{len(kept) + 1}"

    async def begin(self, name: str) -> None:
        """Write into the books that the PBX begins to write; from now on it is looked for."""
        event = RecordingStarted(at=self._clock.now(), call_id=call_of(name), recording_id=name, agent_id="")
        await self._journal.record(event)

    async def taking(self, name: str) -> bool:
        """Tell whether the PBX is writing under this name now."""
        return await self._mailbox.taking(name)

    async def there(self, name: str) -> bool:
        """Tell whether the PBX has something of this name, which is not being written."""
        return name in await self._mailbox.names() and not await self._mailbox.taking(name)

    async def drop(self, name: str) -> None:
        """Forget what the caller does not want to send."""
        await self._mailbox.forget(name)

    async def keep(self, name: str) -> Recording | None:
        """Keep what the PBX has under `name`, once however often it is asked; None: there is no sound of it."""
        async with self._one:
            known = await self._db.read(lambda c: store.get(c, name))
            if known is None or known.state is RecordingState.MISSING:  # what was said anew has the same name
                known = await self._keep(name)
            await self._mailbox.forget(name)
        return known if known is not None and known.state is RecordingState.STORED else None

    async def _keep(self, name: str) -> Recording | None:
        try:
            mono = await self._mailbox.sound(name)
        except NoSuchChannel:
            return None
        length = timedelta(seconds=len(mono) / 2 / RATE_HZ)
        began = await self._began(name) or self._clock.now() - length
        kind = Kind(name.removeprefix(call_of(name)).split("-")[1])
        fresh = Recording(name, call_of(name), call_of(name), "", None, began, talk_ended_at=began + length, kind=kind)
        ids = {"call_id": fresh.call_id, "recording_id": name, "agent_id": ""}
        if not await asyncio.to_thread(_sounds, mono):
            missing = RecordingMissing(at=self._clock.now(), reason="empty", **ids)
            return await self._record(fresh, missing)
        path, wav = await asyncio.to_thread(self._vault.keep_said, name, began, mono)
        stored = RecordingStored(
            at=self._clock.now(), length_s=wav.length_s, sha256=wav.sha256, verdict=Verdict.OK, **ids
        )
        fresh = Recording(
            *(name, fresh.call_id, fresh.channel_id, "", None, began),
            talk_ended_at=began + length,
            path=path,
            size=wav.size,
            kind=kind,
        )
        return await self._record(fresh, stored)

    async def _record(self, recording: Recording, event: RecordingStored | RecordingMissing) -> Recording:
        moved = advance(recording, event)
        await self._journal.record(event, save=lambda c: store.save(c, moved))
        return moved

    async def _began(self, name: str) -> datetime | None:
        """Return when the PBX began to write, last of all."""
        story = await self._db.read(lambda c: of_call(c, call_of(name)))
        began = [r.event for r in story if isinstance(r.event, RecordingStarted) and r.event.recording_id == name]
        return began[-1].at if began else None

    async def left(self, live: set[str]) -> list[str]:
        """Return the names of what the PBX has of calls that are not `live` and is written to its end."""
        ours = [n for n in await self._mailbox.names() if call_of(n) != n and call_of(n) not in live]
        return [name for name in ours if not await self._mailbox.taking(name)]

    async def kept(self, call_id: str | None = None) -> list[Recording]:
        """Return what is kept, the latest first: of a call, or all that is recent."""
        return await self._db.read(lambda c: store.said(c, call_id))


def _sounds(mono: bytes) -> bool:
    samples = array("h", mono[: len(mono) // 2 * 2])
    return bool(samples) and max(max(samples), -min(samples)) >= HEARD_FROM
