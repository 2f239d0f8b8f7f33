"""How the roster was kept: adherence and conformance, as pure functions over intervals [kpi.md].

Adherence = minutes in the scheduled state at the scheduled time / scheduled minutes; conformance = worked minutes /
scheduled minutes, which may exceed 1. The scheduled state of a turn of duty is being at work: signed in, and not
on a break that does not count as work.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.events import AgentStateChanged
from agents.model import State

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Stay:
    """An agent was in `state` for `reason` from `begins` to `ends`."""

    state: str
    reason: str | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Adherence:
    """Minutes `scheduled`, of these `adherent`, and `worked` in all; the shares are None without a schedule."""

    scheduled: float
    adherent: float
    worked: float

    @property
    def adherence(self) -> float | None:
        return self.adherent / self.scheduled if self.scheduled else None

    @property
    def conformance(self) -> float | None:
        return self.worked / self.scheduled if self.scheduled else None


def stays(events: Iterable[AgentStateChanged], begin: datetime, end: datetime) -> list[Stay]:
    """Return where one agent was between `begin` and `end`: intervals that follow each other without gap or overlap.

    `events` are the agent's in order, from the last one before `begin` on, if there was one.
    """
    state, reason, since = State.LOGGED_OUT.value, None, begin
    found = []
    for event in events:
        at = min(max(event.at, begin), end)
        if at > since:
            found.append(Stay(state, reason, since, at))
            since = at
        state, reason = event.to, event.reason
    return [*found, Stay(state, reason, since, end)] if end > since else found


def at_work(one: Stay, work_reasons: Collection[str]) -> bool:
    """Tell whether an interval counts as work; not ready counts for the reasons given."""
    if one.state == State.LOGGED_OUT:
        return False
    return one.state != State.NOT_READY or one.reason in work_reasons


def adherence(scheduled: Sequence[Span], working: Sequence[Span]) -> Adherence:
    """Return the minutes of it; neither of the two overlaps with itself."""
    adherent = sum(_common(one, other) for one in scheduled for other in working)
    return Adherence(_minutes(scheduled), adherent, _minutes(working))


def within(spans: Iterable[Span], begin: datetime, end: datetime) -> list[Span]:
    """Return the parts of `spans` between `begin` and `end`."""
    return [(max(a, begin), min(b, end)) for a, b in spans if a < end and b > begin]


def _minutes(spans: Iterable[Span]) -> float:
    return sum((b - a).total_seconds() for a, b in spans) / 60


def _common(one: Span, other: Span) -> float:
    return max(0.0, (min(one[1], other[1]) - max(one[0], other[0])).total_seconds()) / 60
