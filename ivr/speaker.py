"""The `Speaker` of the menu on the rooms of `speech/`."""

from collections.abc import Mapping, Sequence

from core.errors import Unavailable
from core.policy import Policy
from speech.prompts import PromptPack, foreign
from speech.synthesis import Voice


class VoiceSpeaker:
    """Prompts from the pack, sentences from the voice."""

    def __init__(
        self, pack: PromptPack, voice: Voice, policy: Policy, others: Mapping[str, PromptPack] | None = None
    ) -> None:
        self._pack = pack
        self._others = others or {}
        self._voice = voice
        self._wait = policy.number("synthesis_wait")

    def prompt(self, prompt: str, language: str = "") -> str:
        """Return the media of a prompt, in `language` where that pack has it. Raises NotFound when not rendered."""
        other = self._others.get(foreign(prompt) or language)
        if other is not None and prompt in other.prompts and other.has(prompt):
            return other.media(prompt)
        return self._pack.media(prompt)

    def speaks(self, language: str) -> bool:
        """Tell whether every prompt of another language is there: rendered, or recorded by people."""
        other = self._others.get(language)
        return other is not None and not other.missing()

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
