"""A message to people of the centre, and who has read it."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import BadInput, Conflict, NotFound


class NoSuchMessage(NotFound):
    """There is no such message to this person."""

    code = "no_such_message"


class MessageMade(Conflict):
    """A message with other words or to others was sent by this form before: write a new one."""

    code = "message_made"


@dataclass(frozen=True, slots=True)
class Message:
    """What `sender_id` wrote at `at` to the ids in `to`; empty: everybody, also who signs in later."""

    id: str
    key: str
    sender_id: str
    text: str
    at: datetime
    to: tuple[str, ...] = ()

    def is_to(self, user_id: str) -> bool:
        """Whether it is for this person; a message to everybody is not for its sender."""
        return user_id in self.to if self.to else user_id != self.sender_id


@dataclass(frozen=True, slots=True)
class Received:
    """A message as one recipient has it."""

    message: Message
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as its sender sees it, with who has read it when."""

    message: Message
    reads: dict[str, datetime]


def check(text: str, to: tuple[str, ...], longest: int) -> None:
    """Raise BadInput when a message says nothing or too much, or names somebody twice."""
    if not 0 < len(text) <= longest:
        raise BadInput(f"text: 1 to {longest} characters", field="text")
    if len(set(to)) != len(to):
        raise BadInput("to: names somebody twice", field="to")
