"""A note to a customer and what follows from a try to send it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How far a note has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Note:
    """A text for the telephone `to`, about the thing with the id `about`; sent again under the same `id` only."""

    id: str
    to: str
    text: str
    about: str
    created_at: datetime
    state: State = State.WAITING
    tries: int = 0
    due_at: datetime | None = None
    """When it may be tried; None: at once."""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a note is tried, and how long after the first failure; the wait doubles up to `most`."""

    tries: int
    first: timedelta
    most: timedelta


def sent(note: Note, at: datetime) -> Note:
    """Return the note as taken by the gateway."""
    return replace(note, state=State.SENT, tries=note.tries + 1, due_at=None, sent_at=at)


def missed(note: Note, at: datetime, patience: Patience) -> Note:
    """Return the note after a try that failed: to be tried later, or given up."""
    tries = note.tries + 1
    if tries >= patience.tries:
        return replace(note, state=State.FAILED, tries=tries, due_at=None)
    wait = min(patience.first * 2 ** (tries - 1), patience.most)
    return replace(note, tries=tries, due_at=at + wait)
