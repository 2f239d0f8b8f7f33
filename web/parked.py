"""Which callers are parked, for every agent to see and pick up."""

from datetime import datetime, timedelta

from agents.model import User
from cti.model import Call
from web.masking import number_for
from web.services import WebServices
from web.shapes import Shape


class Parked(Shape):
    """A caller at a numbered place: parked by whom (`agent_id`), since when, and until when somebody may pick up."""

    place: int
    call_id: str
    caller: str
    agent_id: str
    since: datetime
    until: datetime


def parked(services: WebServices, viewer: User) -> list[Parked]:
    """Return the callers who are parked as `viewer` may see them."""
    calls = [session.call for session in services.calls.live() if session.call.park_place is not None]
    return [_shape(services, call, viewer) for call in sorted(calls, key=lambda call: call.park_place or 0)]


def _shape(services: WebServices, call: Call, viewer: User) -> Parked:
    assert call.park_place is not None
    assert call.parked_at is not None
    limit = timedelta(seconds=services.policy.number("park_limit"))
    return Parked(
        place=call.park_place,
        call_id=call.id,
        caller=number_for(call.caller, viewer.role.value, own=call.parked_by == viewer.id),
        agent_id=call.parked_by or "",
        since=call.parked_at,
        until=call.parked_at + limit,
    )
