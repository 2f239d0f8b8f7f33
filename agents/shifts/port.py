"""What shifts need of the rooms above: a way to tell people, and what is seen of the queues."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from agents.shifts.model import Duty
from agents.shifts.triggers import Signals


class Messenger(Protocol):
    """Tells people at the telephone number of their duty."""

    def put(self, connection: Connection, about: str, duties: Sequence[Duty], text: str) -> None:
        """Write one message for each who has a number, in the caller's transaction; once for each `about`."""
        ...

    def wake(self) -> None:
        """Send what was written; called after the commit."""
        ...


class Outlook(Protocol):
    """Says how things stand."""

    def signals(self) -> Signals:
        """Return what is seen now, without weather notices."""
        ...


class Mute:
    """A `Messenger` that tells nobody."""

    def put(self, connection: Connection, about: str, duties: Sequence[Duty], text: str) -> None: ...

    def wake(self) -> None: ...
