"""First contact resolution: who called again on the same topic, and who did not."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from core.events import Event
from cti.events import AgentAnswered, CallArrived, CallQueued
from figures.cells import Key, Skills
from figures.slots import Slots
from figures.terms import Terms
from ivr.events import CallerIdentified, NeedStated
from routing.events import AgentRequested

LATER_KINDS: tuple[type[Event], ...] = (CallArrived, CallerIdentified, NeedStated, CallQueued)
"""The events of the W days behind what is counted."""
KINDS: tuple[type[Event], ...] = (*LATER_KINDS, AgentRequested, AgentAnswered)
"""The events that tell who called and why."""


@dataclass(slots=True)
class _Contact:
    customer: str
    number: str
    at: datetime | None = None
    topic: str = ""
    queue: str = ""
    skills: Skills | None = None
    cell: Key | None = None


class Repeats:
    """Keeps, of each call that asked for a person, who it was, what it was about, and who answered.

    The customer is who was identified, else the number; the topic is the need that was stated, else the queue. A
    withheld number is nobody's, so such a contact can be neither resolved nor a repeat.
    """

    def __init__(self, terms: Terms, slots: Slots) -> None:
        self._terms = terms
        self._slots = slots
        self._calls: dict[str, _Contact] = {}

    def take(self, event: Event) -> None:
        """Apply an event of `KINDS`."""
        if isinstance(event, CallArrived):
            number = event.caller if event.caller_known else ""
            self._calls[event.call_id] = _Contact(number, number)
            return
        call = self._calls.get(getattr(event, "call_id", ""))
        if call is None:
            return
        match event:
            case CallerIdentified():
                call.customer = event.customer_id or call.number
            case NeedStated():
                call.topic = event.need
            case CallQueued() if call.at is None:
                call.at, call.queue = event.at, event.queue
            case AgentRequested() if call.skills is None:
                call.skills = tuple(sorted(event.needs or event.skills))
            case AgentAnswered() if call.cell is None and call.at and self._terms.begin <= call.at < self._terms.end:
                call.cell = Key(self._slots.of(call.at), call.queue, event.agent_id, call.skills or ())

    def resolved(self, as_of: datetime) -> list[tuple[Key, bool]]:
        """Return the cell of each answered contact whose W days are over, and whether nobody had to call again."""
        of: defaultdict[tuple[str, str], list[tuple[datetime, Key | None]]] = defaultdict(list)
        for call in self._calls.values():
            if call.customer and call.at is not None:
                of[call.customer, call.topic or call.queue].append((call.at, call.cell))
        found = []
        for calls in of.values():
            calls.sort(key=lambda one: one[0])
            following = [at for at, _ in calls[1:]]
            for (at, cell), then in zip(calls, [*following, None], strict=True):
                if cell is not None and at + self._terms.repeat <= as_of:
                    found.append((cell, then is None or then > at + self._terms.repeat))
        return found
