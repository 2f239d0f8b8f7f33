"""What the people who lead have to look at now: told by limits of the policy from what the wallboard shows; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agents.model import Agent, State
from core.policy import Policy
from figures.asking import Group
from figures.board import Sums, Target
from figures.formulas import BY_ID, LIVE
from routing.model import Figures


class Level(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`code` is stable; `about`: a queue's or agent's id; `value` is beyond `limit` (seconds, per cent or contacts)."""

    code: str
    level: Level
    about: str = ""
    value: float | None = None
    limit: float | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The policy's numbers: seconds, a share in per cent, and so many contacts that a share says something."""

    wait_s: float
    service_level: float
    least: int
    stays: Mapping[State, float]

    @classmethod
    def of(cls, policy: Policy) -> "Limits":
        """Read them."""
        number = policy.number
        wrap_up = number("wrap_up_limit") + number("wrap_up_extension") * number("wrap_up_extensions")
        return cls(
            number("board_wait"),
            number("staffing_share"),
            int(number("board_least")),
            {
                State.TALKING: number("board_talk"),
                State.NOT_READY: number("board_break"),
                State.WRAP_UP: wrap_up,
                State.RESERVED: number("reservation_lease"),
                State.RINGING: number("reservation_lease"),
            },
        )


def of_queues(queues: Iterable[Figures], limits: Limits) -> list[Alarm]:
    """Return which queues have callers who wait for nobody, or for too long."""
    found = []
    for one in queues:
        if one.waiting and not one.agents_ready + one.agents_busy:
            found.append(Alarm("nobody_at_work", Level.ERROR, one.queue, one.waiting))
        if one.longest_wait_s >= limits.wait_s:
            found.append(Alarm("wait_long", Level.WARNING, one.queue, round(one.longest_wait_s, 1), limits.wait_s))
    return found


def of_service(rows: Mapping[Target, Sums], limits: Limits) -> list[Alarm]:
    """Return which queues miss the service level in their latest half hour with enough contacts."""
    found = []
    for (group, queue), row in rows.items():
        if group is not Group.QUEUE or not row.halves:
            continue
        half = row.halves[-1]
        percent = half.figures[LIVE]
        if percent is not None and _counted(half.counts) >= limits.least and percent < limits.service_level:
            value = float(percent)
            found.append(Alarm("service_level_low", Level.WARNING, queue, value, limits.service_level, half.begins))
    return found


def _counted(counts: Mapping[str, int]) -> int:
    variant = BY_ID[LIVE]
    assert variant.bottom == "O − B_s − W_T"
    return counts.get("O", 0) - counts.get("B_s", 0) - counts.get("W_T", 0)


def of_agents(agents: Iterable[Agent], now: datetime, limits: Limits) -> list[Alarm]:
    """Return who has been in a state for longer than it should last."""
    found = []
    for one in agents:
        limit, spent = limits.stays.get(one.state), (now - one.since).total_seconds()
        if limit is not None and spent > limit:
            found.append(Alarm(f"{one.state.value}_long", Level.WARNING, one.agent_id, round(spent), limit, one.since))
    return found
