"""Understanding a caller: the PBX's sound goes to speech detection and recogniser, words to the inbox of the call.

The call itself never waits for any of it, and keys are read all the while. One utterance at a time: from when the
caller begins to speak until a pause, then recognised. What was said before the listening began is not heard.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from core import log
from core.errors import HotlineError
from core.tasks import TaskOwner
from cti.listening import BEHIND_S, BYTES_A_SECOND, NO_SOUND_S
from cti.messages import HearingLost, SpeechEnded, SpeechHeard, WordsHeard
from cti.port import CallerAudio, PbxDown, PbxRefused
from cti.session import CallSession
from speech.endpoint import Endpoint, Stage
from speech.port import Listening, Recogniser, SpeechDetector, SpeechMeasuring

_log = log.get(__name__)

LEAD_IN_S = 0.8
"""Sound kept from before speech was believed: its first syllables are in it."""


class Recognition(Recogniser, Protocol):
    """A recogniser that may be away for a while."""

    @property
    def ready(self) -> bool:
        """Whether it would hear somebody now."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """What it takes to understand callers; `pause` in seconds ends an utterance, `longest` seconds cut it."""

    recogniser: Recognition
    detector: SpeechDetector
    pause: float
    longest: float
    first: bool = False
    """Whether callers are asked to say what they want before the menu of keys."""

    @property
    def ready(self) -> bool:
        """Whether callers can be understood now."""
        return self.recogniser.ready

    @contextlib.asynccontextmanager
    async def listening(self, session: CallSession, phrases: tuple[str, ...] = ()) -> AsyncIterator[None]:
        """Listen to one utterance while open: `session.spoke` is set while the caller speaks, then `session.words`.

        `session.deaf` is set when it fails. `phrases` are expected. Raises PbxRefused, PbxDown, NoSuchChannel when
        the PBX cannot hear the caller, Unavailable when detection or recogniser do not work.
        """
        hearing = _Hearing(
            self.recogniser.listen(phrases=phrases),
            self.detector.measure(),
            Endpoint(self.detector.window, pause=self.pause, longest=self.longest),
        )
        audio = await session.world.pbx.hear(session.call.id)
        tasks = TaskOwner("words")
        session.listens(True)
        try:
            tasks.start(hearing.follow(session, audio), session.call.id)
            yield
        finally:
            await tasks.close()
            hearing.words.abandon()
            session.listens(False)
            with contextlib.suppress(PbxDown, PbxRefused):
                await audio.close()


@dataclass(slots=True)
class _Hearing:
    """One utterance of one caller."""

    words: Listening
    speech: SpeechMeasuring
    endpoint: Endpoint

    async def follow(self, session: CallSession, audio: CallerAudio) -> None:
        try:
            why = await self._utterance(session, audio)
            if why is None:
                session.deliver(SpeechEnded())
                heard = await self.words.finish()
                session.deliver(WordsHeard(heard.text, heard.confidence))
                return
        except (TimeoutError, HotlineError) as error:
            why = type(error).__name__
        _log.warning("caller not understood", extra={"action": "words_lost", "call_id": session.call.id, "why": why})
        session.deliver(HearingLost(why))

    async def _utterance(self, session: CallSession, audio: CallerAudio) -> str | None:
        """Return None when the caller has said something, else why they can no longer be heard."""
        loop = asyncio.get_running_loop()
        began: float | None = None
        taken, kept = 0, bytearray()
        while True:
            async with asyncio.timeout(NO_SOUND_S):
                if (sound := await audio.read()) is None:
                    return "no_more_sound"
                began = loop.time() if began is None else began
                before = self.endpoint.stage
                probabilities = await self.speech.accept(sound)
            for probability in probabilities:
                self.endpoint.hears(probability)
            taken += len(sound)
            kept += sound
            if self.endpoint.stage is Stage.WAITING:
                del kept[: max(0, len(kept) - round(LEAD_IN_S * BYTES_A_SECOND))]
            elif probabilities:
                if before is Stage.WAITING:
                    session.deliver(SpeechHeard())
                await self.words.accept(bytes(kept))
                kept.clear()
            if self.endpoint.stage is Stage.ENDED:
                return None
            if loop.time() - began - taken / BYTES_A_SECOND > BEHIND_S:
                return "behind"
