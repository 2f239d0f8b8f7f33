"""Says sentences with a caller's own numbers while the call goes on, whole when in time, else in fragments.

Two worker processes: one for live calls, and, only while prompts are rendered, one of lower priority for
these, so that a long prompt never stands before a caller. The event loop computes nothing.
"""

import asyncio
import contextlib
import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import log
from core.clock import Clock
from core.errors import BadInput, ConfigError, NotFound, Unavailable
from core.tasks import TaskOwner
from speech import sound
from speech.making import Work
from speech.process import VoiceDown, WorkerProcess
from speech.prompts import Pack, Progress

_log = log.get(__name__)
_IN_USE = 180.0
"""Seconds after being handed out in which a file may still be played, so it is not purged."""

_LOOK_AFTER = 1.0
"""Seconds after which a worker that has died is noticed: an idle one is started again, and rendering waits no more
for what it cannot say."""


class Unspoken(Unavailable):
    """A sentence could neither be synthesised in time nor put together from fragments."""

    code = "unspoken"


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """Bounds: texts waiting, characters in one, seconds and bytes that sentences are kept, seconds to wait at most."""

    waiting: int = 64
    characters: int = 400
    keep_seconds: float = 3600.0
    keep_bytes: int = 200_000_000
    at_most: float = 10.0
    sweep_seconds: float = 60.0


@dataclass(slots=True)
class _Sentence:
    text: str
    key: str
    done: asyncio.Future[bool]
    live: bool = False
    tries: int = 0


@dataclass(slots=True)
class _Kept:
    bytes: int
    made: float
    used: float = field(default=-_IN_USE)


