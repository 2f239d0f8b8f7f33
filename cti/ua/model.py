"""The states and moments of a call, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.errors import Conflict, Unavailable

By = Literal["us", "them", "nobody"]


class CallOver(Conflict):
    """The call is over."""

    code = "call_over"


class CallRefused(Unavailable):
    """The other side does not take the call or the change; `details` has its SIP code."""

    code = "call_refused"


class CallState(StrEnum):
    """Where a call is: calling until anybody rings, answered between 200 and the end."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended the call: us, them, or nobody (no reply); the SIP code: 200 for BYE, 487 for CANCEL."""

    by: By
    code: int
    reason: str
    at: float
    """Seconds from the INVITE."""


@dataclass(slots=True)
class Times:
    """Moments in seconds from the INVITE; None for what has not happened."""

    trying: float | None = None
    ringing: float | None = None
    early_media: float | None = None
    answered: float | None = None
    bye_sent: float | None = None
    bye_received: float | None = None
    cancelled: float | None = None
    ended: float | None = None
