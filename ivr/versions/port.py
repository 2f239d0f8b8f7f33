"""What publishing needs of the outside: prompts that are there, and a call in text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.flow import Flow
from ivr.versions.model import Files


class PromptMaker(Protocol):
    """Makes what a flow says, away from live calls."""

    def know(self, flow: Flow) -> None:
        """Take in the texts that the flow itself brings along, so that its prompts can be asked for."""
        ...

    async def make_ready(self, flow: Flow) -> None:
        """Have every prompt of `flow` rendered. Raises PromptsFailed with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call to be held in text: the flow's id and files, the caller's number ("" withheld), steps, and the moment."""

    flow: str
    files: Files
    caller: str
    keys: str
    at: datetime | None = None


class Simulator(Protocol):
    """Holds a call in text in virtual time."""

    async def simulate(self, call: SimulatedCall) -> list[str]:
        """Return the conversation, a line each. Raises FlowError, BadInput, Unavailable when it takes too long."""
        ...
