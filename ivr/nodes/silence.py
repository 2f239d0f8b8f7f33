"""silence: a caller who never pressed a key gets a person by day, the silent-call script at night and in storms."""

import asyncio
from typing import ClassVar, Literal

from pydantic import Field

from core.events import Event
from cti.listening import listening
from cti.port import PbxRefused
from ivr.call import IvrCall
from ivr.events import SilenceBroken, SilencePromptGiven, SilenceReleased, SilenceUnheard
from ivr.node import Node, Prompts, Target
from ivr.silence import PROMPTS, SPEAKING, Heard, Passed, Said, Script, Stage, advance, begin
from speech.port import SpeechDetector
from speech.vad import VadDown


class Silence(Node):
    """Between the policy's `silent_script_from` and `silent_script_until`, and in storm mode, runs the script of
    `ivr/silence.py`: speech leads to `heard`, a key, which is read there, to `pressed`; a caller who is silent
    throughout is released. At other hours the caller goes to `person` at once.

    Silence that nobody listens to is none: where the caller cannot be heard (the PBX or the speech detection
    fails), or a prompt cannot be played, `person` follows too. After a restart the script goes on with the
    prompt that was given last, and its pause begins anew.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset({"heard", "pressed"})
    ends: ClassVar[bool] = True

    do: Literal["silence"]
    prompts: Prompts = Field(PROMPTS, min_length=len(PROMPTS), max_length=len(PROMPTS))
    person: Target
    heard: Target
    pressed: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        given = [event.prompt for event in call.since if isinstance(event, SilencePromptGiven)]
        detector = call.services.detector
        if not given and not _script_runs(call):
            return self.person
        if detector is None:
            return self._unheard(call, here, "no_detector")
        try:
            return await self._listened_to(
                call, here, detector, begin(call.number("silence_pause"), (given or [1])[-1])
            )
        except (PbxRefused, VadDown) as error:
            return self._unheard(call, here, error.code)

    async def _listened_to(self, call: IvrCall, here: str, detector: SpeechDetector, script: Script) -> str | None:
        session, loop = call.session, asyncio.get_running_loop()
        async with listening(session, detector):
            while not script.over:
                number, speaking = script.number, script.stage in SPEAKING
                said = await self._say(call, here, number) if speaking else False
                if not speaking:
                    await session.quiet(script.left(loop.time()))
                if session.spoke or session.pressed:
                    script = advance(script, Heard(loop.time()))
                elif session.deaf is not None or (speaking and not said):
                    return self._unheard(call, here, session.deaf or "prompt_not_played")
                else:
                    script = advance(script, Said(loop.time()) if speaking else Passed(loop.time()))
            return await self._over(call, here, script, number)

    async def _say(self, call: IvrCall, here: str, number: int) -> bool:
        """Say a prompt; tell whether it was played to its end."""
        call.session.note(SilencePromptGiven(at=call.services.clock.now(), call_id=call.id, node=here, prompt=number))
        return await call.session.play([call.services.speaker.prompt(self.prompts[number - 1])])

    async def _over(self, call: IvrCall, here: str, script: Script, number: int) -> str | None:
        now, session = call.services.clock.now(), call.session
        event: Event
        if script.stage is Stage.RELEASED:
            session.end = ("system", "silent")
            await session.tell(SilenceReleased(at=now, call_id=call.id, node=here))
            return None
        by, following = ("key", self.pressed) if session.pressed else ("speech", self.heard)
        event = SilenceBroken(at=now, call_id=call.id, node=here, prompt=number, by=by)
        session.note(event)
        return following

    def _unheard(self, call: IvrCall, here: str, why: str) -> str:
        call.session.note(SilenceUnheard(at=call.services.clock.now(), call_id=call.id, node=here, why=why))
        return self.person


def _script_runs(call: IvrCall) -> bool:
    """Whether it is night at the site or there is a storm."""
    hour, since, until = call.services.hour(), call.number("silent_script_from"), call.number("silent_script_until")
    night = since <= hour or hour < until if since > until else since <= hour < until
    return night or call.services.storm()
