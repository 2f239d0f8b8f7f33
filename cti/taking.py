"""Lets a caller speak after a tone while the PBX writes it down."""

import asyncio

from cti.messages import SoundTaken
from cti.port import Taking
from cti.session import CallSession

TONE, TONE_S = "tone:record", 0.4
"""The tone after which a caller speaks: 950 Hz, as GB/T 3380 has it for recording."""
MORE_S = 10.0
"""The PBX ends a recording by itself; one whose end is not told so long after its limit is taken as failed."""


async def take_sound(session: CallSession, name: str, longest_s: int, silence_s: int) -> SoundTaken:
    """Let the caller speak after a tone; return once that is written down under `name`. Raises PbxRefused."""
    await session.sound([TONE], TONE_S)
    await session.world.pbx.take_sound(Taking(session.call.id, name, longest_s, silence_s))
    return await sound_taken(session, name, longest_s)


async def sound_taken(session: CallSession, name: str, longest_s: int) -> SoundTaken:
    """Wait until what is being written under `name` has its end."""
    loop = asyncio.get_running_loop()
    until = loop.time() + longest_s + MORE_S
    while (message := await session.receive(max(0.0, until - loop.time()))) is not None:
        if isinstance(message, SoundTaken) and message.name == name:
            return message
    return SoundTaken(name, failed=True, spoken_s=0.0)
