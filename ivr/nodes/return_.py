"""return: leave a part that several places share, for the place from which the caller came into it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr import parts
from ivr.call import IvrCall
from ivr.node import Node
from ivr.nodes.subflow import EXIT


class Return(Node):
    """Goes where the `subflow` node through which the caller came into this part leads with the exit `exit`."""

    leads_on: ClassVar[bool] = True

    do: Literal["return"]
    exit: Annotated[str, Field(pattern=EXIT)]

    async def run(self, call: IvrCall, here: str) -> str | None:
        return parts.leave(call.known, call.exits(), self.exit)
