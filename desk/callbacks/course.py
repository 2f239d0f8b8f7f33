"""The course of a callback, pure: when it may be rung, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from core.errors import Conflict
from desk.callbacks.model import Callback, Outcome, State, not_before


@dataclass(frozen=True, slots=True)
class Rules:
    """Between the hours `first` and `last` of the day is rung, and how often, with pauses in seconds, in vain.

    `skip_s`: the pause after a call that did not get to the customer's phone through nobody's fault of theirs.
    `most_s`: who wished for soon is rung no more after it.
    """

    first: int
    last: int
    tries: int
    pause_s: float
    later_pause_s: float
    skip_s: float
    most_s: float


class Turn(Enum):
    """What a callback that waits is to do now."""

    RING = auto()
    """Stand in the queue: when it is its turn, an agent rings the customer."""
    HOLD = auto()
    """Wait until the customer, who is on the line with us, is not any more."""
    LATER = auto()
    """Wait for a moment."""
    OVER = auto()
    """Be finished: nobody may ring any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and when to look again (None: when something happens)."""

    turn: Turn
    at: datetime | None = None


def plan(callback: Callback, now: datetime, rules: Rules, *, on_the_line: bool) -> Plan:
    """Return what a callback that waits is to do at `now` (local time): never rung outside its window and the hours."""
    ends = last_moment(callback, rules)
    due = max(callback.due_at or callback.window.begins, callback.window.begins)
    if now >= ends or due >= ends:
        return Plan(Turn.OVER)
    begins = not_before(max(now, due.astimezone(now.tzinfo)), rules.first, rules.last)
    if begins >= ends:
        return Plan(Turn.OVER)
    if begins > now:
        return Plan(Turn.LATER, begins)
    evening = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=rules.last)
    return Plan(Turn.HOLD if on_the_line else Turn.RING, min(ends, evening))


def last_moment(callback: Callback, rules: Rules) -> datetime:
    """Return until when the customer is rung at all."""
    return callback.window.ends or callback.window.begins + timedelta(seconds=rules.most_s)


def place_since(callback: Callback) -> datetime:
    """Return since when it counts as waiting: since the caller did, or since the part of a day that they chose.

    Who chose tomorrow morning has not waited all night: else they would all come before whoever calls then.
    """
    return callback.window.begins if callback.window.ends else callback.wish.waiting_since


def dialled(callback: Callback, agent_id: str) -> Callback:
    """An agent's call for it begins. Raises Conflict unless it waits: it has one call at a time."""
    _is(callback, State.BOOKED)
    return replace(callback, state=State.DIALLING, calls=callback.calls + 1, agent_id=agent_id)


def missed(callback: Callback, now: datetime, rules: Rules) -> Callback:
    """The customer was rung in vain: again by rule, then finished."""
    _is(callback, State.DIALLING)
    misses = callback.misses + 1
    pause = rules.pause_s if misses == 1 else rules.later_pause_s
    again = replace(callback, state=State.BOOKED, misses=misses, due_at=now + timedelta(seconds=pause))
    if misses >= rules.tries:
        return closed(again, Outcome.UNREACHED, now)
    return closed(again, Outcome.TOO_LATE, now) if _too_late(again, rules) else again


def _too_late(callback: Callback, rules: Rules) -> bool:
    return callback.due_at is not None and callback.due_at >= last_moment(callback, rules)


def not_rung(callback: Callback, now: datetime, *, pause_s: float = 0) -> Callback:
    """The call did not get as far as the customer's phone: it keeps the place, after a pause."""
    _is(callback, State.DIALLING)
    due = max(callback.due_at or now, now + timedelta(seconds=pause_s)) if pause_s else callback.due_at
    return replace(callback, state=State.BOOKED, due_at=due)


def skipped(callback: Callback, now: datetime, rules: Rules, reason: str) -> Callback:
    """The agent does not want it now, and gives a reason; what is under way for it ends next."""
    _is(callback, State.DIALLING)
    return replace(callback, due_at=now + timedelta(seconds=rules.skip_s), reason=reason)


def closed(callback: Callback, outcome: Outcome, now: datetime, reason: str = "") -> Callback:
    """It is finished. Raises Conflict when it is already."""
    if callback.state is State.CLOSED:
        raise Conflict("this callback is finished already", callback_id=callback.id, outcome=str(callback.outcome))
    return replace(callback, state=State.CLOSED, outcome=outcome, reason=reason or callback.reason, closed_at=now)


def _is(callback: Callback, state: State) -> None:
    if callback.state is not state:
        raise Conflict(f"this callback is {callback.state}", callback_id=callback.id, state=callback.state.value)
