"""Where every call stands: waiting, offered to an agent, or parked after a restart."""

from collections.abc import Collection, Iterable
from datetime import datetime

from routing.model import Entry, Stand, Waiting
from routing.skills import Levels

Kind = tuple[str, Levels]
"""A queue and what is needed beside it: whoever could ever answer one call of a kind could answer all."""


class Places:
    """The places of all calls."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._waiting: dict[Kind, dict[str, Entry]] = {}

    def get(self, call_id: str) -> Entry | None:
        """Return the place of a call."""
        return self._entries.get(call_id)

    def all(self) -> list[Entry]:
        """Return every place."""
        return list(self._entries.values())

    def gone(self, live_calls: Collection[str]) -> list[Entry]:
        """Return the places whose call does not live; who is absent has none."""
        return [e for e in self._entries.values() if e.call.call_id not in live_calls and not e.call.absent]

    def waiting(self) -> list[Entry]:
        """Return the places of those that nobody is kept for."""
        return [entry for entries in self._waiting.values() for entry in entries.values()]

    def kinds(self) -> list[tuple[Kind, list[Entry]]]:
        """Return the waiting by kind."""
        return [(kind, list(entries.values())) for kind, entries in self._waiting.items()]

    def park(self, call: Waiting, entered_at: datetime | None = None) -> Entry:
        """Give a call a place, instead of one that it had, without letting it wait yet.

        `entered_at` is from when on the wait limit counts, the moment of its place when not given.
        """
        entry = self._entries[call.call_id] = Entry(call, Stand.PARKED, entered_at or call.enqueued_at)
        return entry

    def holds(self, entry: Entry) -> bool:
        """Tell whether this is still the call's place."""
        return self._entries.get(entry.call.call_id) is entry

    def line_up(self, entry: Entry) -> bool:
        """Let a call wait in its place; tells whether it did not already."""
        if entry.stand is Stand.WAITING:
            return False
        entry.stand, entry.agent_id = Stand.WAITING, None
        self._waiting.setdefault(kind(entry.call), {})[entry.call.call_id] = entry
        return True

    def offer(self, entry: Entry, agent_id: str) -> None:
        """This agent is kept for a waiting call."""
        self._wait_no_more(entry)
        entry.stand, entry.agent_id = Stand.OFFERED, agent_id

    def take_out(self, entry: Entry) -> None:
        """Forget a place."""
        del self._entries[entry.call.call_id]
        if entry.stand is Stand.WAITING:
            self._wait_no_more(entry)

    def _wait_no_more(self, entry: Entry) -> None:
        entries = self._waiting[kind(entry.call)]
        del entries[entry.call.call_id]
        if not entries:
            del self._waiting[kind(entry.call)]


def kind(call: Waiting) -> Kind:
    """Return the kind of a call."""
    return call.queue, call.skills


def longest(calls: Iterable[Waiting], now: datetime) -> float:
    """Return the longest wait in seconds, 0 without calls."""
    return (now - min((call.enqueued_at for call in calls), default=now)).total_seconds()
