"""Identifiers that sort by the time they were made."""

from ulid import ULID


def new_id() -> str:
    """Return a new 26-character ULID: sorts by creation time, safe in URLs and file names."""
    return str(ULID())
