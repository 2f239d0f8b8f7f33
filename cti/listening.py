"""Listening to a caller: the PBX's sound goes to the speech detection, speech goes to the inbox of the call.

The call itself never waits for any of it. Silence counts only while the hearing works: when the sound stops, or
the detection cannot keep up with it, the call is told so.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from core import log
from core.errors import HotlineError
from core.tasks import TaskOwner
from cti.messages import HearingLost, SpeechHeard
from cti.port import CallerAudio, PbxDown, PbxRefused
from cti.session import CallSession
from speech.port import SpeechDetector, SpeechListening

_log = log.get(__name__)

NO_SOUND_S = 2.0
"""The PBX sends sound every 20 ms, silence too; after so long without any it will not come again."""
BEHIND_S = 1.5
"""Sound that is decided later than this says nothing about whether the caller is silent now."""
BYTES_A_SECOND = 2 * 8000


class Ears:
    """How many talks may be listened to at the same time, so that what it costs has a bound."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> bool:
        """Take one; False when none is free."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """One that was taken is free again."""
        self._free += 1


@contextlib.asynccontextmanager
async def listening(session: CallSession, detector: SpeechDetector) -> AsyncIterator[None]:
    """Listen to the caller while open: `session.spoke` is set when they speak, `session.deaf` when it fails.

    Either wakes the session out of `receive`. Raises PbxRefused, PbxDown, NoSuchChannel when the PBX cannot hear the
    caller, Unavailable when the detection does not work.
    """
    listener = detector.listen()
    audio = await session.world.pbx.hear(session.call.id)
    tasks = TaskOwner("listening")
    session.listened, session.spoke, session.deaf = True, False, None
    try:
        tasks.start(_listen(session, audio, listener), session.call.id)
        yield
    finally:
        await tasks.close()
        session.listened, session.spoke, session.deaf = False, False, None
        with contextlib.suppress(PbxDown, PbxRefused):
            await audio.close()


async def _listen(session: CallSession, audio: CallerAudio, listener: SpeechListening) -> None:
    try:
        why = await _until_speech(audio, listener)
    except (TimeoutError, HotlineError) as error:
        why = type(error).__name__
    if why is None:
        session.deliver(SpeechHeard())
    else:
        _log.warning("caller not heard", extra={"action": "hearing_lost", "call_id": session.call.id, "why": why})
        session.deliver(HearingLost(why))


async def _until_speech(audio: CallerAudio, listener: SpeechListening) -> str | None:
    """Return None once the caller speaks, else why they can no longer be heard."""
    loop = asyncio.get_running_loop()
    began: float | None = None
    taken = 0
    while True:
        async with asyncio.timeout(NO_SOUND_S):
            sound = await audio.read()
            if sound is None:
                return "no_more_sound"
            began = loop.time() if began is None else began
            if await listener.accept(sound):
                return None
        taken += len(sound)
        if loop.time() - began - taken / BYTES_A_SECOND > BEHIND_S:
            return "behind"
