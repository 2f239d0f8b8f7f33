"""When a queue takes calls: windows of the day by kind of day; pure."""

from dataclasses import dataclass
from datetime import datetime, time

from core.calendar import is_working_day

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKING, RESTING = "working", "resting"
"""Days that are worked, swapped weekends included, and days that are not, public holidays included."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `begins` until before `ends` on `days`: names of the week, `working` or `resting`; 24:00 is time.max."""

    days: frozenset[str]
    begins: time
    ends: time

    def holds(self, local: datetime) -> bool:
        """Tell whether this local moment is within."""
        day = local.date()
        kinds = {DAY_NAMES[day.weekday()], WORKING if is_working_day(day) else RESTING}
        at = local.time()
        return bool(kinds & self.days) and self.begins <= at and (at < self.ends or self.ends == time.max)


@dataclass(frozen=True, slots=True)
class Hours:
    """The windows in which a queue takes calls; none: always."""

    windows: tuple[Window, ...] = ()

    def open_at(self, local: datetime) -> bool:
        """Tell whether the queue takes calls at this local moment."""
        return not self.windows or any(window.holds(local) for window in self.windows)
