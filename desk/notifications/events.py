"""What happens to notes."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRequested(Event):
    """The caller of `call_id` asked for a note about the thing `about`."""

    note_id: str
    about: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSent(Event):
    """The gateway has taken a note about the thing `about`."""

    note_id: str
    about: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed(Event):
    """A note was given up after `tries`; a person may send it by other means."""

    note_id: str
    about: str
    tries: int
