"""Calls into contacts: one stay of a call in a queue, from its entry to its one end."""

from datetime import datetime, timedelta

from core.events import Event
from cti.events import (
    AgentAnswered,
    AgentMissed,
    AgentRang,
    CallAnswered,
    CallArrived,
    CallDequeued,
    CalleeAnswered,
    CallEnded,
    CallHeld,
    CallPlaced,
    CallPutThrough,
    CallQueued,
    CallReleased,
    CallResumed,
    CallTransferred,
    ConferenceChanged,
    ConsultSwapped,
)
from cti.ringing import PICKED_UP, RETURNED
from desk.callbacks.events import CallbackBooked
from desk.surveys.events import SurveyAnswered
from figures.cells import Cells, Key
from figures.slots import Slots, microseconds
from figures.stays import CallBook, Contact, Ending
from figures.talks import WHOLE, Talk
from figures.terms import Terms
from routing.events import AgentRequested, QueueAnnounced

KINDS: tuple[type[Event], ...] = (
    CallArrived,
    CallPlaced,
    CalleeAnswered,
    CallAnswered,
    CallQueued,
    AgentRequested,
    QueueAnnounced,
    CallDequeued,
    CallTransferred,
    AgentRang,
    AgentMissed,
    AgentAnswered,
    CallHeld,
    CallResumed,
    ConsultSwapped,
    ConferenceChanged,
    CallPutThrough,
    CallReleased,
    CallEnded,
    CallbackBooked,
    SurveyAnswered,
)
"""What contacts are folded from."""
SATISFIED = 4
"""Scores from this one on count as satisfied [kpi.md CSAT]."""


