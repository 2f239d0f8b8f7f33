"""Callbacks as they are booked; they are rung later."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from desk.callbacks.model import Callback, State
from web import shapes
from web.masking import number_for
from web.route import EVERYONE, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("callbacks")


class CallbackQuery(Given):
    """Callbacks in a state, or all."""

    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class CallbackRow(Shape):
    """A callback: the number to ring, the queue whose place it keeps since `waiting_since`, when to ring.

    `not_after` is None for who wants it as soon as possible.
    """

    id: str
    state: str
    number: str
    queue: str
    call_id: str
    waiting_since: datetime
    booked_at: datetime
    not_before: datetime
    not_after: datetime | None


@routes.add("GET", "/callbacks", roles=EVERYONE)
async def list_callbacks(ask: Ask, query: CallbackQuery) -> shapes.Items[CallbackRow]:
    """List callbacks, who waits longest first; numbers are masked for who does not need them."""
    found = await ask.services.callbacks.callbacks(query.state, query.limit)
    return shapes.Items(items=[_row(one, ask.user.role.value) for one in found])


def _row(callback: Callback, role: str) -> CallbackRow:
    wish = callback.wish
    return CallbackRow(
        id=callback.id,
        state=callback.state.value,
        number=number_for(wish.phone, role, own=False),
        queue=wish.queue,
        call_id=wish.call_id,
        waiting_since=wish.waiting_since,
        booked_at=callback.booked_at,
        not_before=callback.window.begins,
        not_after=callback.window.ends,
    )
