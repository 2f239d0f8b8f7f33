"""What happened to the people who answer, to their seats and to their accounts."""

from dataclasses import dataclass, field
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """The user `by` signed in from `address`."""

    by: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """The user `by` ended a sign-in of their own from `address`."""

    by: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """Somebody at `address` was not let in; `why`: wrong_password, unknown_user or disabled.

    `user_id`: whose name was given; empty when nobody has it, and what was typed is not kept: it may be a password.
    `locked`: name or address, or both, are not heard for a while from now on; what they try meanwhile is not told.
    """

    address: str
    why: str
    user_id: str = ""
    locked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentForced(Event):
    """Who leads the shift, `by`, moved an agent's presence to `wanted` (during a call: what comes after it)."""

    agent_id: str
    by: str
    wanted: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoggedIn(Event):
    """The agent took the seat `seat_id`; not yet ready."""

    agent_id: str
    seat_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoggedOut(Event):
    """The agent left the seat."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """Presence moved `from_` one state `to` another for `cause`; `reason` is what the agent said of a break."""

    agent_id: str
    from_: str
    to: str
    cause: str
    reason: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateWished(Event):
    """During a call the agent asked for state `wanted`, which comes after wrap-up."""

    agent_id: str
    wanted: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWrapUpExtended(Event):
    """The agent asked for more time after a call: wrap-up now ends at `until`."""

    agent_id: str
    call_id: str | None
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChecked(Event):
    """The page that is a seat's phone was tested.

    `how`: by an `echo`, in a `talk`, or its `devices` are others; without `faults` it is fit.
    """

    agent_id: str
    seat_id: str
    how: str
    faults: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReserved(Event):
    """The agent is kept for this call and gets no other; without an answer it lapses at `lease_until`."""

    call_id: str
    agent_id: str
    seat_id: str
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationReleased(Event):
    """The agent is no longer kept for this call, though nobody answered or missed it: `cause` says why."""

    call_id: str
    agent_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(Event):
    """The account `user_id` was changed in `what` (created, disabled, …) by user `by` (empty: command line).

    `changes`: what was before and is now, by role, name, seat_id; of a new account its user name too.
    """

    user_id: str
    what: str
    by: str = ""
    changes: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChanged(Event):
    """The seat `seat_id` was `what`: added, removed, page_… or password, by user `by` (empty: command line)."""

    seat_id: str
    what: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSkillsChanged(Event):
    """The agent has exactly these `skills` with their levels, and works in these `groups`; said by user `by`."""

    agent_id: str
    skills: dict[str, int]
    groups: tuple[str, ...]
    by: str = ""
