"""A time zone in which it is noon: what may only be done by day is tested at any hour."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def noon() -> ZoneInfo:
    """Return a zone whose local time now is between 12:00 and 13:00, whatever the hour of the machine."""
    ahead = (12 - datetime.now(UTC).hour) % 24
    ahead -= 24 if ahead > 12 else 0
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")
