"""Recording of talks: begun before the legs are joined, kept with its hash when the talk ends, made good after a
restart. What cannot be recorded is journaled with its reason; it never stops a talk."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from core import log
from core.bus import Bus
from core.clock import Clock
from core.db import Database
from core.events import Event, Recorded
from core.journal import Journal, of_call
from core.tasks import TaskOwner
from cti.events import AgentAnswered, CalleeAnswered, CallReleased, CallTransferred, ConsultAnswered, ConsultEnded
from cti.port import NoSuchChannel, PbxDown, PbxRefused
from recordings import store
from recordings.events import RecordingMissing, RecordingStarted, RecordingStored
from recordings.model import (
    Kind,
    NoAudio,
    NoSuchRecording,
    Recording,
    RecordingState,
    Talk,
    advance,
    judge,
    of_talk,
    talk_end,
)
from recordings.port import Capture
from recordings.store import RecordingFilter
from recordings.vault import DiskFull, Space, Vault

_log = log.get(__name__)

CAPTURE_LIMIT_S = 2.0
"""The PBX answers in a millisecond; a talk must not wait longer than this for one that does not."""
CLOSE_LIMIT_S = 10.0
"""How long the PBX may take to close a file after it was told to."""
APPEAR_LIMIT_S = 1.0
"""The PBX makes the file with the first sound; a talk too short for any has none."""
SWEEP_LIMIT_S = 2.0
"""The same in a sweep, which comes again."""
POLL_S = 0.02
AT_ONCE = 2
"""Conversions under way at the same time: they share the disk with the PBX."""
GRACE = timedelta(seconds=5)
"""A talk without a row that is younger than this is just being begun."""


@dataclass(slots=True)
class Reconciliation:
    """What `reconcile` found, as recording ids. `strangers`: sound in the spool that belongs to no known talk."""

    stored: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def add(self, recording: Recording, *, ended: bool) -> None:
        """Put a recording where its state says."""
        if recording.state is RecordingState.STORED:
            self.stored.append(recording.id)
        elif recording.state is RecordingState.MISSING:
            self.missing.append(recording.id)
        else:
            (self.waiting if ended else self.running).append(recording.id)


class RecordingService:
    """Records every talk and gives the sound back."""

    def __init__(self, journal: Journal, db: Database, capture: Capture, vault: Vault, clock: Clock) -> None:
        self._journal = journal
        self._db = db
        self._capture = capture
        self._vault = vault
        self._clock = clock
        self._tasks = TaskOwner("recordings")
        self._busy: dict[str, asyncio.Event] = {}
        """By recording that somebody works on: set once nobody else has to stop it."""
        self._slots = asyncio.Semaphore(AT_ONCE)

    # --- during calls -------------------------------------------------------------------------

    def attach(self, bus: Bus) -> None:
        """Record every talk that the bus tells of: AgentAnswered is told before the legs are joined."""
        for answered in (AgentAnswered, CalleeAnswered):
            bus.listen(answered, self._on_answered)
        bus.listen(ConsultAnswered, self._on_consult)
        for kind in (CallReleased, CallTransferred, ConsultEnded):
            bus.listen(kind, self._on_over, last=True)

    async def _on_answered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, AgentAnswered | CalleeAnswered)
        await self.start(Talk(event.call_id, event.call_id, event.agent_id, recorded.seq, event.at))

    async def _on_consult(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, ConsultAnswered)
        if event.channel_id:
            talk = Talk(event.call_id, event.channel_id, event.agent_id, recorded.seq, event.at, consult=True)
            await self.start(talk)

    async def _on_over(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, CallReleased | CallTransferred | ConsultEnded)
        await self.finish(event.call_id)

    async def start(self, talk: Talk) -> Recording:
        """Let the PBX write down `talk` from now on; call it before the legs are joined.

        Journals RecordingStarted, or RecordingMissing with the reason (disk_full, pbx_down, refused,
        channel_gone); raises nothing for these: the talk goes on.
        """
        recording = of_talk(talk)
        if not self._own(recording.id):
            return recording
        self._busy[recording.id].set()  # whoever ends the talk meanwhile need not wait: it is looked at below
        try:
            recording = await self._begin(recording)
        finally:
            self._give_back(talk.recording_id)
        # The talk may have ended while the PBX was asked; then nobody else finishes it.
        self._tasks.start(self._finish_if_over(recording), "after start")
        return recording

    async def _begin(self, recording: Recording) -> Recording:
        at = self._clock.now()
        ids = {"call_id": recording.call_id, "recording_id": recording.id, "agent_id": recording.agent_id}
        try:
            if await self._let_capture(recording):
                at = recording.talk_started_at
        except _NotBegun as error:
            if recording.state is RecordingState.MISSING:
                return recording
            _log.error("talk is not recorded", extra={"action": "recording_missing", "why": error.reason, **ids})
            return await self._record(recording, RecordingMissing(at=at, reason=error.reason, **ids))
        return await self._record(recording, RecordingStarted(at=at, kind=recording.kind, **ids))

    async def _let_capture(self, recording: Recording) -> bool:
        """Ask the PBX to capture; True when it has been doing so already. Raises _NotBegun."""
        try:
            if await asyncio.to_thread(self._vault.admit, recording.id):
                return True
            async with asyncio.timeout(CAPTURE_LIMIT_S):
                await self._capture.start(recording.channel_id, str(self._vault.spool_file(recording.id)))
        except DiskFull as error:
            raise _NotBegun("disk_full") from error
        except NoSuchChannel as error:
            raise _NotBegun("channel_gone") from error
        except PbxRefused as error:
            raise _NotBegun("refused") from error
        except (PbxDown, TimeoutError) as error:
            raise _NotBegun("pbx_down") from error
        except OSError as error:
            raise _NotBegun(f"disk: {error.strerror}") from error
        return False

    async def _record(self, recording: Recording, event: Event) -> Recording:
        moved = advance(recording, event)
        await self._journal.record(event, save=lambda connection: store.save(connection, moved))
        return moved

    # --- at the end of a talk ---------------------------------------------------------------------

    async def finish(self, call_id: str) -> None:
        """Stop the recordings of this call whose talk is over, as the journal has it, and keep them in the background.

        Returns once the PBX has been told to stop; RecordingStored or RecordingMissing follows.
        """
        for recording in await self._db.read(lambda connection: store.unsettled(connection, call_id)):
            await self._finish_if_over(recording)

    async def _finish_if_over(self, recording: Recording) -> None:
        while (ended := await self._with_end(recording)).talk_ended_at is not None and not self._own(ended.id):
            # The next talk may be recorded on this channel: a stop of this one that came later would end that.
            other = self._busy[ended.id]
            await other.wait()
            if self._busy.get(ended.id) is other:
                return
        if ended.talk_ended_at is None:
            return
        try:
            await self._let_stop(ended)
        except BaseException:
            self._give_back(ended.id)
            raise
        self._tasks.start(self._settle(ended, CLOSE_LIMIT_S), "settle")

    def _own(self, recording_id: str) -> bool:
        """Take the recording for one piece of work; False when another has it."""
        if recording_id in self._busy:
            return False
        self._busy[recording_id] = asyncio.Event()
        return True

    def _give_back(self, recording_id: str) -> None:
        if (busy := self._busy.pop(recording_id, None)) is not None:
            busy.set()

    async def _with_end(self, recording: Recording) -> Recording:
        story = await self._db.read(lambda connection: of_call(connection, recording.call_id))
        return replace(recording, talk_ended_at=talk_end(story, _talk(recording)))

    async def _let_stop(self, recording: Recording) -> None:
        """Stop the capture, unless it has ended: then the channel may be recorded for a later talk."""
        if await asyncio.to_thread(self._vault.closed, recording.id):
            return
        try:
            async with asyncio.timeout(CAPTURE_LIMIT_S):
                await self._capture.stop(recording.channel_id)
        except (NoSuchChannel, PbxRefused, PbxDown, TimeoutError) as error:
            # The file is then closed when the caller's channel ends.
            _log.warning(
                "recording not stopped",
                extra={"action": "recording_not_stopped", "recording_id": recording.id, "why": type(error).__name__},
            )

    async def _settle(self, recording: Recording, patience: float) -> Recording:
        """Keep the sound of an owned talk that is over, and give it back; left as it is when still written."""
        self._busy[recording.id].set()
        try:
            known = await self._db.read(lambda connection: store.get(connection, recording.id))
            if known is not None and known.state is RecordingState.STORED:
                return known
            if not await self._wait_closed(recording.id, patience):
                _log.warning("recording still open", extra={"action": "recording_open", "recording_id": recording.id})
                return recording
            async with self._slots:
                return await self._keep(recording)
        except OSError as error:
            # The spool file stays, and the next reconcile tries again.
            _log.error(
                "recording not kept",
                extra={"action": "recording_not_kept", "recording_id": recording.id, "why": str(error)},
            )
            return recording
        finally:
            self._give_back(recording.id)

    async def _wait_closed(self, recording_id: str, patience: float) -> bool:
        """Wait until the PBX has let go of the file, or there is none; False when neither within `patience` seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (waited := loop.time() - began) <= patience:
            if await asyncio.to_thread(self._vault.closed, recording_id):
                return True
            there = await asyncio.to_thread(self._vault.spooled, recording_id)
            if not there and waited >= min(patience, APPEAR_LIMIT_S):
                return True
            await asyncio.sleep(POLL_S)
        return False

    async def _keep(self, recording: Recording) -> Recording:
        ids = {"call_id": recording.call_id, "recording_id": recording.id, "agent_id": recording.agent_id}
        if (why := await asyncio.to_thread(self._soundless, recording.id)) is not None:
            if recording.state is RecordingState.MISSING:
                await self._db.write(lambda connection: store.save(connection, recording))
                return recording
            _log.error("talk has no sound", extra={"action": "recording_missing", "why": why, **ids})
            return await self._record(recording, RecordingMissing(at=self._clock.now(), reason=why, **ids))
        path, wav, closed_at = await asyncio.to_thread(self._vault.keep, recording.id, recording.talk_started_at)
        verdict, reason = judge(recording, wav.length_s, closed_at)
        stored = RecordingStored(
            at=self._clock.now(), length_s=wav.length_s, sha256=wav.sha256, verdict=verdict, reason=reason, **ids
        )
        kept = await self._record(replace(recording, path=path, size=wav.size), stored)
        await asyncio.to_thread(self._vault.forget_spool, recording.id)
        return kept

    def _soundless(self, recording_id: str) -> str | None:
        if not self._vault.spooled(recording_id):
            return "no_file"
        return None if self._vault.holds_sound(recording_id) else "empty"

    # --- after a restart, and on a sweep ------------------------------------------------------------

    async def reconcile(self) -> Reconciliation:
        """Make the books, the spool and the talks agree; run it when calls have been adopted, and now and then.

        A talk that goes on is recorded from now if it is not yet; one that is over is stored, or journaled as
        missing. Spool files of no known talk are reported and left alone.
        """
        done = Reconciliation()
        for recording in await self._db.read(self._candidates):
            if self._own(recording.id):
                await self._make_good(recording, done)
        await self._sort_spool(done)
        if done.stored or done.missing or done.strangers:
            _log.warning(
                "recordings reconciled",
                extra={
                    "action": "recordings_reconciled",
                    "stored": len(done.stored),
                    "missing": len(done.missing),
                    "strangers": done.strangers,
                },
            )
        return done

    def _candidates(self, connection: Connection) -> list[Recording]:
        return [*store.unsettled(connection), *map(of_talk, store.talks_without_row(connection))]

    async def _make_good(self, recording: Recording, done: Reconciliation) -> None:
        try:
            recording = await self._with_end(recording)
            if recording.talk_ended_at is None:
                done.add(await self._go_on(recording), ended=False)
                return
            await self._let_stop(recording)
            done.add(await self._settle(recording, SWEEP_LIMIT_S), ended=True)
        finally:
            self._give_back(recording.id)

    async def _go_on(self, recording: Recording) -> Recording:
        """See to it that a talk which lasts is recorded."""
        young = self._clock.now() - recording.talk_started_at < GRACE
        if recording.state is RecordingState.CAPTURING or (recording.state is None and young):
            return recording
        return await self._begin(recording)

    async def _sort_spool(self, done: Reconciliation) -> None:
        for recording_id in await asyncio.to_thread(self._vault.spooled_ids):
            known = await self._db.read(partial(store.get, recording_id=recording_id))
            if recording_id in self._busy:
                continue
            if known is None and recording_id not in done.running:
                done.strangers.append(recording_id)
            elif known is not None and known.state is RecordingState.STORED:
                await asyncio.to_thread(self._vault.forget_spool, recording_id)
            elif known is not None and known.talk_ended_at is not None and self._own(recording_id):
                done.add(await self._settle(known, 0.0), ended=True)

    # --- what others ask ------------------------------------------------------------------------------

    async def list(self, wanted: RecordingFilter) -> list[Recording]:
        """Return recordings, the latest talk first."""
        return await self._db.read(lambda connection: store.find(connection, wanted))

    async def get(self, recording_id: str) -> Recording:
        """Return one recording. Raises NoSuchRecording."""
        found = await self._db.read(lambda connection: store.get(connection, recording_id))
        if found is None:
            raise NoSuchRecording(recording_id=recording_id)
        return found

    async def open_audio(self, recording_id: str) -> Path:
        """Return the WAV file of a recording. Raises NoSuchRecording, or NoAudio with the reason."""
        recording = await self.get(recording_id)
        if recording.path is None:
            raise NoAudio(recording_id=recording_id, state=recording.state, reason=recording.reason)
        file = await asyncio.to_thread(self._vault.file, recording.path)
        if file is None:
            raise NoAudio("the file of this recording is gone from the vault", recording_id=recording_id)
        return file

    async def intact(self, recording_id: str) -> bool:
        """Tell whether the stored file still has the hash that was taken when it was kept."""
        recording = await self.get(recording_id)
        if recording.path is None or recording.sha256 is None:
            raise NoAudio(recording_id=recording_id, state=recording.state, reason=recording.reason)
        return await asyncio.to_thread(self._vault.intact, recording.path, recording.sha256)

    async def space(self) -> Space:
        """Tell how much room there is for recordings."""
        return await asyncio.to_thread(self._vault.space)

    async def open(self) -> None:
        """Make the directories."""
        await asyncio.to_thread(self._vault.prepare)

    async def close(self) -> None:
        """Let what is being kept be kept, within bounds; the rest is made good by the next start."""
        await self._tasks.drain()
        await self._tasks.close()


class _NotBegun(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason


def _talk(recording: Recording) -> Talk:
    assert recording.answered_seq is not None
    return Talk(
        recording.call_id,
        recording.channel_id,
        recording.agent_id,
        recording.answered_seq,
        recording.talk_started_at,
        consult=recording.kind is Kind.CONSULT,
    )
