"""Reads the journal into a fold: what is needed of the time before, and what comes after until all is settled."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cti.events import CallArrived, CallEnded, CallPlaced
from figures import repeats, store
from figures.contacts import KINDS as CONTACT_KINDS
from figures.model import KINDS, Fold
from figures.repeats import Repeats
from figures.terms import Terms

MARGIN = timedelta(minutes=10)
"""Times of events follow their numbers but for moments; this much around a range is looked at too."""
LONGEST_CALL = timedelta(days=1)
"""Who has been on the line for longer is no caller, but a fault of the line."""
_FOLDED = frozenset(kind.__name__ for kind in KINDS)
_CONTACTS = frozenset(kind.__name__ for kind in CONTACT_KINDS)
_LATER = frozenset(kind.__name__ for kind in repeats.LATER_KINDS)
_ALL = _FOLDED | {kind.__name__ for kind in repeats.KINDS}


@dataclass(slots=True)
class Read:
    """A fold with everything up to number `last`, and who called again (None: not asked for)."""

    fold: Fold
    last: int
    repeats: Repeats | None = None


def read(connection: Connection, terms: Terms, zone: ZoneInfo, *, again: bool = True) -> Read:
    """Fold what the journal holds of `terms`; `again`: find out who called again, which reads W days more."""
    fold = Fold(terms, zone)
    done = Read(fold, 0, Repeats(terms, fold.slots) if again else None)
    newest = store.last_number(connection)
    first = store.first_number(connection, terms.begin - MARGIN)
    done.last = newest if first is None else first - 1
    for known in store.stands(connection, done.last + 1):
        fold.take(known.event)
    asked: set[str] = set()
    while done.last < newest:
        over = _piece(connection, done, min(done.last + store.PIECE, newest), _ALL if again else _FOLDED, asked)
        if over and not fold.unsettled():
            break
    if done.repeats is not None:
        _read_later(connection, terms, done.repeats, done.last, newest)
    return done


def read_to_follow(connection: Connection, terms: Terms, zone: ZoneInfo) -> Read:
    """Fold what the journal holds of `terms` so that whatever happens next can be folded too.

    A call that began before and has been silent since is known then as well.
    """
    done = read(connection, terms, zone, again=False)
    asked: set[str] = set()
    for call_id in store.living(connection, terms.begin - LONGEST_CALL):
        if not done.fold.contacts.knows(call_id):
            _catch_up(connection, done, call_id, done.last + 1, asked)
    return done


def _piece(connection: Connection, done: Read, up_to: int, kinds: Collection[str], asked: set[str]) -> bool:
    """Fold up to number `up_to`; tell whether it ends well behind what is counted."""
    over = False
    for recorded in store.piece(connection, done.last, up_to, kinds):
        event = recorded.event
        name, call_id = type(event).__name__, getattr(event, "call_id", None)
        if (
            name in _CONTACTS
            and call_id
            and not isinstance(event, CallArrived | CallPlaced)
            and not done.fold.contacts.knows(call_id)
        ):
            _catch_up(connection, done, call_id, recorded.seq, asked)
        if name in _FOLDED:
            done.fold.take(event)
        if done.repeats is not None:
            done.repeats.take(event)
        over = event.at >= done.fold.terms.end + MARGIN
    done.last = up_to
    return over


def _catch_up(connection: Connection, done: Read, call_id: str, before: int, asked: set[str]) -> None:
    """Take up a call that began before what is read, by its story so far."""
    if call_id in asked:
        return
    asked.add(call_id)
    story = store.story(connection, call_id, before)
    if any(isinstance(event, CallEnded) for event in story):
        return
    for event in story:
        if type(event).__name__ in _CONTACTS:
            done.fold.take(event)
        if done.repeats is not None:
            done.repeats.take(event)


def _read_later(connection: Connection, terms: Terms, called: Repeats, last: int, newest: int) -> None:
    until = terms.end + terms.repeat + MARGIN
    while last < newest:
        up_to = min(last + store.PIECE, newest)
        found = store.piece(connection, last, up_to, _LATER)
        for recorded in found:
            called.take(recorded.event)
        last = up_to
        if found and found[-1].event.at > until:
            return
