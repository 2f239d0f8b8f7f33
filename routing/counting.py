"""The figures of a queue at one moment."""

from collections.abc import Callable, Iterable
from datetime import datetime

from agents.model import State
from agents.roster import Roster
from routing.model import Entry, Figures, Stand
from routing.places import longest


def figures(queue: str, places: Iterable[Entry], roster: Roster, able: Callable[[str], bool], now: datetime) -> Figures:
    """Count the calls of `queue` among `places`, and who is signed in and `able` to answer in it.

    A call of before a restart has to ask first; who is to be rung back does not wait on the line.
    """
    people = [one for one in roster.signed_in() if able(one.agent_id)]
    ready = sum(roster.routable(one.agent_id) for one in people)
    away = sum(one.state in (State.READY, State.NOT_READY) for one in people) - ready
    there = [entry.call for entry in places if entry.stand is not Stand.PARKED]
    calls = [call for call in there if call.queue == queue and not call.absent]
    return Figures(queue, len(calls), longest(calls, now), ready, len(people) - ready - away, away)
