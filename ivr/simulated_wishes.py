"""What simulated callers leave behind: each wish is a line of the conversation."""

from collections.abc import Sequence
from datetime import datetime

from desk.callbacks import model, speech
from ivr.call import Desk
from ivr.port import Booking, Place, Wanted
from ivr.simulated_line import Line


class Wishes:
    """Notes when the power is back: the outages are those of the customer system."""

    def __init__(self, line: Line, desk: Desk) -> None:
        self._line = line
        self._desk = desk

    async def watchable(self, accounts: Sequence[str]) -> bool:
        return any([(await self._desk.by_account(account)).outages for account in accounts])

    async def watch(self, call_id: str, number: str, accounts: Sequence[str]) -> bool:
        self._line.tell("event", "will be told when the power is back")
        return await self.watchable(accounts)


class Said:
    """Messages: there is always room, and what is said is a line of the conversation."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def place(self, call_id: str, what: str) -> Place | None:
        return Place(f"{call_id}-{what}-1")

    async def begins(self, name: str) -> None:
        self._line.tell("event", "the caller speaks")

    async def drop(self, name: str) -> None:
        self._line.tell("event", "what was said is forgotten")

    async def send(self, name: str) -> bool:
        self._line.tell("event", "what was said is kept")
        return True


class Bookings:
    """Callbacks: each is a line of the conversation and rings nobody."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def dialable(self, number: str) -> bool:
        return model.dialable(number)

    def number(self, number: str) -> str:
        return speech.number_said(number).text

    async def book(self, wanted: Wanted) -> Booking:
        self._line.tell("event", f"a callback is booked: {wanted.part}")
        return Booking(new=True)

    def place_of(self, number: str, queue: str) -> datetime | None:
        return None
