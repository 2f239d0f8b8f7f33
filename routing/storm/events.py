"""What storm mode did to a call."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShed(Event):
    """A new caller was told that the queue is full: `waiting` in it, the expected wait (median) in seconds, or None."""

    call_id: str
    queue: str
    waiting: int
    wait_p50_s: float | None = None
