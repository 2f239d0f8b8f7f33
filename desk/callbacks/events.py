"""What happens to callbacks."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffered(Event):
    """The caller heard at `node` that a callback can be booked."""

    call_id: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackBooked(Event):
    """The caller will be rung back; once for a call. `callback_id` names the booking, `queue` where the place is."""

    call_id: str
    callback_id: str
    queue: str
