"""A report of a nuisance call, and a number that is not served for a time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """A call that an agent has reported: `phone` empty when it was withheld."""

    call_id: str
    phone: str
    agent_id: str
    at: datetime
    released: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A number that is not served from `since` until `until`, unless lifted before."""

    id: str
    phone: str
    since: datetime
    until: datetime
    by: str
    note: str = ""
    lifted_at: datetime | None = None
    lifted_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether the number is not served at `now`; at `until` itself it is."""
        return self.lifted_at is None and self.since <= now < self.until
