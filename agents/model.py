"""Agents, seats and users; presence as a table of moves, each with its cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from core.errors import Conflict


class State(StrEnum):
    """Where an agent stands."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class Cause(StrEnum):
    """Why presence moved."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    ASKED = "asked"
    RESERVED = "reserved"
    DIALS = "dials"
    PICKS_UP = "picks_up"
    RETURNED = "returned"
    RANG = "rang"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    RELEASED = "released"
    LEASE_EXPIRED = "lease_expired"
    CALL_OVER = "call_over"
    WRAP_UP_FINISHED = "wrap_up_finished"
    WRAP_UP_OVER = "wrap_up_over"
    SEAT_LOST = "seat_lost"
    DESKTOP_GONE = "desktop_gone"
    PHONE_UNCHECKED = "phone_unchecked"
    DISABLED = "disabled"
    RESTART = "restart"
    RECONCILED = "reconciled"


MISSES = frozenset(
    {
        Cause.NO_ANSWER,
        Cause.BUSY,
        Cause.REJECTED,
        Cause.UNREACHABLE,
        Cause.FAILED,
        Cause.SEAT_LOST,
        Cause.DESKTOP_GONE,
    }
)
"""Why a seat that was rung was not answered; the last two took the offer back before anybody could."""
OFFERED = frozenset({State.RESERVED, State.RINGING})
"""States in which a call is kept for the agent and not yet answered."""
ON_CALL = OFFERED | {State.TALKING}
"""States in which a call holds the agent."""

_FOUND = (Cause.RESTART, Cause.RECONCILED)
_AFTER_CALL = (State.READY, State.NOT_READY, State.LOGGED_OUT)

_TABLE: tuple[tuple[tuple[State, ...], tuple[Cause, ...], tuple[State, ...]], ...] = (
    ((State.LOGGED_OUT,), (Cause.SIGNED_IN,), (State.NOT_READY,)),
    ((State.NOT_READY,), (Cause.ASKED,), (State.READY, State.NOT_READY)),
    ((State.READY,), (Cause.ASKED, Cause.SEAT_LOST, Cause.DESKTOP_GONE, Cause.PHONE_UNCHECKED), (State.NOT_READY,)),
    ((State.NOT_READY, State.READY, State.WRAP_UP), (Cause.SIGNED_OUT, Cause.DISABLED), (State.LOGGED_OUT,)),
    ((State.READY,), (Cause.RESERVED,), (State.RESERVED,)),
    # Who dials out by hand may be on a break, and is again afterwards.
    ((State.READY, State.NOT_READY), (Cause.DIALS,), (State.RESERVED,)),
    # A parked caller is picked up, or one comes back whom the agent has handed on, also in the wrap-up.
    ((State.READY, State.NOT_READY, State.WRAP_UP), (Cause.PICKS_UP,), (State.RESERVED,)),
    ((State.READY, State.WRAP_UP), (Cause.RETURNED,), (State.RESERVED,)),
    # A phone may ring or be answered although the lease has just lapsed: what the PBX says is true.
    ((State.RESERVED, State.READY, State.NOT_READY), (Cause.RANG,), (State.RINGING,)),
    ((State.RESERVED, State.RINGING, State.READY, State.NOT_READY), (Cause.ANSWERED,), (State.TALKING,)),
    ((State.RESERVED, State.RINGING), tuple(sorted(MISSES)), (State.NOT_READY, State.LOGGED_OUT)),
    ((State.RESERVED, State.RINGING), (Cause.RELEASED, Cause.RESTART, Cause.RECONCILED), _AFTER_CALL),
    ((State.RESERVED,), (Cause.LEASE_EXPIRED,), _AFTER_CALL),
    # A phone that rang to the end of the lease may ring still, so it is not offered a caller by itself.
    ((State.RINGING,), (Cause.LEASE_EXPIRED,), (State.NOT_READY, State.LOGGED_OUT)),
    ((State.TALKING,), (Cause.CALL_OVER, Cause.RESTART, Cause.RECONCILED), (State.WRAP_UP,)),
    ((State.WRAP_UP,), (Cause.WRAP_UP_FINISHED, Cause.WRAP_UP_OVER), _AFTER_CALL),
    # After a restart, or when the sweep finds it so, a live call tells where its agent is, whatever was stored.
    ((State.NOT_READY, State.READY, State.RESERVED, State.WRAP_UP), _FOUND, (State.RINGING,)),
    ((State.NOT_READY, State.READY, State.RESERVED, State.RINGING, State.WRAP_UP), _FOUND, (State.TALKING,)),
)

MOVES: frozenset[tuple[State, Cause, State]] = frozenset(
    (from_, cause, to) for froms, causes, tos in _TABLE for from_ in froms for cause in causes for to in tos
)
"""Every move that presence may make: (from, cause, to)."""


class IllegalMove(Conflict):
    """The agent's state does not allow this."""

    code = "illegal_agent_move"


