"""What happened to callers who are parked."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParked(Event):
    """The caller waits with music at the numbered `place` until somebody picks up; `agent_id` parked them.

    `since`: when that was, for a caller who is there again because whoever picked up did not answer.
    """

    call_id: str
    agent_id: str
    place: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnparked(Event):
    """The caller's parking is over: `why` is picked_up (by `agent_id`) or too_long; the place is free again."""

    call_id: str
    place: int
    why: str
    agent_id: str | None = None
