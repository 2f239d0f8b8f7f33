"""silence: a caller who never pressed a key gets a person by day, the silent-call script at night and in storms."""

from typing import ClassVar, Literal

from pydantic import Field

from ivr.call import IvrCall
from ivr.events import SilencePromptGiven
from ivr.node import Node, Prompts, Target
from ivr.silence import PROMPTS
from ivr.silent_script import How, say_script


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
        if not given and not _script_runs(call):
            return self.person
        end = await say_script(call, here, first=(given or [1])[-1], prompts=self.prompts)
        if end.how is How.RELEASED:
            call.session.end = ("system", "silent")
            return None
        return {How.SPEECH: self.heard, How.KEY: self.pressed}.get(end.how, self.person)


def _script_runs(call: IvrCall) -> bool:
    """Whether it is night at the site or there is a storm."""
    hour, since, until = call.services.hour(), call.number("silent_script_from"), call.number("silent_script_until")
    night = since <= hour or hour < until if since > until else since <= hour < until
    return night or call.services.storm.on()
