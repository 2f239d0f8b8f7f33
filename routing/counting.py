"""The figures of a queue at one moment."""

from collections.abc import Iterable
from datetime import datetime

from agents.model import State
from agents.roster import Roster
from routing.model import Entry, Figures, Stand


def figures(queue: str, places: Iterable[Entry], roster: Roster, now: datetime) -> Figures:
    """Count the calls of `queue` among `places`, and who is signed in; a call of before a restart has to ask first."""
    people = roster.signed_in()
    ready = sum(roster.routable(one.agent_id) for one in people)
    away = sum(one.state in (State.READY, State.NOT_READY) for one in people) - ready
    calls = [entry.call for entry in places if entry.call.queue == queue and entry.stand is not Stand.PARKED]
    longest = min((call.enqueued_at for call in calls), default=now)
    waited = (now - longest).total_seconds()
    return Figures(queue, len(calls), waited, ready, len(people) - ready - away, away)
