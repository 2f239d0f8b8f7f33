"""What the wallboard looks like in the API."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from web.shapes import AgentRow, Shape


class VariantName(Shape):
    """A figure that is shown, with its formula."""

    id: str
    zh: str
    en: str
    text: str
    unit: str


class HalfHour(Shape):
    """Half an hour of today: counts by symbol (contacts by their entry to the queue), figures by variant."""

    begins: datetime
    ends: datetime
    counts: dict[str, int] = Field(description="times in microseconds")
    figures: dict[str, Decimal | None]


class Sums(Shape):
    """Today until now, and the latest half hours (policy `board_halves`), the running one last."""

    counts: dict[str, int]
    figures: dict[str, Decimal | None] = Field(description="null where nobody counts yet")
    halves: list[HalfHour]


class Now(Sums):
    """Who waits and who is there now; an agent who is not ready, or cannot be reached, is `not_ready`."""

    id: str
    name: str
    waiting: int
    longest_wait_s: float
    agents_ready: int
    agents_busy: int
    agents_not_ready: int


class QueueRow(Now):
    """A queue; `expected_wait…`: of who would come now, P50 and P90, null while nobody is at work."""

    expected_wait_s: float | None
    expected_wait_p90_s: float | None


class SkillRow(Now):
    """A skill: agents who have it, callers who need it; who needs two is in both rows."""


class AgentNow(AgentRow):
    """An agent who is signed in, for how many `seconds` in this state, with what skills at which levels."""

    seconds: float
    skills: dict[str, int]


class DayHalf(Shape):
    """Callers who asked for a person: `expected` by the forecast of the morning, beside what came."""

    begins: datetime
    expected: float | None
    asked: int
    offered: int
    answered: int
    abandoned: int


class AlarmNow(Shape):
    """What to look at: `about` is a queue's or agent's id (of `storm`: its reason), `value` is beyond `limit`."""

    code: str
    level: str
    about: str
    value: float | None
    limit: float | None
    since: datetime | None


class Wallboard(Shape):
    """Everything on the wall as of a moment; equal before and after a restart of the service."""

    as_of: datetime
    timezone: str
    threshold_s: float
    goal_percent: float = Field(description="the service level to be reached; below it, an alarm")
    variants: list[VariantName]
    whole: Sums
    queues: list[QueueRow]
    skills: list[SkillRow]
    agents: list[AgentNow]
    states: dict[str, int]
    day: list[DayHalf]
    foretold: bool = Field(description="false while the forecast of today is still being read")
    alarms: list[AlarmNow]
