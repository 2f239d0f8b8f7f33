"""What happens to announcements."""

from dataclasses import dataclass
from datetime import datetime

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementSwitched(Event):
    """The person `by` wrote an announcement, switched it on or off, or gave it other times or another place."""

    announcement_id: str
    kind: str
    on: bool
    begins: datetime
    ends: datetime | None
    areas: tuple[str, ...]
    place: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPublished(Event):
    """It has been spoken: callers hear it from now on, within its times."""

    announcement_id: str
    kind: str
