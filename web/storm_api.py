"""Storm mode: how it stands, why, how near each trigger is, and which queue is full; and the switch itself."""

from datetime import datetime
from typing import Literal

from pydantic import Field, StrictBool

from core.switches import STORM
from routing.storm.model import Reading, Room
from web.route import DESKTOPS, LEADS, TEAM, Ask, Routes
from web.shapes import Given, Shape

routes = Routes("storm")


class TriggerRow(Shape):
    """A trigger: its figure `now` (null: nothing is known), and where a storm `begins` and may end (`ends`)."""

    trigger: Literal["queue_length", "service_level", "arrivals", "weather"]
    now: float | None
    begins: float
    ends: float
    pulled: bool
    calm: bool


class QueueRoom(Shape):
    """A queue: how many wait, the wait (median, seconds) of who comes now, and whether a storm takes nobody new."""

    queue: str
    waiting: int
    expected_wait_s: float | None
    full: bool


class StormView(Shape):
    """How storm mode stands: `by` whom and why it was turned last; `by` null with a `since`: a trigger did it.

    `overruled`: a person ended a storm whose triggers are still pulled, so they do nothing.
    """

    on: bool
    since: datetime | None
    by: str | None
    by_name: str | None
    why: str
    overruled: bool
    acts: bool = Field(description="whether triggers begin and end a storm at all")
    triggers: list[TriggerRow]
    queues: list[QueueRoom]


class StormGiven(Given):
    """How storm mode shall stand, and why."""

    on: StrictBool
    why: str = Field("", max_length=200)


@routes.add("GET", "/storm", roles=TEAM)
async def read_storm(ask: Ask) -> StormView:
    """Read how storm mode stands and how near it is."""
    return _view(ask)


@routes.add("PUT", "/storm", roles=LEADS)
async def turn_storm(ask: Ask, body: StormGiven) -> StormView:
    """Begin or end storm mode; it holds at once, after a restart too, and no trigger turns it back."""
    await ask.services.switches.turn(STORM, ask.user.id, on=body.on, why=body.why)
    return _view(ask)


def _view(ask: Ask) -> StormView:
    switches, watch = ask.services.switches, ask.services.storm
    turned = switches.turned(STORM)
    by = turned.user_id or None if turned else None
    return StormView(
        on=switches.on(STORM),
        since=turned.at if turned else None,
        by=by,
        by_name=ask.request.app[DESKTOPS].people.name(by),
        why=turned.why if turned else "",
        overruled=watch.overruled,
        acts=watch.gauges.limits.acts,
        triggers=[_row(reading) for reading in watch.gauges.readings],
        queues=_rooms(ask),
    )


def _row(reading: Reading) -> TriggerRow:
    return TriggerRow(
        trigger=reading.trigger.value,
        now=reading.value,
        begins=reading.bounds.begins,
        ends=reading.bounds.ends,
        pulled=reading.pulled,
        calm=reading.calm,
    )


def _rooms(ask: Ask) -> list[QueueRoom]:
    routing, room = ask.services.routing, Room.of(ask.services.policy)
    rows = []
    for queue in routing.queues:
        figures = routing.figures(queue)
        expected = routing.expected_wait_now(figures)
        wait_s = None if expected is None else expected.p50_s
        full = room.full(figures.waiting, wait_s)
        rows.append(QueueRoom(queue=queue, waiting=figures.waiting, expected_wait_s=wait_s, full=full))
    return rows
