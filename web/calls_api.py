"""Calls: lists, one call, its story, and what an agent asks of it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from agents.model import Permission, User
from core import journal
from core.errors import BadInput
from core.events import Recorded, to_data
from cti import store
from cti.model import Call
from cti.service import NoSuchCall
from cti.store import CallFilter
from web import shapes
from web.call_control import Number, dial
from web.commands import OF_LEADS, VERBS
from web.cursor import cursor, place
from web.masking import SEE_NUMBERS, mask
from web.parked import Parked, parked
from web.route import DESK, EVERYONE, Answer, ApiHandler, Ask, Routes, may
from web.shapes import Given, Moment, Shape
from web.store import facts_of
from web.views import call_shape

routes = Routes("calls")
LONGEST_PAGE = 200
_NUMBERS = ("caller", "caller_raw", "dialled")
"""Fields of events that hold telephone numbers."""


class CallQuery(Given):
    """Which calls: every filter that is given must fit."""

    state: Literal["live", "ended"] | None = None
    caller: str | None = None
    agent: str | None = Field(default=None, description="an agent's id, or me")
    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 50
    cursor: str | None = None


class Placed(Shape):
    """A call that was begun."""

    id: str


class DialOut(Given):
    """Whom to ring: a `number` in any of the usual forms, or who called in `call_id`, or is to be rung for `order_id`.

    The two last are for who sees these numbers masked.
    """

    number: Number | None = None
    call_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    order_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None


@routes.add("GET", "/calls", roles=EVERYONE)
async def list_calls(ask: Ask, query: CallQuery) -> shapes.Page[shapes.Call]:
    """List calls, the latest first."""
    agent = ask.user.id if query.agent == "me" else query.agent
    wanted = CallFilter(
        live=None if query.state is None else query.state == "live",
        caller=query.caller,
        agent_id=agent,
        since=query.since,
        until=query.until,
        before=place(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )
    found = await ask.services.db.read(lambda connection: store.find(connection, wanted))
    page, more = found[: query.limit], len(found) > query.limit
    return shapes.Page(
        items=await _shapes(ask, page), next_cursor=cursor(page[-1].started_at, page[-1].id) if more else None
    )


@routes.add("POST", "/calls", roles=DESK, status=201)
async def dial_out(ask: Ask, body: DialOut) -> Placed:
    """Dial a number by hand: one's own phone rings first, then the number, which sees the hotline's."""
    return Placed(id=await dial(ask.services, ask.user, await _meant(ask, body)))


async def _meant(ask: Ask, whom: DialOut) -> str:
    """Return the number to ring. Raises BadInput, NoSuchCall, NoSuchOrder."""
    if sum(one is not None for one in (whom.number, whom.call_id, whom.order_id)) != 1:
        raise BadInput("number: give exactly one of number, call_id, order_id", field="number")
    if whom.number is not None:
        return whom.number
    if whom.call_id is not None:
        call = await _found(ask, whom.call_id)
        number, known = call.caller, call.caller_known
    else:
        report = (await ask.services.orders.get(whom.order_id or "")).report
        number, known = report.caller, report.caller_known
    if not known:
        raise BadInput("this number is withheld: nobody can be rung there", field="number")
    return number


@routes.add("GET", "/parked", roles=DESK)
async def list_parked(ask: Ask) -> shapes.Items[Parked]:
    """List the callers who are parked, by place."""
    return shapes.Items(items=parked(ask.services, ask.user))


@routes.add("GET", "/calls/{id}", roles=EVERYONE)
async def read_call(ask: Ask) -> shapes.Call:
    """Read one call."""
    return (await _shapes(ask, [await _call(ask)]))[0]


@routes.add("GET", "/calls/{id}/timeline", roles=EVERYONE)
async def read_timeline(ask: Ask) -> shapes.Items[shapes.TimelineItem]:
    """Read the story of a call, in order."""
    call = await _call(ask)
    story = await ask.services.db.read(lambda connection: journal.of_call(connection, call.id))
    own = call.agent_id == ask.user.id
    return shapes.Items(items=[_item(recorded, ask.user, own=own) for recorded in story])


def _item(recorded: Recorded, viewer: User, *, own: bool) -> shapes.TimelineItem:
    event = recorded.event
    data = to_data(event)
    if not own and viewer.role.value not in SEE_NUMBERS:
        data |= {name: mask(str(data[name])) for name in _NUMBERS if data.get(name)}
        data |= {name: "*" * len(data[name]) for name in ("digits",) if data.get(name)}
        if isinstance(known := data.get("known"), dict):  # what the flow keeps of the keys pressed
            data["known"] = {name: "*" * len(said) if said.isdigit() else said for name, said in known.items()}
    return shapes.TimelineItem(seq=recorded.seq, at=event.at, event=type(event).__name__, data=data)


async def _call(ask: Ask) -> Call:
    return await _found(ask, ask.part("id"))


async def _found(ask: Ask, call_id: str) -> Call:
    call = await ask.services.db.read(lambda connection: store.get(connection, call_id))
    if call is None:
        raise NoSuchCall("there is no such call", call_id=call_id)
    return call


async def _shapes(ask: Ask, calls: Sequence[Call]) -> list[shapes.Call]:
    facts = await ask.services.db.read(lambda connection: facts_of(connection, [call.id for call in calls]))
    return [call_shape(call, facts[call.id], ask.user) for call in calls]


def _verb_handler(name: str) -> ApiHandler:
    verb, model = VERBS[name]

    async def handle(ask: Ask, body: Given) -> Answer:
        await verb(ask.services, ask.user, ask.part("id"), body)
        return shapes.Done()

    handle.__doc__ = verb.__doc__
    handle.__annotations__ = {"ask": Ask, "body": model, "return": shapes.Done}
    return handle


for _name in VERBS:
    _roles = may(Permission.MONITOR_CALLS) if _name in OF_LEADS else DESK
    routes.add("POST", f"/calls/{{id}}/{_name}", roles=_roles)(_verb_handler(_name))
