"""The `Speaker` of the menu on the rooms of `speech/`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.errors import Unavailable
from core.policy import Policy
from speech.prompts import PromptPack, foreign
from speech.synthesis import Voice


class OtherLanguage(Protocol):
    """The prompts of a language beside the site's own, and its voice for sentences, where there is one."""

    pack: PromptPack
    voice: Voice | None


class VoiceSpeaker:
    """Prompts from the pack, sentences from the voice."""

    def __init__(
        self, pack: PromptPack, voice: Voice, policy: Policy, others: Mapping[str, OtherLanguage] | None = None
    ) -> None:
        self._pack = pack
        self._others = others or {}
        self._voice = voice
        self._wait = policy.number("synthesis_wait")

    def prompt(self, prompt: str, language: str = "") -> str:
        """Return the media of a prompt, in `language` where that pack has it. Raises NotFound when not rendered."""
        other = self._others.get(foreign(prompt) or language)
        if other is not None and prompt in other.pack.prompts and other.pack.has(prompt):
            return other.pack.media(prompt)
        return self._pack.media(prompt)

    def can_say(self, prompt: str) -> bool:
        """Tell whether a prompt of another language alone is there; one of the site's own always counts as such."""
        other = self._others.get(foreign(prompt))
        return not foreign(prompt) or (other is not None and prompt in other.pack.prompts and other.pack.has(prompt))

    def speaks(self, language: str) -> bool:
        """Tell whether every prompt of another language is there: rendered, or recorded by people."""
        other = self._others.get(language)
        return other is not None and not other.pack.missing()

    def tells(self, language: str) -> bool:
        """Tell whether there is a voice for sentences in another language."""
        return self._other_voice(language) is not None

    def wake(self, language: str) -> None:
        """Load the voice of another language, where there is one."""
        if (voice := self._other_voice(language)) is not None:
            voice.wake()

    def prepare(self, sentence: str, language: str = "") -> None:
        """Begin to synthesise a sentence that will be wanted soon, where there is a voice for it."""
        voice = self._other_voice(language) if language else self._voice
        if voice is not None:
            voice.prepare(sentence)

    async def sentence(self, sentence: str, language: str = "") -> Sequence[str]:
        """Return the media of a sentence. Raises Unavailable when it can be said in no way in time.

        A voice that is still loading is not waited for where fragments can say it.
        """
        voice = self._other_voice(language) if language else self._voice
        if voice is None:
            raise Unavailable("there is no voice for this language")
        media = await voice.media(sentence, within=self._wait if voice.healthy else 0.0)
        if not media:
            raise Unavailable("a sentence could not be said")
        return media

    def _other_voice(self, language: str) -> Voice | None:
        other = self._others.get(language)
        return other.voice if other else None
