"""The fold: events of the journal in, counts out; the same whether in one go, in pieces, or live."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agents.events import AgentStateChanged
from agents.model import State
from core.events import Event
from cti.events import Reconciled
from figures import besides
from figures.board import Stock, Waiting
from figures.cells import Cells, Counts, Key, Line, add
from figures.contacts import KINDS as CONTACT_KINDS
from figures.contacts import Contacts
from figures.presence import Interval, Presence
from figures.slots import Slots, microseconds
from figures.stays import Contact, Ending
from figures.terms import Terms

KINDS: tuple[type[Event], ...] = tuple(dict.fromkeys((*CONTACT_KINDS, *besides.KINDS, AgentStateChanged, Reconciled)))
"""The events that figures are computed from."""
AWAY = "NOT_READY/"
"""With a reason behind it: time not ready for that reason."""
PRESENCE = {state.value: state.name for state in State}
_CONTACTS = frozenset(CONTACT_KINDS)
_BESIDES = frozenset(besides.KINDS)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All counts as of a moment. `broken`: laws that do not hold, in words; empty when every figure can be trusted.

    `reconciled`: how often the books were put right by what the PBX said.
    """

    as_of: datetime
    cells: tuple[tuple[Key, Counts], ...]
    endings: tuple[tuple[Ending, int], ...]
    broken: tuple[str, ...]
    reconciled: int

    def to_json(self) -> str:
        """Return the counts as text: equal counts have equal text."""
        cells = [[key.slot.isoformat(), key.queue, key.agent, key.skills, counts] for key, counts in self.cells]
        endings = [[one.by, one.where, one.why, number] for one, number in self.endings]
        whole = {"cells": cells, "endings": endings, "broken": self.broken, "reconciled": self.reconciled}
        return json.dumps(whole, sort_keys=True, ensure_ascii=False)


class Fold:
    """Counts what happens in [begin, end) of `terms` by the clock of `zone`."""

    def __init__(self, terms: Terms, zone: ZoneInfo) -> None:
        self.slots = Slots(zone)
        self.terms = terms
        self._cells = Cells()
        self.contacts = Contacts(terms, self.slots, self._cells)
        self.presence = Presence(terms.begin)
        self._reconciled = 0
        self._latest = terms.begin

    def take(self, event: Event) -> None:
        """Apply an event; one that is not of `KINDS` changes nothing."""
        self._latest = max(self._latest, event.at)
        if type(event) in _BESIDES:
            besides.count(event, self.terms, self.slots, self._cells)
        if type(event) in _CONTACTS:
            self.contacts.take(event)
        elif isinstance(event, AgentStateChanged):
            self._moved(event)
        elif isinstance(event, Reconciled) and self.terms.begin <= event.at < self.terms.end:
            self._reconciled += 1

    def _moved(self, event: AgentStateChanged) -> None:
        over = self.presence.take(event)
        self._present(self._cells, over)
        if over.state == State.WRAP_UP.value:
            self.contacts.wrapped_up(over.agent_id, over.call_id, over.end - over.begin)

    def _present(self, cells: Cells, stay: Interval) -> None:
        begin, end = max(stay.begin, self.terms.begin), min(stay.end, self.terms.end)
        for slot, first, last in self.slots.split(begin, end):
            key, span = Key(slot, "", stay.agent_id), microseconds(last - first)
            cells.add(key, PRESENCE[stay.state], span)
            if stay.state == State.NOT_READY.value and stay.reason:
                cells.add(key, AWAY + stay.reason, span)

    def unsettled(self) -> bool:
        """Whether events are still to come that change what is counted, though they happen after its end."""
        wrapping = (one.agent_id for one in self.presence.open(self.terms.end) if one.state == State.WRAP_UP.value)
        return self.contacts.unsettled() or any(self.contacts.wraps_up(agent_id) for agent_id in wrapping)

    def go_on(self, terms: Terms) -> None:
        """Count by `terms` from now on, from nothing; calls that live and agents who are there are kept."""
        self.terms, self._cells, self._reconciled = terms, Cells(), 0
        self.contacts.go_on(terms, self._cells)
        self.presence.go_on(terms.begin)

    def of_queue(self, queue: str, as_of: datetime) -> Counts:
        """Return what is counted of a queue, those who wait at `as_of` included."""
        counts: Counts = {}
        for line, counted in self._cells.lines():
            if line.queue == queue:
                add(counts, counted)
        for contact in self.contacts.waiting():
            if contact.queue == queue:
                add(counts, self._waits(contact, as_of))
        return counts

    def stock(self, as_of: datetime) -> Stock:
        """Return what is counted of each line, those who wait at `as_of` included, without looking at each agent."""
        lines = {line: dict(counts) for line, counts in self._cells.lines()}
        for contact in self.contacts.waiting():
            assert contact.slot is not None
            line = Line(contact.slot, contact.queue, contact.skills)
            add(lines.setdefault(line, {}), self._waits(contact, as_of))
        waiting = tuple(Waiting(one.queue, one.skills, one.at) for one in self.contacts.everybody())
        strange = len(self.contacts.misfits) + len(self.presence.gaps)
        return Stock(as_of, self.terms, lines, waiting, strange)

    def _waits(self, contact: Contact, as_of: datetime) -> Counts:
        return {"W": 1, "W_T": 1} if as_of - contact.at < self.terms.threshold else {"W": 1}

    def snapshot(self, as_of: datetime) -> Snapshot:
        """Return the counts as of a moment, or of the latest event that came since it was looked at the clock."""
        return self.picture(as_of).snapshot()

    def picture(self, as_of: datetime) -> "Picture":
        """Return what a snapshot is made of, so that it can be made in a thread while events go on coming."""
        as_of = max(as_of, self._latest)
        cells, here = self._cells.copy(), self.presence.open(as_of)
        for contact in self.contacts.waiting():
            assert contact.slot is not None
            key = Key(contact.slot, contact.queue, "", contact.skills)
            for symbol, number in self._waits(contact, as_of).items():
                cells.add(key, symbol, number)
        for stay in here:
            self._present(cells, stay)
        strange = (*self.contacts.misfits, *self.presence.gaps)
        agents = tuple(stay.agent_id for stay in here)
        return Picture(as_of, self.terms, cells, dict(self.contacts.endings), agents, strange, self._reconciled)


