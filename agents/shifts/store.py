"""Rows of duties, hand-overs, activations and weather notices."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from agents.events import AgentStateChanged
from agents.shifts.model import Activation, Duty, HandOver, Kind, Level, Trigger, WeatherNotice
from agents.shifts.tables import activations, duties, hand_overs, weather_notices
from core.events import from_data
from core.journal import journal_table

OPEN = "open"
_AT_ONCE = 500
"""Values in one IN list."""

# --- duties --------------------------------------------------------------------------------------


def save_duties(connection: Connection, items: Collection[Duty]) -> None:
    """Write duties over those of the same person, day and shift."""
    for duty in items:
        connection.execute(delete(duties).where(duties.c.id == duty.id))
    if items:
        connection.execute(insert(duties), [_duty_row(duty) for duty in items])


def remove_duty(connection: Connection, duty_id: str) -> bool:
    """Remove one; tells whether there was one."""
    return connection.execute(delete(duties).where(duties.c.id == duty_id)).rowcount == 1


def _duty_row(duty: Duty) -> dict[str, Any]:
    return {**asdict(duty), "id": duty.id, "day": duty.day.isoformat(), "kind": duty.kind.value}


def duties_between(
    connection: Connection, begin: datetime, end: datetime, agents: Collection[str] | None = None
) -> list[Duty]:
    """Return the duties that touch the time from `begin` to `end`, of `agents` or of all, by their beginning."""
    query = select(duties).where(duties.c.begins < end, duties.c.ends > begin).order_by(duties.c.begins, duties.c.id)
    if agents is None:
        return [_duty(row) for row in connection.execute(query)]
    ids = sorted(agents)
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    return [_duty(row) for part in parts for row in connection.execute(query.where(duties.c.agent_id.in_(part)))]


def _duty(row: Any) -> Duty:
    return Duty(
        agent_id=row.agent_id,
        day=date.fromisoformat(row.day),
        shift=row.shift,
        kind=Kind(row.kind),
        begins=row.begins,
        ends=row.ends,
        phone=row.phone,
    )


# --- hand-over -----------------------------------------------------------------------------------


def open_shift(connection: Connection, book: HandOver) -> None:
    """Begin the book of a shift. Raises IntegrityError when it was begun before."""
    connection.execute(insert(hand_overs).values(asdict(book)))


def hand_over(connection: Connection, shift_id: str) -> HandOver | None:
    row = connection.execute(select(hand_overs).where(hand_overs.c.shift_id == shift_id)).one_or_none()
    return HandOver(**row._mapping) if row else None


def save_hand_over(connection: Connection, book: HandOver, before: HandOver) -> bool:
    """Write `book` over `before`; False: somebody else was quicker."""
    done = connection.execute(
        update(hand_overs)
        .where(
            hand_overs.c.shift_id == book.shift_id,
            hand_overs.c.closed_at.is_(None) if before.closed_at is None else hand_overs.c.closed_at.is_not(None),
            hand_overs.c.taken_at.is_(None) if before.taken_at is None else hand_overs.c.taken_at.is_not(None),
        )
        .values(asdict(book))
    )
    return done.rowcount == 1


def latest_hand_overs(connection: Connection, most: int) -> list[HandOver]:
    """Return the books opened last, the latest first."""
    rows = connection.execute(select(hand_overs).order_by(hand_overs.c.opened_at.desc()).limit(most))
    return [HandOver(**row._mapping) for row in rows]


# --- backup shift --------------------------------------------------------------------------------


def activate(connection: Connection, one: Activation) -> None:
    """Enter an activation. Raises IntegrityError while another one goes on."""
    connection.execute(insert(activations).values(_activation_row(one)))


def release(connection: Connection, one: Activation) -> bool:
    """Enter the end of an activation; False: it was over."""
    done = connection.execute(
        update(activations)
        .where(activations.c.id == one.id, activations.c.released_at.is_(None))
        .values(_activation_row(one))
    )
    return done.rowcount == 1


def active(connection: Connection) -> Activation | None:
    """Return the activation that goes on."""
    row = connection.execute(select(activations).where(activations.c.open_key == OPEN)).one_or_none()
    return _activation(row) if row else None


def activations_between(connection: Connection, begin: datetime, end: datetime) -> list[Activation]:
    """Return the activations that touch the time from `begin` to `end`, in order."""
    rows = connection.execute(select(activations).where(activations.c.at < end).order_by(activations.c.at))
    return [one for one in map(_activation, rows) if one.released_at is None or one.released_at > begin]


def called_since(connection: Connection, moment: datetime) -> bool:
    """Tell whether people were called in at or after a moment."""
    return connection.execute(select(activations.c.id).where(activations.c.at >= moment).limit(1)).first() is not None


def _activation_row(one: Activation) -> dict[str, Any]:
    key = OPEN if one.released_at is None else None
    return {**asdict(one), "trigger": one.trigger.value, "agent_ids": list(one.agent_ids), "open_key": key}


def _activation(row: Any) -> Activation:
    return Activation(
        id=row.id,
        at=row.at,
        trigger=Trigger(row.trigger),
        why=row.why,
        by=row.by,
        agent_ids=tuple(row.agent_ids),
        released_at=row.released_at,
        released_by=row.released_by,
        release_why=row.release_why,
    )


# --- weather -------------------------------------------------------------------------------------


def add_weather(connection: Connection, notice: WeatherNotice) -> None:
    connection.execute(insert(weather_notices).values({**asdict(notice), "level": int(notice.level)}))


def weather_at(connection: Connection, at: datetime) -> list[WeatherNotice]:
    """Return the notices in force at a moment, the gravest first."""
    query = select(weather_notices).where(weather_notices.c.begins <= at, weather_notices.c.ends > at)
    rows = connection.execute(query.order_by(weather_notices.c.level.desc(), weather_notices.c.begins))
    return [WeatherNotice(**{**row._mapping, "level": Level(row.level)}) for row in rows]


# --- presence ------------------------------------------------------------------------------------


def moves(connection: Connection, agent_id: str, begin: datetime, end: datetime) -> list[AgentStateChanged]:
    """Return an agent's moves from `begin` to `end` in order, before them the last one from before."""
    kind = (journal_table.c.agent_id == agent_id, journal_table.c.event == AgentStateChanged.__name__)
    order = journal_table.c.seq
    before = select(journal_table).where(*kind, journal_table.c.at < begin).order_by(order.desc()).limit(1)
    inside = select(journal_table).where(*kind, journal_table.c.at >= begin, journal_table.c.at < end).order_by(order)
    found = [*_events(connection.execute(before)), *_events(connection.execute(inside))]
    return sorted(found, key=lambda event: event.at)


def _events(rows: Iterable[Any]) -> list[AgentStateChanged]:
    events = [from_data(row.event, row.at, row.data) for row in rows]
    return [event for event in events if isinstance(event, AgentStateChanged)]
