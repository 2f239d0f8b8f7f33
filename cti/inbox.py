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
    """Messages in order of arrival, for the one task of the call."""

    def __init__(self) -> None:
        self._messages: deque[Message | Asked] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._over = False
        """The time of who waits is over."""

    def put(self, message: Message | Asked) -> bool:
        """Add a message; False when it was dropped because the inbox is full."""
        if len(self._messages) >= LIMIT and not isinstance(message, ChannelGone):
            return False
        self._messages.append(message)
        self._wake()
        return True

    async def get(self, timeout: float | None) -> Message | Asked | None:
        """Return the next message, or None when none comes within `timeout` seconds (None: no limit)."""
        if self._messages:
            return self._messages.popleft()
        # By hand: every message of every call is waited for here, and asyncio.timeout costs several times as much.
        loop = asyncio.get_running_loop()
        self._over = False
        timer = None if timeout is None else loop.call_later(timeout, self._expire)
        try:
            while not (self._messages or self._over):
                self._waiting = loop.create_future()
                await self._waiting
        finally:
            if timer is not None:
                timer.cancel()
        return self._messages.popleft() if self._messages else None

    def _expire(self) -> None:
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def forget(self, kinds: UnionType) -> None:
        """Take out messages of some kinds, unread."""
        self._messages = deque(message for message in self._messages if not isinstance(message, kinds))

    def drain(self) -> list[Asked]:
        """Empty the inbox and return the commands that were in it, for whoever asked to be told."""
        left = [message for message in self._messages if isinstance(message, Asked)]
        self._messages.clear()
        return left
