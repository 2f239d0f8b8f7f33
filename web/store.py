"""What the web reads of the journal for its views; each function runs inside the caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from core.journal import journal_table
from core.prepared import PreparedSelect
from cti import store as calls
from cti.events import CallNoted
from cti.model import Call
from cti.tables import calls as call_table
from desk.customers.store import joined
from ivr.events import CallerIdentified
from recordings.events import RecordingMissing, RecordingStarted
from routing.events import AgentRequested
from web.views import CallFacts

_NOTES = PreparedSelect(
    select(journal_table.c.call_id, journal_table.c.data)
    .where(journal_table.c.call_id == bindparam("wanted"), journal_table.c.event == CallNoted.__name__)
    .order_by(journal_table.c.seq)
)


def facts_of(connection: Connection, call_ids: Collection[str]) -> dict[str, CallFacts]:
    """Return who called, which recording there is and why the call went ahead of others, by call id."""
    customers: dict[str, str | None] = {}
    recordings: dict[str, str | None] = {}
    ahead: dict[str, tuple[str, ...]] = {}
    kinds = [kind.__name__ for kind in (CallerIdentified, RecordingStarted, RecordingMissing, AgentRequested)]
    table = journal_table.c
    query = select(table.call_id, table.event, table.data).where(table.call_id.in_(call_ids), table.event.in_(kinds))
    for row in connection.execute(query.order_by(table.seq)) if call_ids else ():
        if row.event == CallerIdentified.__name__:
            customers[row.call_id] = row.data["customer_id"] or None
        elif row.event == AgentRequested.__name__:
            ahead[row.call_id] = tuple(row.data.get("causes", ()))
        elif row.event == RecordingStarted.__name__:
            if row.data.get("kind", "talk") == "talk":
                recordings[row.call_id] = row.data["recording_id"]
        elif recordings.get(row.call_id) == row.data["recording_id"]:
            recordings[row.call_id] = None
    return {
        call_id: CallFacts(customers.get(call_id), recordings.get(call_id), ahead.get(call_id, ()))
        for call_id in call_ids
    }


def notes_of(connection: Connection, call_ids: Collection[str]) -> dict[str, str]:
    """Return the last note of each call that has one, by call id."""
    rows = [row for call_id in call_ids for row in _NOTES.rows(connection, wanted=call_id)]
    said = {row.call_id: row.data["text"] or row.data.get("result_code") or "" for row in rows}
    return {call_id: text for call_id, text in said.items() if text}


def is_noted(connection: Connection, call_id: str, agent_id: str, key: str) -> bool:
    """Tell whether what an agent wrote about a call under `key` is kept already."""
    notes = (row.data for row in _NOTES.rows(connection, wanted=call_id))
    return any(note["agent_id"] == agent_id and note.get("key") == key for note in notes)


def contacts(
    connection: Connection, numbers: Sequence[str], limit: int, *, customer_id: str = ""
) -> tuple[list[Call], dict[str, str]]:
    """Return the latest calls from `numbers`, or of this customer as an agent said, newest first, and their notes."""
    found = {call.id: call for number in numbers for call in calls.latest_from(connection, number, limit)}
    said = joined(connection, customer_id, limit) if customer_id else []
    found |= {call.id: call for one in said if one not in found and (call := calls.get(connection, one)) is not None}
    latest = sorted(found.values(), key=lambda call: call.started_at, reverse=True)[:limit]
    return latest, notes_of(connection, [call.id for call in latest])


def turned_away(connection: Connection, phone: str, since: datetime, until: datetime) -> int:
    """Return how many calls from a number, blocked from `since` until `until`, never waited for a person."""
    mine = call_table.c.caller == phone, call_table.c.direction == "in", call_table.c.queued_at.is_(None)
    between = call_table.c.started_at >= since, call_table.c.started_at < until
    return connection.execute(select(func.count()).where(*mine, *between)).scalar_one()
