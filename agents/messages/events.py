"""What happens to messages between people of the centre."""

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Event):
    """A message was written; `to` holds the recipients' ids, empty: everybody."""

    message_id: str
    sender_id: str
    to: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRead(Event):
    """A recipient said that the message was read."""

    message_id: str
    agent_id: str