class Contacts:
    """Counts contacts into cells as events come; what does not fit is kept in `misfits`, never thrown away silently."""

    def __init__(self, terms: Terms, slots: Slots, cells: Cells) -> None:
        self.terms = terms
        self._slots = slots
        self._cells = cells
        self._calls: dict[str, CallBook] = {}
        self._waiting: dict[str, Contact] = {}
        self._wrapping: dict[str, Contact] = {}
        """By agent, the contact of the talk that ended last."""
        self.endings: dict[Ending, int] = {}
        self.misfits: list[str] = []

    # --- what is known ---------------------------------------------------------------------------

    def knows(self, call_id: str) -> bool:
        """Whether this call has arrived and not ended."""
        return call_id in self._calls

    def waiting(self) -> list[Contact]:
        """Return the contacts that wait for anybody of their queue, of those that are counted."""
        return [one for one in self._waiting.values() if one.slot is not None and not one.handed_to]

    def everybody(self) -> list[Contact]:
        """Return all contacts that wait for anybody of their queue, those of yesterday and for one person too."""
        return list(self._waiting.values())

    def unsettled(self) -> bool:
        """Whether something is still to come of what is counted: a call that has not ended."""
        slots = (slot for call in self._calls.values() for slot in (call.slot, *(one.slot for one in call.contacts)))
        return any(slot is not None for slot in slots)

    def wraps_up(self, agent_id: str) -> bool:
        """Whether a wrap-up of this agent belongs to a contact that is counted."""
        contact = self._wrapping.get(agent_id)
        return contact is not None and contact.slot is not None

    def wrapped_up(self, agent_id: str, call_id: str | None, span: timedelta) -> None:
        """The agent was in wrap-up for `span` after the call."""
        contact = self._wrapping.get(agent_id)
        if contact is not None and contact.call_id == call_id:
            self._count(contact, "OUT_ACW" if contact.out else "ACW", microseconds(span))

    def go_on(self, terms: Terms, cells: Cells) -> None:
        """Count by `terms` into `cells` from now on: what began before belongs to what was counted until now."""
        self.terms, self._cells = terms, cells
        self.endings, self.misfits, self._wrapping = {}, [], {}
        for call in self._calls.values():
            call.slot = None
            for contact in (*call.contacts, *([call.placed] if call.placed else [])):
                contact.slot = None

    # --- events ----------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Apply an event of `KINDS`."""
        if isinstance(event, CallArrived | CallPlaced):
            self._begun(event)
            return
        call = self._calls.get(getattr(event, "call_id", ""))
        if isinstance(event, AgentRequested):
            self._needs(call, event)
            return
        if isinstance(event, QueueAnnounced):
            if call:
                call.tell(event)
            return
        if call is None:
            self._misfit(event, "a call that is not there")
            return
        match event:
            case CallAnswered():
                call.in_menu = True
                self._of_call(call, "I")
            case CallQueued():
                self._queued(call, event)
            case CallDequeued():
                self._left(call, event)
            case CallbackBooked():
                self._callback(call)
            case AgentRang() | AgentMissed():
                self._rung(call, event)
            case CalleeAnswered():
                self._callee_answered(call, event)
            case AgentAnswered():
                self._answered(call, event)
            case CallHeld() | CallResumed() | ConsultSwapped() | ConferenceChanged():
                self._hold(call, event)
            case CallReleased() | CallTransferred():
                self._talk_over(call, event)
            case CallPutThrough():
                self._put_through(call, event)
            case SurveyAnswered():
                self._surveyed(call, event)
            case CallEnded():
                self._ended(call, event)

    def _begun(self, event: CallArrived | CallPlaced) -> None:
        if event.call_id in self._calls:
            self._misfit(event, "a call that is there already")
            return
        call = self._calls[event.call_id] = CallBook(self._slot(event.at))
        if isinstance(event, CallArrived):
            self._of_call(call, "N")
        else:
            call.placed = Contact(event.call_id, "", event.at, call.slot, agent_id=event.agent_id, out=True)
            self._count(call.placed, "OUT")

    def _callee_answered(self, call: CallBook, event: CalleeAnswered) -> None:
        if call.placed is None:
            self._misfit(event, "a call that nobody placed")
            return
        self._count(call.placed, "OUT_A")
        call.talk = Talk(call.placed, event.agent_id, event.at)

    def _queued(self, call: CallBook, event: CallQueued) -> None:
        last = call.contacts[-1] if call.contacts else None
        if last is not None and last.queue == event.queue and last.how in (None, "F", "C"):
            self._goes_on(call, last, event)
        else:
            self._enter(call, event.call_id, event.queue, event.at)

    def _goes_on(self, call: CallBook, contact: Contact, event: CallQueued) -> None:
        """Who left a queue and comes back to it without a talk has kept the place there: it is the same contact."""
        if contact.how is None:
            self._misfit(event, "a call that waits already")
            return
        self._count(contact, contact.how, -1)
        if contact.how == "C" and contact.wait <= self.terms.threshold:
            self._count(contact, "C_T", -1)
        contact.how = None
        self._waiting[event.call_id] = contact

    def _enter(self, call: CallBook, call_id: str, queue: str, at: datetime) -> None:
        if (before := call.waiting) is not None:  # from one queue to another: it flowed over
            self._close(before, "F", at)
        contact = Contact(call_id, queue, at, self._slot(at))
        if not call.contacts:
            self._count(contact, "P")
        call.contacts.append(contact)
        self._waiting[call_id] = contact
        self._count(contact, "O")

    def _needs(self, call: CallBook | None, event: AgentRequested) -> None:
        """It is told which skills a contact needs, a moment after it has begun; what it needed first is what counts."""
        contact = call.waiting if call else None
        if contact is None or (before := contact.unsettled) is None:
            return
        contact.unsettled = None
        if not (skills := tuple(sorted(event.needs or event.skills))):
            return
        for agent, symbol, number in before:
            self._count(contact, symbol, -number, agent=agent)
        contact.skills = skills
        for agent, symbol, number in before:
            self._count(contact, symbol, number, agent=agent)

    def _hand_on(self, call: CallBook, event: CallTransferred, queue: str) -> None:
        """The caller waits for one person, and in the books in the queue of before."""
        contact = Contact(event.call_id, queue, event.at, self._slot(event.at), handed_to=event.to)
        call.contacts.append(contact)
        self._waiting[event.call_id] = contact

    def _offered(self, contact: Contact) -> None:
        """From now on the caller counts as offered to the queue, since the moment in which they were handed on."""
        if contact.handed_to:
            contact.handed_to = ""
            self._count(contact, "O")

    def _put_through(self, call: CallBook, event: CallPutThrough) -> None:
        contact = call.waiting
        if contact is not None and contact.handed_to:
            contact.how = "outside"
            del self._waiting[event.call_id]
        elif contact is not None:
            self._close(contact, "F", event.at)

    def _left(self, call: CallBook, event: CallDequeued) -> None:
        if (contact := call.waiting) is None:
            self._misfit(event, "a call that does not wait")
            return
        self._close(contact, "F", event.at)

    def _callback(self, call: CallBook) -> None:
        """A booking moves the contact that left its queue for it; one who never waited is no contact of a queue."""
        call.callback = True
        contact = call.contacts[-1] if call.contacts else None
        if contact is None or contact.how != "F":
            return
        self._count(contact, "F", -1)
        self._count(contact, "C")
        if contact.wait <= self.terms.threshold:
            self._count(contact, "C_T")
        contact.how = "C"

    def _close(self, contact: Contact, how: str, at: datetime) -> None:
        if how != "D":
            self._offered(contact)
        contact.how, contact.wait = how, max(at - contact.at, timedelta())
        del self._waiting[contact.call_id]
        self._count(contact, how)

    def _rung(self, call: CallBook, event: AgentRang | AgentMissed) -> None:
        if (contact := call.waiting) is None:
            self._misfit(event, "a call that does not wait")
        elif isinstance(event, AgentRang):
            if contact.handed_to and event.how in (PICKED_UP, RETURNED):
                contact.handed_to = event.agent_id  # who has this caller was not chosen by the queue
            if event.agent_id != contact.handed_to:
                self._offered(contact)
            self._count(contact, "R", agent=event.agent_id)
            contact.rang_at = event.at if event.how == "offered" else None
        else:
            self._offered(contact)
            if event.cause != "restart":
                self._count(contact, "M", agent=event.agent_id)

    def _answered(self, call: CallBook, event: AgentAnswered) -> None:
        if (contact := call.waiting) is None:
            self._misfit(event, "a call that does not wait")
            return
        contact.agent_id = event.agent_id
        if contact.handed_to == event.agent_id:
            self._close(contact, "D", event.at)
        else:
            self._close(contact, "A", event.at)
            self._count(contact, "WAIT", microseconds(contact.wait))
            self._rang_for(contact, event.at)
            if contact.wait <= self.terms.threshold:
                self._count(contact, "A_T")
        if call.last is None:
            self._count(call.contacts[0], "K", agent="")
        call.talk, call.last = Talk(contact, event.agent_id, event.at), contact

    def _rang_for(self, contact: Contact, at: datetime) -> None:
        """How long the phone rang that was answered, and whether the caller had been told rightly how long it takes."""
        if contact.rang_at is not None:
            self._count(contact, "A_R")
            self._count(contact, "RING", microseconds(max(at - contact.rang_at, timedelta())))
        if contact.told is not None:
            since, half, most = contact.told
            waited = (at - since).total_seconds()
            for symbol, right in (("E", True), ("E_50", waited <= half), ("E_90", waited <= most)):
                self._count(contact, symbol, int(right))

    def _hold(self, call: CallBook, event: CallHeld | CallResumed | ConsultSwapped | ConferenceChanged) -> None:
        """The caller hears music, or hears the agent again; a consultation does both."""
        talk = call.talk
        if talk is None:
            self._misfit(event, "a call without a talk")
            return
        if isinstance(event, CallHeld | CallResumed) and isinstance(event, CallHeld) is talk.held:
            self._misfit(event, "a talk that is so already")
        elif talk.held or not isinstance(event, ConferenceChanged):
            if not talk.stretches and not talk.contact.out:
                self._count(talk.contact, "H")
            talk.change(event.at)

    def _talk_over(self, call: CallBook, event: CallReleased | CallTransferred) -> None:
        if (talk := call.talk) is None:
            self._misfit(event, "a call without a talk")
            return
        self._settle(talk, event.at)
        call.talk = None
        if isinstance(event, CallTransferred):
            if not talk.contact.out:
                self._count(talk.contact, "X")
            if event.kind == "queue":
                self._enter(call, event.call_id, event.to, event.at)
            else:
                self._hand_on(call, event, talk.contact.queue)

    def _settle(self, talk: Talk[Contact], at: datetime) -> None:
        """Count a talk that is over: whole at its contact, and split over the half hours in which it was."""
        talk.change(at)
        for clock, begin, end in talk.stretches:
            self._count(talk.contact, "OUT_TALK" if talk.contact.out else WHOLE[clock], microseconds(end - begin))
            within = max(begin, self.terms.begin), min(end, self.terms.end)
            for slot, first, last in self._slots.split(*within):
                key = Key(slot, talk.contact.queue, talk.agent_id, talk.contact.skills)
                self._cells.add(key, clock, microseconds(last - first))
        self._wrapping[talk.agent_id] = talk.contact

    def _surveyed(self, call: CallBook, event: SurveyAnswered) -> None:
        if call.last is None:
            self._misfit(event, "a call without a talk")
            return
        self._count(call.last, "S")
        if event.score >= SATISFIED:
            self._count(call.last, "S_45")

    def _ended(self, call: CallBook, event: CallEnded) -> None:
        if call.talk is not None:
            self._misfit(event, "a talk that was never released")
            self._settle(call.talk, event.at)
        if (contact := call.waiting) is not None:
            self._abandoned(contact, event.at)
        by_itself = event.by == "system" and event.why == "finished"
        if call.in_menu and by_itself and not call.contacts and not call.callback:
            self._of_call(call, "Z")
        if call.slot is not None and call.placed is None:
            ending = Ending(event.by, event.where, event.why)
            self.endings[ending] = self.endings.get(ending, 0) + 1
        del self._calls[event.call_id]

    def _abandoned(self, contact: Contact, at: datetime) -> None:
        self._close(contact, "B", at)
        if contact.wait <= self.terms.threshold:
            self._count(contact, "B_T")
        if contact.wait <= self.terms.short:
            self._count(contact, "B_s")

    # --- counting --------------------------------------------------------------------------------

    def _slot(self, at: datetime) -> datetime | None:
        return self._slots.of(at) if self.terms.begin <= at < self.terms.end else None

    def _of_call(self, call: CallBook, symbol: str) -> None:
        if call.slot is not None:
            self._cells.add(Key(call.slot, "", ""), symbol)

    def _count(self, contact: Contact, symbol: str, number: int = 1, *, agent: str | None = None) -> None:
        if contact.slot is not None:
            who = contact.agent_id if agent is None else agent
            self._cells.add(Key(contact.slot, contact.queue, who, contact.skills), symbol, number)
            if contact.unsettled is not None:
                contact.unsettled.append((who, symbol, number))

    def _misfit(self, event: Event, why: str) -> None:
        self.misfits.append(f"{type(event).__name__} at {event.at.isoformat()}: {why}")
