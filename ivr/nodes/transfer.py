"""transfer: put the caller through to a number outside that the flow permits."""

from typing import ClassVar, Literal

from pydantic import Field

from cti import transfer
from cti.events import CallPutThrough
from cti.transfer import TALKED, Outside
from ivr.call import IvrCall
from ivr.node import NAME, Node, Prompts, Target

NUMBER = "^(0[1-9]|[1-9][0-9])[0-9]{1,10}$"
"""A number at home, written in the flow: no variable, so no key of a caller ever becomes a number that we dial."""


class Transfer(Node):
    """Says `prompts` and rings `number`, one of the flow's `outside_numbers`; the journal calls it `name`.

    After the talk: `next`; busy: `busy`; not answered within the policy's `transfer_ring`: `no_answer`; anything else:
    `failed`. Entered again after a restart it goes on with the ringing or the talk.
    """

    by_caller: ClassVar[frozenset[str]] = frozenset()

    do: Literal["transfer"]
    name: str = Field(pattern=NAME)
    number: str = Field(pattern=NUMBER)
    prompts: Prompts = ("transfer",)
    sorry: Prompts = ("transfer_failed",)
    busy: Target
    no_answer: Target
    failed: Target
    next: Target

    async def run(self, call: IvrCall, here: str) -> str | None:
        talked = any(isinstance(event, CallPutThrough) for event in call.since)
        if not call.since:
            await call.say(self.prompts)
        ring, longest = call.number("transfer_ring"), call.number("transfer_longest")
        outside = Outside(self.number, self.name, ring, longest)
        end = await transfer.put_through(call.session, outside, again=bool(call.since), talked=talked)
        if end == TALKED:
            return self.next
        await call.say(self.sorry)
        return {"busy": self.busy, "no_answer": self.no_answer}.get(end, self.failed)