@dataclass(frozen=True, slots=True)
class Picture:
    """A fold as it was at a moment; `agents`: whose presence is known, `strange`: what did not fit."""

    as_of: datetime
    terms: Terms
    cells: Cells
    endings: dict[Ending, int]
    agents: tuple[str, ...]
    strange: tuple[str, ...]
    reconciled: int

    def snapshot(self) -> Snapshot:
        """Return the counts, with the laws looked at."""
        counted = tuple(self.cells.items())
        broken = (*self._conservation(counted), *self._wall_clock(counted), *self.strange)
        endings = sorted(self.endings.items(), key=lambda one: (one[0].by, one[0].where, one[0].why))
        return Snapshot(self.as_of, counted, tuple(endings), broken, self.reconciled)

    # --- laws ------------------------------------------------------------------------------------

    @staticmethod
    def _conservation(cells: tuple[tuple[Key, Counts], ...]) -> list[str]:
        """O = A + B + F + C + W for every queue, need and half hour; a negative count is no count.

        So it holds for each skill too, which is a sum of needs. Skills do not add up to the whole: a contact that
        needs two is counted at both.
        """
        sums: defaultdict[Line, Counts] = defaultdict(dict)
        broken = []
        for key, counts in cells:
            line = Line(key.slot, key.queue, key.skills)
            add(sums[line], counts)
            broken += [f"{_named(line)}: {symbol} = {number}" for symbol, number in counts.items() if number < 0]
        for line, whole in sums.items():
            offered, accounted = whole.get("O", 0), sum(whole.get(one, 0) for one in "ABFCW")
            if offered != accounted:
                broken.append(f"{_named(line)}: O = {offered}, but A + B + F + C + W = {accounted}")
        return broken

    def _wall_clock(self, cells: tuple[tuple[Key, Counts], ...]) -> list[str]:
        """The times of an agent's states add up to the time that has passed."""
        passed = microseconds(max(min(self.as_of, self.terms.end) - self.terms.begin, timedelta()))
        sums: defaultdict[str, int] = defaultdict(int)
        for key, counts in cells:
            if key.agent and not key.queue:
                sums[key.agent] += sum(counts.get(state, 0) for state in PRESENCE.values())
        return [
            f"agent {agent_id}: {sums[agent_id]} µs in all states, {passed} µs by the clock"
            for agent_id in self.agents
            if sums[agent_id] != passed
        ]


def _named(line: Line) -> str:
    need = f", needs {' and '.join(line.skills)}" if line.skills else ""
    return f"queue {line.queue}{need}, {line.slot.isoformat()}"
