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


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonedTaken(Event):
    """Somebody lets a caller who hung up while waiting be rung back: `callback_id` names it, `agent_id` who."""

    call_id: str
    callback_id: str
    queue: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDialled(Event):
    """The call `call_id` of an agent, the `number`th for it, is to reach the customer; `of_call`: where it comes from.

    The queue had it `waited_s` after the caller began to wait.
    """

    call_id: str
    agent_id: str
    callback_id: str
    of_call: str
    queue: str
    number: int
    waited_s: float
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackMissed(Event):
    """The call `call_id` has not reached the customer, whose phone had `rung` or not; `again_at`: not before."""

    call_id: str
    callback_id: str
    rung: bool
    why: str
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSkipped(Event):
    """The agent does not want the callback of the call `call_id` now; `again_at`: not before."""

    call_id: str
    agent_id: str
    callback_id: str
    reason: str
    again_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackClosed(Event):
    """The callback is finished: `outcome` says how, `call_id` with which call (else that of the wish)."""

    call_id: str
    callback_id: str
    outcome: str
    reason: str = ""
    agent_id: str | None = None
