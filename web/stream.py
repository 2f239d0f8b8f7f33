"""The numbered messages of one agent's desktop: kept for a while, so that a socket which comes back misses nothing.

What changes the state of a desktop is numbered and kept. What does not (figures of the queues, answers to one
socket) bears the number of the last kept message, so the highest number seen is always the one to resume after.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

KEPT = 200
"""Messages kept for `since`: some minutes of a busy seat."""
WAITING = 400
"""Messages that may wait for one socket, more than are kept; one further behind is closed and may resume."""
TOO_SLOW = 4408
"""Close code of a socket that did not read fast enough."""
SIGNED_OUT = 4401
"""Close code of a socket whose session ended."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message before it has its number: `rest` is its JSON object without type, seq and at, made once for all."""

    kind: str
    at: datetime
    rest: str

    def numbered(self, seq: int) -> str:
        """Return the JSON text of the message under the number `seq`."""
        head = f'{{"type":"{self.kind}","seq":{seq},"at":"{self.at.isoformat()}"'
        return f"{head},{self.rest[1:]}" if len(self.rest) > 2 else head + "}"


class Outlet:
    """What waits to be written to one socket. Bounded: one that is full is closed with `code` and `reason`."""

    def __init__(self, token: str = "", waiting: int = WAITING) -> None:
        self.token = token
        """The session under which the socket was opened."""
        self._texts: asyncio.Queue[str] = asyncio.Queue(waiting)
        self.closed = asyncio.Event()
        self.code = 1000
        self.reason = ""

    def put(self, text: str) -> None:
        """Add a text; when the socket is too far behind, drop what waits and close it."""
        if self.closed.is_set():
            return
        try:
            self._texts.put_nowait(text)
        except asyncio.QueueFull:
            self.close(TOO_SLOW, "too slow: come back with ?since= of the last seq you have")

    def close(self, code: int, reason: str) -> None:
        """Let the socket be closed with `code`; the first reason counts."""
        if not self.closed.is_set():
            self.code, self.reason = code, reason
            self.closed.set()

    async def next(self) -> str:
        """Return the next text to write."""
        return await self._texts.get()

    def __len__(self) -> int:
        return self._texts.qsize()


class Stream:
    """One agent's messages, numbered without gaps, to every socket that the agent has open.

    Numbers begin at `first`. A restarted service begins at a later one (milliseconds of the day it started), so that
    a number of the service before it is never mistaken for one of its own.
    """

    def __init__(self, first: int, kept: int = KEPT) -> None:
        self.seq = first - 1
        """The number of the last message."""
        self._kept: deque[tuple[int, str]] = deque(maxlen=kept)
        self._outlets: set[Outlet] = set()

    def __len__(self) -> int:
        return len(self._outlets)

    def put(self, message: Message) -> None:
        """Number `message`, keep it and give it to every socket."""
        self.seq += 1
        text = message.numbered(self.seq)
        self._kept.append((self.seq, text))
        for outlet in tuple(self._outlets):
            outlet.put(text)

    def pass_on(self, message: Message) -> None:
        """Give `message` to every socket without keeping it: it bears the number of the last kept one."""
        text = message.numbered(self.seq)
        for outlet in tuple(self._outlets):
            outlet.put(text)

    def attach(self, outlet: Outlet, since: int | None) -> bool:
        """Let `outlet` have all messages after `since` and every further one.

        False: `since` is unknown or too old, only further ones come; the state must be told in full.
        """
        resumed = since is not None and self._oldest() - 1 <= since <= self.seq
        if since is not None and resumed:
            for seq, text in self._kept:
                if seq > since:
                    outlet.put(text)
        self._outlets.add(outlet)
        return resumed

    def detach(self, outlet: Outlet) -> None:
        """Give `outlet` nothing more."""
        self._outlets.discard(outlet)

    def close(self, code: int, reason: str, token: str | None = None) -> None:
        """Close every socket of the agent, or those of the session `token`."""
        for outlet in tuple(self._outlets):
            if token is None or outlet.token == token:
                outlet.close(code, reason)

    def _oldest(self) -> int:
        return self._kept[0][0] if self._kept else self.seq + 1
