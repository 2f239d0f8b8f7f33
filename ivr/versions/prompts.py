"""The `PromptMaker` on the rooms of `speech/`: prompts of a flow, rendered behind live calls."""

import asyncio

from core.errors import Conflict, HotlineError
from ivr.flow import Flow
from speech.prompts import PromptPack
from speech.synthesis import Voice

LIMIT_S = 300.0
"""A flow of all new words takes a minute or two; what takes longer than this is given up."""
GREETINGS = ("greeting_morning", "greeting_day")


class PromptsFailed(Conflict):
    """What the flow says could not be made."""

    code = "prompts_failed"


def spoken(flow: Flow) -> list[str]:
    """Return the ids of the prompts that the flow says, `greeting` as the two that it stands for."""
    return [p for each in flow.prompts() for p in (GREETINGS if each == "greeting" else (each,))]


class VoicePrompts:
    """Renders into the pack from which calls are served."""

    def __init__(self, pack: PromptPack, voice: Voice) -> None:
        self._pack = pack
        self._voice = voice

    def know(self, flow: Flow) -> None:
        """Take in the texts that the flow itself brings along."""
        self._pack.add(flow.said())

    async def make_ready(self, flow: Flow) -> None:
        """Have every prompt of `flow` rendered. Raises PromptsFailed with the reason."""
        self.know(flow)
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._voice.render(self._pack, spoken(flow))
        except TimeoutError:
            why = f"the voice took longer than {LIMIT_S:.0f} s"
        except (HotlineError, ValueError, OSError) as error:
            why = str(error)
        else:
            return
        missing = [p for p in spoken(flow) if not self._pack.has(p)]
        raise PromptsFailed(
            f"{len(missing)} prompts of the flow could not be made: {why}; nothing was published, try again",
            why=why,
            missing=missing,
        )
