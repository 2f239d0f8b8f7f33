"""What the desktop's socket pushes."""

from datetime import datetime

from web.shapes import Call, Queue, Seat, Shape


class CallState(Shape):
    """A call that concerns the agent moved."""

    call: Call


class AgentState(Shape):
    """The agent's presence moved."""

    agent_id: str
    state: str
    reason: str | None
    cause: str | None
    since: datetime
    wrap_up_ends_at: datetime | None
    wish: str | None


class SeatState(Shape):
    """The agent's seat changed, or its phone came or went."""

    seat: Seat | None


class QueueStats(Shape):
    """The figures of every queue."""

    queues: list[Queue]


class Notice(Shape):
    """Something to read: `level` info, warning or error; `code` is stable, `text` for people."""

    level: str
    code: str
    text: str


class AnnouncementsMoved(Shape):
    """Announcements stand differently than before: who looks at them reads them again."""


class Message(Shape):
    """A message from who leads the shift; `to_all`: to everybody, not to me alone."""

    id: str
    sender_id: str
    sender: str | None
    text: str
    sent_at: datetime
    to_all: bool
    read_at: datetime | None


class MessageRead(Shape):
    """I have read a message, on this page or another."""

    id: str
