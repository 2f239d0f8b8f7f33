"""Messages from who leads the shift to one, several or all; who has read them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from agents.accounts import NoSuchUser
from agents.messages.model import Message
from core.errors import BadInput
from web import pushed, shapes
from web.route import DESKTOPS, EVERYONE, STEERING, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("messages")
MOST_RECIPIENTS = 200
"""Who writes to more writes to all."""


class NewMessage(Given):
    """Words to the people in `to` (ids), to everybody when it is empty. `key` is made once for each form."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    text: Annotated[str, Field(min_length=1, max_length=4000)]
    to: tuple[Annotated[str, Field(max_length=32)], ...] = Field(default=(), max_length=MOST_RECIPIENTS)


class Reader(Shape):
    """Whom a message is for, or who has read it."""

    agent_id: str
    name: str | None
    read_at: datetime | None


class SentRow(Shape):
    """A message that one has sent. `people`: the recipients; of a message to all, who has read it so far."""

    id: str
    text: str
    sent_at: datetime
    to_all: bool
    read: int
    people: list[Reader]


class Written(Shape):
    """The message that was sent."""

    id: str
    sent_at: datetime


@routes.add("GET", "/messages", roles=EVERYONE)
async def read_inbox(ask: Ask) -> shapes.Items[pushed.Message]:
    """Read one's own messages of the last hours (policy `message_shown`), the newest first."""
    found = await ask.services.messages.inbox(ask.user.id)
    return shapes.Items(items=[_shape(ask, one.message, one.read_at) for one in found])


@routes.add("POST", "/messages", roles=STEERING, status=201)
async def send_message(ask: Ask, body: NewMessage) -> Written:
    """Send a message: it comes up on the desktops of its recipients, now or when they open one."""
    for user_id in body.to:
        await _check_recipient(ask, user_id)
    sent = await ask.services.messages.send(ask.user.id, body.key, body.text, body.to)
    return Written(id=sent.id, sent_at=sent.at)


@routes.add("GET", "/messages/sent", roles=STEERING)
async def list_sent(ask: Ask) -> shapes.Items[SentRow]:
    """List one's own sent messages, the newest first, with who has read them."""
    rows = []
    for one in await ask.services.messages.sent(ask.user.id):
        people = one.message.to or tuple(one.reads)
        rows.append(
            SentRow(
                id=one.message.id,
                text=one.message.text,
                sent_at=one.message.at,
                to_all=not one.message.to,
                read=len(one.reads),
                people=[Reader(agent_id=i, name=_name(ask, i), read_at=one.reads.get(i)) for i in people],
            )
        )
    return shapes.Items(items=rows)


@routes.add("POST", "/messages/{id}/read", roles=EVERYONE)
async def mark_read(ask: Ask) -> shapes.Done:
    """Say that one has read a message; the first time holds."""
    await ask.services.messages.read(ask.user.id, ask.part("id"))
    return shapes.Done()


async def _check_recipient(ask: Ask, user_id: str) -> None:
    try:
        user = await ask.services.accounts.user(user_id)
    except NoSuchUser:
        raise BadInput("to: there is nobody with this id; choose from the list", field="to") from None
    if user.disabled or user.id == ask.user.id:
        raise BadInput("to: a message is for somebody else who may sign in", field="to")


def _name(ask: Ask, user_id: str) -> str | None:
    return ask.request.app[DESKTOPS].people.name(user_id)


def _shape(ask: Ask, message: Message, read_at: datetime | None) -> pushed.Message:
    return pushed.Message(
        id=message.id,
        sender_id=message.sender_id,
        sender=_name(ask, message.sender_id),
        text=message.text,
        sent_at=message.at,
        to_all=not message.to,
        read_at=read_at,
    )
