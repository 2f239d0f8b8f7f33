"""The inbox of a call: bounded, and a hang-up is never dropped."""

import asyncio
from collections import deque
from dataclasses import dataclass
from types import UnionType

from cti.messages import ChannelGone, Command, Message

LIMIT = 200
"""More unread messages than this come only from a broken or hostile phone; keys beyond it are dropped."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with the future through which its outcome is told."""

    command: Command
    outcome: asyncio.Future[None]


class Inbox:
    """Messages in order of arrival."""

    def __init__(self) -> None:
        self._messages: deque[Message | Asked] = deque()
        self._filled = asyncio.Event()

    def put(self, message: Message | Asked) -> bool:
        """Add a message; False when it was dropped because the inbox is full."""
        if len(self._messages) >= LIMIT and not isinstance(message, ChannelGone):
            return False
        self._messages.append(message)
        self._filled.set()
        return True

    async def get(self, timeout: float | None) -> Message | Asked | None:
        """Return the next message, or None when none comes within `timeout` seconds (None: no limit)."""
        try:
            async with asyncio.timeout(timeout):
                while not self._messages:
                    self._filled.clear()
                    await self._filled.wait()
        except TimeoutError:
            if not self._messages:  # one may have come in the same turn of the loop
                return None
        return self._messages.popleft()

    def forget(self, kinds: UnionType) -> None:
        """Take out messages of some kinds, unread."""
        self._messages = deque(message for message in self._messages if not isinstance(message, kinds))

    def drain(self) -> list[Asked]:
        """Empty the inbox and return the commands that were in it, for whoever asked to be told."""
        left = [message for message in self._messages if isinstance(message, Asked)]
        self._messages.clear()
        return left
