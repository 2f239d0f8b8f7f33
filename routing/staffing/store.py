"""What the journal says of past load: calls by half hour, how long agents were busy, how long callers waited."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Row, Select, cast, extract, func, select

from agents.events import AgentStateChanged
from agents.model import State
from core.journal import journal_table
from cti.events import AgentAnswered, CallDequeued, CallEnded
from routing.events import AgentRequested
from routing.staffing.load import HALF_HOUR

LATEST = 30_000
"""So many facts are looked at for a mean: more would not change it."""
_HALF_HOUR_S = int(HALF_HOUR.total_seconds())
_BUSY = frozenset({State.TALKING, State.WRAP_UP})


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `number` cases, in seconds."""

    seconds: float
    number: int


def arrivals(connection: Connection, since: datetime, until: datetime) -> dict[str, dict[datetime, int]]:
    """Return by queue how often a person was asked for, by the beginning of the half hour (UTC).

    Each time of waiting counts: a caller who is handed on to another queue is load of both.
    """
    begin, queue = _half_hour(connection), journal_table.c.data["queue"].as_string()
    query = select(begin, queue, func.count()).where(
        journal_table.c.event == AgentRequested.__name__, journal_table.c.at >= since, journal_table.c.at < until
    )
    found: dict[str, dict[datetime, int]] = defaultdict(dict)
    for number, name, times in connection.execute(query.group_by(begin, queue)):
        found[name][datetime.fromtimestamp(int(number) * _HALF_HOUR_S, UTC)] = times
    return dict(found)


def _half_hour(connection: Connection) -> ColumnElement[Any]:
    """Return the number of the half hour since 1970 in which a row's moment is."""
    if connection.dialect.name == "sqlite":  # seconds are cut by hand, since SQLite rounds them to thousandths first
        return cast(func.strftime("%s", func.substr(journal_table.c.at, 1, 19)), Integer) // _HALF_HOUR_S
    return cast(func.floor(extract("epoch", journal_table.c.at) / _HALF_HOUR_S), BigInteger)


def first_arrival(connection: Connection) -> datetime | None:
    """Return when a person was first asked for."""
    event = journal_table.c.event == AgentRequested.__name__
    moment: datetime | None = connection.execute(select(func.min(journal_table.c.at)).where(event)).scalar_one()
    return moment


def handling(connection: Connection, since: datetime, until: datetime) -> Mean | None:
    """Return how long a call keeps its agent, talk, hold and wrap-up; None when nothing is known.

    Of the latest facts only (LATEST).
    """
    begun: dict[str, datetime] = {}
    spent, number = timedelta(), 0
    for row in _latest(connection, [AgentStateChanged], since, until):
        if row.data["to"] == State.TALKING:
            begun.setdefault(row.agent_id, row.at)
        elif row.data["to"] not in _BUSY and (from_ := begun.pop(row.agent_id, None)) is not None:
            spent, number = spent + (row.at - from_), number + 1
    return Mean(spent.total_seconds() / number, number) if number else None


def patience(connection: Connection, since: datetime, until: datetime, queue: str | None = None) -> Mean | None:
    """Return the mean patience: all waiting divided by those who hung up in it; `number` is how many those are.

    Who was answered or sent away would have waited on, which this takes into account (the estimate of an exponential
    patience from censored waits). None when nobody hung up. Of the latest facts only (LATEST).
    """
    kinds = [AgentRequested, AgentAnswered, CallDequeued, CallEnded]
    begun: dict[str, datetime] = {}
    waited, gone = timedelta(), 0
    for row in _latest(connection, kinds, since, until):
        if row.event == AgentRequested.__name__:
            if queue is None or row.data["queue"] == queue:
                begun[row.call_id] = row.at
        elif (from_ := begun.pop(row.call_id, None)) is not None:
            waited += row.at - from_
            gone += row.event == CallEnded.__name__ and row.data["by"] == "caller"
    return Mean(waited.total_seconds() / gone, gone) if gone else None


def needs(
    connection: Connection, since: datetime, until: datetime
) -> dict[str, dict[tuple[tuple[str, int], ...], float]]:
    """Return by queue which share of its callers needed what beside the skills of the queue. Of the latest facts."""
    found: dict[str, Counter[tuple[tuple[str, int], ...]]] = defaultdict(Counter)
    for row in _latest(connection, [AgentRequested], since, until):
        found[row.data["queue"]][tuple(sorted(row.data.get("skills", {}).items()))] += 1
    return {
        queue: {levels: number / counts.total() for levels, number in sorted(counts.items())}
        for queue, counts in found.items()
    }


def _latest(
    connection: Connection, kinds: list[Any], since: datetime, until: datetime
) -> list[Row[tuple[datetime, str, str, str, Any]]]:
    columns = journal_table.c
    query: Select[tuple[datetime, str, str, str, Any]] = (
        select(columns.at, columns.event, columns.call_id, columns.agent_id, columns.data)
        .where(columns.event.in_([kind.__name__ for kind in kinds]), columns.at >= since, columns.at < until)
        .order_by(columns.seq.desc())
        .limit(LATEST)
    )
    return list(reversed(connection.execute(query).all()))
