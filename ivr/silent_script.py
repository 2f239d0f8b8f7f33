"""Says the silent-call script of `ivr/silence.py` to one caller, in the menu and on an agent's line alike."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cti.listening import listening
from cti.port import PbxRefused
from ivr.call import IvrCall
from ivr.events import SilenceBroken, SilencePromptGiven, SilenceReleased, SilenceUnheard
from ivr.silence import PROMPTS, SPEAKING, Heard, Passed, Said, Script, Stage, advance, begin
from speech.port import SpeechDetector
from speech.vad import VadDown


class How(StrEnum):
    """How a script ended."""

    RELEASED = "released"
    """Three prompts and three whole pauses passed in silence: the caller may be let go."""
    SPEECH = "speech"
    KEY = "key"
    RECALLED = "recalled"
    """The agent took the caller back."""
    UNHEARD = "unheard"
    """The caller cannot be listened to, or a prompt cannot be played: silence means nothing."""


@dataclass(frozen=True, slots=True)
class ScriptEnd:
    """How the script ended, at which `prompt` (1 to 3)."""

    how: How
    prompt: int


async def say_script(call: IvrCall, here: str, *, first: int = 1, prompts: Sequence[str] = PROMPTS) -> ScriptEnd:
    """Say the script from prompt `first` on and journal it; returns once the caller is heard or silent to the end."""
    detector = call.services.detector
    if detector is None:
        return _unheard(call, here, "no_detector", first)
    script = begin(call.number("silence_pause"), first)
    try:
        return await _listened_to(_Saying(call, here, prompts), detector, script)
    except (PbxRefused, VadDown) as error:
        return _unheard(call, here, error.code, first)


@dataclass(frozen=True, slots=True)
class _Saying:
    call: IvrCall
    here: str
    prompts: Sequence[str]

    async def say(self, number: int) -> bool:
        """Say a prompt; tell whether it was played to its end."""
        call, now = self.call, self.call.services.clock.now()
        call.session.note(SilencePromptGiven(at=now, call_id=call.id, node=self.here, prompt=number))
        return await call.session.play([call.services.speaker.prompt(self.prompts[number - 1])])


async def _listened_to(saying: _Saying, detector: SpeechDetector, script: Script) -> ScriptEnd:
    call, loop = saying.call, asyncio.get_running_loop()
    session, number = call.session, script.number
    async with listening(session, detector):
        while not script.over:
            number, speaking = script.number, script.stage in SPEAKING
            said = await saying.say(number) if speaking else False
            if not speaking:
                await session.quiet(script.left(loop.time()))
            if session.spoke or session.pressed:
                script = advance(script, Heard(loop.time()))
            elif session.recalled:
                return ScriptEnd(How.RECALLED, number)
            elif session.deaf is not None or (speaking and not said):
                return _unheard(call, saying.here, session.deaf or "prompt_not_played", number)
            else:
                script = advance(script, Said(loop.time()) if speaking else Passed(loop.time()))
        return await _over(call, saying.here, script, number)


async def _over(call: IvrCall, here: str, script: Script, number: int) -> ScriptEnd:
    now, session = call.services.clock.now(), call.session
    if script.stage is Stage.RELEASED:
        await session.tell(SilenceReleased(at=now, call_id=call.id, node=here))
        return ScriptEnd(How.RELEASED, number)
    how = How.KEY if session.pressed else How.SPEECH
    session.note(SilenceBroken(at=now, call_id=call.id, node=here, prompt=number, by=how.value))
    return ScriptEnd(how, number)


def _unheard(call: IvrCall, here: str, why: str, number: int) -> ScriptEnd:
    call.session.note(SilenceUnheard(at=call.services.clock.now(), call_id=call.id, node=here, why=why))
    return ScriptEnd(How.UNHEARD, number)