@dataclass(frozen=True, slots=True)
class Wish:
    """The state that an agent asked for during a call; it comes after wrap-up."""

    state: State
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person's presence as stored.

    `until` ends the lease (reserved, ringing) or the wrap-up; `idle_since` orders the ready ones and outlives
    an offer that the caller withdrew; `desktop` tells whether a browser is attached; `version` counts changes.
    """

    agent_id: str
    state: State = State.LOGGED_OUT
    since: datetime
    cause: Cause = Cause.SIGNED_OUT
    reason: str | None = None
    seat_id: str | None = None
    call_id: str | None = None
    until: datetime | None = None
    idle_since: datetime | None = None
    wish: Wish | None = None
    desktop: bool = False
    version: int = 0

    def holds(self, call_id: str, states: frozenset[State] = ON_CALL) -> bool:
        """Tell whether this call holds the agent in one of `states`."""
        return self.state in states and self.call_id == call_id


def advance(
    agent: Agent, to: State, cause: Cause, at: datetime, *, reason: str | None = None, until: datetime | None = None
) -> Agent:
    """Return the agent in state `to`. Raises IllegalMove when the table has no such move."""
    if (agent.state, cause, to) not in MOVES:
        raise IllegalMove(
            f"an agent who is {agent.state} cannot become {to} ({cause})",
            agent_id=agent.agent_id,
            state=str(agent.state),
            to=str(to),
            cause=str(cause),
        )
    moved = replace(
        agent, state=to, since=at, cause=cause, reason=reason, until=until, version=agent.version + 1, wish=agent.wish
    )
    return _tidy(moved, agent, at)


def _tidy(moved: Agent, old: Agent, at: datetime) -> Agent:
    if moved.state is State.READY:
        kept = old.idle_since if old.state in OFFERED else None
        return replace(moved, call_id=None, wish=None, idle_since=kept or at)
    if moved.state is State.NOT_READY:
        return replace(moved, call_id=None, wish=None, idle_since=None)
    if moved.state is State.LOGGED_OUT:
        return replace(moved, call_id=None, wish=None, idle_since=None, seat_id=None, desktop=False)
    return moved


def landing(agent: Agent, phone: bool, missed: bool = False, lack: Cause | None = None) -> tuple[State, str | None]:
    """Return the state and reason that follow a call or an offer.

    A wish comes first; a seat whose `phone` is gone (for `lack`), or one that was rung in vain (`missed`), does not
    become ready.
    """
    if agent.wish is not None and agent.wish.state is not State.READY:
        return agent.wish.state, agent.wish.reason
    if missed:
        return State.NOT_READY, None
    if not phone:
        return State.NOT_READY, str(lack or Cause.SEAT_LOST)
    return State.READY, None


def diagram() -> str:
    """Return the table as a Mermaid state diagram, one line a pair of states, causes in order of the alphabet."""
    causes: dict[tuple[State, State], list[str]] = {}
    for from_, cause, to in sorted(MOVES):
        causes.setdefault((from_, to), []).append(cause)
    lines = [f"    {from_} --> {to}: {', '.join(names)}" for (from_, to), names in causes.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> logged_out", *lines])


class PageRule(StrEnum):
    """What the page (browser) means for who sits at a seat.

    `required`: no call without one; `while_open`: who has opened one gets no call while it is away, who has opened
    none works by phone alone; `ignored`: the phone alone counts.
    """

    REQUIRED = "required"
    WHILE_OPEN = "while_open"
    IGNORED = "ignored"


class SeatKind(StrEnum):
    """What the phone of a seat is: a device or program of its own, or the desktop page in the browser."""

    PHONE = "phone"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Seat:
    """A desk with a phone: `sip_username` begins with a letter, so that no number is taken for it."""

    id: str
    sip_username: str
    sip_password: str
    page: PageRule = PageRule.WHILE_OPEN
    kind: SeatKind = SeatKind.PHONE


class Role(StrEnum):
    """What a person is in the house (坐席 副班长 值长 质检 主管 管理员)."""

    AGENT = "agent"
    DEPUTY = "deputy"
    SHIFT_LEAD = "shift_lead"
    QUALITY = "quality"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a role may do."""

    TAKE_CALLS = "take_calls"
    SEE_TEAM = "see_team"
    STEER_TEAM = "steer_team"
    MONITOR_CALLS = "monitor_calls"
    HEAR_RECORDINGS = "hear_recordings"
    JUDGE_QUALITY = "judge_quality"
    CHANGE_BUSINESS = "change_business"
    MANAGE_USERS = "manage_users"
    READ_AUDIT = "read_audit"


_AGENT = frozenset({Permission.TAKE_CALLS})
_LEAD = _AGENT | {
    Permission.SEE_TEAM,
    Permission.STEER_TEAM,
    Permission.MONITOR_CALLS,
    Permission.HEAR_RECORDINGS,
}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _AGENT,
    Role.DEPUTY: _LEAD,
    Role.SHIFT_LEAD: _LEAD | {Permission.JUDGE_QUALITY},
    Role.QUALITY: frozenset(
        {Permission.SEE_TEAM, Permission.HEAR_RECORDINGS, Permission.JUDGE_QUALITY, Permission.READ_AUDIT}
    ),
    Role.SUPERVISOR: _LEAD | {Permission.JUDGE_QUALITY, Permission.CHANGE_BUSINESS, Permission.READ_AUDIT},
    Role.ADMIN: frozenset(
        {Permission.SEE_TEAM, Permission.CHANGE_BUSINESS, Permission.MANAGE_USERS, Permission.READ_AUDIT}
    ),
}
"""Deputies and shift leads take calls too and appraise agents [seed 001, domain §2]; the rest is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account; its `id` is the agent's id, `seat_id` the usual seat."""

    id: str
    username: str
    name: str
    role: Role
    seat_id: str | None = None
    disabled: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class Qualification:
    """What an agent can: the level of each skill, and the groups that the agent works in."""

    skills: Mapping[str, int] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