class Voice:
    """The voice of live calls. `prepare` early, `media` when it is time to play."""

    def __init__(
        self,
        directory: Path,
        command: Sequence[str],
        *,
        settings_key: str,
        clock: Clock,
        limits: VoiceLimits = VoiceLimits(),
        cover: Callable[[str], list[str]] | None = None,
        renderer: Sequence[str] | None = None,
        unload_after: float | None = None,
    ) -> None:
        """`directory` holds the sentences (personal data: mode 0600, purged by age, names are keyed hashes).

        `command` starts a worker (`process.kokoro_command`); `cover` puts a text together from fragments,
        raising NotFound where it cannot. `renderer` starts the worker that makes prompts, when it is another.
        `unload_after`: the live worker is loaded when it is first wanted, and ended after so many seconds without
        work; None: it is always there.
        """
        self._directory = directory.absolute()
        self._settings_key = settings_key
        self._clock = clock
        self._limits = limits
        self._unload_after = unload_after
        self._wanted_at = 0.0
        self._woken = False
        self._cover = cover
        self._worker = WorkerProcess(command)
        self._renderer = WorkerProcess(renderer or command, niceness=15)
        self._rendering = asyncio.Lock()
        self._renders = 0
        self._tasks = TaskOwner("voice")
        self._sentences: OrderedDict[str, _Sentence] = OrderedDict()
        self._work = asyncio.Event()
        self._kept: dict[str, _Kept] = {}
        self._secret = b""

    @property
    def healthy(self) -> bool:
        """Tell whether the live worker is loaded and alive; while it is not, fragments are played."""
        return self._worker.running

    @property
    def waiting(self) -> int:
        """Return how many sentences wait for the worker."""
        return len(self._sentences)

    @property
    def worker_pid(self) -> int | None:
        """Return the process id of the live worker, for health and tests."""
        return self._worker.pid

    async def start(self) -> None:
        """Open the directory and begin to load a voice that is always there; returns without waiting for it.

        Raises ConfigError when the directory cannot be used.
        """
        self._secret, self._kept = await asyncio.to_thread(_open, self._directory, self._clock.now().timestamp())
        self._tasks.start(self._speak_on(), "speak")
        self._tasks.start(self._sweep_on(), "sweep")

    async def stop(self) -> None:
        """End the workers; sentences still waiting are given up."""
        await self._tasks.close()
        self._give_up()
        await self._worker.stop()
        await self._renderer.stop()

    def wake(self) -> None:
        """Load the worker now, if it is not: somebody will soon want to hear it."""
        self._wanted_at = self._clock.monotonic()
        self._woken = True
        self._work.set()

    def prepare(self, text: str) -> None:
        """Begin to synthesise `text` if it is not there yet; returns at once. Raises BadInput for a text too long."""
        self._ask(text, live=False)

    async def media(
        self, text: str, *, fallback: Sequence[str] | None = None, within: float = 1.5, live: bool = True
    ) -> list[str]:
        """Return what to play for `text`: the whole sentence when it is ready within `within` seconds.

        Else `fallback`, or, when that is None, the text in fragments; where these do not cover it the sentence
        is waited for, at most `limits.at_most` seconds. Callers' sentences come before those that are not `live`,
        which nobody waits for at the telephone. Raises Unspoken when even that fails, BadInput for a
        text that is empty or too long.
        """
        sentence = self._ask(text, live=live)
        key = self._key(text)
        if sentence is None and key in self._kept:
            return [self._hand_out(key)]
        if sentence and await self._finished(sentence, within):
            return [self._hand_out(key)]
        parts = list(fallback) if fallback is not None else self._fragments(text)
        _log.info("sentence not ready in time", extra={"action": "voice_fallback", "parts": len(parts)})
        if parts:
            return parts
        if sentence and await self._finished(sentence, self._limits.at_most - within):
            return [self._hand_out(key)]
        raise Unspoken()

    async def render(
        self, pack: Pack, prompts: Iterable[str] | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Make what is missing of `prompts` (all when None) behind live calls; return the ids that were missing.

        Raises NotFound for an unknown id, VoiceDown when the renderer dies three times over one text.
        """
        self._renders += 1
        try:
            missing = pack.missing()
            todo = missing if prompts is None else [each for each in prompts if each in set(missing)]
            async with self._rendering:
                taken = set(await asyncio.to_thread(pack.take_cached, todo))
            left, done = [each for each in todo if each not in taken], 0
            for ids, work in pack.work(left):
                if progress:
                    progress(done, len(left), ids[0])
                # Piece by piece, so that a few prompts to be published do not wait behind hundreds.
                async with self._rendering:
                    await self._render_one(work)
                    await asyncio.to_thread(pack.take_cached, ids)
                done += len(ids)
            if progress and left:
                progress(done, len(left), "")
            return todo
        finally:
            self._renders -= 1
            if not self._renders:
                await self._renderer.stop()

    async def _render_one(self, work: Work) -> None:
        # Callers who wait come first: two syntheses at once would take each other's processor.
        while self._sentences and self._worker.running:
            waiting = [sentence.done for sentence in self._sentences.values()]
            await asyncio.wait(waiting, timeout=_LOOK_AFTER, return_when=asyncio.FIRST_COMPLETED)
        for attempt in range(3):
            try:
                await self._renderer.say(work)
                return
            except VoiceDown:
                if attempt == 2:
                    raise

    def _ask(self, text: str, *, live: bool) -> _Sentence | None:
        """Put a sentence into the queue, or find it there; None when it is ready or the queue is full."""
        if not text.strip() or len(text) > self._limits.characters:
            raise BadInput(f"a sentence holds 1 to {self._limits.characters} characters", length=len(text))
        key = self._key(text)
        if key in self._kept:
            return None
        sentence = self._sentences.get(key)
        if sentence is None and self._has_room(live):
            sentence = _Sentence(text, key, asyncio.get_running_loop().create_future())
            self._sentences[key] = sentence
            self.wake()
        if sentence and live:
            sentence.live = True
        return sentence

    def _has_room(self, live: bool) -> bool:
        """A full queue refuses what is only prepared; for a caller who waits it lets go the newest of these."""
        if len(self._sentences) < self._limits.waiting:
            return True
        spare = next((k for k, s in reversed(self._sentences.items()) if not s.live and s.tries == 0), None)
        if not live or spare is None:
            return False
        self._sentences.pop(spare).done.set_result(False)
        return True

    async def _finished(self, sentence: _Sentence, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0)):
                return await asyncio.shield(sentence.done)
        return False

    def _fragments(self, text: str) -> list[str]:
        if self._cover is None:
            return []
        try:
            return self._cover(text)
        except NotFound:
            return []

    async def _speak_on(self) -> None:
        """Keep the worker alive and give it the next sentence: callers who wait first, then in order."""
        while True:
            try:
                await self._load_or_unload()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AFTER):
                        await self._work.wait()
                sentence = self._next()
                if sentence is None:
                    self._work.clear()
                else:
                    await self._speak(sentence)
            except VoiceDown:
                continue

    async def _load_or_unload(self) -> None:
        """Have the worker there: always, or while it is wanted."""
        if self._unload_after is None or self._woken or self._sentences:
            self._woken = False
            await self._load()
        elif self._worker.running and self._clock.monotonic() - self._wanted_at >= self._unload_after:
            await self._worker.stop()

    async def _load(self) -> None:
        if self._worker.running:
            return
        try:
            await self._worker.start()
        except VoiceDown:
            if self._unload_after is not None:
                self._give_up()
            raise

    def _give_up(self) -> None:
        """Let nobody wait for a voice that cannot be loaded; who wants it later tries it again."""
        for sentence in self._sentences.values():
            if not sentence.done.done():
                sentence.done.set_result(False)
        self._sentences.clear()

    def _next(self) -> _Sentence | None:
        waiting = list(self._sentences.values())
        return next((s for s in waiting if s.live), waiting[0] if waiting else None)

    async def _speak(self, sentence: _Sentence) -> None:
        """Say one sentence; one that fails twice, or cannot be said, is given up."""
        sentence.tries += 1
        made = False
        try:
            stem = self._directory / sentence.key
            await asyncio.to_thread(sound.write_bytes, _words(stem), sentence.text.encode(), mode=0o600)
            seconds = await self._worker.say(Work(sentence.text, str(stem), mode=0o600))
            made = True
            self._kept[sentence.key] = _Kept(_size(seconds), self._clock.now().timestamp())
        except ValueError:
            _log.warning("a sentence cannot be said", extra={"action": "voice_refused"})
        except VoiceDown:
            if sentence.tries < 2:
                raise
        self._sentences.pop(sentence.key, None)
        if not sentence.done.done():
            sentence.done.set_result(made)

    def _hand_out(self, key: str) -> str:
        self._kept[key].used = self._clock.now().timestamp()
        return f"sound:{self._directory / key}"

    def _key(self, text: str) -> str:
        return hmac.new(self._secret, f"{self._settings_key}|{text}".encode(), hashlib.sha256).hexdigest()[:32]

    async def _sweep_on(self) -> None:
        while True:
            await self._clock.sleep(self._limits.sweep_seconds)
            await self.sweep()

    async def sweep(self) -> int:
        """Purge sentences beyond their age, then the oldest beyond the size; return how many went."""
        now = self._clock.now().timestamp()
        total = sum(kept.bytes for kept in self._kept.values())
        gone = []
        for key, kept in sorted(self._kept.items(), key=lambda item: item[1].made):
            old = now - kept.made > self._limits.keep_seconds
            if (old or total > self._limits.keep_bytes) and now - kept.used > _IN_USE:
                gone.append(key)
                total -= kept.bytes
        for key in gone:
            del self._kept[key]
        await asyncio.to_thread(_remove, self._directory, gone)
        return len(gone)


def _size(seconds: float) -> int:
    """Return the bytes of both files of a sound of `seconds`."""
    return round(seconds * (8000 + 2 * 16000))


def _open(directory: Path, now: float) -> tuple[bytes, dict[str, _Kept]]:
    """Make the directory, read or make its secret, and list the sentences a run before has left."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = directory / ".key"
        if not secret.exists():
            sound.write_bytes(secret, os.urandom(32), mode=0o600)
        kept = {}
        for file in directory.glob("*.alaw"):
            if (directory / f"{file.stem}.sln16").exists() and not file.name.startswith("."):
                stat = file.stat()
                kept[file.stem] = _Kept(stat.st_size * 5, min(stat.st_mtime, now))
        return secret.read_bytes(), kept
    except OSError as error:
        raise ConfigError(f"{directory}: cannot hold spoken sentences: {error.strerror}") from None


def _words(stem: Path) -> Path:
    """Return the file of the words beside the sound, by which a heard sentence can be named."""
    return stem.parent / f"{stem.name}.txt"


def _remove(directory: Path, keys: list[str]) -> None:
    for key in keys:
        for suffix in ("txt", *sound.FORMATS):
            (directory / f"{key}.{suffix}").unlink(missing_ok=True)
