"""What happens to callbacks."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffered(Event):
    """The caller heard at `node` that a callback can be booked."""

    call_id: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackBooked(Event):
    """The caller will be rung back; once for a call. `callback_id` names the booking, `queue` where the place is.

    `not_before`: from when on; `not_after`: until when, where the caller chose a part of a day.
    """

    call_id: str
    callback_id: str
    queue: str
    not_before: datetime | None = None
    not_after: datetime | None = None
