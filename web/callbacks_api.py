"""Callbacks: which are booked, rung and finished, who hung up while waiting, and what people do with them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from desk.callbacks.model import Callback, State
from web import shapes
from web.masking import number_for
from web.route import DESK, EVERYONE, TEAM, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("callbacks")


class CallbackQuery(Given):
    """Callbacks in a state, or all."""

    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class AbandonedQuery(Given):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=200)] = 100


class AbandonedRow(Shape):
    """A caller who hung up while waiting in `queue`, after `waited_s`, and has not been served since."""

    call_id: str
    number: str
    queue: str
    waiting_since: datetime
    ended_at: datetime
    waited_s: float


class TakenUp(Given):
    """The call whose caller hung up while waiting; `dial`: ring them now from the own phone, else in their turn."""

    call_id: Annotated[str, Field(min_length=1, max_length=64)]
    dial: bool = False


class Why(Given):
    """Why, in a few words."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Rung(Shape):
    """A callback, and the call that has begun for it."""

    id: str
    call_id: str | None


class CallbackRow(Shape):
    """A callback: the number to ring, the queue whose place it keeps since `waiting_since`, when to ring.

    `not_after` is None for who wants it as soon as possible; no call begins before `due_at`. `calls` were begun, and in
    `misses` of them the customer was rung in vain; the latest is `agent_id`'s. `outcome`: answered, called_in,
    unreached, too_late or dismissed, once it is closed.
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
    due_at: datetime
    calls: int
    misses: int
    agent_id: str | None
    outcome: str | None
    reason: str
    closed_at: datetime | None


@routes.add("GET", "/callbacks", roles=EVERYONE)
async def list_callbacks(ask: Ask, query: CallbackQuery) -> shapes.Items[CallbackRow]:
    """List callbacks, who waits longest first; numbers are masked for who does not need them."""
    found = await ask.services.callbacks.callbacks(query.state, query.limit)
    return shapes.Items(items=[_row(one, ask.user.role.value) for one in found])


@routes.add("GET", "/callbacks/abandoned", roles=DESK | TEAM)
async def list_abandoned(ask: Ask, query: AbandonedQuery) -> shapes.Items[AbandonedRow]:
    """List callers who hung up while waiting and have neither called again nor been served, the longest ago first."""
    found = await ask.services.callback_desk.abandoned(query.limit)
    role = ask.user.role.value
    return shapes.Items(
        items=[
            AbandonedRow(
                call_id=one.call_id,
                number=number_for(one.phone, role, own=False),
                queue=one.queue,
                waiting_since=one.waiting_since,
                ended_at=one.ended_at,
                waited_s=round((one.ended_at - one.waiting_since).total_seconds(), 1),
            )
            for one in found
        ]
    )


@routes.add("POST", "/callbacks", roles=DESK, status=201)
async def take_up(ask: Ask, body: TakenUp) -> Rung:
    """Let a caller who hung up while waiting be rung back: when it is their turn, or by oneself at once."""
    desk = ask.services.callback_desk
    callback = await desk.take(ask.user.id, body.call_id)
    return Rung(id=callback.id, call_id=await desk.dial(ask.user.id, callback.id) if body.dial else None)


@routes.add("POST", "/callbacks/{id}/dial", roles=DESK, status=201)
async def dial(ask: Ask) -> Rung:
    """Ring a callback now, out of turn: one's own phone first, then the customer."""
    callback_id = ask.part("id")
    return Rung(id=callback_id, call_id=await ask.services.callback_desk.dial(ask.user.id, callback_id))


@routes.add("POST", "/callbacks/{id}/skip", roles=DESK)
async def skip(ask: Ask, body: Why) -> shapes.Done:
    """Let the callback for which one's own phone rings be offered later, to whoever is free then."""
    await ask.services.callback_desk.skip(ask.user.id, ask.part("id"), body.reason)
    return shapes.Done()


@routes.add("POST", "/callbacks/{id}/close", roles=DESK)
async def close(ask: Ask, body: Why) -> shapes.Done:
    """Finish a callback that nobody is to ring any more."""
    await ask.services.callback_desk.dismiss(ask.user.id, ask.part("id"), body.reason)
    return shapes.Done()


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
        due_at=callback.due_at or callback.window.begins,
        calls=callback.calls,
        misses=callback.misses,
        agent_id=callback.agent_id,
        outcome=callback.outcome.value if callback.outcome else None,
        reason=callback.reason,
        closed_at=callback.closed_at,
    )
