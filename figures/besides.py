"""What is counted by the moment in which it happens, whatever call it is of: orders, offers of a callback, voice."""

from core.events import Event
from cti.events import VoiceMeasured
from desk.callbacks.events import CallbackBooked, CallbackClosed, CallbackDialled, CallbackOffered
from desk.callbacks.model import Outcome
from desk.workorders.events import WorkOrderCreated, WorkOrderMerged, WorkOrderUrged
from desk.workorders.model import Kind
from figures.cells import Cells, Key
from figures.slots import Slots
from figures.terms import Terms

KINDS: tuple[type[Event], ...] = (
    CallbackOffered,
    CallbackBooked,
    CallbackDialled,
    CallbackClosed,
    WorkOrderCreated,
    WorkOrderMerged,
    WorkOrderUrged,
    VoiceMeasured,
)
"""What is counted here."""
OF_ORDERS: dict[str, tuple[str, ...]] = {
    Kind.RETURN_VISIT: ("RV",),
    Kind.COMPLAINT: ("WO", "WO_CP"),
    Kind.FAULT: ("WO", "WO_F"),
}
"""How an order of a kind is counted; of all others: as an order."""


def count(event: Event, terms: Terms, slots: Slots, cells: Cells) -> None:
    """Count an event of `KINDS` into the half hour in which it happened."""
    if terms.begin <= event.at < terms.end:
        key = Key(slots.of(event.at), "", "")
        for symbol in _symbols(event, terms):
            cells.add(key, symbol)


def _symbols(event: Event, terms: Terms) -> tuple[str, ...]:
    match event:
        case CallbackOffered():
            return ("CBO",)
        case CallbackBooked():
            return ("CB",)
        case CallbackDialled():
            return ("CBD",)
        case CallbackClosed(outcome=outcome):
            return ("CBC", "CBR") if outcome == Outcome.ANSWERED else ("CBC",)
        case WorkOrderCreated(kind=kind):
            return OF_ORDERS.get(kind, ("WO",))
        case WorkOrderMerged():
            return ("WO_M",)
        case WorkOrderUrged():
            return ("WO_U",)
        case VoiceMeasured(score=score) if score is not None:
            return ("V", "V_OK") if score >= terms.voice_pass else ("V",)
    return ()
