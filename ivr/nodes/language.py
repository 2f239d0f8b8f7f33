"""language, offer_language: in which language the caller hears the prompts that follow."""

from typing import ClassVar, Literal

from ivr.call import LANGUAGE, IvrCall
from ivr.events import LanguageChosen
from ivr.node import MaybeTarget, Node, Prompts, Target

HOME = "zh-CN"


class Language(Node):
    """From now on prompts are said in `to`, where that pack has them, and sentences are asked for in it.

    A restart keeps it. A language whose pack is not whole yet leads to `unready`, and changes nothing.
    """

    do: Literal["language"]
    to: Literal["zh-CN", "en"]
    unready: MaybeTarget = None
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        if self.to != HOME and not call.services.speaker.speaks(self.to):
            return self.unready or self.next
        chosen = "" if self.to == HOME else self.to
        if chosen != call.language:
            call.known.pop(LANGUAGE, None)
            if chosen:
                call.known[LANGUAGE] = chosen
                call.services.speaker.wake(chosen)
            call.ask_again()
        call.session.note(LanguageChosen(at=call.services.clock.now(), call_id=call.id, language=self.to))
        return self.next


class OfferLanguage(Node):
    """Says `prompts` of the language `to`, where the site offers it and its pack is whole; else nothing."""

    leads_on: ClassVar[bool] = True

    do: Literal["offer_language"]
    to: Literal["en"]
    prompts: Prompts
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        if self.to in call.services.offered and call.services.speaker.speaks(self.to):
            await call.say(self.prompts)
        return self.next
