"""hangup: say goodbye and end the call."""

from typing import ClassVar, Literal

from ivr.call import IvrCall
from ivr.node import Node, Prompts


class Hangup(Node):
    """Says `prompts` and ends the call; `why` goes into the journal."""

    ends: ClassVar[bool] = True

    do: Literal["hangup"]
    prompts: Prompts = ("goodbye",)
    why: str = "finished"

    async def run(self, call: IvrCall, here: str) -> str | None:
        call.session.end = ("system", self.why)
        await call.say(self.prompts, interruptible=False)
        return None
