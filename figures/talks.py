"""A talk as a row of stretches: the caller hears the agent, or music."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

C = TypeVar("C")
TALK, HOLD = "TALK_CLOCK", "HOLD_CLOCK"
"""The symbols of a stretch on the clock."""
WHOLE = {TALK: "TALK", HOLD: "HOLD"}
"""The symbols of the same time, counted where the contact is."""


@dataclass(slots=True)
class Talk(Generic[C]):
    """A talk of `contact` with an agent; `since`: when its latest stretch began, `held`: whether that is music."""

    contact: C
    agent_id: str
    since: datetime
    held: bool = False
    stretches: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def change(self, at: datetime) -> None:
        """End a stretch at `at` and begin the other kind; a clock that was set back ends it at once."""
        at = max(at, self.since)
        self.stretches.append((HOLD if self.held else TALK, self.since, at))
        self.since, self.held = at, not self.held
