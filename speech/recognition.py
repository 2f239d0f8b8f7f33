"""The recogniser as the service has it: a few worker processes, bounded, started again when they die.

The event loop computes nothing and waits for nothing: models load in the background at low priority, and where no
worker is there, or too many wait, or it takes too long, `Unavailable` is raised and the caller is served by keys.
"""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from core.errors import Unavailable
from core.tasks import TaskOwner
from speech.hearing_worker import TELEPHONE
from speech.port import Heard, Word
from speech.process import Patience, WorkerDown, WorkerProcess

MOST_WORKERS: Final = 2
LONGEST_S: Final = 15.0
"""Sound of one utterance that is kept; more is dropped."""


class RecogniserDown(WorkerDown):
    """The recogniser does not answer."""

    code = "recogniser_down"


@dataclass(frozen=True, slots=True)
class RecognitionLimits:
    """Bounds: worker processes, pieces of work that wait for one, seconds for loading and for one piece of work."""

    workers: int = MOST_WORKERS
    waiting: int = 8
    load: float = 90.0
    work: float = 8.0


@dataclass(slots=True)
class _Seat:
    """One worker process and who waits for it."""

    worker: WorkerProcess
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    loaded: bool = False
    waiting: int = 0
    abandoned: list[int] = field(default_factory=list)


class Recognition:
    """A `Recogniser` of 8 kHz sound in worker processes; `streams`: the engine hears while the caller speaks."""

    rate = TELEPHONE

    def __init__(
        self, command: Sequence[str], *, streams: bool, limits: RecognitionLimits = RecognitionLimits()
    ) -> None:
        """`command` starts a worker (`hearing_worker.command`)."""
        patience = Patience(load=limits.load, work=limits.work)
        self.streams = streams
        self._limits = limits
        self._seats = [
            _Seat(WorkerProcess(command, patience=patience, name="recogniser", down=RecogniserDown))
            for _ in range(min(limits.workers, MOST_WORKERS))
        ]
        self._tasks = TaskOwner("recognition")
        self._loading = asyncio.Lock()
        self._ids = count(1)

    @property
    def ready(self) -> bool:
        """Whether a worker has its model loaded and lives."""
        return self.loaded > 0

    @property
    def loaded(self) -> int:
        """How many workers have their model loaded."""
        return sum(seat.loaded for seat in self._seats)

    @property
    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers that are there, for health and tests."""
        return [seat.worker.pid for seat in self._seats if seat.worker.running and seat.worker.pid is not None]

    async def start(self) -> None:
        """Begin to load the workers one after the other; returns without waiting for them."""
        for seat in self._seats:
            self._tasks.start(self._keep(seat), "recogniser")

    async def stop(self) -> None:
        """End the workers; who waits is told RecogniserDown."""
        await self._tasks.close()
        for seat in self._seats:
            seat.loaded = False
            await seat.worker.stop()

    def listen(self, *, phrases: tuple[str, ...] = ()) -> "RecognitionListening":
        """Begin to listen to one caller. Raises RecogniserDown when no worker is there.

        An engine that streams is not told the phrases: it would hear one of them in whatever is said.
        """
        loaded = [seat for seat in self._seats if seat.loaded]
        if not loaded:
            raise RecogniserDown("no recogniser is loaded")
        seat = min(loaded, key=lambda each: each.waiting) if self.streams else None
        return RecognitionListening(self, next(self._ids), () if self.streams else phrases, seat)

    async def ask(self, seat: _Seat | None, order: dict[str, Any]) -> Heard | None:
        """Give a worker (None: whichever is free first) an order. Raises RecogniserDown, Unavailable.

        A caller who leaves meanwhile does not cost the worker: its answer is awaited and dropped.
        """
        if sum(each.waiting for each in self._seats) >= self._limits.waiting:
            raise Unavailable("too many utterances wait for the recogniser")
        loaded = [each for each in self._seats if each.loaded]
        chosen = seat or min(loaded, key=lambda each: each.waiting, default=None)
        if chosen is None or not chosen.loaded:
            raise RecogniserDown("no recogniser is loaded")
        chosen.waiting += 1
        asking = self._tasks.start(self._asked(chosen, order), "asked")
        try:
            async with asyncio.timeout(self._limits.work):
                return await asyncio.shield(asking)
        except TimeoutError:
            raise Unavailable("the recogniser did not answer in time") from None

    async def _asked(self, seat: _Seat, order: dict[str, Any]) -> Heard | None:
        try:
            async with seat.turn:
                if not (seat.loaded and seat.worker.running):
                    raise RecogniserDown("the recogniser has ended")
                abandoned, seat.abandoned = seat.abandoned, []
                answer = await seat.worker.ask({**order, "abandoned": abandoned})
        except RecogniserDown:
            seat.loaded = False
            raise
        finally:
            seat.waiting -= 1
        if "error" in answer:
            raise Unavailable(f"the recogniser refused: {answer['error']}")
        return _heard(answer["heard"])

    async def _keep(self, seat: _Seat) -> None:
        """Load a worker, and again whenever it has died."""
        while True:
            try:
                async with self._loading:
                    await seat.worker.start()
            except RecogniserDown:
                continue
            seat.loaded, seat.abandoned = True, []
            await seat.worker.ended()
            if seat.loaded:
                seat.worker.failures += 1
            seat.loaded = False


class RecognitionListening:
    """One caller: 8 kHz, 16-bit little-endian mono goes in."""

    def __init__(self, owner: Recognition, id_: int, phrases: tuple[str, ...], seat: _Seat | None) -> None:
        self._owner = owner
        self._id = id_
        self._phrases = phrases
        self._seat = seat
        self._sound = bytearray()
        self._final: list[Heard] = []
        self._left = round(LONGEST_S * TELEPHONE) * 2

    async def accept(self, audio: bytes) -> Heard | None:
        """Take in sound; an engine that streams may return a partial or final result. Raises Unavailable."""
        audio = audio[: self._left]
        self._left -= len(audio)
        if self._seat is None:
            self._sound += audio
            return None
        heard = await self._owner.ask(self._seat, self._order(audio))
        if heard is not None and heard.final:
            self._final.append(heard)
        return heard

    async def finish(self) -> Heard:
        """Return all that was heard. Raises Unavailable."""
        last = await self._owner.ask(self._seat, {**self._order(bytes(self._sound)), "last": True})
        self._sound.clear()
        return _together([*self._final, *([last] if last else [])])

    def abandon(self) -> None:
        """Let go what was heard so far."""
        self._sound.clear()
        if self._seat is not None:
            self._seat.abandoned.append(self._id)

    def _order(self, sound: bytes) -> dict[str, Any]:
        return {"id": self._id, "phrases": self._phrases, "sound": base64.b64encode(sound).decode()}


def _heard(data: Any) -> Heard | None:
    if data is None:
        return None
    words = tuple(Word(**word) for word in data["words"])
    return Heard(data["text"], data["final"], words, data["confidence"])


def _together(parts: Sequence[Heard]) -> Heard:
    """Join final results, such as those before and after a pause."""
    said = [part for part in parts if part.text]
    if not said:
        return Heard("", final=True)
    length = sum(len(part.text) for part in said)
    confidence = sum(part.confidence * len(part.text) for part in said) / length
    words = tuple(word for part in said for word in part.words)
    return Heard("".join(part.text for part in said), final=True, words=words, confidence=round(confidence, 3))
