"""Recordings as rows; each function runs inside the caller's transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from core.journal import journal_table
from cti.events import AgentAnswered, CalleeAnswered
from recordings.model import Kind, Recording, RecordingState, Talk, Verdict
from recordings.tables import recordings

TALKS_BEGIN = (AgentAnswered.__name__, CalleeAnswered.__name__)


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings to list: every field that is set must fit; `since` ≤ start of the talk < `until`.

    `before` is the cursor: talk start and id of the last one of the page before.
    """

    call_id: str | None = None
    agent_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: RecordingState | None = None
    before: tuple[datetime, str] | None = None
    limit: int = 50


def save(connection: Connection, recording: Recording) -> None:
    """Write the present state of a recording, new or known."""
    assert recording.state is not None
    connection.execute(delete(recordings).where(recordings.c.id == recording.id))
    connection.execute(insert(recordings), asdict(recording))


def get(connection: Connection, recording_id: str) -> Recording | None:
    """Return one recording."""
    row = connection.execute(select(recordings).where(recordings.c.id == recording_id)).one_or_none()
    return None if row is None else _recording(row)


def find(connection: Connection, wanted: RecordingFilter) -> list[Recording]:
    """Return recordings, the latest talk first, at most `wanted.limit`."""
    start = recordings.c.talk_started_at
    query = select(recordings).order_by(start.desc(), recordings.c.id.desc()).limit(wanted.limit)
    for column in ("call_id", "agent_id", "state"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(recordings.c[column] == value)
    if wanted.since:
        query = query.where(start >= wanted.since)
    if wanted.until:
        query = query.where(start < wanted.until)
    if wanted.before:
        at, last = wanted.before
        query = query.where((start < at) | ((start == at) & (recordings.c.id < last)))
    return [_recording(row) for row in connection.execute(query)]


def unsettled(connection: Connection, call_id: str | None = None) -> list[Recording]:
    """Return the recordings (of one call, or all) that are under way, or missing while their talk may go on."""
    missing = (recordings.c.state == RecordingState.MISSING) & recordings.c.talk_ended_at.is_(None)
    query = select(recordings).where((recordings.c.state == RecordingState.CAPTURING) | missing)
    if call_id is not None:
        query = query.where(recordings.c.call_id == call_id)
    return [_recording(row) for row in connection.execute(query.order_by(recordings.c.answered_seq))]


def talks_without_row(connection: Connection) -> list[Talk]:
    """Return every talk in the journal of which recordings know nothing, oldest first, their ends not filled in."""
    known = recordings.c.answered_seq == journal_table.c.seq
    query = (
        select(journal_table)
        .outerjoin(recordings, known)
        .where(journal_table.c.event.in_(TALKS_BEGIN), recordings.c.id.is_(None))
        .order_by(journal_table.c.seq)
    )
    return [Talk(row.call_id, row.call_id, row.agent_id, row.seq, row.at) for row in connection.execute(query)]


def said(connection: Connection, call_id: str | None = None, limit: int = 200) -> list[Recording]:
    """Return what callers said to the machine and is kept (in one call, or at all), the latest first."""
    kept = recordings.c.kind.in_((Kind.MESSAGE, Kind.ADDRESS)) & (recordings.c.state == RecordingState.STORED)
    query = select(recordings).where(kept).order_by(recordings.c.talk_started_at.desc()).limit(limit)
    if call_id is not None:
        query = query.where(recordings.c.call_id == call_id)
    return [_recording(row) for row in connection.execute(query)]


def _recording(row: Any) -> Recording:
    values = dict(row._mapping)
    values["kind"] = Kind(values["kind"])
    values["state"] = RecordingState(values["state"])
    values["verdict"] = Verdict(values["verdict"]) if values["verdict"] else None
    return Recording(**values)
