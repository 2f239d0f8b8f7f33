"""The `Speaker` of the menu on the rooms of `speech/`."""

from collections.abc import Sequence

from core.errors import Unavailable
from core.policy import Policy
from speech.prompts import PromptPack
from speech.synthesis import Voice


class VoiceSpeaker:
    """Prompts from the pack, sentences from the voice."""

    def __init__(self, pack: PromptPack, voice: Voice, policy: Policy) -> None:
        self._pack = pack
        self._voice = voice
        self._wait = policy.number("synthesis_wait")

    def prompt(self, prompt: str) -> str:
        """Return the media of a prompt. Raises NotFound when it is not rendered."""
        return self._pack.media(prompt)

    def prepare(self, sentence: str) -> None:
        """Begin to synthesise a sentence that will be wanted soon."""
        self._voice.prepare(sentence)

    async def sentence(self, sentence: str) -> Sequence[str]:
        """Return the media of a sentence. Raises Unavailable when it can be said in no way in time.

        A voice that is still loading is not waited for where fragments can say it.
        """
        media = await self._voice.media(sentence, within=self._wait if self._voice.healthy else 0.0)
        if not media:
            raise Unavailable("a sentence could not be said")
        return media
