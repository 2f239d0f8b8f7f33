"""Surveys as rows; each function runs inside the caller's transaction."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from desk.surveys.model import AlreadyAnswered, Reason, Survey
from desk.surveys.tables import surveys


@dataclass(frozen=True, slots=True)
class SurveyFilter:
    """Which answers to list: every field that is set must fit."""

    agent_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    worst: int | None = None
    """Only scores of at most this."""
    limit: int = 100


def add(connection: Connection, survey: Survey) -> None:
    """Insert an answer. Raises AlreadyAnswered when the call has one."""
    if get(connection, survey.call_id) is not None:
        raise AlreadyAnswered(call_id=survey.call_id)
    connection.execute(insert(surveys), asdict(survey))


def get(connection: Connection, call_id: str) -> Survey | None:
    """Return the answer given in a call, if there is one."""
    row = connection.execute(select(surveys).where(surveys.c.call_id == call_id)).one_or_none()
    return None if row is None else _survey(row)


def of_calls(connection: Connection, call_ids: Collection[str]) -> dict[str, Survey]:
    """Return the answers given in these calls, by call."""
    rows = connection.execute(select(surveys).where(surveys.c.call_id.in_(call_ids)))
    return {row.call_id: _survey(row) for row in rows}


def set_reason(connection: Connection, call_id: str, reason: Reason) -> None:
    """Write down why the caller was not satisfied."""
    connection.execute(update(surveys).where(surveys.c.call_id == call_id).values(reason=reason))


def find(connection: Connection, wanted: SurveyFilter) -> list[Survey]:
    """Return answers, newest first, at most `wanted.limit`."""
    query = select(surveys).order_by(surveys.c.at.desc(), surveys.c.call_id.desc()).limit(wanted.limit)
    if wanted.agent_id:
        query = query.where(surveys.c.agent_id == wanted.agent_id)
    if wanted.since:
        query = query.where(surveys.c.at >= wanted.since)
    if wanted.until:
        query = query.where(surveys.c.at < wanted.until)
    if wanted.worst is not None:
        query = query.where(surveys.c.score <= wanted.worst)
    return [_survey(row) for row in connection.execute(query)]


def _survey(row: Any) -> Survey:
    values = dict(row._mapping)
    return Survey(**values | {"reason": Reason(values["reason"]) if values["reason"] else None})
