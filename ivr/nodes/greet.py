"""greet: the first words of a call; in a storm the outages of the moment take their place."""

import contextlib
from typing import Literal

from core.errors import Unavailable
from ivr.call import IvrCall
from ivr.node import Node, Prompts, Target


class Greet(Node):
    """Says `prompts`; in storm mode `storm` instead, and then the latest outages that hold now, whoever calls.

    A key cuts it short and counts for the menu: who reports danger need not hear it to the end. A voice that cannot
    say an outage costs only that.
    """

    do: Literal["greet"]
    prompts: Prompts = ("greeting",)
    storm: Prompts = ("storm_notice",)
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        if not call.services.storm.on():
            await call.say(self.prompts)
            return self.next
        await call.say(self.storm)
        with contextlib.suppress(Unavailable):
            await call.tell(call.services.storm.news())
        return self.next
