"""Announcements: what may be written, who hears which of them when, and which greeting wins."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import BadInput, Conflict
from speech.sayable import shown, unsayable

LONGEST_TEXT = 300
"""Characters; a little over a minute of speech."""
MOST_AREAS = 30


class Kind(StrEnum):
    """A greeting takes the place of the usual one; an emergency announcement is said between it and the menu."""

    GREETING = "greeting"
    EMERGENCY = "emergency"


class State(StrEnum):
    """How an announcement stands now."""

    OFF = "off"
    PREPARING = "preparing"
    """It is being spoken."""
    FAILED = "failed"
    """It could not be spoken; it is tried again by itself."""
    PLANNED = "planned"
    LIVE = "live"
    OVER = "over"


class BadAnnouncement(BadInput):
    """The announcement cannot be used."""

    code = "bad_announcement"


class AnnouncementChanged(Conflict):
    """The announcement was changed by someone else meanwhile."""

    code = "announcement_changed"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A text for callers from `begins` until before `ends` (None: until switched off), while it is `on`."""

    id: str
    kind: Kind
    text: str
    begins: datetime
    ends: datetime | None = None
    festival: str = ""
    """The occasion of a greeting."""
    areas: tuple[str, ...] = ()
    """片区 whose callers hear it; none: everybody does."""
    place: int = 0
    """Several are said by rising place; of equals the one that begins first comes first."""
    on: bool = True
    by: str = ""
    """The id of who changed it last."""
    live_since: datetime | None = None
    """Since when callers can hear it; None while it is off or not spoken yet."""
    version: int = 1

    def holds(self, now: datetime) -> bool:
        """Tell whether it is to be heard now."""
        return self.on and self.begins <= now and not self.over(now)

    def over(self, now: datetime) -> bool:
        """Tell whether its time has passed."""
        return self.ends is not None and self.ends <= now


def check(one: Announcement) -> None:
    """Raise BadAnnouncement naming the field that cannot be and the cure."""
    for name, moment in (("from", one.begins), ("until", one.ends)):
        if moment is not None and moment.tzinfo is None:
            raise BadAnnouncement(f"{name} has no UTC offset; write e.g. 2026-11-22T08:00:00+08:00", field=name)
    if one.ends is not None and one.ends <= one.begins:
        raise BadAnnouncement("it ends before it begins; set until later than from", field="until")
    if not one.text.strip() or len(one.text) > LONGEST_TEXT:
        raise BadAnnouncement(f"the text is said to callers; write 1 to {LONGEST_TEXT} characters", field="text")
    if silent := unsayable(one.text):
        raise BadAnnouncement(
            f"the voice has no sound for {' '.join(map(shown, silent))}; leave it out of the text", field="text"
        )
    if one.kind is Kind.GREETING and one.ends is None:
        raise BadAnnouncement("a greeting has an end, which its notice gives; set until", field="until")
    if one.kind is Kind.GREETING and one.areas:
        raise BadAnnouncement("a greeting comes before it is known who calls; leave out areas", field="areas")
    if one.kind is Kind.EMERGENCY and one.festival:
        raise BadAnnouncement("only a greeting has a festival; leave it out", field="festival")
    if len(one.areas) > MOST_AREAS:
        raise BadAnnouncement(f"at most {MOST_AREAS} areas; leave them out to reach everybody", field="areas")


def heard(all_of_them: Iterable[Announcement], now: datetime, areas: Collection[str]) -> list[Announcement]:
    """Return the emergency announcements that a caller of these `areas` hears now, in order."""
    told = [one for one in all_of_them if one.kind is Kind.EMERGENCY and one.holds(now)]
    mine = [one for one in told if not one.areas or not set(one.areas).isdisjoint(areas)]
    return sorted(mine, key=lambda one: (one.place, one.begins, one.id))


def greeting(all_of_them: Iterable[Announcement], now: datetime, festivals: Sequence[str]) -> Announcement | None:
    """Return the greeting that holds now.

    Of several the one whose festival comes first in `festivals`; of one festival, or of none named there, the one
    that began last.
    """
    rank = {name: place for place, name in enumerate(festivals)}
    fitting = [one for one in all_of_them if one.kind is Kind.GREETING and one.holds(now)]
    latest_first = sorted(fitting, key=lambda one: (one.begins, one.id), reverse=True)
    return min(latest_first, key=lambda one: rank.get(one.festival, len(rank)), default=None)
