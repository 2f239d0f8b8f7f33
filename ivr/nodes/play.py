"""play: say prompts, then go on."""

from typing import Literal

from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target


class Play(Node):
    """Says `prompts`; a key pressed meanwhile cuts them short unless `interruptible` is false."""

    do: Literal["play"]
    prompts: Prompts
    interruptible: bool = True
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        await call.say(self.prompts, interruptible=self.interruptible)
        return self.next
