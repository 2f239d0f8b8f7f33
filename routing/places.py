"""Where every call stands: waiting in the line of its queue, offered to an agent, or parked after a restart."""

from collections.abc import Iterable
from datetime import datetime

from routing.model import Entry, Line, Stand
from routing.turns import Waiting


class Places:
    """The places of all calls; a call is in the line of its queue exactly while it waits."""

    def __init__(self, queues: Iterable[str]) -> None:
        self._lines = {queue: Line() for queue in queues}
        self._entries: dict[str, Entry] = {}

    def get(self, call_id: str) -> Entry | None:
        """Return the place of a call."""
        return self._entries.get(call_id)

    def all(self) -> list[Entry]:
        """Return every place."""
        return list(self._entries.values())

    def waiting(self) -> list[Entry]:
        """Return the places of those that nobody is kept for."""
        return [entry for entry in self._entries.values() if entry.stand is Stand.WAITING]

    def line(self, queue: str) -> list[Waiting]:
        """Return the calls that wait in a queue, the next one first; not to be changed."""
        return self._lines[queue].calls

    def position(self, call: Waiting) -> int | None:
        """Return the place in the line, 1 = next, None while the call does not wait."""
        return self._lines[call.queue].position(call)

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
        self._lines[entry.call.queue].add(entry.call)
        return True

    def offer(self, entry: Entry, agent_id: str) -> None:
        """Take a waiting call out of the line: this agent is kept for it."""
        self._lines[entry.call.queue].remove(entry.call)
        entry.stand, entry.agent_id = Stand.OFFERED, agent_id

    def take_out(self, entry: Entry) -> None:
        """Forget a place."""
        del self._entries[entry.call.call_id]
        if entry.stand is Stand.WAITING:
            self._lines[entry.call.queue].remove(entry.call)
