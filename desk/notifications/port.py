"""What sends notes to telephones: a file by default, a text-message centre in an installation."""

from typing import Protocol

from core.errors import Unavailable
from desk.notifications.model import Note


class GatewayDown(Unavailable):
    """The gateway does not take the note now."""

    code = "gateway_down"


class Gateway(Protocol):
    """Takes notes for sending."""

    async def send(self, note: Note) -> None:
        """Take a note; one that was taken before (same id) may come again after a crash. Raises GatewayDown."""
        ...
