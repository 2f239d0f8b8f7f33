"""What a caller can leave behind, as the menu uses it: a wish to be told of power, a message, an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Watches(Protocol):
    """Notes to callers without power once it is back (`ivr/watches.py` does it)."""

    async def watchable(self, accounts: Sequence[str]) -> bool:
        """Tell whether an outage or an open fault explains why one of the accounts has no power."""
        ...

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        """Let the telephone `number` be told when it is over, once for each cause; False: it is over already."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the PBX writes down what a caller says; `said`: it has something already, from before a restart."""

    name: str
    said: bool = False
    taking: bool = False
    """It is writing just now, from before a restart."""


class Messages(Protocol):
    """What callers say to the machine; `what` is message or address (`ivr/messages.py` does it)."""

    async def place(self, call_id: str, what: str) -> Place | None:
        """Return where the next message of a call goes; None: there is no room for it."""
        ...

    async def begins(self, name: str) -> None:
        """The caller is about to speak."""
        ...

    async def drop(self, name: str) -> None:
        """Forget what the caller does not want to send."""
        ...

    async def send(self, name: str) -> bool:
        """Keep what was said; a message becomes a work order. False: there was no sound in it."""
        ...
